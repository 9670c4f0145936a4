#include "support/test.h"

#include "channel/session.h"
#include "channel/streams.h"

static struct streams table(size_t max)
{
    return (struct streams){.max = max};
}

static void a_stream_opens_and_closes_when_both_have_ended(void **state)
{
    (void)state;
    struct streams t = table(2);
    assert_int_equal(streams_begin(&t, 1, MSG_RESPONSE), STREAMS_REFUSED);
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_YES);
    assert_int_equal(t.n, 1);
    streams_end(&t, 1, true);
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_REFUSED);
    assert_int_equal(streams_begin(&t, 1, MSG_RESPONSE), STREAMS_YES);
    assert_int_equal(streams_begin(&t, 1, MSG_RECEIPT), STREAMS_YES);
    assert_int_equal(streams_begin(&t, 1, MSG_ERROR), STREAMS_YES);
    streams_end(&t, 1, false);
    assert_int_equal(t.n, 0);
    assert_int_equal(streams_begin(&t, 1, MSG_RESPONSE), STREAMS_REFUSED);
    streams_end(&t, 1, false); /* of what is gone: nothing */
}

static void an_answer_is_owed_between_the_two_ends(void **state)
{
    (void)state;
    struct streams t = table(4);
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_YES);
    assert_int_equal(streams_begin(&t, 2, MSG_REQUEST), STREAMS_YES);
    assert_int_equal(streams_n_owed(&t), 0); /* the client has not finished asking */
    streams_end(&t, 1, true);
    assert_int_equal(streams_n_owed(&t), 1);
    streams_end(&t, 2, false);
    streams_end(&t, 1, false);
    assert_int_equal(streams_n_owed(&t), 0);
}

static void the_server_may_end_first(void **state)
{
    (void)state;
    struct streams t = table(2);
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_YES);
    streams_end(&t, 1, false);
    assert_int_equal(streams_begin(&t, 1, MSG_RESPONSE), STREAMS_REFUSED);
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_YES);
    streams_end(&t, 1, true);
    assert_int_equal(t.n, 0);
}

static void ids_are_never_used_again(void **state)
{
    (void)state;
    struct streams t = table(4);
    assert_int_equal(streams_begin(&t, 0, MSG_REQUEST), STREAMS_REFUSED);
    static const uint32_t ORDER[] = {5, 3, 4, 1030, 1029, 700, 6};
    static const uint32_t USED[] = {5, 3, 4, 1030, 1029, 700, 6, 2 /* out of the window: 1030-2 */};
    for (size_t i = 0; i < sizeof(ORDER) / sizeof(ORDER[0]); i++) {
        /* 6 is 1024 below 1030, and forgotten. */
        enum streams_answer want = ORDER[i] == 6 ? STREAMS_REFUSED : STREAMS_YES;
        assert_int_equal(streams_begin(&t, ORDER[i], MSG_REQUEST), want);
        streams_end(&t, ORDER[i], true);
        streams_end(&t, ORDER[i], false);
    }
    for (size_t i = 0; i < sizeof(USED) / sizeof(USED[0]); i++)
        assert_int_equal(streams_begin(&t, USED[i], MSG_REQUEST), STREAMS_REFUSED);
    assert_int_equal(streams_begin(&t, 7, MSG_REQUEST), STREAMS_YES);
}

/* Against a plain list of everything that was ever used. */
static void the_window_agrees_with_a_list(void **state)
{
    (void)state;
    static bool used[8192];
    struct streams t = table(1);
    uint32_t highest = 0;
    uint32_t seed = 12345;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t step = (seed >> 16) % ((seed >> 8) % 10 == 0 ? 1500 : 40);
        uint32_t id = (seed & 1) && highest > step ? highest - step : highest + step / 16;
        if (id == 0 || id >= 8192)
            continue;
        bool is_fresh = id > highest || (highest - id < STREAMS_WINDOW && !used[id]);
        assert_int_equal(streams_begin(&t, id, MSG_REQUEST),
                         is_fresh ? STREAMS_YES : STREAMS_REFUSED);
        if (!is_fresh)
            continue;
        used[id] = true;
        highest = id > highest ? id : highest;
        streams_end(&t, id, true);
        streams_end(&t, id, false);
    }
    assert_true(highest > 2000);
}

static void at_most_max_are_open(void **state)
{
    (void)state;
    struct streams t = table(CHANNEL_STREAMS_MAX);
    for (uint32_t id = 1; id <= CHANNEL_STREAMS_MAX; id++)
        assert_int_equal(streams_begin(&t, id, MSG_REQUEST), STREAMS_YES);
    assert_int_equal(streams_begin(&t, 100, MSG_REQUEST), STREAMS_FULL);
    streams_end(&t, 7, true);
    streams_end(&t, 7, false);
    assert_int_equal(streams_begin(&t, 100, MSG_REQUEST), STREAMS_YES);
}

static void cancels(void **state)
{
    (void)state;
    struct streams t = table(2);
    assert_int_equal(streams_begin(&t, 1, MSG_CANCEL), STREAMS_REFUSED); /* never opened */
    assert_int_equal(streams_begin(&t, 1, MSG_REQUEST), STREAMS_YES);
    streams_end(&t, 1, true);
    assert_int_equal(streams_begin(&t, 1, MSG_CANCEL), STREAMS_YES);
    assert_int_equal(streams_begin(&t, 1, MSG_CANCEL), STREAMS_IGNORE); /* again */
    assert_int_equal(streams_begin(&t, 1, MSG_ERROR), STREAMS_YES);
    streams_end(&t, 1, false);
    assert_int_equal(streams_begin(&t, 1, MSG_CANCEL), STREAMS_IGNORE); /* too late */
    assert_int_equal(streams_begin(&t, 2, MSG_REQUEST), STREAMS_YES);
    streams_end(&t, 2, false);
    assert_int_equal(streams_begin(&t, 2, MSG_CANCEL), STREAMS_IGNORE); /* crossed the end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_opens_and_closes_when_both_have_ended),
        cmocka_unit_test(an_answer_is_owed_between_the_two_ends),
        cmocka_unit_test(the_server_may_end_first),
        cmocka_unit_test(ids_are_never_used_again),
        cmocka_unit_test(the_window_agrees_with_a_list),
        cmocka_unit_test(at_most_max_are_open),
        cmocka_unit_test(cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
