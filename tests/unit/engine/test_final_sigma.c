#include "support/test.h"

#include "engine/final_sigma.h"

#define SIGMA "\xce\xa3"

struct row {
    const char *rule;
    const char *before;
    const char *behind;
    bool skip_dropped;
    bool is_final;
};

static const struct row ROWS[] = {
    {"alone", "", "", true, false},
    {"behind a letter", "A", "", true, true},
    {"behind a small letter", "a", "", true, true},
    {"between letters", "A", "b", true, false},
    {"before a letter", "", "a", true, false},
    {"behind a space", "A ", "", true, false},
    {"before a space", "A", " b", true, true},
    {"behind a digit", "1", "", true, false},
    {"before a digit", "A", "1", true, true},
    {"ignorable before", "A.", "", true, true},
    {"ignorable behind, then a letter", "A", ".b", true, false},
    {"ignorable behind, then the end", "A", ".", true, true},
    {"ignorable behind, then a space", "A", "'. b", true, true},
    {"only ignorable before", ".'", "", true, false},
    {"combining mark between", "A\xcc\x81", "\xcc\x81", true, true},
    {"other sigma before", SIGMA, "", true, true},
    {"other sigma behind", "A", SIGMA, true, false},
    {"ideograph before", "\xe4\xb8\xad", "", true, false},
    {"control before, removed", "A\x01", "", true, true},
    {"control before, kept", "A\x01", "", false, false},
    {"control behind, removed", "A", "\x01z", true, false},
    {"control behind, kept", "A", "\x01z", false, true},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(256);
        buf_put_str(&b, ROWS[i].before);
        buf_put_str(&b, SIGMA);
        buf_put_str(&b, ROWS[i].behind);
        struct bytes text = test_exact(buf_view(&b));
        if (final_sigma_is(text, strlen(ROWS[i].before), ROWS[i].skip_dropped) != ROWS[i].is_final)
            fail_msg("%s", ROWS[i].rule);
        test_exact_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
