#include "receipt/air.h"

#include "crypto/hash.h"
#include "sample.h"
#include "vectors.h"

/* Every check of the verifier in its order, with its layer. */
static const struct {
    const char *id;
    int layer;
} ALL[] = {
    {"SIZE", 1},          {"COSE_DECODE", 1},
    {"UNPROTECTED", 1},   {"ALG", 1},
    {"CONTENT_TYPE", 1},  {"PAYLOAD", 1},
    {"CLAIMS_DECODE", 1}, {"EAT_PROFILE", 1},
    {"SIG", 2},           {"CTI", 3},
    {"MHASH_PRESENT", 3}, {"MEAS", 3},
    {"MTYPE", 3},         {"MHASH_SCHEME", 3},
    {"SECURITY_MODE", 3}, {"FRESH", 4},
    {"MHASH", 4},         {"RHASH", 4},
    {"OHASH", 4},         {"ADHASH", 4},
    {"MODEL", 4},         {"SECURITY_MODE_POLICY", 4},
    {"PLATFORM", 4},      {"NONCE", 4},
    {"REPLAY", 4},        {"MEAS_ATTESTED", 4},
};

enum { N_ALL = sizeof(ALL) / sizeof(ALL[0]) };

static int layer_of(const char *id)
{
    for (size_t i = 0; i < N_ALL; i++) {
        if (strcmp(ALL[i].id, id) == 0)
            return ALL[i].layer;
    }
    return 0;
}

static size_t count(const struct checks *c, enum check_result result)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->v[i].result == result;
    return n;
}

static void assert_list_complete(const struct checks *c)
{
    assert_int_equal(c->n, N_ALL);
    for (size_t i = 0; i < N_ALL; i++)
        assert_string_equal(c->v[i].id, ALL[i].id);
}

/* Verifies on an exact-size block; claims are all 0x5a before, so a write on failure shows. */
static status verify(struct bytes receipt, const struct air_expect *e, struct checks *out,
                     struct air_claims *claims)
{
    struct bytes exact = test_exact(receipt);
    struct air_claims untouched;
    memset(&untouched, 0x5a, sizeof(untouched));
    memset(claims, 0x5a, sizeof(*claims));
    *out = (struct checks){0};
    status s = air_verify(exact, e, out, claims);
    if (failed(s))
        assert_memory_equal(claims, &untouched, sizeof(untouched));
    test_exact_free(exact);
    return s;
}

static void expect_refused(const char *path, struct vector *v)
{
    struct checks checks;
    struct air_claims claims;
    status s = verify(buf_view(&v->receipt), &v->expect, &checks, &claims);
    const struct check *first = checks_first_failure(&checks);
    if (ok(s) || first == NULL)
        fail_msg("%s was accepted", path);
    if (strcmp(first->id, v->check) != 0 || strcmp(first->code, v->code) != 0)
        fail_msg("%s: found %s %s (%s), expected %s %s", path, first->id, first->code,
                 first->reason, v->check, v->code);
    assert_list_complete(&checks);
    assert_int_equal(layer_of(first->id), v->layer);
    assert_int_equal(count(&checks, CHECK_FAIL), 1);
    assert_non_null(first->fix);
}

/* The claims that were accepted, signed again, are the same bytes. */
static void expect_same_bytes(const char *path, const struct vector *v)
{
    struct checks checks = {0};
    struct air_claims claims;
    struct ed25519_secret key = sample_key();
    struct buf again CLEANUP(buf_done) = BUF_MAX(AIR_RECEIPT_MAX);
    assert_ok(air_verify(buf_view(&v->receipt), &v->expect, &checks, &claims));
    assert_false(claims.measurements.is_attested);
    claims.measurements.is_attested = true;
    bool has_zero = bytes_all_zero(BYTES_OF(claims.measurements.pcr[2]));
    if (has_zero)
        assert_code(air_sign(&claims, &key, &again), ST_POLICY);
    else
        assert_ok(air_sign(&claims, &key, &again));
    if (!has_zero && !bytes_equal(buf_view(&again), buf_view(&v->receipt)))
        fail_msg("%s: signed again, other bytes", path);
}

static void expect_accepted(const char *path, struct vector *v)
{
    struct checks checks;
    struct air_claims claims;
    struct air_seen *seen = v->expect.seen;
    status s = verify(buf_view(&v->receipt), &v->expect, &checks, &claims);
    if (failed(s))
        fail_msg("%s: %s", path, status_detail());
    assert_list_complete(&checks);
    assert_int_equal(count(&checks, CHECK_FAIL), 0);
    if (seen != NULL)
        assert_int_equal(seen->n, 2);
    v->expect.seen = NULL;
    expect_same_bytes(path, v);
}

static void run_vector(const char *path, void *ctx)
{
    struct vector v;
    (void)ctx;
    vector_load(path, &v);
    if (v.layer == 0)
        expect_accepted(path, &v);
    else
        expect_refused(path, &v);
    vector_done(&v);
}

static void own_vectors(void **state)
{
    char folder[PATH_MAX];
    (void)state;
    vectors_own("tests/vectors/receipt/valid", folder);
    assert_true(vectors_each(folder, run_vector, NULL) >= 15);
    vectors_own("tests/vectors/receipt/invalid", folder);
    assert_true(vectors_each(folder, run_vector, NULL) >= 174);
}

static void published_vectors(void **state)
{
    char folder[PATH_MAX];
    (void)state;
    test_vectors_or_skip("air");
    vectors_foreign("air/golden/valid", folder);
    assert_true(vectors_each(folder, run_vector, NULL) >= 2);
    vectors_foreign("air/golden/invalid", folder);
    assert_true(vectors_each(folder, run_vector, NULL) >= 5);
}

/* Receipts of real runs: see the README beside them. */
static const struct {
    const char *name;
    const char *key; /* file with the public key, or NULL */
    enum verdict verdict;
    const char *check; /* first that does not pass */
    const char *code;
} REAL[] = {
    {"air/real/gcp-cpu-tdx-20260227/receipt.cbor", "air/real/gcp-cpu-tdx-20260227/receipt.pubkey",
     VERDICT_REJECT, "CLAIMS_DECODE", "CLAIMS_DECODE_FAILED"}, /* keys in integer order */
    {"air/real/gcp-cpu-tdx-20260315/receipt.cbor", NULL, VERDICT_INCOMPLETE, "SIG", NULL},
    {"air/real/aws-nitro-20260228/receipt.cbor", NULL, VERDICT_INCOMPLETE, "SIG", NULL},
    {"air/real/aws-nitro-20260228/receipt.raw", NULL, VERDICT_MALFORMED, "COSE_DECODE",
     "COSE_DECODE_FAILED"}, /* the older form, no COSE_Sign1 */
    {"air/real/gcp-cpu-tdx-20260227/attestation.bin", NULL, VERDICT_MALFORMED, "COSE_DECODE",
     "COSE_DECODE_FAILED"},
};

static void real_receipts(void **state)
{
    (void)state;
    test_vectors_or_skip("air");
    for (size_t i = 0; i < sizeof(REAL) / sizeof(REAL[0]); i++) {
        uint8_t key[32];
        struct checks checks;
        struct air_claims claims;
        struct air_expect e = {0};
        struct buf receipt = test_vector(REAL[i].name);
        struct buf hex = REAL[i].key ? test_vector(REAL[i].key) : BUF_MAX(0);
        if (REAL[i].key != NULL) {
            assert_ok(hex_decode(bytes_of(hex.p, 64), key, 32));
            e.public_key = key;
        }
        assert_true(failed(verify(buf_view(&receipt), &e, &checks, &claims)));
        assert_int_equal(checks_verdict(&checks), REAL[i].verdict);
        const struct check *k = checks_find(&checks, REAL[i].check);
        assert_int_equal(k->result, REAL[i].code ? CHECK_FAIL : CHECK_SKIP);
        if (REAL[i].code != NULL)
            assert_string_equal(k->code, REAL[i].code);
        buf_done(&receipt);
        buf_done(&hex);
    }
}

/* Damage. */

static void every_truncation_is_malformed(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    struct air_expect e = {.public_key = key.public_key};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    for (size_t n = 0; n < r.n; n++) {
        assert_code(verify(bytes_of(r.p, n), &e, &checks, &claims), ST_FORMAT);
        assert_int_equal(checks_verdict(&checks), VERDICT_MALFORMED);
        assert_string_equal(checks_first_failure(&checks)->id, "COSE_DECODE");
    }
}

static void every_bit_flip_is_refused(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    struct air_expect e = {.public_key = key.public_key};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    for (size_t bit = 0; bit < 8 * r.n; bit++) {
        r.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        status s = verify(buf_view(&r), &e, &checks, &claims);
        if (ok(s))
            fail_msg("accepted with bit %zu flipped", bit);
        assert_true(layer_of(checks_first_failure(&checks)->id) <= 2);
        assert_list_complete(&checks);
        r.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(verify(buf_view(&r), &e, &checks, &claims));
}

static void oversize(void **state)
{
    struct ed25519_secret key = sample_key();
    struct air_expect e = {.public_key = key.public_key};
    struct checks checks;
    struct air_claims claims;
    uint8_t *p = calloc(1, AIR_RECEIPT_MAX + 1);
    (void)state;
    assert_code(verify(bytes_of(p, AIR_RECEIPT_MAX + 1), &e, &checks, &claims), ST_FORMAT);
    assert_string_equal(checks_first_failure(&checks)->code, "RECEIPT_TOO_LARGE");
    assert_code(verify(bytes_of(p, AIR_RECEIPT_MAX), &e, &checks, &claims), ST_FORMAT);
    assert_string_equal(checks_first_failure(&checks)->id, "COSE_DECODE");
    free(p);
}

/* What is behind a failure is told as not reached, and never counts as passed. */
static void behind_a_failure_nothing_runs(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    struct air_expect e = {.public_key = key.public_key, .at_unix_s = SAMPLE_IAT};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    r.p[r.n - 1] ^= 1;
    assert_code(verify(buf_view(&r), &e, &checks, &claims), ST_AUTH);
    assert_int_equal(checks_verdict(&checks), VERDICT_REJECT);
    for (size_t i = 9; i < checks.n; i++) {
        assert_int_equal(checks.v[i].result, CHECK_SKIP);
        assert_true(checks.v[i].is_required);
        assert_string_equal(checks.v[i].reason, "not reached: SIG did not pass");
    }
}

static void without_a_key_nothing_is_accepted(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct air_expect e = {0};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    assert_code(verify(buf_view(&r), &e, &checks, &claims), ST_UNSUPPORTED);
    assert_int_equal(checks_verdict(&checks), VERDICT_INCOMPLETE);
}

/* A failure that stands in the list already, of the evidence say, cannot be overruled. */
static void earlier_failure_stays(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    struct air_expect e = {.public_key = key.public_key};
    struct checks checks = {0};
    struct air_claims claims;
    (void)state;
    checks_fail(&checks, "CHAIN", "BAD_CHAIN", "", "the evidence's chain");
    assert_code(air_verify(buf_view(&r), &e, &checks, &claims), ST_AUTH);
}

static void second_time_is_a_replay(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    uint8_t storage[2][AIR_CTI_LEN];
    struct air_seen seen = air_seen_over(storage, 2);
    struct air_expect e = {.public_key = key.public_key, .seen = &seen};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    assert_ok(verify(buf_view(&r), &e, &checks, &claims));
    assert_int_equal(seen.n, 1);
    assert_code(verify(buf_view(&r), &e, &checks, &claims), ST_AUTH);
    assert_string_equal(checks_first_failure(&checks)->code, "REPLAY_CTI");
}

static void refused_receipts_are_not_remembered(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    uint8_t storage[1][AIR_CTI_LEN];
    uint8_t other[AIR_HASH_LEN] = {0};
    struct air_seen seen = air_seen_over(storage, 1);
    struct air_expect e = {.public_key = key.public_key, .seen = &seen, .model_hash = other};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    assert_code(verify(buf_view(&r), &e, &checks, &claims), ST_AUTH);
    assert_int_equal(seen.n, 0);
}

static void full_set_accepts_nothing_new(void **state)
{
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    struct air_seen seen = air_seen_over(NULL, 0);
    struct air_expect e = {.public_key = key.public_key, .seen = &seen};
    struct checks checks;
    struct air_claims claims;
    (void)state;
    assert_code(verify(buf_view(&r), &e, &checks, &claims), ST_AUTH);
    assert_string_equal(checks_first_failure(&checks)->code, "REPLAY_SET_FULL");
}

/* The attested measurements. */

static void no_change(struct air_measurements *m)
{
    (void)m;
}
static void other_pcr2(struct air_measurements *m)
{
    m->pcr[2][47] ^= 1;
}
static void pcr1_not_attested(struct air_measurements *m)
{
    m->present &= (uint16_t)~2u;
}
static void other_platform(struct air_measurements *m)
{
    m->platform = AIR_TDX_MRTD_RTMR;
}
static void more_attested(struct air_measurements *m)
{
    m->present |= 1u << 8;
    memset(m->pcr[8], 8, AIR_MEASUREMENT_LEN);
}

static void attested_measurements(void **state)
{
    static const struct {
        void (*change)(struct air_measurements *);
        const char *code; /* NULL: accepted */
    } ROWS[] = {
        {no_change, NULL},
        {more_attested, NULL},
        {other_pcr2, "MEASUREMENT_MISMATCH"},
        {pcr1_not_attested, "MEASUREMENT_MISMATCH"},
        {other_platform, "PLATFORM_MISMATCH"},
    };
    struct buf r CLEANUP(buf_done) = sample_receipt();
    struct ed25519_secret key = sample_key();
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct air_measurements m = sample_measurements();
        struct air_expect e = {.public_key = key.public_key, .measurements = &m};
        struct checks checks;
        struct air_claims claims;
        ROWS[i].change(&m);
        status s = verify(buf_view(&r), &e, &checks, &claims);
        assert_int_equal(ok(s), ROWS[i].code == NULL);
        if (ROWS[i].code != NULL)
            assert_string_equal(checks_first_failure(&checks)->code, ROWS[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_vectors),
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(real_receipts),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(every_bit_flip_is_refused),
        cmocka_unit_test(oversize),
        cmocka_unit_test(behind_a_failure_nothing_runs),
        cmocka_unit_test(without_a_key_nothing_is_accepted),
        cmocka_unit_test(earlier_failure_stays),
        cmocka_unit_test(second_time_is_a_replay),
        cmocka_unit_test(refused_receipts_are_not_remembered),
        cmocka_unit_test(full_set_accepts_nothing_new),
        cmocka_unit_test(attested_measurements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
