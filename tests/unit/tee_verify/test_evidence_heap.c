/* No evidence, genuine or made up, makes the verifier take a large block: at most 1 MiB at once,
 * libraries included. Every file of the vectors is given as evidence of every type, and as every
 * input beside good evidence. */
#include "support/test.h"

#include "support/heap.h"

#include <dirent.h>
#include <stdio.h>

#include "support/real_evidence.h"
#include "tee/verify/evidence_catalogue.h"

/* JSON of many small parts costs the most: its reader keeps some 200 bytes for each. */
enum { BLOCK_MAX = 1 << 20, HEAP_MAX = 24 << 20, GENUINE_MAX = 512 << 10, INPUT_MAX = 1 << 20 };

static const char *const FOLDERS[] = {
    "nitro/docs",
    "nitro/tls",
    "intel-dcap/quotes",
    "intel-dcap/intel-sample-sgx",
    "intel-dcap/root",
    "sev-snp/reports",
    "sev-snp/amd/milan",
    "sev-snp/amd/genoa",
    "sev-snp/amd/turin",
    "nvidia-gpu/evidence",
    "nvidia-gpu/evidence/json",
    "nvidia-gpu/certs",
    "nvidia-gpu/rim",
    "gcp-confidential-space/oidc",
    "gcp-confidential-space/pki",
    "gcp-confidential-space/claims",
    "gcp-confidential-space/malformed",
};

/* Never reset, so that a small block after a large one hides nothing. */
static size_t largest, peak;
static unsigned n_verdicts;

static enum verdict judge(struct bytes evidence, enum evidence_type type,
                          const struct evidence_expect *expect)
{
    static struct checks checks;
    static struct evidence_claimed claimed;
    static struct evidence_verified verified;
    checks = (struct checks){0};
    heap_begin();
    (void)ok(evidence_verify(evidence, type, NULL, expect, &checks, &claimed, &verified));
    struct heap_use use = heap_end();
    largest = use.largest > largest ? use.largest : largest;
    peak = use.peak > peak ? use.peak : peak;
    n_verdicts++;
    return checks_verdict(&checks);
}

static void assert_small(const char *what)
{
    if (largest > BLOCK_MAX)
        fail_msg("%s: a block of %zu bytes", what, largest);
    if (peak > HEAP_MAX)
        fail_msg("%s: %zu bytes at one time", what, peak);
}

static void as_every_input(struct bytes v, const char *what)
{
    const struct evidence_inputs all = {
        .statement = v,
        .collateral = v,
        .certs = v,
        .jwks = v,
        .event_log = v,
        .reference_values = v,
        .devices = v,
        .crls = &v,
        .n_crls = 1,
    };
    enum evidence_type t;
    for (size_t i = 0; evidence_catalogue_type(i, &t); i++) {
        const struct evidence_expect alone = {.at_unix_s = 1751000000};
        const struct evidence_expect beside = {.at_unix_s = 1751000000, .beside = all};
        assert_int_not_equal(judge(v, t, &alone), VERDICT_ACCEPT);
        assert_int_not_equal(judge(v, t, &beside), VERDICT_ACCEPT);
    }
    assert_small(what);
}

/* In the place of each input of evidence that is good but for it. */
static void beside_good_evidence(struct bytes v, const char *what)
{
    for (size_t i = 0; i < REAL_CASES_N; i++) {
        struct real_evidence r CLEANUP(real_evidence_done);
        assert_ok(real_evidence_open(test_vectors(), &REAL_CASES[i], &r));
        struct bytes *const places[] = {
            &r.expect.beside.statement,
            &r.expect.beside.collateral,
            &r.expect.beside.certs,
            &r.expect.beside.devices,
            &r.expect.beside.jwks,
            &r.expect.beside.event_log,
            &r.expect.beside.reference_values,
            &r.crl_view,
        };
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
            struct bytes was = *places[k];
            *places[k] = v;
            r.expect.beside.n_crls = 1;
            assert_int_not_equal(judge(buf_view(&r.evidence), r.c->type, &r.expect),
                                 VERDICT_ACCEPT);
            *places[k] = was;
        }
    }
    assert_small(what);
}

static void genuine_evidence(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    for (size_t i = 0; i < REAL_CASES_N; i++) {
        struct real_evidence r CLEANUP(real_evidence_done);
        assert_ok(real_evidence_open(test_vectors(), &REAL_CASES[i], &r));
        /* Once before, for what libraries take at their first use. */
        (void)judge(buf_view(&r.evidence), r.c->type, &r.expect);
        largest = peak = 0;
        enum verdict v = judge(buf_view(&r.evidence), r.c->type, &r.expect);
        if (v != r.c->verdict)
            fail_msg("%s: %s (%s)", r.c->name, verdict_name(v), status_detail());
        assert_small(r.c->name);
        assert_in_range(peak, 0, GENUINE_MAX);
        print_message("%-26s %6zu bytes at one time, largest block %6zu\n", r.c->name, peak,
                      largest);
    }
}

static unsigned folder_of_vectors(const char *folder, bool is_beside)
{
    char path[4096];
    unsigned n = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", test_vectors(), folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_type == DT_DIR)
            continue;
        char name[1024];
        (void)snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
        struct buf file CLEANUP(buf_done) = test_vector(name);
        as_every_input(buf_view(&file), name);
        if (is_beside)
            beside_good_evidence(buf_view(&file), name);
        n++;
    }
    assert_int_equal(closedir(dir), 0);
    return n;
}

static void every_vector_as_everything(void **state)
{
    (void)state;
    unsigned n = 0;
    test_vectors_or_skip("nitro");
    largest = peak = n_verdicts = 0;
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++)
        n += folder_of_vectors(FOLDERS[i], i % 5 == 2);
    print_message("%u files, %u verdicts: at most %zu bytes at one time, largest block %zu\n", n,
                  n_verdicts, peak, largest);
    assert_true(n > 80);
}

/* ---- made up ---- */

static void fill(struct buf *out, const char *begin, const char *again, size_t n, const char *end)
{
    *out = BUF_MAX(INPUT_MAX);
    assert_ok(buf_reserve(out, INPUT_MAX));
    buf_put_str(out, begin);
    while (out->n + strlen(again) + strlen(end) <= n)
        buf_put_str(out, again);
    buf_put_str(out, end);
    assert_ok(buf_status(out));
}

static const struct {
    const char *rule, *begin, *again, *end;
} MADE_UP[] = {
    {"one long text", "{\"tcb_info\":\"", "aaaaaaaaaaaaaaaa", "\"}"},
    {"a text of escapes", "{\"tcb_info\":\"", "\\u0041\\n", "\"}"},
    {"many members", "{\"a\":[", "{},", "{}]}"},
    {"many numbers", "[", "1,", "1]"},
    {"many keys", "{\"keys\":[", "{\"kid\":\"a\",\"n\":\"AAAA\",\"e\":\"AQAB\"},", "{}]}"},
    {"deep arrays", "", "[", ""},
    {"deep objects", "", "{\"a\":", ""},
    {"many certificates", "", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", ""},
    {"one long certificate", "-----BEGIN CERTIFICATE-----\n",
     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
     "-----END CERTIFICATE-----\n"},
    {"a long token", "eyJhbGciOiJSUzI1NiJ9.", "AAAA", ".AAAA"},
    {"hexadecimal", "", "11e001ff", ""},
    {"GPU list", "[",
     "{\"arch\":\"HOPPER\",\"nonce\":\"00\",\"evidence\":\"AAAA\",\"certificate\":\"AAAA\"},",
     "{}]"},
    {"CBOR arrays", "", "\x9f", ""},
    {"zeroes as text", "", "0", ""},
};

static void made_up_evidence(void **state)
{
    (void)state;
    static const size_t SIZES[] = {4 << 10, 64 << 10, 256 << 10, INPUT_MAX};
    for (size_t i = 0; i < sizeof(MADE_UP) / sizeof(MADE_UP[0]); i++) {
        for (size_t k = 0; k < sizeof(SIZES) / sizeof(SIZES[0]); k++) {
            struct buf in CLEANUP(buf_done);
            fill(&in, MADE_UP[i].begin, MADE_UP[i].again, SIZES[k], MADE_UP[i].end);
            as_every_input(buf_view(&in), MADE_UP[i].rule);
            if (test_vectors() != NULL && k == 3)
                beside_good_evidence(buf_view(&in), MADE_UP[i].rule);
        }
    }
    print_message("made up: at most %zu bytes at one time, largest block %zu\n", peak, largest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_evidence),
        cmocka_unit_test(every_vector_as_everything),
        cmocka_unit_test(made_up_evidence),
    };
    const struct CMUnitTest under_valgrind[] = {cmocka_unit_test(genuine_evidence)};
    if (!heap_is_counted)
        return 77;                            /* a sanitizer has its own heap */
    if (getenv("EML_UNDER_VALGRIND") != NULL) /* it has one, too, and takes its time */
        return cmocka_run_group_tests(under_valgrind, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
