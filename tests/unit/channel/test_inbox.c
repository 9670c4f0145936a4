#include "support/test.h"

#include "channel/inbox.h"

static struct inbox inbox_of(size_t max_message, size_t max_held)
{
    return (struct inbox){.max_message_bytes = max_message, .max_held_bytes = max_held};
}

static struct fragment part(uint32_t id, const char *text, bool is_end)
{
    return (struct fragment){
        .stream_id = id, .type = MSG_REQUEST, .is_message_end = is_end, .body = bytes_str(text)};
}

static status add(struct inbox *in, struct fragment f, struct message *out, bool *got)
{
    return inbox_add(in, &f, 1, out, got);
}

static void parts_of_many_messages_interleave(void **state)
{
    (void)state;
    struct inbox in = inbox_of(100, 100);
    struct message m CLEANUP(message_done) = {0};
    bool got = true;
    assert_ok(add(&in, part(1, "one ", false), &m, &got));
    assert_false(got);
    assert_ok(add(&in, part(2, "two ", false), &m, &got));
    assert_true(inbox_has(&in, 1));
    assert_ok(add(&in, part(3, "three", true), &m, &got)); /* whole, in between */
    assert_true(got);
    assert_bytes_equal(buf_view(&m.body), BYTES_LIT("three"));
    message_done(&m);
    assert_ok(add(&in, part(2, "deux", true), &m, &got));
    assert_true(got);
    assert_int_equal(m.stream_id, 2);
    assert_bytes_equal(buf_view(&m.body), BYTES_LIT("two deux"));
    message_done(&m);
    assert_ok(add(&in, part(1, "", true), &m, &got)); /* an empty end is an end */
    assert_true(got);
    assert_bytes_equal(buf_view(&m.body), BYTES_LIT("one "));
    assert_int_equal(in.n, 0);
    assert_int_equal(in.held_bytes, 0);
    inbox_done(&in);
}

static void caps_hold_before_storing(void **state)
{
    (void)state;
    struct inbox in = inbox_of(8, 12);
    struct message m CLEANUP(message_done) = {0};
    bool got = false;
    assert_code(add(&in, part(1, "123456789", true), &m, &got), ST_LIMIT);
    assert_code(add(&in, part(1, "123456789", false), &m, &got), ST_LIMIT);
    inbox_done(&in);
    assert_ok(add(&in, part(1, "12345678", false), &m, &got));
    assert_code(add(&in, part(1, "9", true), &m, &got), ST_LIMIT);
    assert_ok(add(&in, part(2, "1234", false), &m, &got));
    assert_code(add(&in, part(3, "1", false), &m, &got), ST_LIMIT); /* all together */
    assert_false(got);
    inbox_done(&in);
    assert_int_equal(in.held_bytes, 0);
}

static void no_more_unfinished_messages_than_streams(void **state)
{
    (void)state;
    struct inbox in = inbox_of(8, 1 << 20);
    struct message m = {0};
    bool got = false;
    for (uint32_t id = 1; id <= CHANNEL_STREAMS_MAX; id++)
        assert_ok(add(&in, part(id, "x", false), &m, &got));
    assert_code(add(&in, part(100, "x", false), &m, &got), ST_LIMIT);
    inbox_done(&in);
}

static void a_message_keeps_its_type(void **state)
{
    (void)state;
    struct inbox in = inbox_of(8, 8);
    struct message m CLEANUP(message_done) = {0};
    struct fragment other = part(1, "x", true);
    bool got = false;
    other.type = MSG_RECEIPT;
    assert_ok(add(&in, part(1, "x", false), &m, &got));
    assert_code(add(&in, other, &m, &got), ST_PROTOCOL);
    inbox_done(&in);
}

static void a_cancel_passes_between_fragments(void **state)
{
    (void)state;
    struct inbox in = inbox_of(8, 8);
    struct message m CLEANUP(message_done) = {0};
    struct fragment cancel = {.stream_id = 1, .type = MSG_CANCEL, .is_message_end = true};
    bool got = false;
    assert_ok(add(&in, part(1, "x", false), &m, &got));
    assert_ok(add(&in, cancel, &m, &got));
    assert_true(got);
    assert_int_equal(m.type, MSG_CANCEL);
    assert_ok(add(&in, part(1, "y", true), &m, &got));
    assert_true(got);
    assert_bytes_equal(buf_view(&m.body), BYTES_LIT("xy"));
    inbox_done(&in);
}

static void the_oldest_is_known(void **state)
{
    (void)state;
    struct inbox in = inbox_of(8, 8);
    struct message m = {0};
    struct fragment a = part(1, "x", false);
    struct fragment b = part(2, "x", false);
    bool got = false;
    assert_true(inbox_oldest_ns(&in) == UINT64_MAX);
    assert_ok(inbox_add(&in, &a, 20, &m, &got));
    assert_ok(inbox_add(&in, &b, 10, &m, &got));
    assert_ok(inbox_add(&in, &a, 5, &m, &got)); /* a later fragment does not make it younger */
    assert_true(inbox_oldest_ns(&in) == 10);
    inbox_done(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_many_messages_interleave),
        cmocka_unit_test(caps_hold_before_storing),
        cmocka_unit_test(no_more_unfinished_messages_than_streams),
        cmocka_unit_test(a_message_keeps_its_type),
        cmocka_unit_test(a_cancel_passes_between_fragments),
        cmocka_unit_test(the_oldest_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
