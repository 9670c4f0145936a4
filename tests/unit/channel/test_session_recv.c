/* What a session refuses from a peer that holds the keys, and from a relay that does not. */
#include "support/session.h"

#include "base/clock.h"

typedef void (*attack_fn)(struct raw_peer *p);

static void put(struct raw_peer *p, uint32_t id, uint8_t type, uint8_t flags, const char *body)
{
    raw_fragment(p, id, type, flags, bytes_str(body));
}

static void plaintext_frame(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x45\x4d\x01\x05\x00\x00\x00\x01\x02", 9));
}

static void one_plaintext_byte(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x45", 1));
}

static void unknown_record(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x83\0\0\0\0\x10\0\0\0\0\0\0\0\0", 14));
}

static void record_flags(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x80\x01\0\0\0\x10\0\0\0\0\0\0\0\0", 14));
}

static void record_too_long(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x80\0\0\x01\0\0\0\0\0\0\0\0\0\0", 14));
}

static void record_without_tag(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x80\0\0\0\0\x0f\0\0\0\0\0\0\0\0", 14));
}

static void record_of_zeroes(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x80\0\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 30));
}

static void a_number_skipped(struct raw_peer *p)
{
    p->out.sequence = 1;
    put(p, 1, MSG_REQUEST, 3, "q");
}

static void own_record_reflected(struct raw_peer *p)
{
    struct record_key out = p->out;
    p->out = p->in; /* sealed with the key of the other direction */
    p->in = out;
    put(p, 1, MSG_REQUEST, 3, "q");
}

static void sealed_with_the_old_key(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 1, "q");
    raw_record(p, RECORD_KEY_UPDATE, (struct bytes){0});
    put(p, 1, MSG_REQUEST, 3, "q");
}

static void sealed_with_the_next_key(struct raw_peer *p)
{
    assert_ok(record_key_update(&p->out));
    put(p, 1, MSG_REQUEST, 3, "q");
}

static void empty_data(struct raw_peer *p)
{
    raw_record(p, RECORD_DATA, (struct bytes){0});
}

static void a_clients_message_from_the_server(struct raw_peer *p)
{
    put(p, 1, MSG_RESPONSE, 3, "a");
}

static void a_request_after_the_last(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 3, "q");
    put(p, 1, MSG_REQUEST, 3, "q");
}

static void cancel_of_nothing(struct raw_peer *p)
{
    put(p, 1, MSG_CANCEL, 1, "");
}

static void cancel_with_body(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 3, "q");
    put(p, 1, MSG_CANCEL, 1, "x");
}

static void empty_fragment(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 0, "");
}

static void too_many_streams(struct raw_peer *p)
{
    for (uint32_t id = 1; id <= CHANNEL_STREAMS_MAX + 1; id++)
        put(p, id, MSG_REQUEST, 3, "q");
}

static void too_long_in_fragments(struct raw_peer *p)
{
    for (int i = 0; i < 11; i++)
        put(p, 1, MSG_REQUEST, 0, "0123456789");
}

static void too_much_in_all(struct raw_peer *p)
{
    for (uint32_t id = 1; id <= 21; id++)
        put(p, id, MSG_REQUEST, 0, "0123456789");
}

static void key_update_at_once(struct raw_peer *p)
{
    raw_record(p, RECORD_KEY_UPDATE, (struct bytes){0});
}

static void two_key_updates(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 3, "q");
    raw_record(p, RECORD_KEY_UPDATE, (struct bytes){0});
    assert_ok(record_key_update(&p->out));
    raw_record(p, RECORD_KEY_UPDATE, (struct bytes){0});
}

static void key_update_with_content(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 3, "q");
    raw_record(p, RECORD_KEY_UPDATE, BYTES_LIT("x"));
}

static void close_without_reason(struct raw_peer *p)
{
    raw_record(p, RECORD_CLOSE, (struct bytes){0});
}

static void close_with_more(struct raw_peer *p)
{
    raw_record(p, RECORD_CLOSE, bytes_of("\0\0", 2));
}

static void close_inside_a_message(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 0, "half");
    raw_record(p, RECORD_CLOSE, bytes_of("", 1));
}

static void cut(struct raw_peer *p)
{
    stream_shutdown(p->stream);
}

static void cut_inside_a_record(struct raw_peer *p)
{
    raw_bytes(p, bytes_of("\x80\0\0\0\0\x20\0", 7));
    stream_shutdown(p->stream);
}

static void cut_inside_a_message(struct raw_peer *p)
{
    put(p, 1, MSG_REQUEST, 0, "half");
    stream_shutdown(p->stream);
}

struct row {
    const char *rule;
    attack_fn attack;
    int n_good; /* messages that arrive before it */
    enum status_code code;
};

static const struct row TO_SERVER[] = {
    {"plaintext frame", plaintext_frame, 0, ST_PROTOCOL},
    {"one plaintext byte", one_plaintext_byte, 0, ST_PROTOCOL},
    {"unknown record type", unknown_record, 0, ST_PROTOCOL},
    {"record flags", record_flags, 0, ST_PROTOCOL},
    {"record too long", record_too_long, 0, ST_LIMIT},
    {"record shorter than a tag", record_without_tag, 0, ST_FORMAT},
    {"record of zeroes", record_of_zeroes, 0, ST_AUTH},
    {"a number skipped", a_number_skipped, 0, ST_SEQUENCE},
    {"own record reflected", own_record_reflected, 0, ST_AUTH},
    {"sealed with the old key", sealed_with_the_old_key, 1, ST_AUTH},
    {"sealed with the next key", sealed_with_the_next_key, 0, ST_AUTH},
    {"data of no byte", empty_data, 0, ST_TRUNCATED},
    {"wrong direction", a_clients_message_from_the_server, 0, ST_PROTOCOL},
    {"request after the last", a_request_after_the_last, 1, ST_PROTOCOL},
    {"cancel of nothing", cancel_of_nothing, 0, ST_PROTOCOL},
    {"cancel with a body", cancel_with_body, 1, ST_PROTOCOL},
    {"empty fragment", empty_fragment, 0, ST_PROTOCOL},
    {"too many streams", too_many_streams, CHANNEL_STREAMS_MAX, ST_LIMIT},
    {"message too long", too_long_in_fragments, 0, ST_LIMIT},
    {"unfinished messages too large together", too_much_in_all, 0, ST_LIMIT},
    {"key update before any data", key_update_at_once, 0, ST_PROTOCOL},
    {"two key updates", two_key_updates, 1, ST_PROTOCOL},
    {"key update with content", key_update_with_content, 1, ST_FORMAT},
    {"close without a reason", close_without_reason, 0, ST_FORMAT},
    {"close with more", close_with_more, 0, ST_FORMAT},
    {"close inside a message", close_inside_a_message, 0, ST_PROTOCOL},
    {"cut", cut, 0, ST_CUT},
    {"cut inside a record", cut_inside_a_record, 0, ST_CUT},
    {"cut inside a message", cut_inside_a_message, 0, ST_CUT},
};

static void check_dead(struct raw_peer *p, const struct row *row)
{
    struct message m = {0};
    if (session_is_open(p->session))
        fail_msg("%s: still open", row->rule);
    assert_code(session_recv(p->session, test_soon(), &m), row->code);
    assert_true(failed(session_send(p->session, 1, MSG_RESPONSE, true, BYTES_LIT("x"))));
    assert_null(m.body.p);
}

static void what_a_server_refuses(void **state)
{
    (void)state;
    const struct channel_limits limits = {.max_message_bytes = 100, .max_partial_bytes = 200};
    for (size_t i = 0; i < sizeof(TO_SERVER) / sizeof(TO_SERVER[0]); i++) {
        const struct row *row = &TO_SERVER[i];
        struct raw_peer p = raw_peer_open(false, &limits);
        status s = OK;
        int n_good = -1;
        row->attack(&p);
        while (ok(s)) {
            struct message m CLEANUP(message_done) = {0};
            s = session_recv(p.session, test_soon(), &m);
            n_good++;
        }
        if (s.code != row->code || n_good != row->n_good)
            fail_msg("%s: %s after %d messages (%s)", row->rule, status_name(s.code), n_good,
                     status_detail());
        check_dead(&p, row);
        raw_peer_done(&p);
    }
}

/* --- towards the client --- */

static void answer_to_nothing(struct raw_peer *p)
{
    put(p, 2, MSG_RESPONSE, 3, "a");
}

static void answer_after_the_end(struct raw_peer *p)
{
    put(p, 1, MSG_RESPONSE, 3, "a");
    put(p, 1, MSG_RECEIPT, 3, "r");
}

static void request_from_the_server(struct raw_peer *p)
{
    put(p, 2, MSG_REQUEST, 3, "q");
}

static void cancel_from_the_server(struct raw_peer *p)
{
    put(p, 1, MSG_CANCEL, 1, "");
}

static void type_changes_inside(struct raw_peer *p)
{
    put(p, 1, MSG_RESPONSE, 0, "half");
    put(p, 1, MSG_RECEIPT, 1, "half");
}

static const struct row TO_CLIENT[] = {
    {"answer on a stream that was never opened", answer_to_nothing, 0, ST_PROTOCOL},
    {"answer after the end", answer_after_the_end, 1, ST_PROTOCOL},
    {"request from the server", request_from_the_server, 0, ST_PROTOCOL},
    {"cancel from the server", cancel_from_the_server, 0, ST_PROTOCOL},
    {"type changes inside a message", type_changes_inside, 0, ST_PROTOCOL},
};

static void what_a_client_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(TO_CLIENT) / sizeof(TO_CLIENT[0]); i++) {
        const struct row *row = &TO_CLIENT[i];
        struct raw_peer p = raw_peer_open(true, NULL);
        status s = OK;
        int n_good = -1;
        assert_ok(session_send(p.session, 1, MSG_REQUEST, true, BYTES_LIT("q")));
        row->attack(&p);
        while (ok(s)) {
            struct message m CLEANUP(message_done) = {0};
            s = session_recv(p.session, test_soon(), &m);
            n_good++;
        }
        if (s.code != row->code || n_good != row->n_good)
            fail_msg("%s: %s after %d messages (%s)", row->rule, status_name(s.code), n_good,
                     status_detail());
        check_dead(&p, row);
        raw_peer_done(&p);
    }
}

/* --- what the peer is told --- */

struct told_row {
    uint8_t reason;
    enum status_code code;
};

static void reasons_of_a_close(void **state)
{
    (void)state;
    static const struct told_row ROWS[] = {
        {0, ST_CLOSED},    {1, ST_INTERNAL},  {2, ST_BUSY}, {3, ST_TIMEOUT},
        {4, ST_LIMIT},     {5, ST_PROTOCOL},  {6, ST_AUTH}, {7, ST_UNSUPPORTED},
        {8, ST_CANCELLED}, {77, ST_INTERNAL},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct raw_peer p = raw_peer_open(false, NULL);
        struct message m = {0};
        raw_record(&p, RECORD_CLOSE, bytes_of(&ROWS[i].reason, 1));
        put(&p, 1, MSG_REQUEST, 3, "after the close");
        assert_code(session_recv(p.session, test_soon(), &m), ROWS[i].code);
        assert_code(session_recv(p.session, test_soon(), &m), ROWS[i].code);
        raw_peer_done(&p);
    }
}

static void a_broken_peer_is_told_the_kind_and_no_more(void **state)
{
    (void)state;
    struct raw_peer p = raw_peer_open(false, NULL);
    struct message m = {0};
    struct record_header h;
    a_number_skipped(&p);
    assert_code(session_recv(p.session, test_soon(), &m), ST_SEQUENCE);
    struct buf plain CLEANUP(buf_done) = raw_read(&p, &h);
    assert_int_equal(h.type, RECORD_CLOSE);
    assert_int_equal(plain.n, 1);
    assert_int_equal(plain.p[0], 5); /* protocol */
    raw_peer_done(&p);
}

static void fragments_of_many_streams_interleave(void **state)
{
    (void)state;
    struct raw_peer p = raw_peer_open(false, NULL);
    for (uint32_t id = 1; id <= CHANNEL_STREAMS_MAX; id++)
        put(&p, id, MSG_REQUEST, 0, "head ");
    put(&p, 5, MSG_CANCEL, 1, "");
    for (uint32_t id = CHANNEL_STREAMS_MAX; id >= 1; id--)
        put(&p, id, MSG_REQUEST, 3, "tail");
    for (uint32_t i = 0; i <= CHANNEL_STREAMS_MAX; i++) {
        struct message m CLEANUP(message_done) = {0};
        assert_ok(session_recv(p.session, test_soon(), &m));
        assert_int_equal(m.stream_id, i == 0 ? 5 : CHANNEL_STREAMS_MAX + 1 - i);
        assert_int_equal(m.type, i == 0 ? MSG_CANCEL : MSG_REQUEST);
        if (i > 0)
            assert_bytes_equal(buf_view(&m.body), BYTES_LIT("head tail"));
    }
    raw_peer_done(&p);
}

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    struct raw_peer p = raw_peer_open(false, NULL);
    struct buf all CLEANUP(buf_done) = BUF_MAX(1 << 16);
    uint8_t head[FRAGMENT_HEADER_LEN];
    struct message m CLEANUP(message_done) = {0};
    const struct fragment f = {
        .stream_id = 1, .type = MSG_REQUEST, .is_message_end = true, .is_stream_end = true};
    fragment_head(&f, 0, head);
    assert_ok(record_seal(&p.out, RECORD_DATA, BYTES_OF(head), BYTES_LIT("slowly"), 0, &all));
    for (size_t i = 0; i + 1 < all.n; i++) {
        raw_bytes(&p, bytes_of(all.p + i, 1));
        assert_code(session_recv(p.session, 0, &m), ST_TIMEOUT);
    }
    raw_bytes(&p, bytes_of(all.p + all.n - 1, 1));
    assert_ok(session_recv(p.session, test_soon(), &m));
    assert_bytes_equal(buf_view(&m.body), BYTES_LIT("slowly"));
    raw_peer_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_refuses),
        cmocka_unit_test(what_a_client_refuses),
        cmocka_unit_test(reasons_of_a_close),
        cmocka_unit_test(a_broken_peer_is_told_the_kind_and_no_more),
        cmocka_unit_test(fragments_of_many_streams_interleave),
        cmocka_unit_test(bytes_may_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
