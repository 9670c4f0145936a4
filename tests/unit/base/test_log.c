#include "support/test.h"

#include "base/clock.h"
#include "base/log.h"

#include <unistd.h>

/* What log_event() wrote, caught in a pipe in place of standard error. */
static char caught[8192];

static void catch_log(void (*fn)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)close(ends[1]);
    fn();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    ssize_t n = read(ends[0], caught, sizeof(caught) - 1);
    (void)close(ends[0]);
    caught[n > 0 ? n : 0] = 0;
}

static void say_hostile(void)
{
    log_init("prog", LOG_INFO);
    LOG(LOG_WARN, "odd", LOG_TEXT("peer", "a\"b\\c\nd"), LOG_NUM("n", -3),
        LOG_TEXT("path", "\xc3\xa9\x7f"), LOG_TEXT("raw", "\xc3\xa9\xff"));
}

static void test_one_line_of_json(void **state)
{
    (void)state;
    catch_log(say_hostile);
    assert_memory_equal(caught, "{\"time\":\"20", 11);
    assert_non_null(strstr(caught, ",\"level\":\"warn\",\"program\":\"prog\",\"event\":\"odd\","
                                   "\"peer\":\"a\\\"b\\\\c\\u000ad\",\"n\":-3,"
                                   "\"path\":\"\xc3\xa9\\u007f\","
                                   "\"raw\":\"\\u00c3\\u00a9\\u00ff\"}\n"));
    assert_ptr_equal(strchr(caught, '\n'), caught + strlen(caught) - 1);
}

static void say_debug(void)
{
    LOG(LOG_DEBUG, "hidden", LOG_NUM("n", 1));
}

static void say_too_much(void)
{
    static char text[5000];
    memset(text, 'a', sizeof(text) - 1);
    LOG(LOG_ERROR, "long", LOG_TEXT("t", text));
}

static void test_what_is_not_written(void **state)
{
    (void)state;
    catch_log(say_debug);
    assert_string_equal(caught, "");
    catch_log(say_too_much);
    assert_string_equal(caught, "");
}

static void say_failure(void)
{
    log_failure(LOG_ERROR, "stop", FAIL(ST_AUTH, "bad tag"));
}

static void test_failure(void **state)
{
    (void)state;
    catch_log(say_failure);
    assert_non_null(strstr(caught, "\"code\":\"auth\",\"detail\":\"bad tag\",\"at\":\""));
}

static void test_clocks(void **state)
{
    (void)state;
    uint64_t a = clock_mono_ns();
    uint64_t b = clock_mono_ns();
    assert_true(b >= a);
    assert_true(clock_unix_s() > 1600000000);
    assert_true(clock_deadline_ms(1000) > a + 900000000u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line_of_json),
        cmocka_unit_test(test_what_is_not_written),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
