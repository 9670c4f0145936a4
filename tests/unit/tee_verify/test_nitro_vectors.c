/* Real documents of AWS Nitro hardware, with the verdicts and the decoded fields that an
 * independent script wrote down. Every file of the folder must be covered by a row. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/json.h"
#include "formats/pem.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nitro/nitro.h"

enum outcome { ACCEPTED, DEBUG_REFUSED, BAD_SIGNATURE, MALFORMED, NO_CHAIN };

static const struct row {
    const char *file;
    enum outcome outcome;
    int64_t at; /* the document's own time */
    int64_t not_before, not_after;
} ROWS[] = {
    {"evervault-production-pcr8-nonce", ACCEPTED, 1665651482, 1665651479, 1665662282},
    {"evervault-debug-pubkey-userdata", DEBUG_REFUSED, 1665582606, 1665582591, 1665593394},
    {"evervault-debug-tls-bound", DEBUG_REFUSED, 1695049410, 1695047829, 1695058632},
    {"evervault-production-in-certificate", ACCEPTED, 1674047239, 1674047233, 1674058036},
    {"marlin-production-1", ACCEPTED, 1708930921, 1708930773, 1708941576},
    {"marlin-production-3", ACCEPTED, 1712732941, 1712732938, 1712743741},
    {"base-indefinite-map", ACCEPTED, 1767472867, 1767472825, 1767483628},
    {"base-corrupted-missing-3-bytes", MALFORMED, 1767472867, 0, 0},
    {"eternis-production-nonce20", ACCEPTED, 1722455771, 1722455768, 1722466571},
    {"eternis-bad-signature-debug", BAD_SIGNATURE, 1721770180, 1721767881, 1721778684},
    {"blocky-production-max-fields", ACCEPTED, 1725719859, 1725719856, 1725730659},
    {"blocky-selfsigned", NO_CHAIN, 1713379906, 0, 0},
};

enum { N_ROWS = sizeof(ROWS) / sizeof(ROWS[0]) };

static struct buf read_doc(const struct row *row)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "nitro/docs/%s.cose", row->file);
    return test_vector(name);
}

/* A policy of one release that pins all the PCRs which the document has. */
static struct evidence_policy *policy_for(const struct measurements *m)
{
    static const char *const keys[] = {"pcr0",  "pcr1",  "pcr2",  "pcr3", "pcr4",  "pcr5",
                                       "pcr6",  "pcr7",  "pcr8",  "pcr9", "pcr10", "pcr11",
                                       "pcr12", "pcr13", "pcr14", "pcr15"};
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct json_w w = {.out = &text};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    json_w_open(&w, "nitro", '{');
    json_w_open(&w, "releases", '[');
    json_w_open(&w, NULL, '{');
    json_w_str(&w, "name", "as-found");
    for (unsigned i = 0; i < 16; i++) {
        if (measurements_has(m, i))
            json_w_hex(&w, keys[i], measurements_at(m, i));
    }
    json_w_close(&w, '}');
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    json_w_close(&w, '}');
    struct evidence_policy *p = NULL;
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

/* Another image of another enclave: a policy that must refuse each document. */
static struct evidence_policy *production_policy(void)
{
    struct measurements m = {.present_mask = 0xffff};
    memset(m.pcr, 0xa5, sizeof(m.pcr));
    return policy_for(&m);
}

static enum verdict judge(const struct row *row, const struct evidence_policy *p, int64_t at,
                          struct checks *c, struct evidence_claimed *claimed,
                          struct evidence_verified *v)
{
    struct buf doc CLEANUP(buf_done) = read_doc(row);
    struct bytes exact = test_exact(buf_view(&doc));
    struct evidence_expect e = {.at_unix_s = at};
    *c = (struct checks){0};
    status s = evidence_verify(exact, EVIDENCE_NITRO, p, &e, c, claimed, v);
    enum verdict verdict = checks_verdict(c);
    assert_int_equal(ok(s), verdict == VERDICT_ACCEPT);
    test_exact_free(exact); /* only plain values of *v and *claimed may be used after this */
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

/* Accepted by a policy of its own PCRs, refused by one of another image. */
static void check_policies(const struct row *row, const struct measurements *m)
{
    struct evidence_policy *own CLEANUP(evidence_policy_freep) = policy_for(m);
    struct evidence_policy *other CLEANUP(evidence_policy_freep) = production_policy();
    struct checks c;
    struct evidence_verified v;
    if (judge(row, own, row->at, &c, NULL, &v) != VERDICT_ACCEPT)
        fail_msg("%s: %s", row->file, status_detail());
    assert_string_equal(v.release, "as-found");
    assert_false(v.is_simulated);
    assert_false(v.has_statement);
    assert_int_equal(judge(row, other, row->at, &c, NULL, &v), VERDICT_REJECT);
    assert_failed_with(&c, "measurements", "NITRO_MEASUREMENT_MISMATCH");
}

static void accepts_at_its_own_time_and_says_so(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    unsigned counts[5] = {0};
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *row = &ROWS[i];
        struct checks c;
        struct evidence_claimed claimed;
        struct evidence_verified v;
        counts[row->outcome]++;
        enum verdict without = judge(row, NULL, row->at, &c, &claimed, &v);
        switch (row->outcome) {
        case ACCEPTED:
            assert_int_equal(without, VERDICT_INCOMPLETE);
            assert_null(checks_first_failure(&c));
            check_policies(row, &claimed.measurements);
            break;
        case DEBUG_REFUSED:
            assert_int_equal(without, VERDICT_REJECT);
            assert_failed_with(&c, "debug", "NITRO_DEBUG_MODE");
            assert_int_equal(checks_find(&c, "signature")->result, CHECK_PASS);
            break;
        case BAD_SIGNATURE:
            assert_int_equal(without, VERDICT_REJECT);
            assert_failed_with(&c, "signature", "NITRO_DOC_SIG_INVALID");
            assert_int_equal(checks_find(&c, "certificates.chain")->result, CHECK_PASS);
            break;
        case MALFORMED:
        case NO_CHAIN:
            assert_int_equal(without, VERDICT_MALFORMED);
            assert_failed_with(&c, "document", "NITRO_DOC_PARSE_FAILED");
            break;
        }
    }
    print_message("nitro: %u accepted, %u debug refused, %u bad signature, %u malformed, %u "
                  "without a chain\n",
                  counts[0], counts[1], counts[2], counts[3], counts[4]);
}

static void judges_by_the_clock_it_is_given(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    unsigned n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *row = &ROWS[i];
        if (row->not_after == 0)
            continue;
        const struct {
            int64_t at;
            bool is_inside;
        } times[] = {
            {row->not_before, true},
            {row->not_after, true},
            {row->not_before - 1, false},
            {row->not_after + 1, false},
            {0, false},
            {1790000000, false},
            {INT64_MIN, false},
            {INT64_MAX, false},
        };
        for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
            struct checks c;
            struct evidence_verified v;
            enum verdict verdict = judge(row, NULL, times[k].at, &c, NULL, &v);
            assert_int_not_equal(verdict, VERDICT_ACCEPT);
            const struct check *time = checks_find(&c, "certificates.time");
            if (time->result != (times[k].is_inside ? CHECK_PASS : CHECK_FAIL))
                fail_msg("%s at %lld: %s", row->file, (long long)times[k].at, time->reason);
            if (!times[k].is_inside)
                assert_failed_with(&c, "certificates.time", "NITRO_CERT_TIME_INVALID");
            n++;
        }
    }
    print_message("nitro: %u verdicts at the edges of validity\n", n);
}

static void assert_field(struct json_obj *o, const char *key, const struct nitro_field *f)
{
    uint8_t zero = 0;
    const json_t *node = json_node(o, key, true);
    struct bytes hex;
    if (!json_is_text(node, &hex)) {
        assert_false(f->is_present);
        return;
    }
    struct buf want CLEANUP(buf_done) = BUF_MAX(4096);
    assert_ok(hex_decode_buf(hex, &want));
    assert_true(f->is_present);
    assert_bytes_equal(f->value, want.n ? buf_view(&want) : bytes_of(&zero, 0));
}

static void assert_pcrs(const json_t *pcrs, const struct measurements *m)
{
    void *it = NULL;
    struct bytes key;
    const json_t *value;
    uint32_t seen = 0;
    while (json_member(pcrs, &it, &key, &value)) {
        uint64_t index;
        uint8_t want[MEASUREMENT_LEN];
        struct bytes hex;
        assert_ok(text_parse_u64((const char *)key.p, 31, &index));
        assert_true(json_is_text(value, &hex));
        assert_ok(hex_decode(hex, want, sizeof(want)));
        assert_bytes_equal(measurements_at(m, (unsigned)index), BYTES_OF(want));
        seen |= (uint32_t)1 << index;
    }
    assert_int_equal(seen, m->present_mask);
}

/* What is shown to people is what was decoded. */
static void compare_facts(const struct row *row, const struct nitro_claims *want)
{
    static struct evidence_claimed claimed;
    struct checks c;
    struct evidence_verified v;
    char time[32];
    (void)judge(row, NULL, row->at, &c, &claimed, &v);
    (void)snprintf(time, sizeof(time), "%llu", (unsigned long long)want->timestamp_ms);
    assert_string_equal(evidence_facts_find(&claimed.facts, "timestamp_ms"), time);
    assert_bytes_equal(bytes_str(evidence_facts_find(&claimed.facts, "module_id")),
                       want->module_id);
    const char *key = evidence_facts_find(&claimed.facts, "public_key");
    bool is_told = want->public_key.is_present && 2 * want->public_key.value.n < EVIDENCE_FACT_MAX;
    assert_int_equal(key != NULL, is_told); /* absent, or too long to be told whole */
}

static void compare_with_expected(const struct row *row)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "nitro/docs/%s.expected.json", row->file);
    struct buf text CLEANUP(buf_done) = test_vector(name);
    struct buf doc CLEANUP(buf_done) = read_doc(row);
    struct json_doc *json CLEANUP(json_doc_freep) = NULL;
    struct nitro_unverified d;
    assert_ok(json_parse(buf_view(&text), 1 << 20, &json));
    assert_ok(nitro_parse(buf_view(&doc), &d));

    struct json_obj o = json_obj_of(json_root(json), row->file);
    assert_bytes_equal(d.claims_.module_id, json_text(&o, "module_id", true));
    assert_int_equal(d.claims_.timestamp_ms, json_int(&o, "timestamp_ms", true, 1, INT64_MAX, 0));
    assert_int_equal(d.n_cabundle, json_int(&o, "cabundle_count", true, 1, 8, 0));
    assert_int_equal(nitro_is_debug(&d.claims_.measurements), json_bool(&o, "debug", true, false));
    assert_int_equal(cose_payload_unverified(&d.cose).p[0] == 0xbf,
                     json_bool(&o, "payload_indefinite_length", true, false));
    assert_field(&o, "public_key", &d.claims_.public_key);
    assert_field(&o, "user_data", &d.claims_.user_data);
    assert_field(&o, "nonce", &d.claims_.nonce);
    assert_pcrs(json_node(&o, "pcrs", true), &d.claims_.measurements);
    compare_facts(row, &d.claims_);
    assert_ok(json_obj_end_foreign(&o));
}

static void decodes_every_field_as_expected(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    unsigned n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (ROWS[i].outcome == MALFORMED || ROWS[i].outcome == NO_CHAIN)
            continue;
        compare_with_expected(&ROWS[i]);
        n++;
    }
    print_message("nitro: %u documents decoded as expected\n", n);
}

static bool has_row(const char *file)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        size_t n = strlen(ROWS[i].file);
        if (strncmp(file, ROWS[i].file, n) == 0 &&
            (strcmp(file + n, ".cose") == 0 || strcmp(file + n, ".expected.json") == 0))
            return true;
    }
    return false;
}

/* Beside the documents: each is named by the test that judges it. */
static const char *const OTHER_FILES[] = {
    "aws-nitro-root-g1.der",        /* root_equals_the_vectors */
    "aws-nitro-root-g1.pem",        /* the same */
    "evervault-tls-bound.cert.der", /* key_binding_matches_one_document_only */
    "evervault-attested-cert.pem",  /* document_inside_a_certificate_is_the_same */
    "README.md",                    /* the verdicts */
};

static bool is_known(const char *file)
{
    for (size_t i = 0; i < sizeof(OTHER_FILES) / sizeof(OTHER_FILES[0]); i++) {
        if (strcmp(file, OTHER_FILES[i]) == 0)
            return true;
    }
    return has_row(file);
}

static unsigned count_covered(const char *folder)
{
    char path[4096];
    unsigned n = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", test_vectors(), folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.' || e->d_type == DT_DIR)
            continue;
        if (!is_known(e->d_name))
            fail_msg("%s/%s is not covered", folder, e->d_name);
        n++;
    }
    assert_int_equal(closedir(dir), 0);
    return n;
}

static void covers_every_file_of_the_folder(void **state)
{
    (void)state;
    static const char *const FOLDERS[] = {"nitro", "nitro/docs", "nitro/root", "nitro/tls"};
    unsigned n = 0;
    test_vectors_or_skip("nitro");
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++)
        n += count_covered(FOLDERS[i]);
    print_message("nitro: %u files covered\n", n);
    assert_true(n >= 5 + N_ROWS);
}

static void root_is_the_published_one(void **state)
{
    (void)state;
    static const char published[] =
        "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    assert_ok(sha256(nitro_root(), digest));
    hex_encode(BYTES_OF(digest), hex);
    assert_string_equal(hex, published);
}

static void root_equals_the_vectors(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct buf der CLEANUP(buf_done) = test_vector("nitro/root/aws-nitro-root-g1.der");
    struct buf pem CLEANUP(buf_done) = test_vector("nitro/root/aws-nitro-root-g1.pem");
    struct buf from_pem CLEANUP(buf_done) = BUF_MAX(4096);
    struct bytes text = buf_view(&pem);
    assert_bytes_equal(nitro_root(), buf_view(&der));
    assert_ok(pem_next(&text, "CERTIFICATE", &from_pem));
    assert_bytes_equal(nitro_root(), buf_view(&from_pem));
}

/* The key that a document binds: user_data is the SubjectPublicKeyInfo of one TLS certificate. */
static void key_binding_matches_one_document_only(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct buf cert CLEANUP(buf_done) = test_vector("nitro/tls/evervault-tls-bound.cert.der");
    struct bytes spki;
    assert_ok(x509_spki(buf_view(&cert), &spki));
    for (size_t i = 0; i < N_ROWS; i++) {
        if (ROWS[i].outcome == MALFORMED || ROWS[i].outcome == NO_CHAIN)
            continue;
        struct buf doc CLEANUP(buf_done) = read_doc(&ROWS[i]);
        struct nitro_unverified d;
        assert_ok(nitro_parse(buf_view(&doc), &d));
        bool is_bound = strcmp(ROWS[i].file, "evervault-debug-tls-bound") == 0;
        assert_int_equal(bytes_equal(d.claims_.user_data.value, spki), is_bound);
    }
}

/* The last certificate of the chain in a PEM file carries a whole document as hexadecimal. */
static void document_inside_a_certificate_is_the_same(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct buf pem CLEANUP(buf_done) = test_vector("nitro/tls/evervault-attested-cert.pem");
    struct buf doc CLEANUP(buf_done) =
        test_vector("nitro/docs/evervault-production-in-certificate.cose");
    struct buf cert CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf hex CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct nitro_unverified d;
    struct bytes text = buf_view(&pem);
    struct bytes spki;
    assert_ok(pem_next(&text, "CERTIFICATE", &cert));
    hex_put(&hex, buf_view(&doc));
    assert_non_null(memmem(cert.p, cert.n, hex.p, hex.n));
    assert_ok(nitro_parse(buf_view(&doc), &d));
    assert_ok(x509_spki(buf_view(&cert), &spki));
    assert_bytes_equal(d.claims_.user_data.value, spki);
}

static void real_documents_are_refused_as_simulated(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct buf doc CLEANUP(buf_done) = read_doc(&ROWS[0]);
    struct evidence_expect e = {.at_unix_s = ROWS[0].at};
    struct checks c = {0};
    struct evidence_verified v;
    assert_code(evidence_verify(buf_view(&doc), EVIDENCE_SIMULATED, NULL, &e, &c, NULL, &v),
                ST_POLICY);
    assert_failed_with(&c, "root", "TRUST_ANCHOR_MISSING");
}

/* A policy for another platform only: authentic, and refused. */
static void platform_without_releases_is_refused(void **state)
{
    (void)state;
    test_vectors_or_skip("nitro");
    struct measurements m = {.present_mask = 1};
    memset(m.pcr, 0xa5, sizeof(m.pcr));
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = policy_for(&m);
    struct checks c;
    struct evidence_verified v;
    p->nitro.is_present = false;
    assert_int_equal(judge(&ROWS[0], p, ROWS[0].at, &c, NULL, &v), VERDICT_REJECT);
    assert_failed_with(&c, "policy", "POLICY_PLATFORM_REFUSED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_is_the_published_one),
        cmocka_unit_test(root_equals_the_vectors),
        cmocka_unit_test(covers_every_file_of_the_folder),
        cmocka_unit_test(decodes_every_field_as_expected),
        cmocka_unit_test(accepts_at_its_own_time_and_says_so),
        cmocka_unit_test(judges_by_the_clock_it_is_given),
        cmocka_unit_test(key_binding_matches_one_document_only),
        cmocka_unit_test(document_inside_a_certificate_is_the_same),
        cmocka_unit_test(real_documents_are_refused_as_simulated),
        cmocka_unit_test(platform_without_releases_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
