/* Bundles and devices, with platforms of the test's own: this file stands in for the table of
 * kinds, so that only what lies around a platform is judged. */
#include "tee/verify/evidence_parts.h"

#include "crypto/hash.h"
#include "support/test.h"

#include <string.h>

/* ---- a CPU whose evidence is the 64 bytes that bind a statement ---- */

static uint64_t g_cpu_time_ms; /* that evidence tells; 0: none */

static void cpu_check(struct evidence_job *j)
{
    j->timestamp_ms = g_cpu_time_ms;
    evidence_shows(j, "binding", j->evidence);
    if (j->evidence.n != STATEMENT_BINDING_LEN) {
        evidence_unreadable(j, FAIL(ST_FORMAT, "not 64 bytes"));
        return;
    }
    evidence_fact(j, "cpu", "is here");
    evidence_reach(j, NEEDS_SIGNED);
    j->release = "r1";
    j->seen[EVIDENCE_MEMORY_TDX_TCB] = 7;
    evidence_pass(j, "64 bytes");
}

static bool cpu_binds(const struct evidence_job *j, const struct statement *s,
                      const uint8_t binding[static STATEMENT_BINDING_LEN])
{
    (void)s;
    return memcmp(j->evidence.p, binding, STATEMENT_BINDING_LEN) == 0;
}

static bool has_rules(const struct evidence_policy *p)
{
    (void)p;
    return true;
}

static const struct evidence_check CPU[] = {
    {"quote", NEEDS_NOTHING, cpu_check, "CPU", "", "none"},
    {"policy", NEEDS_SIGNED, evidence_check_policy, "POLICY", "", "none"},
    {"statement", NEEDS_SIGNED, evidence_check_statement, "STATEMENT", "", "none"},
    {"freshness", NEEDS_SIGNED, evidence_check_freshness, "FRESHNESS", "", "none"},
    {"nonce", NEEDS_SIGNED, evidence_check_nonce, "NONCE", "", "none"},
    {"public_key", NEEDS_SIGNED, evidence_check_public_key, "KEY", "", "none"},
};
static const struct evidence_kind CPU_KIND = {.type = EVIDENCE_TDX,
                                              .name = "tdx",
                                              .platform = "intel-tdx",
                                              .checks = CPU,
                                              .n_checks = sizeof(CPU) / sizeof(CPU[0]),
                                              .state_bytes = 1,
                                              .has_rules = has_rules,
                                              .binds = cpu_binds};

/* ---- devices whose evidence is the nonce that they answer ---- */

static int g_device_states; /* that were begun and not ended */
static bool g_is_device_unsupported;

static void device_check(struct evidence_job *j)
{
    g_device_states++;
    if (g_is_device_unsupported) {
        evidence_fact(j, "gpu", "says so");
        evidence_unreadable(j, FAIL(ST_UNSUPPORTED, "a device of tomorrow"));
        return;
    }
    assert_true(j->is_device);
    assert_non_null(j->expect->cpu_statement);
    if (!bytes_equal(j->evidence, j->expect->nonce)) {
        evidence_fail(j, NULL, "another nonce");
        return;
    }
    evidence_shows(j, "answer", j->evidence);
    evidence_fact(j, "gpu", "is here");
    evidence_reach(j, NEEDS_SIGNED);
    j->release = "gpu";
    evidence_pass(j, "the nonce");
}

static void device_done(struct evidence_job *j)
{
    (void)j;
    g_device_states--;
}

static const struct evidence_check DEVICE[] = {
    {"gpu", NEEDS_NOTHING, device_check, "GPU", "", "none"},
    {"policy", NEEDS_SIGNED, evidence_check_policy, "POLICY", "", "none"},
};
static const struct evidence_kind DEVICE_KIND = {.type = EVIDENCE_NVIDIA_GPU,
                                                 .name = "nvidia-gpu",
                                                 .platform = "nvidia-gpu",
                                                 .checks = DEVICE,
                                                 .n_checks = 2,
                                                 .state_bytes = 8,
                                                 .has_rules = has_rules,
                                                 .done = device_done};

const struct evidence_kind *evidence_kind_of(enum evidence_type t)
{
    if (t == EVIDENCE_TDX)
        return &CPU_KIND;
    return t == EVIDENCE_NVIDIA_GPU ? &DEVICE_KIND : NULL;
}

const char *evidence_type_name(enum evidence_type t)
{
    return evidence_kind_of(t)->name;
}

const char *evidence_type_platform(enum evidence_type t)
{
    return evidence_kind_of(t)->platform;
}

bool evidence_type_is_enclave(enum evidence_type t)
{
    return t == EVIDENCE_TDX;
}

status evidence_type_of(struct bytes name, enum evidence_type *out)
{
    (void)name;
    *out = EVIDENCE_TDX;
    return OK;
}

/* ---- scene ---- */

struct scene {
    struct statement statement;
    struct buf encoded;
    uint8_t binding[STATEMENT_BINDING_LEN];
    uint8_t answer[STATEMENT_FIELD_LEN]; /* of the devices */
    struct bundle bundle;
    struct evidence_policy policy;
    bool has_policy;
    struct evidence_expect expect;
    bool is_raw;
};

struct outcome {
    struct checks c;
    struct evidence_claimed claimed;
    struct evidence_verified v;
    enum verdict verdict;
};

static void init(struct scene *s)
{
    g_cpu_time_ms = 0;
    g_is_device_unsupported = false;
    *s = (struct scene){.encoded = BUF_MAX(STATEMENT_MAX_BYTES), .has_policy = true};
    s->statement =
        (struct statement){.platform = BYTES_LIT("intel-tdx"), .service = BYTES_LIT("service")};
    memset(s->statement.nonce, 0x11, 32);
    memset(s->statement.identity_key, 0x22, 32);
    s->policy.freshness_mask = 1u << FRESH_SESSION;
}

static void done(struct scene *s)
{
    buf_done(&s->encoded);
}

/* The statement, what the CPU signs over it, and what the devices answer. */
static void build(struct scene *s)
{
    buf_clear(&s->encoded);
    assert_ok(statement_encode(&s->statement, &s->encoded));
    assert_ok(statement_binding(&s->statement, s->binding));
    s->bundle.platform = BYTES_LIT("intel-tdx");
    s->bundle.evidence = BYTES_OF(s->binding);
    s->bundle.statement = buf_view(&s->encoded);
}

static void with_devices(struct scene *s)
{
    assert_ok(statement_device_nonce(&s->statement, s->answer));
    assert_ok(sha256(BYTES_OF(s->answer), s->statement.device_digest));
    s->bundle.devices = BYTES_OF(s->answer);
    s->policy.nvidia_gpu.is_present = true;
}

static void judge_bytes(struct scene *s, struct bytes in, struct outcome *o)
{
    struct bytes exact = test_exact(in);
    o->c = (struct checks){0};
    status judged = evidence_verify(exact, EVIDENCE_TDX, s->has_policy ? &s->policy : NULL,
                                    &s->expect, &o->c, &o->claimed, &o->v);
    o->verdict = checks_verdict(&o->c);
    assert_int_equal(ok(judged), o->verdict == VERDICT_ACCEPT);
    assert_int_equal(g_device_states, 0);
    test_exact_free(exact);
}

static void judge(struct scene *s, struct outcome *o)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    assert_ok(bundle_encode(&s->bundle, &b));
    judge_bytes(s, s->is_raw ? s->bundle.evidence : buf_view(&b), o);
}

static void row_says(const struct outcome *o, const char *row, const char *id, const char *code)
{
    const struct check *k = checks_find(&o->c, id);
    if (k == NULL)
        fail_msg("%s: no check %s", row, id);
    else if (code == NULL ? k->result != CHECK_SKIP : k->code == NULL || strcmp(k->code, code) != 0)
        fail_msg("%s: %s is %s: %s", row, id, k->code ? k->code : "not failed", k->reason);
}

/* ---- edits ---- */

static void nothing(struct scene *s)
{
    build(s);
}

static void other_platform(struct scene *s)
{
    build(s);
    s->bundle.platform = BYTES_LIT("amd-sev-snp");
}

static void other_statement(struct scene *s)
{
    build(s);
    s->statement.nonce[0] ^= 1;
    buf_clear(&s->encoded);
    assert_ok(statement_encode(&s->statement, &s->encoded));
    s->bundle.statement = buf_view(&s->encoded);
}

static void malformed_statement(struct scene *s)
{
    build(s);
    s->bundle.statement = BYTES_LIT("statement");
}

static void no_statement(struct scene *s)
{
    build(s);
    s->bundle.statement = (struct bytes){0};
}

static void no_statement_in_a_session(struct scene *s)
{
    no_statement(s);
    s->expect.is_session = true;
}

static void another_nonce_is_expected(struct scene *s)
{
    static const uint8_t other[32] = {5};
    build(s);
    s->expect.nonce = BYTES_OF(other);
}

static void the_statements_nonce_is_expected(struct scene *s)
{
    build(s);
    s->expect.nonce = BYTES_OF(s->statement.nonce);
}

static void epoch(struct scene *s)
{
    s->statement.freshness = FRESH_EPOCH;
    s->policy.freshness_mask = 1u << FRESH_EPOCH;
    build(s);
}

static void epoch_in_a_session(struct scene *s)
{
    epoch(s);
    s->expect.is_session = true;
    s->expect.epoch_id = s->statement.nonce;
}

static void epoch_that_tells_its_time(struct scene *s)
{
    epoch_in_a_session(s);
    g_cpu_time_ms = 1;
}

static void epoch_that_is_not_listed(struct scene *s)
{
    epoch(s);
    s->policy.freshness_mask = 1u << FRESH_SESSION;
}

static void another_key_is_used(struct scene *s)
{
    static const uint8_t other[32] = {5};
    build(s);
    s->expect.identity_key = other;
}

static void devices(struct scene *s)
{
    with_devices(s);
    build(s);
}

static void devices_and_no_rules(struct scene *s)
{
    devices(s);
    s->policy.nvidia_gpu.is_present = false;
}

static void devices_and_no_policy(struct scene *s)
{
    devices(s);
    s->has_policy = false;
}

static void devices_demanded_and_none_came(struct scene *s)
{
    build(s);
    s->policy.nvidia_gpu.is_present = true;
}

static void devices_stated_and_none_came(struct scene *s)
{
    devices(s);
    s->bundle.devices = (struct bytes){0};
    s->policy.nvidia_gpu.is_present = false;
}

static void devices_that_are_not_stated(struct scene *s)
{
    with_devices(s);
    memset(s->statement.device_digest, 0, 32);
    build(s);
}

static void other_devices_than_stated(struct scene *s)
{
    with_devices(s);
    s->statement.device_digest[0] ^= 1;
    build(s);
}

static void devices_without_a_statement(struct scene *s)
{
    devices(s);
    s->bundle.statement = (struct bytes){0};
}

static void devices_that_answered_another_nonce(struct scene *s)
{
    with_devices(s);
    s->answer[0] ^= 1;
    assert_ok(sha256(BYTES_OF(s->answer), s->statement.device_digest));
    build(s);
}

static void devices_of_tomorrow(struct scene *s)
{
    devices(s);
    g_is_device_unsupported = true;
}

static void devices_of_tomorrow_and_another_key(struct scene *s)
{
    static const uint8_t other[32] = {5};
    devices_of_tomorrow(s);
    s->expect.identity_key = other;
}

static void devices_of_a_bad_cpu(struct scene *s)
{
    devices(s);
    s->bundle.evidence = BYTES_LIT("quote");
}

#define ACCEPT     VERDICT_ACCEPT
#define REJECT     VERDICT_REJECT
#define INCOMPLETE VERDICT_INCOMPLETE
#define SKIP       NULL

static const struct row {
    const char *name;
    void (*edit)(struct scene *s);
    enum verdict verdict;
    const char *id; /* of the check that must say so; NULL: none */
    const char *code;
} ROWS[] = {
    {"a bundle with a statement", nothing, ACCEPT, NULL, NULL},
    {"bundle of another platform", other_platform, REJECT, "bundle", "BUNDLE_PLATFORM_MISMATCH"},
    {"statement that is not bound", other_statement, REJECT, "statement", "STATEMENT"},
    {"statement is malformed", malformed_statement, REJECT, "statement", "STATEMENT"},
    {"no statement", no_statement, ACCEPT, "statement", SKIP},
    {"no statement in a session", no_statement_in_a_session, REJECT, "statement", "STATEMENT"},
    {"nonce is not the statement's", another_nonce_is_expected, REJECT, "nonce", "NONCE"},
    {"nonce is the statement's", the_statements_nonce_is_expected, ACCEPT, NULL, NULL},
    {"peer uses another key", another_key_is_used, REJECT, "public_key", "KEY"},
    {"epoch, looked at later", epoch, ACCEPT, NULL, NULL},
    {"epoch of any age", epoch_in_a_session, REJECT, "freshness", "FRESHNESS"},
    {"epoch with a time", epoch_that_tells_its_time, ACCEPT, NULL, NULL},
    {"epoch is not listed", epoch_that_is_not_listed, REJECT, "freshness", "FRESHNESS"},
    {"devices", devices, ACCEPT, NULL, NULL},
    {"devices, no rules for them", devices_and_no_rules, ACCEPT, "devices", SKIP},
    {"devices, no policy", devices_and_no_policy, INCOMPLETE, "policy", SKIP},
    {"devices demanded", devices_demanded_and_none_came, REJECT, "devices", "DEVICES_MISSING"},
    {"devices stated", devices_stated_and_none_came, ACCEPT, "devices", SKIP},
    {"devices not stated", devices_that_are_not_stated, REJECT, "devices", "DEVICES_NOT_BOUND"},
    {"other devices", other_devices_than_stated, REJECT, "devices", "DEVICES_NOT_BOUND"},
    {"devices, no statement", devices_without_a_statement, REJECT, "devices", "DEVICES_NOT_BOUND"},
    {"devices' nonce", devices_that_answered_another_nonce, REJECT, "gpu", "GPU"},
    {"devices of an unknown kind", devices_of_tomorrow, INCOMPLETE, "gpu", "GPU"},
    {"and the CPU's peer uses another key", devices_of_tomorrow_and_another_key, REJECT,
     "public_key", "KEY"},
    {"CPU is malformed", devices_of_a_bad_cpu, VERDICT_MALFORMED, "devices", SKIP},
};

static void every_row_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct scene s CLEANUP(done);
        struct outcome o;
        init(&s);
        ROWS[i].edit(&s);
        judge(&s, &o);
        if (o.verdict != ROWS[i].verdict)
            fail_msg("%s: %s", ROWS[i].name, verdict_name(o.verdict));
        if (ROWS[i].id != NULL)
            row_says(&o, ROWS[i].name, ROWS[i].id, ROWS[i].code);
    }
}

static void check_ids(const struct checks *c, const char *const *ids)
{
    size_t n = 0;
    for (; ids[n] != NULL; n++) {
        assert_true(n < c->n);
        assert_string_equal(c->v[n].id, ids[n]);
    }
    assert_int_equal(c->n, n);
}

static void cpu_comes_first_and_each_check_once(void **state)
{
    (void)state;
    static const char *const ALL[] = {"bundle", "quote",      "policy",  "statement", "freshness",
                                      "nonce",  "public_key", "devices", "gpu",       NULL};
    static const char *const RAW[] = {"quote", "policy",     "statement", "freshness",
                                      "nonce", "public_key", NULL};
    struct scene s CLEANUP(done);
    struct outcome o;
    init(&s);
    devices(&s);
    judge(&s, &o);
    check_ids(&o.c, ALL);
    assert_true(o.v.has_devices);
    assert_string_equal(o.v.release, "r1");
    assert_string_equal(evidence_facts_find(&o.claimed.facts, "cpu"), "is here");
    assert_string_equal(evidence_facts_find(&o.claimed.facts, "gpu"), "is here");
    done(&s);
    init(&s);
    build(&s);
    s.is_raw = true;
    judge(&s, &o);
    check_ids(&o.c, RAW);
    assert_false(o.v.has_devices);
}

/* Facts are shown where the evidence is authentic, and that the CPU's is says nothing of these. */
static void unsigned_devices_tell_no_facts(void **state)
{
    (void)state;
    struct scene s CLEANUP(done);
    struct outcome o;
    init(&s);
    devices_of_tomorrow(&s);
    judge(&s, &o);
    assert_true(o.claimed.is_signed && !o.claimed.has_devices);
    assert_string_equal(evidence_facts_find(&o.claimed.facts, "cpu"), "is here");
    assert_null(evidence_facts_find(&o.claimed.facts, "gpu"));
}

static void what_the_caller_gives_comes_before_the_bundle(void **state)
{
    (void)state;
    struct scene s CLEANUP(done);
    struct outcome o;
    init(&s);
    build(&s);
    s.expect.beside.statement = BYTES_LIT("no statement");
    judge(&s, &o);
    assert_int_equal(o.verdict, VERDICT_REJECT);
    row_says(&o, "caller's", "statement", "STATEMENT");
}

static void malformed_bundles_are_malformed(void **state)
{
    (void)state;
    struct scene s CLEANUP(done);
    struct buf b CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct outcome o;
    init(&s);
    devices(&s);
    assert_ok(bundle_encode(&s.bundle, &b));
    for (size_t n = 3; n < b.n; n++) {
        judge_bytes(&s, bytes_of(b.p, n), &o);
        assert_int_equal(o.verdict, VERDICT_MALFORMED);
        row_says(&o, "truncated", "bundle", "BUNDLE_MALFORMED");
        row_says(&o, "truncated", "quote", SKIP);
        row_says(&o, "truncated", "devices", SKIP);
    }
    b.p[2] = 2; /* version */
    judge_bytes(&s, buf_view(&b), &o);
    assert_int_equal(o.verdict, VERDICT_INCOMPLETE);
}

static void numbers_are_remembered_on_accept_only(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    struct scene s CLEANUP(done);
    struct outcome o;
    assert_ok(evidence_memory_new(&m));
    init(&s);
    other_statement(&s);
    s.expect.memory = m;
    judge(&s, &o);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_TDX_TCB), 0);
    done(&s);
    init(&s);
    build(&s);
    s.expect.memory = m;
    judge(&s, &o);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_TDX_TCB), 7);
}

static const struct evidence_trace_row *traced(const struct evidence_trace *t, const char *label)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].label, label) == 0)
            return &t->v[i];
    fail_msg("%s is not in the trace", label);
    return NULL;
}

static void trace_tells_where_the_bytes_stand(void **state)
{
    (void)state;
    struct evidence_trace *t CLEANUP(evidence_trace_freep) = NULL;
    struct scene s CLEANUP(done);
    struct outcome o;
    assert_ok(evidence_trace_new(&t));
    init(&s);
    devices(&s);
    s.expect.trace = t;
    judge(&s, &o);
    assert_string_equal(traced(t, "binding")->input, "evidence");
    assert_int_equal(traced(t, "binding")->offset, 0);
    assert_string_equal(traced(t, "binding")->check, "quote");
    assert_string_equal(traced(t, "statement")->input, "statement");
    assert_string_equal(traced(t, "answer")->input, "devices");
    assert_int_equal(traced(t, "answer")->n, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_its_verdict),
        cmocka_unit_test(cpu_comes_first_and_each_check_once),
        cmocka_unit_test(unsigned_devices_tell_no_facts),
        cmocka_unit_test(what_the_caller_gives_comes_before_the_bundle),
        cmocka_unit_test(malformed_bundles_are_malformed),
        cmocka_unit_test(numbers_are_remembered_on_accept_only),
        cmocka_unit_test(trace_tells_where_the_bytes_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
