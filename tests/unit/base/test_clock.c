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
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
