#include "base/clock.h"

#include "support/test.h"

static void times_have_a_text(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_s;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},         {1708930773, "2024-02-26T06:59:33Z"},
        {-1, "1969-12-31T23:59:59Z"},        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, "253402300800"},      {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CLOCK_TEXT_LEN];
        clock_text(rows[i].unix_s, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void texts_are_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2025-06-15T15:06:40Z", 1750000000},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"9999-12-31T23:59:59Z", 253402300799},
        {"0000-01-01T00:00:00Z", -62167219200},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char again[CLOCK_TEXT_LEN];
        int64_t t = 1;
        assert_ok(clock_parse(bytes_str(rows[i].text), &t));
        assert_int_equal(t, rows[i].unix_s);
        clock_text(t, again);
        if (t >= 0) /* strftime() writes year 0 with one digit */
            assert_string_equal(again, rows[i].text);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *text;
    } rows[] = {
        {"nothing", ""},
        {"a day that is not", "2025-02-29T00:00:00Z"},
        {"a month that is not", "2025-13-15T15:06:40Z"},
        {"month zero", "2025-00-15T15:06:40Z"},
        {"day zero", "2025-06-00T15:06:40Z"},
        {"hour 24", "2025-06-15T24:00:00Z"},
        {"a leap second", "2025-06-15T15:06:60Z"},
        {"small letters", "2025-06-15t15:06:40z"},
        {"a fraction", "2025-06-15T15:06:40.5Z"},
        {"another zone", "2025-06-15T15:06:40+01:00"},
        {"no zone", "2025-06-15T15:06:40"},
        {"a space", "2025-06-15 15:06:40Z"},
        {"a sign", "-025-06-15T15:06:40Z"},
        {"a date alone", "2025-06-15"},
        {"behind it a byte", "2025-06-15T15:06:40Z\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t t = 77;
        struct bytes exact = test_exact(bytes_str(rows[i].text));
        status s = clock_parse(exact, &t);
        test_exact_free(exact);
        if (s.code != ST_FORMAT || t != 77)
            fail_msg("%s: %s", rows[i].rule, status_name(s.code));
    }
}

static void monotonic_time_does_not_go_back(void **state)
{
    (void)state;
    uint64_t a = clock_mono_ns();
    assert_true(clock_mono_ns() >= a);
    assert_true(clock_deadline_ms(1000) >= a + 1000000000u);
    assert_true(clock_unix_s() > 1700000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_a_text),
        cmocka_unit_test(texts_are_times),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
