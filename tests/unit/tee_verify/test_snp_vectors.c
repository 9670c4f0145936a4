/* Real reports of AMD hardware with the certificates of their keys, AMD's roots, signing keys and
 * CRLs: each file gives the verdict that its README states, at a time that the README states, and
 * every decoded field is what an independent script wrote down. Every file of the folder must be
 * covered. */
#include "support/test.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/x509.h"
#include "formats/cert_list.h"
#include "formats/json.h"
#include "tee/verify/evidence.h"
#include "tee/verify/snp/snp.h"
#include "tee/verify/snp/snp_cert.h"
#include "tee/verify/snp/snp_policy.h"

/* 2025-11-01: inside the validity of every leaf and of every CRL of the folder. */
#define NOVEMBER INT64_C(1761955200)

static const struct row {
    const char *file;
    const char *chain, *crl;
    enum snp_product product;
    int64_t not_before, not_after; /* of the leaf, as the README says */
    bool is_debug;
} ROWS[] = {
    {"milan-v2-google", "milan/cert_chain.pem", "milan/crl.der", SNP_MILAN, 1663980928, 1884905728,
     true},
    {"milan-v2-coco", "milan/cert_chain.pem", "milan/crl.der", SNP_MILAN, 1674583106, 1895507906,
     false},
    {"milan-v3-vlek-aws", "milan/vlek_cert_chain.pem", "milan/crl.der", SNP_MILAN, 1733868861,
     1765404861, false},
    {"genoa-v5-oak", "genoa/cert_chain.pem", "genoa/crl.der", SNP_GENOA, 1754587301, 1975512101,
     false},
    {"turin-v5-oak", "turin/cert_chain.pem", "turin/crl.der", SNP_TURIN, 1752771886, 1973696686,
     false},
};

enum { N_ROWS = sizeof(ROWS) / sizeof(ROWS[0]) };

struct scene {
    struct buf report, leaf, chain, crl, certs;
    struct bytes crls[1];
    struct evidence_expect expect;
};

static struct buf read_part(const char *folder, const char *file, const char *suffix)
{
    char name[160];
    (void)snprintf(name, sizeof(name), "sev-snp/%s/%s%s", folder, file, suffix);
    return test_vector(name);
}

static void open_scene(struct scene *s, const struct row *row)
{
    *s = (struct scene){
        .report = read_part("reports", row->file, ".report.bin"),
        .leaf = read_part("reports", row->file, ".leaf.der"),
        .chain = read_part("amd", row->chain, ""),
        .crl = read_part("amd", row->crl, ""),
        .certs = BUF_MAX(1 << 16),
        .expect.at_unix_s = NOVEMBER,
    };
    s->crls[0] = buf_view(&s->crl);
    s->expect.beside.certs = buf_view(&s->leaf);
    s->expect.beside.crls = s->crls;
    s->expect.beside.n_crls = 1;
}

static void close_scene(struct scene *s)
{
    buf_done(&s->report);
    buf_done(&s->leaf);
    buf_done(&s->chain);
    buf_done(&s->crl);
    buf_done(&s->certs);
}

static enum verdict judge(struct scene *s, const struct evidence_policy *p, struct checks *c,
                          struct evidence_claimed *claimed)
{
    struct evidence_verified v;
    struct bytes exact = test_exact(buf_view(&s->report));
    *c = (struct checks){0};
    status got = evidence_verify(exact, EVIDENCE_SNP, p, &s->expect, c, claimed, &v);
    enum verdict verdict = checks_verdict(c);
    assert_int_equal(ok(got), verdict == VERDICT_ACCEPT);
    if (ok(got))
        assert_string_equal(v.release, "as-found");
    test_exact_free(exact);
    return verdict;
}

static void assert_failed_with(const struct checks *c, const char *id, const char *code)
{
    const struct check *k = checks_find(c, id);
    assert_non_null(k);
    if (k->result != CHECK_FAIL || strcmp(k->code, code) != 0)
        fail_msg("%s: result %d code %s, expected %s (%s)", id, (int)k->result,
                 k->code ? k->code : "-", code, k->reason);
}

static void assert_no_failure(const char *file, const struct checks *c)
{
    const struct check *k = checks_first_failure(c);
    if (k != NULL)
        fail_msg("%s: %s: %s", file, k->id, k->reason);
}

/* The policy that pins what was seen, as `eml policy init` writes it. */
static struct evidence_policy *policy_of(const struct evidence_facts *seen)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct json_w w = {.out = &text};
    struct evidence_policy *p = NULL;
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    snp_policy_pin(seen, "as-found", &w);
    json_w_close(&w, '}');
    assert_ok(buf_status(&text));
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static void judge_row(const struct row *row, unsigned counts[2])
{
    static struct evidence_claimed claimed;
    struct scene s;
    struct checks c;
    open_scene(&s, row);
    enum verdict without = judge(&s, NULL, &c, &claimed);
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = policy_of(&claimed.facts);
    assert_true(claimed.is_signed);
    counts[row->is_debug]++;
    if (row->is_debug) {
        assert_int_equal(without, VERDICT_REJECT);
        assert_string_equal(checks_first_failure(&c)->id, "guest.debug");
        assert_int_equal(judge(&s, p, &c, NULL), VERDICT_REJECT);
        assert_failed_with(&c, "guest.debug", "SNP_DEBUG_MODE");
    } else {
        assert_int_equal(without, VERDICT_INCOMPLETE);
        assert_no_failure(row->file, &c);
        enum verdict with = judge(&s, p, &c, NULL);
        assert_no_failure(row->file, &c);
        assert_int_equal(with, VERDICT_ACCEPT);
    }
    close_scene(&s);
}

static void gives_the_verdict_of_the_readme(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    unsigned counts[2] = {0};
    for (size_t i = 0; i < N_ROWS; i++)
        judge_row(&ROWS[i], counts);
    print_message("sev-snp: %u accepted, %u debug refused\n", counts[0], counts[1]);
}

/* The leaf alone, the leaf with AMD's chain as it is published, and both in DER. */
static void takes_the_chain_in_every_form(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    for (size_t i = 0; i < N_ROWS; i++) {
        struct scene s;
        struct cert_list list;
        struct checks c;
        open_scene(&s, &ROWS[i]);
        assert_ok(cert_list_read(buf_view(&s.chain), &list));
        buf_put(&s.certs, buf_view(&s.leaf));
        for (size_t k = 0; k < list.n; k++)
            buf_put(&s.certs, list.der[k]);
        s.expect.beside.certs = buf_view(&s.certs);
        (void)judge(&s, NULL, &c, NULL);
        assert_int_equal(checks_find(&c, "report.signature")->result, CHECK_PASS);
        cert_list_done(&list);
        close_scene(&s);
    }
}

static void judges_by_the_clock_it_is_given(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    unsigned n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *row = &ROWS[i];
        const struct {
            int64_t at;
            bool is_inside;
        } times[] = {
            {row->not_before, true},
            {row->not_after, true},
            {row->not_before - 1, false},
            {row->not_after + 1, false},
            {0, false},
            {INT64_MIN, false},
            {INT64_MAX, false},
        };
        struct scene s;
        open_scene(&s, row);
        for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
            struct checks c;
            s.expect.at_unix_s = times[k].at;
            assert_int_not_equal(judge(&s, NULL, &c, NULL), VERDICT_ACCEPT);
            const struct check *time = checks_find(&c, "vek.time");
            if (time->result != (times[k].is_inside ? CHECK_PASS : CHECK_FAIL))
                fail_msg("%s at %" PRId64 ": %s", row->file, times[k].at, time->reason);
            if (!times[k].is_inside)
                assert_failed_with(&c, "vek.time", "SNP_CERT_TIME_INVALID");
            n++;
        }
        close_scene(&s);
    }
    print_message("sev-snp: %u verdicts at the edges of validity\n", n);
}

static void asks_for_the_crl(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    for (size_t i = 0; i < N_ROWS; i++) {
        struct scene s;
        struct checks c;
        open_scene(&s, &ROWS[i]);
        s.expect.beside.n_crls = 0;
        (void)judge(&s, NULL, &c, NULL);
        const struct check *k = checks_find(&c, "vek.revocation");
        assert_int_equal(k->result, CHECK_SKIP);
        assert_true(k->is_required);
        close_scene(&s);
    }
}

static void refuses_the_forged_certificate(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    struct buf forged CLEANUP(buf_done) = read_part("reports", "forged-vcek-legacy", ".leaf.der");
    struct scene s;
    struct checks c;
    open_scene(&s, &ROWS[1]);
    s.expect.beside.certs = buf_view(&forged);
    assert_int_equal(judge(&s, NULL, &c, NULL), VERDICT_REJECT);
    assert_string_equal(checks_first_failure(&c)->id, "vek.chain");
    assert_failed_with(&c, "vek.chain", "SNP_CERT_CHAIN_INVALID");
    close_scene(&s);
}

static void refuses_a_container_of_azure(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    struct scene s;
    struct checks c;
    open_scene(&s, &ROWS[0]);
    buf_done(&s.report);
    s.report = test_vector("sev-snp/reports/azure-hcl-report.bin");
    assert_int_equal(judge(&s, NULL, &c, NULL), VERDICT_MALFORMED);
    assert_failed_with(&c, "report", "SNP_REPORT_MALFORMED");
    assert_non_null(strstr(checks_find(&c, "report")->reason, "Azure HCL"));
    close_scene(&s);
}

/* No certificate of another report will do. */
static void refuses_every_other_certificate(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    unsigned n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        for (size_t k = 0; k < N_ROWS; k++) {
            struct scene s;
            struct checks c;
            if (i == k)
                continue;
            struct buf other CLEANUP(buf_done) = read_part("reports", ROWS[k].file, ".leaf.der");
            open_scene(&s, &ROWS[i]);
            s.expect.beside.certs = buf_view(&other);
            assert_int_equal(judge(&s, NULL, &c, NULL), VERDICT_REJECT);
            close_scene(&s);
            n++;
        }
    }
    print_message("sev-snp: %u reports with another's certificate refused\n", n);
}

/* Every byte of a report is signed, or must be zero, or is the signature. */
static void notices_a_change_of_any_byte(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    struct scene s;
    struct snp_unverified u;
    struct snp_report r;
    struct bytes spki;
    open_scene(&s, &ROWS[4]);
    assert_ok(x509_spki(buf_view(&s.leaf), &spki));
    assert_ok(snp_report_parse(buf_view(&s.report), &u));
    assert_ok(snp_report_open(&u, spki, &r));
    for (size_t i = 0; i < s.report.n; i++) {
        s.report.p[i] ^= 1;
        status got = snp_report_parse(buf_view(&s.report), &u);
        if (ok(got))
            got = snp_report_open(&u, spki, &r);
        if (ok(got))
            fail_msg("byte %zu may change", i);
        s.report.p[i] ^= 1;
    }
    close_scene(&s);
}

/* ---- decoded fields ---- */

static void assert_fact(struct json_obj *o, const char *key, const struct evidence_facts *facts)
{
    char number[32];
    const char *got = evidence_facts_find(facts, key);
    const json_t *node = json_node(o, key, true);
    struct bytes want;
    int64_t v;
    if (json_is_int(node, &v)) {
        (void)snprintf(number, sizeof(number), "%" PRId64, v);
        want = bytes_str(number);
    } else {
        assert_true(json_is_text(node, &want));
    }
    if (got == NULL || !bytes_equal(bytes_str(got), want))
        fail_msg("%s: %s is %s, expected %.*s", o->path, key, got ? got : "absent", (int)want.n,
                 (const char *)want.p);
}

static unsigned assert_extensions(struct json_obj *o, struct bytes leaf)
{
    const json_t *object = json_node(o, "vcek_extensions", true);
    void *it = NULL;
    struct bytes key, hex, got;
    const json_t *value;
    unsigned n = 0;
    while (json_member(object, &it, &key, &value)) {
        char oid[64];
        struct buf want CLEANUP(buf_done) = BUF_MAX(256);
        (void)snprintf(oid, sizeof(oid), "1.3.6.1.4.1.3704.1.%.*s", (int)key.n,
                       (const char *)key.p);
        assert_true(json_is_text(value, &hex));
        assert_ok(hex_decode_buf(hex, &want));
        assert_ok(x509_extension(leaf, oid, &got));
        assert_bytes_equal(got, buf_view(&want));
        n++;
    }
    return n;
}

/* The levels that the extensions hold, by this project's own reading. */
static void assert_certificate(struct json_obj *o, const struct row *row, struct bytes leaf,
                               const struct evidence_facts *facts)
{
    struct json_obj checks = json_sub(o, "checks");
    struct snp_cert cert;
    struct snp_tcb reported;
    uint8_t raw[SNP_TCB_LEN];
    assert_ok(snp_cert_read(leaf, &cert));
    assert_int_equal(cert.product, row->product);
    assert_ok(hex_decode(bytes_str(evidence_facts_find(facts, "reported_tcb")), raw, sizeof(raw)));
    assert_ok(snp_tcb_read(BYTES_OF(raw), cert.product, &reported));
    assert_int_equal(snp_tcb_differs(&cert.tcb, &reported), SNP_PARTS);
    assert_true(json_bool(&checks, "report_signature", true, false));
    assert_true(json_bool(&checks, "leaf_chain", true, false));
    assert_int_equal(cert.kind == SNP_KEY_VLEK,
                     json_is_null(json_node(&checks, "hwid_matches", true)));
    assert_ok(json_obj_end(&checks));
}

static unsigned compare_with_expected(const struct row *row)
{
    static const char *const keys[] = {
        "version",    "svn",         "policy",       "vmpl",
        "sigalgo",    "cur_tcb",     "platinfo",     "authorkeyflags",
        "reportdata", "measurement", "reported_tcb", "chipid",
        "fms",        "committed"};
    static struct evidence_claimed claimed;
    struct buf text CLEANUP(buf_done) = read_part("reports", row->file, ".expected.json");
    struct json_doc *json CLEANUP(json_doc_freep) = NULL;
    struct scene s;
    struct checks c;
    open_scene(&s, row);
    (void)judge(&s, NULL, &c, &claimed);
    assert_ok(json_parse(buf_view(&text), 1 << 20, &json));
    struct json_obj o = json_obj_of(json_root(json), row->file);
    unsigned n = sizeof(keys) / sizeof(keys[0]);
    for (size_t i = 0; i < n; i++)
        assert_fact(&o, keys[i], &claimed.facts);
    n += assert_extensions(&o, buf_view(&s.leaf));
    assert_certificate(&o, row, buf_view(&s.leaf), &claimed.facts);
    assert_ok(json_obj_end(&o)); /* no field of the file was left out */
    close_scene(&s);
    return n;
}

static void decodes_every_field_as_expected(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    unsigned n = 0;
    for (size_t i = 0; i < N_ROWS; i++)
        n += compare_with_expected(&ROWS[i]);
    print_message("sev-snp: %u fields of %u reports as expected\n", n, (unsigned)N_ROWS);
}

/* ---- AMD's own certificates ---- */

static void embeds_what_amd_publishes(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    static const struct {
        const char *file;
        enum snp_product product;
        size_t embedded;
    } chains[] = {
        {"milan/cert_chain.pem", SNP_MILAN, 0},
        {"milan/vlek_cert_chain.pem", SNP_MILAN, 1},
        {"genoa/cert_chain.pem", SNP_GENOA, 0},
        {"turin/cert_chain.pem", SNP_TURIN, 0},
    };
    for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
        struct buf pem CLEANUP(buf_done) = read_part("amd", chains[i].file, "");
        struct bytes embedded[SNP_INTERMEDIATES_MAX];
        struct cert_list list;
        assert_ok(cert_list_read(buf_view(&pem), &list));
        assert_int_equal(list.n, 2);
        assert_true(snp_intermediates(chains[i].product, embedded) > chains[i].embedded);
        assert_bytes_equal(list.der[0], embedded[chains[i].embedded]);
        assert_bytes_equal(list.der[1], snp_root(chains[i].product));
        cert_list_done(&list);
    }
}

static void believes_the_crls_at_their_times(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    static const struct {
        const char *file;
        enum snp_product product;
        int64_t from, to;
        size_t n_revoked_bytes_min;
    } crls[] = {
        {"milan/crl.der", SNP_MILAN, 1746535146, 1778544000, 0},
        {"genoa/crl.der", SNP_GENOA, 1761337800, 1793478600, 1},
        {"turin/crl.der", SNP_TURIN, 1746538358, 1778976000, 0},
    };
    for (size_t i = 0; i < sizeof(crls) / sizeof(crls[0]); i++) {
        struct buf der CLEANUP(buf_done) = read_part("amd", crls[i].file, "");
        struct bytes root = snp_root(crls[i].product);
        struct bytes other = snp_root((enum snp_product)((crls[i].product + 1) % SNP_PRODUCTS));
        struct x509_crl crl;
        assert_ok(x509_verify_crl(buf_view(&der), root, crls[i].from, &crl));
        assert_ok(x509_verify_crl(buf_view(&der), root, crls[i].to, &crl));
        assert_true(crl.revoked.n >= crls[i].n_revoked_bytes_min);
        assert_code(x509_verify_crl(buf_view(&der), root, crls[i].from - 1, &crl), ST_EXPIRED);
        assert_code(x509_verify_crl(buf_view(&der), root, crls[i].to + 1, &crl), ST_EXPIRED);
        assert_true(failed(x509_verify_crl(buf_view(&der), other, NOVEMBER, &crl)));
    }
}

/* ---- coverage ---- */

static bool is_part_of_a_row(const char *name)
{
    static const char *const parts[] = {".report.bin", ".leaf.der", ".expected.json"};
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t n = strlen(ROWS[i].file);
        for (size_t k = 0; k < 3; k++) {
            if (strncmp(name, ROWS[i].file, n) == 0 && strcmp(name + n, parts[k]) == 0)
                return true;
        }
    }
    return strcmp(name, "forged-vcek-legacy.leaf.der") == 0 ||
           strcmp(name, "azure-hcl-report.bin") == 0;
}

static bool is_of_amd(const char *name)
{
    return strcmp(name, "cert_chain.pem") == 0 || strcmp(name, "crl.der") == 0 ||
           strcmp(name, "vlek_cert_chain.pem") == 0;
}

static unsigned count_files(const char *folder, bool (*is_covered)(const char *name))
{
    char path[4096];
    unsigned n = 0;
    (void)snprintf(path, sizeof(path), "%s/sev-snp/%s", test_vectors(), folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        if (!is_covered(e->d_name))
            fail_msg("%s/%s is not covered", folder, e->d_name);
        n++;
    }
    assert_int_equal(closedir(dir), 0);
    return n;
}

static bool is_folder(const char *name)
{
    return strcmp(name, "README.md") == 0 || strcmp(name, "amd") == 0 ||
           strcmp(name, "reports") == 0;
}

static bool is_product(const char *name)
{
    return strcmp(name, "milan") == 0 || strcmp(name, "genoa") == 0 || strcmp(name, "turin") == 0;
}

static void covers_every_file_of_the_folder(void **state)
{
    (void)state;
    test_vectors_or_skip("sev-snp");
    assert_int_equal(count_files("", is_folder), 3);
    assert_int_equal(count_files("amd", is_product), 3);
    unsigned n = count_files("reports", is_part_of_a_row);
    n += count_files("amd/milan", is_of_amd) + count_files("amd/genoa", is_of_amd) +
         count_files("amd/turin", is_of_amd);
    print_message("sev-snp: %u files covered\n", n);
    assert_int_equal(n, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_verdict_of_the_readme),
        cmocka_unit_test(takes_the_chain_in_every_form),
        cmocka_unit_test(judges_by_the_clock_it_is_given),
        cmocka_unit_test(asks_for_the_crl),
        cmocka_unit_test(refuses_the_forged_certificate),
        cmocka_unit_test(refuses_a_container_of_azure),
        cmocka_unit_test(refuses_every_other_certificate),
        cmocka_unit_test(notices_a_change_of_any_byte),
        cmocka_unit_test(decodes_every_field_as_expected),
        cmocka_unit_test(embeds_what_amd_publishes),
        cmocka_unit_test(believes_the_crls_at_their_times),
        cmocka_unit_test(covers_every_file_of_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
