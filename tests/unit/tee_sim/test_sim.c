/* The simulated platform: what it issues verifies under its own root and under nothing else. */
#include "support/test.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "support/faults.h"
#include "tee/sim/sim.h"
#include "tee/verify/evidence.h"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/eml-sim-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static void path_of(const char *name, char *out)
{
    assert_ok(file_join(folder, name, out, PATH_MAX));
}

static int remove_folder(void **state)
{
    (void)state;
    char path[PATH_MAX];
    path_of(SIM_ROOT_FILE, path);
    (void)unlink(path);
    return rmdir(folder);
}

static struct tee_provider *open_sim(void)
{
    struct tee_provider *p = NULL;
    assert_ok(sim_provider_open(folder, &p));
    return p;
}

static struct statement statement(void)
{
    struct statement s = {.service = BYTES_LIT("test.service"), .freshness = FRESH_SESSION};
    memset(s.nonce, 1, sizeof(s.nonce));
    memset(s.identity_key, 2, sizeof(s.identity_key));
    memset(s.receipt_key, 3, sizeof(s.receipt_key));
    return s;
}

static struct evidence_policy *policy_of(struct tee_provider *provider, const char *service,
                                         const uint8_t *model)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    struct evidence_policy *p = NULL;
    assert_ok(sim_policy_encode(provider, service, model, &text));
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static status judge(struct bytes doc, enum evidence_type type, const struct evidence_policy *p,
                    struct checks *c, struct evidence_verified *v)
{
    struct statement s = statement();
    struct evidence_expect e = {
        .at_unix_s = clock_unix_s(), .is_session = true, .client_nonce = s.nonce};
    *c = (struct checks){0};
    return evidence_verify(doc, type, p, &e, c, NULL, v);
}

static void its_own_policy_accepts_it_and_every_text_says_simulated(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = policy_of(p, NULL, NULL);
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    struct checks c;
    struct evidence_verified v;
    assert_string_equal(tee_platform(p), "simulated");
    assert_ok(tee_attest(p, &s, &doc));
    assert_ok(judge(buf_view(&doc), EVIDENCE_SIMULATED, policy, &c, &v));
    assert_true(v.is_simulated);
    assert_memory_equal(v.module_id.p, "sim-", 4);
    assert_true(v.has_statement);
    assert_memory_equal(v.statement.receipt_key, s.receipt_key, 32);
    for (size_t i = 0; i < c.n; i++) {
        if (c.v[i].result == CHECK_PASS)
            assert_memory_equal(c.v[i].reason, "SIMULATED: ", 11);
    }
}

static void its_policy_names_service_and_model(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *service, *code;
        uint8_t model;
    } ROWS[] = {
        {"both", "test.service", NULL, 0},
        {"another service", "other", "POLICY_SERVICE_MISMATCH", 0},
        {"another model", "test.service", "POLICY_MODEL_MISMATCH", 1},
    };
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    assert_ok(tee_attest(p, &s, &doc));
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const uint8_t model[32] = {ROWS[i].model};
        struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
            policy_of(p, ROWS[i].service, model);
        struct checks c;
        struct evidence_verified v;
        status st = judge(buf_view(&doc), EVIDENCE_SIMULATED, policy, &c, &v);
        assert_int_equal(ok(st), ROWS[i].code == NULL);
        if (failed(st))
            assert_string_equal(checks_first_failure(&c)->code, ROWS[i].code);
    }
}

static void it_is_never_nitro(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = policy_of(p, NULL, NULL);
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    struct checks c;
    struct evidence_verified v;
    assert_ok(tee_attest(p, &s, &doc));
    assert_code(judge(buf_view(&doc), EVIDENCE_NITRO, policy, &c, &v), ST_POLICY);
    assert_string_equal(checks_first_failure(&c)->code, "NITRO_ROOT_UNTRUSTED");
    s.platform = BYTES_LIT("aws-nitro");
    assert_code(tee_attest(p, &s, &doc), ST_USAGE);
}

static void restart_keeps_the_root_and_changes_the_leaf(void **state)
{
    (void)state;
    uint8_t first[32], second[32];
    struct buf a CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct buf b CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    struct checks c;
    struct evidence_verified v;
    struct tee_provider *p = open_sim();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = policy_of(p, NULL, NULL);
    assert_ok(sim_provider_root_sha256(p, first));
    assert_ok(tee_attest(p, &s, &a));
    tee_provider_freep(&p);
    p = open_sim();
    assert_ok(sim_provider_root_sha256(p, second));
    assert_ok(tee_attest(p, &s, &b));
    tee_provider_freep(&p);
    assert_memory_equal(first, second, 32);
    assert_ok(judge(buf_view(&b), EVIDENCE_SIMULATED, policy, &c, &v));
    assert_false(bytes_equal(buf_view(&a), buf_view(&b)));
}

static void measurements_are_those_of_its_evidence(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = policy_of(p, NULL, NULL);
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    struct measurements m;
    struct checks c;
    struct evidence_verified v;
    assert_ok(tee_attest(p, &s, &doc));
    assert_ok(tee_measurements(p, &m));
    assert_ok(judge(buf_view(&doc), EVIDENCE_SIMULATED, policy, &c, &v));
    assert_memory_equal(&m, &v.measurements, sizeof(m));
    assert_int_equal(m.present_mask, 0xffff);
    assert_false(bytes_all_zero(BYTES_OF(m.pcr[0])));
}

static void root_file_is_private(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct stat st;
    struct tee_provider *p = open_sim();
    tee_provider_freep(&p);
    path_of(SIM_ROOT_FILE, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void overwrite_root(struct bytes text)
{
    char path[PATH_MAX];
    path_of(SIM_ROOT_FILE, path);
    assert_ok(file_write(path, 0600, text));
}

static void assert_refused(void)
{
    struct tee_provider *p = NULL;
    status s = sim_provider_open(folder, &p);
    assert_int_equal(s.code, ST_CONFIG);
    assert_non_null(strstr(status_detail(), SIM_ROOT_FILE));
    assert_null(p);
}

static void damaged_root_is_refused_with_its_name(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct buf good CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct tee_provider *p = open_sim();
    tee_provider_freep(&p);
    path_of(SIM_ROOT_FILE, path);
    assert_ok(file_read(path, &good));
    for (size_t n = 0; n < good.n; n += 7) {
        overwrite_root(bytes_of(good.p, n));
        assert_refused();
    }
    buf_put_str(&good, "-----BEGIN X-----\n");
    overwrite_root(buf_view(&good));
    assert_refused();
    good.n -= strlen("-----BEGIN X-----\n");
    for (size_t i = 0; i < good.n; i += 5) {
        good.p[i] ^= 1;
        overwrite_root(buf_view(&good));
        assert_refused();
        good.p[i] ^= 1;
    }
}

static void key_of_another_root_is_refused(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct buf a CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf mixed CLEANUP(buf_done) = BUF_MAX(1 << 16);
    path_of(SIM_ROOT_FILE, path);
    struct tee_provider *p = open_sim();
    tee_provider_freep(&p);
    assert_ok(file_read(path, &a));
    assert_int_equal(unlink(path), 0);
    p = open_sim();
    tee_provider_freep(&p);
    assert_ok(file_read(path, &b));
    const char *mark = "-----BEGIN PRIVATE KEY-----";
    const uint8_t *key_a = memmem(a.p, a.n, mark, strlen(mark));
    const uint8_t *key_b = memmem(b.p, b.n, mark, strlen(mark));
    assert_true(key_a != NULL && key_b != NULL);
    buf_put(&mixed, bytes_of(a.p, (size_t)(key_a - a.p)));
    buf_put(&mixed, bytes_of(key_b, (size_t)(b.p + b.n - key_b)));
    overwrite_root(buf_view(&mixed));
    assert_refused();
}

static void folder_that_cannot_be_made_is_an_error(void **state)
{
    (void)state;
    struct tee_provider *p = NULL;
    assert_code(sim_provider_open("/proc/no/such/folder", &p), ST_IO);
    assert_null(p);
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    assert_ok(tee_random(p, a, sizeof(a)));
    assert_ok(tee_random(p, b, sizeof(b)));
    assert_memory_not_equal(a, b, sizeof(a));
}

static void *attest_some(void *arg)
{
    struct tee_provider *p = arg;
    for (int i = 0; i < 5; i++) {
        struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
        struct statement s = statement();
        assert_ok(tee_attest(p, &s, &doc));
    }
    return NULL;
}

static void threads_attest_at_once(void **state)
{
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, attest_some, p), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
}

static status open_and_close(void *ctx)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    (void)ctx;
    return sim_provider_open(folder, &p);
}

static status attest_once(void *ctx)
{
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MAX_BYTES);
    struct statement s = statement();
    return tee_attest(ctx, &s, &doc);
}

/* The first start, which makes the root. */
static status open_anew(void *ctx)
{
    char path[PATH_MAX];
    path_of(SIM_ROOT_FILE, path);
    (void)unlink(path);
    return open_and_close(ctx);
}

static void failing_memory_and_disk_are_reported(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, open_and_close, NULL) > 3);
    assert_true(fault_each(FAULT_READ, ST_IO, open_and_close, NULL) > 0);
    assert_true(fault_each(FAULT_WRITE, ST_IO, open_anew, NULL) > 0);
    assert_true(fault_each(FAULT_RENAME, ST_IO, open_anew, NULL) > 0);
    struct tee_provider *p CLEANUP(tee_provider_freep) = open_sim();
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, attest_once, p) > 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_own_policy_accepts_it_and_every_text_says_simulated),
        TEST(its_policy_names_service_and_model),
        TEST(it_is_never_nitro),
        TEST(restart_keeps_the_root_and_changes_the_leaf),
        TEST(measurements_are_those_of_its_evidence),
        TEST(root_file_is_private),
        TEST(damaged_root_is_refused_with_its_name),
        TEST(key_of_another_root_is_refused),
        TEST(folder_that_cannot_be_made_is_an_error),
        TEST(random_bytes_differ),
        TEST(threads_attest_at_once),
        TEST(failing_memory_and_disk_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
