#include "support/test.h"

#include "channel/limits.h"

static void zeroes_become_defaults(void **state)
{
    (void)state;
    const struct channel_limits none = {0};
    struct channel_limits l;
    assert_ok(channel_limits_fill(&none, &l));
    assert_int_equal(l.handshake_timeout_ms, 10000);
    assert_int_equal(l.max_message_bytes, 16 << 20);
    assert_int_equal(l.max_streams, 64);
    assert_int_equal(l.rekey_records, 1 << 22);
    assert_true(l.rekey_bytes == (uint64_t)1 << 36);
    assert_int_equal(l.pad_to_bytes, 0);
}

static void what_is_set_stays(void **state)
{
    (void)state;
    const struct channel_limits some = {.idle_timeout_ms = 7, .max_streams = 1, .rekey_bytes = 9};
    struct channel_limits l;
    assert_ok(channel_limits_fill(&some, &l));
    assert_int_equal(l.idle_timeout_ms, 7);
    assert_int_equal(l.max_streams, 1);
    assert_true(l.rekey_bytes == 9);
}

static void what_no_session_can_keep_is_refused(void **state)
{
    (void)state;
    static const struct channel_limits BAD[] = {
        {.max_message_bytes = CHANNEL_MESSAGE_MAX + 1},
        {.max_partial_bytes = (1u << 30) + 1},
        {.max_queued_bytes = (1u << 30) + 1},
        {.max_streams = CHANNEL_STREAMS_MAX + 1},
        {.rekey_records = (1u << 22) + 1},
        {.rekey_bytes = ((uint64_t)1 << 36) + 1},
        {.pad_to_bytes = CHANNEL_PAD_MAX + 1},
    };
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct channel_limits l;
        assert_code(channel_limits_fill(&BAD[i], &l), ST_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroes_become_defaults),
        cmocka_unit_test(what_is_set_stays),
        cmocka_unit_test(what_no_session_can_keep_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
