/* A provider in processes of its own: what it makes arrives whole, and what goes wrong there is
 * told, bounded, and does not spread. */
#include "tee/apart_provider.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"
#include "tee/verify/bundle.h"

enum { LARGE = 300 << 10, PATIENT_MS = 30000, IMPATIENT_MS = 1000, PAUSE_S = 5 };

/* ---- the provider that works; the service's name says what it does ---- */

static int n_freed; /* in this process */
static int told[2]; /* a pipe: the process id of each that was confined */
static status (*confining)(void);
static uint32_t timeout_ms = PATIENT_MS;
static uint32_t wait_ms = PATIENT_MS;

static bool is_asked(const struct statement *s, const char *what)
{
    return bytes_equal(s->service, bytes_str(what));
}

/* To every socket that this process holds: one of them is the enclave's. */
static void say(const void *p, size_t n)
{
    for (int fd = 3; fd < 256; fd++)
        (void)send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void misbehave(const struct statement *s)
{
    static const uint8_t NO_CODE[] = {0xff, 0, 0, 0, 0};
    static const uint8_t LONG_DETAIL[] = {ST_IO, 0, 0, 1, 1};
    static const uint8_t TOO_LONG[] = {ST_OK, 0x7f, 0xff, 0xff, 0xff};
    const struct timespec pause = {.tv_sec = PAUSE_S};
    if (is_asked(s, "end"))
        _exit(3);
    if (is_asked(s, "sleep"))
        (void)nanosleep(&pause, NULL);
    if (is_asked(s, "no-code"))
        say(NO_CODE, sizeof(NO_CODE));
    if (is_asked(s, "long-detail"))
        say(LONG_DETAIL, sizeof(LONG_DETAIL));
    if (is_asked(s, "too-long"))
        say(TOO_LONG, sizeof(TOO_LONG));
}

static status worker_attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    (void)p;
    misbehave(s);
    REQUIRE(!is_asked(s, "refuse"), ST_MISMATCH, "%s", "refused\033[2J");
    REQUIRE(!is_asked(s, "talk"), ST_BUSY, "%0400d", 7);
    uint8_t *room = buf_extend(out, is_asked(s, "large") ? LARGE : 32);
    TRY(buf_status(out));
    memset(room, 0x5a, out->n);
    memcpy(room, s->nonce, sizeof(s->nonce));
    return OK;
}

static status worker_random(struct tee_provider *p, void *out, size_t n)
{
    (void)p;
    memset(out, 7, n);
    return OK;
}

static status worker_measurements(struct tee_provider *p, struct measurements *out)
{
    (void)p;
    *out = (struct measurements){.kind = MEASUREMENT_TDX, .present_mask = 5};
    return OK;
}

static void worker_free(struct tee_provider *p)
{
    n_freed++;
    free(p);
}

static const struct tee_provider_ops WORKER = {.platform = "intel-tdx",
                                               .attest = worker_attest,
                                               .random = worker_random,
                                               .measurements = worker_measurements,
                                               .free = worker_free};

static status tell_and_confine(void)
{
    pid_t pid = getpid();
    if (write(told[1], &pid, sizeof(pid)) != sizeof(pid))
        return FAIL(ST_IO, "pipe");
    return confining != NULL ? confining() : OK;
}

static status open_apart(struct tee_provider **out)
{
    const struct apart_options o = {
        .confine = tell_and_confine, .timeout_ms = timeout_ms, .wait_ms = wait_ms};
    struct tee_provider *worker = calloc(1, sizeof(*worker));
    assert_non_null(worker);
    worker->ops = &WORKER;
    return apart_provider_over(worker, &o, out);
}

static struct statement asking(const char *service)
{
    struct statement s = {.service = bytes_str(service)};
    for (size_t i = 0; i < sizeof(s.nonce); i++)
        s.nonce[i] = (uint8_t)i;
    return s;
}

static enum status_code code_of(struct tee_provider *p, const char *service)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    const struct statement s = asking(service);
    status got = tee_attest(p, &s, &out);
    if (failed(got))
        assert_int_equal(out.n, 0);
    return got.code;
}

/* ---- what holds ---- */

static void evidence_arrives_whole(void **state)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    struct measurements m;
    const struct statement s = asking("large");
    (void)state;
    assert_int_equal(open_apart(&p).code, ST_OK);
    assert_string_equal(tee_platform(p), "intel-tdx");
    assert_int_equal(tee_measurements(p, &m).code, ST_OK);
    assert_int_equal(m.present_mask, 5);
    assert_int_equal(tee_attest(p, &s, &out).code, ST_OK);
    assert_int_equal(out.n, LARGE);
    assert_memory_equal(out.p, s.nonce, sizeof(s.nonce));
    assert_int_equal(out.p[LARGE - 1], 0x5a);
    assert_int_equal(code_of(p, "small"), ST_OK);
}

/* The guest's generator is asked here: other bytes each time, and none of the worker's. */
static void random_bytes_are_this_process_own(void **state)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    (void)state;
    assert_int_equal(open_apart(&p).code, ST_OK);
    assert_int_equal(tee_random(p, a, sizeof(a)).code, ST_OK);
    assert_int_equal(tee_random(p, b, sizeof(b)).code, ST_OK);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void the_worker_is_in_other_processes(void **state)
{
    pid_t seen[APART_PROCESSES];
    (void)state;
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    n_freed = 0;
    assert_int_equal(open_apart(&p).code, ST_OK);
    assert_int_equal(n_freed, 1); /* ours is gone; theirs serves */
    for (size_t i = 0; i < APART_PROCESSES; i++) {
        assert_int_equal(read(told[0], &seen[i], sizeof(seen[i])), sizeof(seen[i]));
        assert_int_not_equal(seen[i], getpid());
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
    }
    assert_int_equal(code_of(p, "refuse"), ST_MISMATCH);
}

static void what_the_worker_refuses_is_told_and_passes(void **state)
{
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    (void)state;
    assert_int_equal(open_apart(&p).code, ST_OK);
    for (size_t i = 0; i < 3 * APART_PROCESSES; i++) {
        assert_int_equal(code_of(p, "refuse"), ST_MISMATCH);
        assert_string_equal(status_detail(), "refused?[2J");
        assert_int_equal(code_of(p, "talk"), ST_BUSY);
    }
    assert_int_equal(code_of(p, "x"), ST_OK);
}

static void a_process_that_fails_is_given_up(void **state)
{
    static const struct row {
        const char *service;
        enum status_code code;
    } ROWS[] = {
        {"end", ST_CLOSED},        {"sleep", ST_TIMEOUT},  {"no-code", ST_FORMAT},
        {"long-detail", ST_LIMIT}, {"too-long", ST_LIMIT},
    };
    (void)state;
    timeout_ms = IMPATIENT_MS;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
        assert_int_equal(open_apart(&p).code, ST_OK);
        for (size_t k = 0; k < APART_PROCESSES; k++) {
            assert_int_equal(code_of(p, "x"), ST_OK);
            assert_int_equal(code_of(p, ROWS[i].service), ROWS[i].code);
        }
        assert_int_equal(code_of(p, "x"), ST_IO);
    }
    timeout_ms = PATIENT_MS;
}

static status do_not_confine(void)
{
    return FAIL(ST_INTERNAL, "no filter");
}

static status end_instead(void)
{
    _exit(4);
}

static void a_process_that_is_not_confined_serves_nobody(void **state)
{
    struct tee_provider *p = NULL;
    (void)state;
    confining = do_not_confine;
    assert_int_equal(open_apart(&p).code, ST_INTERNAL);
    confining = end_instead;
    assert_int_equal(open_apart(&p).code, ST_CLOSED);
    confining = NULL;
    assert_null(p);
}

static void *ask_often(void *arg)
{
    struct tee_provider *p = arg;
    uintptr_t n_failed = 0;
    for (int i = 0; i < 50; i++)
        n_failed += code_of(p, i % 5 == 0 ? "large" : "x") != ST_OK;
    return (void *)n_failed;
}

static void many_ask_at_once(void **state)
{
    enum { THREADS = 3 * APART_PROCESSES };
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    pthread_t threads[THREADS];
    (void)state;
    assert_int_equal(open_apart(&p).code, ST_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, p), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *n_failed = NULL;
        assert_int_equal(pthread_join(threads[i], &n_failed), 0);
        assert_null(n_failed);
    }
}

static void *ask_long(void *arg)
{
    return (void *)(uintptr_t)code_of(arg, "sleep");
}

/* Three times as many as there are processes, none of which answers before the time is over. */
static void nobody_waits_for_ever_for_a_process(void **state)
{
    enum { THREADS = 3 * APART_PROCESSES };
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    pthread_t threads[THREADS];
    size_t n_ok = 0, n_busy = 0;
    (void)state;
    wait_ms = IMPATIENT_MS;
    assert_int_equal(open_apart(&p).code, ST_OK);
    wait_ms = PATIENT_MS;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_long, p), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *code = NULL;
        assert_int_equal(pthread_join(threads[i], &code), 0);
        n_ok += (uintptr_t)code == ST_OK;
        n_busy += (uintptr_t)code == ST_BUSY;
    }
    assert_int_equal(n_ok, APART_PROCESSES);
    assert_int_equal(n_busy, THREADS - APART_PROCESSES);
    assert_int_equal(code_of(p, "x"), ST_OK);
}

static int make_pipe(void **state)
{
    (void)state;
    return pipe(told);
}

static int close_pipe(void **state)
{
    (void)state;
    return close(told[0]) | close(told[1]);
}

/* The write end is ours alone once we close it, so a read ends when every process has. */
static void processes_end_with_the_provider(void **state)
{
    struct tee_provider *p = NULL;
    pid_t pid;
    (void)state;
    assert_int_equal(open_apart(&p).code, ST_OK);
    assert_int_equal(close(told[1]), 0);
    tee_provider_freep(&p);
    for (size_t i = 0; i < APART_PROCESSES; i++)
        assert_int_equal(read(told[0], &pid, sizeof(pid)), sizeof(pid));
    assert_int_equal(read(told[0], &pid, sizeof(pid)), 0);
    told[1] = dup(told[0]);
}

#define WITH_PIPE(test) cmocka_unit_test_setup_teardown(test, make_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPE(evidence_arrives_whole),
        WITH_PIPE(random_bytes_are_this_process_own),
        WITH_PIPE(the_worker_is_in_other_processes),
        WITH_PIPE(what_the_worker_refuses_is_told_and_passes),
        WITH_PIPE(a_process_that_fails_is_given_up),
        WITH_PIPE(a_process_that_is_not_confined_serves_nobody),
        WITH_PIPE(many_ask_at_once),
        WITH_PIPE(nobody_waits_for_ever_for_a_process),
        WITH_PIPE(processes_end_with_the_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
