/* A relay that does everything a relay can do, to every frame of real sessions.
 *
 * Client and server are real, on the simulated platform; between them a relay cuts the two byte
 * streams into frames and does one thing to one of them. Whatever it does, the endpoint that gets
 * the frame must end with one of the errors of the rule, no endpoint may deliver a byte that was
 * not sent, and everything delivered must be a beginning of what was sent.
 */
#include "support/channel.h"

#include "base/clock.h"
#include "channel/record.h"
#include "channel/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_REQUESTS = 3,
    LARGE = FRAGMENT_BODY_MAX + 5000,
    FRAMES_MAX = 32,
    N_HANDSHAKE = 2, /* frames of the handshake in each direction */
    WAIT_MS = 60,
    SLOW_WAIT_MS = 1500, /* under valgrind, where a handshake takes half a second */
    SLOW_STRIDE = 19,    /* and one tampered session in so many is enough for what it looks for */
    TRIES = 5,
    STEP_OF_LARGE = 11, /* in a long frame, one bit of every so many bytes */
};

enum op { NOTHING, FLIP, DROP, REPEAT, SWAP, CUT, SPLICE, INJECT, LENGTHEN, REFLECT };

static const char *const OP_NAMES[] = {"nothing", "flip",   "drop",   "repeat",   "swap",
                                       "cut",     "splice", "inject", "lengthen", "reflect"};

enum direction { UP, DOWN };

struct tamper {
    enum op op;
    enum direction direction;
    size_t frame;
    size_t at; /* FLIP: bit; CUT: bytes that still pass */
};

struct frames {
    struct buf v[FRAMES_MAX];
    size_t n;
};

struct relay_end {
    struct stream *from;
    struct stream *to;
    enum direction direction;
    const struct tamper *tamper;
    const struct frames *other_session; /* for SPLICE */
    const struct frames *opposite;      /* for REFLECT: what passed the other way */
    pthread_mutex_t *lock;              /* guards: both `passed` */
    struct frames *passed;              /* before tampering */
    pthread_t thread;
};

struct run {
    struct frames passed[2];
    status client;
    status server;
    bool client_has_session;
    size_t n_requests;  /* delivered to the server */
    size_t n_responses; /* delivered to the client */
};

static struct channel_world world;
static struct buf texts[N_REQUESTS];
static unsigned n_runs;
static uint32_t wait_ms; /* raised when the machine is too busy for it */
static bool is_slow, is_sampled;
static unsigned n_asked;

/* --- the relay --- */

static size_t length_of(const uint8_t *header, size_t index)
{
    struct rd r = rd_over(bytes_of(header + (index < N_HANDSHAKE ? 4 : 2), 4));
    return rd_u32be(&r);
}

static status read_frame(struct relay_end *r, size_t index, struct buf *out)
{
    size_t n = index < N_HANDSHAKE ? (size_t)FRAME_HEADER_LEN : (size_t)RECORD_HEADER_LEN;
    buf_clear(out);
    TRY(stream_read(r->from, buf_extend(out, n), n, STREAM_NO_DEADLINE));
    size_t body = length_of(out->p, index);
    return stream_read(r->from, buf_extend(out, body), body, STREAM_NO_DEADLINE);
}

static void pass(struct relay_end *r, struct bytes frame)
{
    status s = stream_write(r->to, frame, clock_deadline_ms(5000));
    (void)s; /* an endpoint that has hung up is what this is about */
}

static void keep(struct relay_end *r, const struct buf *frame)
{
    (void)pthread_mutex_lock(r->lock);
    struct buf *slot = &r->passed->v[r->passed->n++];
    *slot = BUF_MAX(RECORD_MAX);
    buf_put(slot, buf_view(frame));
    (void)pthread_mutex_unlock(r->lock);
}

/* What came the other way, at the same place or last. */
static void reflect(struct relay_end *r, size_t index)
{
    (void)pthread_mutex_lock(r->lock);
    size_t last = r->opposite->n - 1;
    struct buf copy CLEANUP(buf_done) = BUF_MAX(RECORD_MAX);
    buf_put(&copy, buf_view(&r->opposite->v[index < last ? index : last]));
    (void)pthread_mutex_unlock(r->lock);
    pass(r, buf_view(&copy));
}

/* True when the connection is over. */
static bool tamper_with(struct relay_end *r, size_t index, struct buf *frame)
{
    static const uint8_t HINT[] = {0x45, 0x4d, 0x01, 0x05, 0, 0, 0, 1, 2};
    const struct tamper *t = r->tamper;
    switch (t->op) {
    case FLIP:
        frame->p[t->at / 8] ^= (uint8_t)(1u << t->at % 8);
        break;
    case DROP:
        return false;
    case REPEAT:
        pass(r, buf_view(frame));
        break;
    case CUT:
        pass(r, bytes_of(frame->p, t->at));
        stream_shutdown(r->to);
        stream_shutdown(r->from);
        return true;
    case SPLICE:
        pass(r, buf_view(&r->other_session->v[index]));
        return false;
    case INJECT:
        pass(r, BYTES_OF(HINT));
        break;
    case LENGTHEN:
        buf_put_u8(frame, 0);
        break;
    case REFLECT:
        reflect(r, index);
        return false;
    case NOTHING:
    case SWAP:
        break;
    }
    pass(r, buf_view(frame));
    return false;
}

static void *relay_one_way(void *arg)
{
    struct relay_end *r = arg;
    struct buf frame CLEANUP(buf_done) = BUF_MAX(RECORD_MAX + 1);
    struct buf held CLEANUP(buf_done) = BUF_MAX(RECORD_MAX + 1);
    bool is_over = false;
    for (size_t i = 0; !is_over && ok(read_frame(r, i, &frame)); i++) {
        keep(r, &frame);
        bool is_it = r->tamper->direction == r->direction && r->tamper->frame == i;
        if (is_it && r->tamper->op == SWAP) {
            buf_put(&held, buf_view(&frame));
            continue;
        }
        if (is_it)
            is_over = tamper_with(r, i, &frame);
        else
            pass(r, buf_view(&frame));
        pass(r, buf_view(&held));
        buf_clear(&held);
    }
    pass(r, buf_view(&held));
    stream_shutdown_write(r->to);
    return NULL;
}

/* --- the endpoints --- */

static bool is_text(const struct message *m, size_t i)
{
    return m->is_last && m->stream_id == i + 1 &&
           bytes_equal(buf_view(&m->body), buf_view(&texts[i]));
}

static status serve_one(struct session *s, struct run *run)
{
    struct message m CLEANUP(message_done) = {0};
    TRY(session_recv(s, SESSION_NO_DEADLINE, &m));
    if (m.type != MSG_REQUEST || run->n_requests >= N_REQUESTS || !is_text(&m, run->n_requests))
        fail_msg("the server was given what nobody sent");
    run->n_requests++;
    /* That an answer cannot be sent says less than what the next receive finds. */
    status sent = session_send(s, m.stream_id, MSG_RESPONSE, true, buf_view(&m.body));
    (void)sent;
    return OK;
}

struct server_side {
    struct stream *stream;
    struct run *run;
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct server_side *v = arg;
    struct session *s CLEANUP(session_freep) = NULL;
    status st = channel_accept(v->stream, &world.identity, &world.server_limits, &s);
    while (ok(st))
        st = serve_one(s, v->run);
    if (st.code == ST_CLOSED && s != NULL && failed(session_end(s)))
        st = (status){ST_IO};
    v->run->server = st;
    return NULL;
}

static status collect(struct session *s, struct run *run)
{
    while (run->n_responses < N_REQUESTS) {
        struct message m CLEANUP(message_done) = {0};
        TRY(session_recv(s, clock_deadline_ms(wait_ms), &m));
        if (m.type != MSG_RESPONSE || !is_text(&m, run->n_responses))
            fail_msg("the client was given what nobody sent");
        run->n_responses++;
    }
    return OK;
}

static status converse(struct session *s, struct run *run)
{
    struct message none = {0};
    status sent = OK;
    for (uint32_t i = 0; i < N_REQUESTS && ok(sent); i++)
        sent = session_send(s, i + 1, MSG_REQUEST, true, buf_view(&texts[i]));
    status st = collect(s, run);
    if (failed(st) && st.code != ST_TIMEOUT)
        return st;
    /* A record that the relay keeps back shows at the next one: the close. */
    status ended = session_end(s);
    (void)ended;
    while (ok(st) || st.code == ST_TIMEOUT) {
        status next = session_recv(s, clock_deadline_ms(2 * wait_ms), &none);
        message_done(&none);
        if (next.code == ST_TIMEOUT)
            break;
        st = next;
    }
    return st;
}

static void use_channel(struct stream *taken, struct run *run)
{
    struct session *s CLEANUP(session_freep) = NULL;
    world.checks = (struct checks){0};
    world.options.at_unix_s = clock_unix_s(); /* this takes minutes in the slow lanes */
    run->client = channel_connect(taken, &world.options, &world.checks, &s);
    run->client_has_session = ok(run->client);
    if (run->client_has_session)
        run->client = converse(s, run);
}

static void open_pairs(struct stream *a[2], struct stream *b[2])
{
    assert_ok(stream_pair(&a[0], &a[1]));
    assert_ok(stream_pair(&b[0], &b[1]));
}

static void frames_done(struct frames *f)
{
    for (size_t i = 0; i < f->n; i++)
        buf_done(&f->v[i]);
    f->n = 0;
}

static void run_done(struct run *run)
{
    frames_done(&run->passed[UP]);
    frames_done(&run->passed[DOWN]);
}

/* client - near[0] near[1] - relay - far[0] far[1] - server */
static void perform(const struct tamper *t, const struct run *other, struct run *run)
{
    struct stream *near[2];
    struct stream *far[2];
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    *run = (struct run){0};
    open_pairs(near, far);
    struct server_side server = {.stream = far[1], .run = run};
    struct relay_end ends[2] = {
        [UP] = {.from = near[1], .to = far[0], .direction = UP, .opposite = &run->passed[DOWN]},
        [DOWN] = {.from = far[0], .to = near[1], .direction = DOWN, .opposite = &run->passed[UP]},
    };
    for (int i = 0; i < 2; i++) {
        ends[i].tamper = t;
        ends[i].lock = &lock;
        ends[i].passed = &run->passed[i];
        ends[i].other_session = other ? &other->passed[i] : NULL;
        assert_int_equal(pthread_create(&ends[i].thread, NULL, relay_one_way, &ends[i]), 0);
    }
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
    use_channel(near[0], run);
    (void)pthread_join(server.thread, NULL);
    stream_shutdown(near[1]);
    stream_shutdown(far[0]);
    for (int i = 0; i < 2; i++)
        (void)pthread_join(ends[i].thread, NULL);
    stream_freep(&near[1]);
    stream_freep(&far[0]);
    n_runs++;
}

/* --- the rules --- */

#define BIT(code) (1u << (code))

/* Errors with which the endpoint that gets a tampered record may end. */
static unsigned record_rule(const struct tamper *t, bool is_final)
{
    switch (t->op) {
    case FLIP:
        if (t->at < 8)
            return BIT(ST_PROTOCOL) | BIT(ST_AUTH); /* another type */
        if (t->at < 16)
            return BIT(ST_PROTOCOL);
        if (t->at < 48) /* the length: too long, or it swallows its successors, or ends short */
            return BIT(ST_LIMIT) | BIT(ST_FORMAT) | BIT(ST_AUTH) | BIT(ST_TIMEOUT) | BIT(ST_CUT);
        return t->at < 8 * RECORD_HEADER_LEN ? BIT(ST_SEQUENCE) : BIT(ST_AUTH);
    case DROP:
        return is_final ? BIT(ST_CUT) : BIT(ST_SEQUENCE);
    case REPEAT:
    case SWAP:
        return BIT(ST_SEQUENCE);
    case CUT:
        return BIT(ST_CUT);
    case SPLICE:
        return BIT(ST_AUTH);
    case REFLECT: /* of the last frame of the handshake, or of a record */
        return BIT(ST_AUTH) | BIT(ST_SEQUENCE) | BIT(ST_PROTOCOL);
    case INJECT:
        return BIT(ST_PROTOCOL);
    case LENGTHEN:
        return BIT(ST_PROTOCOL) | BIT(ST_CUT);
    case NOTHING:
        break;
    }
    return 0;
}

static const unsigned NEVER = BIT(ST_OK) | BIT(ST_INTERNAL) | BIT(ST_NOMEM) | BIT(ST_USAGE) |
                              BIT(ST_CONFIG) | BIT(ST_IO) | BIT(ST_BUSY) | BIT(ST_NOTFOUND);

static void quarrel(const struct tamper *t, const struct run *run, const char *what)
{
    fail_msg("%s %s frame %zu at %zu: %s (client %s, server %s, %s)",
             t->direction == UP ? "up" : "down", OP_NAMES[t->op], t->frame, t->at, what,
             status_name(run->client.code), status_name(run->server.code), status_detail());
}

/* NULL, or what is wrong. */
static const char *judge_record(const struct tamper *t, const struct run *run, bool is_final)
{
    enum status_code code = t->direction == UP ? run->server.code : run->client.code;
    if ((BIT(code) & record_rule(t, is_final)) == 0)
        return "not the error of the rule";
    return NULL;
}

/* In the handshake the client never gets a session, and neither side reports what is nobody's
 * fault. A hint in the clear may say `busy`: that is what it is there for. */
static const char *judge_handshake(const struct tamper *t, const struct run *run)
{
    unsigned never = t->op == INJECT ? NEVER & ~BIT(ST_BUSY) : NEVER;
    enum status_code receiver = t->direction == UP ? run->server.code : run->client.code;
    /* What comes after the last frame of the handshake stands where a record must. */
    if (t->frame + 1 == N_HANDSHAKE && (t->op == REPEAT || t->op == LENGTHEN))
        return receiver == ST_PROTOCOL ? NULL : "not a protocol violation";
    if (run->client_has_session || (BIT(run->client.code) & never) != 0)
        return "the client was taken in";
    if ((BIT(run->server.code) & NEVER) != 0)
        return "the server was taken in";
    if (run->n_requests + run->n_responses != 0)
        return "something was delivered";
    return NULL;
}

static const char *judge(const struct tamper *t, const struct run *run, const struct run *clean)
{
    if (t->frame < N_HANDSHAKE)
        return judge_handshake(t, run);
    return judge_record(t, run, t->frame + 1 == clean->passed[t->direction].n);
}

static void set_wait(uint32_t ms)
{
    wait_ms = ms;
    world.server_limits.handshake_timeout_ms = ms;
    world.server_limits.message_timeout_ms = ms;
    world.options.limits = world.server_limits;
}

static void reset_wait(void)
{
    set_wait(is_slow ? SLOW_WAIT_MS : WAIT_MS);
}

/* On a busy machine a short timeout strikes where nobody meant it to: try again with a longer one.
 * What passes is never tried again, so a relay that is not detected cannot hide here. */
static void check(const struct tamper *t, const struct run *clean)
{
    struct run run;
    const char *wrong = NULL;
    if (is_sampled && n_asked++ % SLOW_STRIDE != 0)
        return;
    for (int tries = 0; tries < TRIES; tries++) {
        perform(t, clean, &run);
        wrong = judge(t, &run, clean);
        bool was_slow = run.client.code == ST_TIMEOUT || run.server.code == ST_TIMEOUT;
        if (wrong != NULL && (!was_slow || tries + 1 == TRIES))
            quarrel(t, &run, wrong);
        run_done(&run);
        if (wrong == NULL)
            break;
        set_wait(wait_ms * 3);
    }
    reset_wait();
}

/* --- the tests --- */

static int open_world(void **state)
{
    (void)state;
    is_slow = getenv("EML_UNDER_VALGRIND") != NULL;
    is_sampled = is_slow || getenv("EML_SAMPLED") != NULL;
    channel_world_open(&world);
    /* Shorter than the policy's max_age_s: in the slow lanes this takes minutes. */
    channel_epoch_freep(&world.identity.epoch);
    assert_ok(channel_epoch_new(60, &world.identity.epoch));
    world.server_limits = (struct channel_limits){.rekey_records = 3};
    reset_wait();
    for (int i = 0; i < N_REQUESTS; i++) {
        texts[i] = BUF_MAX(LARGE);
        buf_printf(&texts[i], "text number %d", i);
    }
    uint8_t *more = buf_extend(&texts[1], LARGE - texts[1].n);
    memset(more, 0x5a, LARGE - (size_t)(more - texts[1].p));
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    for (int i = 0; i < N_REQUESTS; i++)
        buf_done(&texts[i]);
    channel_world_close(&world);
    return 0;
}

static void run_clean(struct run *run)
{
    const struct tamper none = {.op = NOTHING};
    set_wait(5000);
    perform(&none, NULL, run);
    reset_wait();
    if (run->client.code != ST_CLOSED || run->server.code != ST_CLOSED)
        quarrel(&none, run, "an untouched session fails");
}

static void an_honest_relay_does_no_harm(void **state)
{
    (void)state;
    struct run run;
    run_clean(&run);
    assert_int_equal(run.n_requests, N_REQUESTS);
    assert_int_equal(run.n_responses, N_REQUESTS);
    assert_true(run.passed[UP].n > N_HANDSHAKE + N_REQUESTS + 2); /* a key update among them */
    print_message("frames of a session: %zu up, %zu down\n", run.passed[UP].n, run.passed[DOWN].n);
    run_done(&run);
}

/* Every bit of a header; then one bit of each byte, and in what is long of each so many bytes. */
static size_t next_bit(size_t bit, size_t header_bytes, size_t n_bytes, size_t stride)
{
    if (bit + 1 < 8 * header_bytes)
        return bit + 1;
    size_t byte = bit / 8 + (n_bytes > 256 && bit / 8 > 64 ? stride : 1);
    return 8 * byte + (bit + 1) % 8;
}

static void flip_all(const struct run *clean, enum direction d, size_t frame)
{
    bool is_record = frame >= N_HANDSHAKE;
    size_t header = is_record ? (size_t)RECORD_HEADER_LEN : (size_t)FRAME_HEADER_LEN;
    size_t n = clean->passed[d].v[frame].n;
    size_t stride = is_record ? n / 50 + 1 : (size_t)STEP_OF_LARGE;
    for (size_t bit = 0; bit < 8 * n; bit = next_bit(bit, header, n, stride)) {
        const struct tamper t = {FLIP, d, frame, bit};
        check(&t, clean);
    }
}

static void cut_all(const struct run *clean, enum direction d, size_t frame)
{
    size_t n = clean->passed[d].v[frame].n;
    size_t step = n > 256 ? n / 23 : 3;
    for (size_t at = 0; at < n; at += step) {
        const struct tamper t = {CUT, d, frame, at};
        check(&t, clean);
    }
}

static bool makes_no_difference(const struct tamper *t, const struct run *clean)
{
    bool is_final = t->frame + 1 == clean->passed[t->direction].n;
    /* Nothing is read after the close, and nothing comes that could overtake it. */
    if (is_final && (t->op == REPEAT || t->op == SWAP || t->op == LENGTHEN))
        return true;
    /* Held back: the other side waits, and the handshake's time runs out or nothing changes. */
    if (t->op == SWAP && t->frame < N_HANDSHAKE)
        return true;
    return t->op == REFLECT && t->direction == UP && t->frame == 0; /* nothing has come yet */
}

static void once_each(const struct run *clean, enum direction d, size_t frame)
{
    static const enum op OPS[] = {DROP, REPEAT, SWAP, SPLICE, INJECT, LENGTHEN, REFLECT};
    for (size_t i = 0; i < sizeof(OPS) / sizeof(OPS[0]); i++) {
        const struct tamper t = {OPS[i], d, frame, 0};
        if (!makes_no_difference(&t, clean))
            check(&t, clean);
    }
}

static void attack_frames(size_t first, size_t end)
{
    struct run clean;
    run_clean(&clean);
    for (int d = UP; d <= DOWN; d++) {
        for (size_t i = first; i < end && i < clean.passed[d].n; i++) {
            once_each(&clean, (enum direction)d, i);
            flip_all(&clean, (enum direction)d, i);
            cut_all(&clean, (enum direction)d, i);
        }
    }
    run_done(&clean);
}

static void report(const char *what, unsigned before)
{
    print_message("%s: %u tampered sessions, each detected\n", what, n_runs - before);
}

static void every_frame_of_the_handshake_with_session_evidence(void **state)
{
    (void)state;
    unsigned before = n_runs;
    world.policy->freshness_mask = 1u << FRESH_SESSION;
    attack_frames(0, N_HANDSHAKE);
    report("handshake, session evidence", before);
}

static void every_frame_of_the_handshake_with_epoch_evidence(void **state)
{
    (void)state;
    unsigned before = n_runs;
    world.policy->freshness_mask = 1u << FRESH_EPOCH;
    attack_frames(0, N_HANDSHAKE);
    report("handshake, epoch evidence", before);
}

static void every_record_of_a_session(void **state)
{
    (void)state;
    unsigned before = n_runs;
    world.policy->freshness_mask = 1u << FRESH_EPOCH;
    attack_frames(N_HANDSHAKE, FRAMES_MAX);
    report("records", before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_relay_does_no_harm),
        cmocka_unit_test(every_frame_of_the_handshake_with_session_evidence),
        cmocka_unit_test(every_frame_of_the_handshake_with_epoch_evidence),
        cmocka_unit_test(every_record_of_a_session),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
