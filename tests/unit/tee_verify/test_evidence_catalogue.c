#include "tee/verify/evidence_catalogue.h"

#include "support/test.h"

#include <string.h>

static bool is_code(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n > 3 && text[n] == 0;
}

static bool is_id(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    return n > 2 && text[n] == 0;
}

static void check_rule(const char *type, const struct evidence_rule *r)
{
    if (!is_id(r->id) || r->code == NULL || !is_code(r->code))
        fail_msg("%s: check %s, code %s", type, r->id, r->code);
    if (r->fix == NULL || strlen(r->fix) < 12 || r->fix[strlen(r->fix) - 1] != '.')
        fail_msg("%s: %s has no fix that is a sentence", type, r->id);
    if (r->source == NULL || strlen(r->source) < 6)
        fail_msg("%s: %s does not say where its rule stands", type, r->id);
}

static void assert_unique(enum evidence_type t, size_t n)
{
    struct evidence_rule a, b;
    for (size_t i = 0; i < n; i++) {
        assert_true(evidence_catalogue_rule(t, i, &a));
        for (size_t k = i + 1; k < n; k++) {
            assert_true(evidence_catalogue_rule(t, k, &b));
            if (strcmp(a.id, b.id) == 0)
                fail_msg("%s: check %s is there twice", evidence_type_name(t), a.id);
        }
    }
}

static void every_rule_says_all(void **state)
{
    (void)state;
    enum evidence_type t;
    size_t n_types = 0;
    for (; evidence_catalogue_type(n_types, &t); n_types++) {
        struct evidence_rule r;
        size_t n = 0;
        for (; evidence_catalogue_rule(t, n, &r); n++)
            check_rule(evidence_type_name(t), &r);
        assert_in_range(n, 5, CHECKS_MAX);
        assert_unique(t, n);
        print_message("%s: %zu checks\n", evidence_type_name(t), n);
    }
    assert_true(n_types >= 2);
}

static const char *const COMMON[] = {
    "policy",     "statement", "platform", "freshness", "nonce",
    "public_key", "service",   "config",   "model",
};

static void every_enclave_has_the_common_checks_in_one_order(void **state)
{
    (void)state;
    enum evidence_type t;
    for (size_t i = 0; evidence_catalogue_type(i, &t); i++) {
        struct evidence_rule r;
        size_t n = 0;
        if (!evidence_type_is_enclave(t))
            continue;
        for (size_t k = 0; evidence_catalogue_rule(t, k, &r); k++)
            n += n < sizeof(COMMON) / sizeof(COMMON[0]) && strcmp(r.id, COMMON[n]) == 0;
        if (n < sizeof(COMMON) / sizeof(COMMON[0]))
            fail_msg("%s: no check %s in its place", evidence_type_name(t), COMMON[n]);
    }
}

static void types_come_in_order_and_once(void **state)
{
    (void)state;
    enum evidence_type before, t;
    assert_true(evidence_catalogue_type(0, &before));
    assert_int_equal(before, EVIDENCE_NITRO);
    for (size_t i = 1; evidence_catalogue_type(i, &t); i++) {
        assert_true(t > before);
        before = t;
    }
}

static void what_is_not_judged_has_no_rules(void **state)
{
    (void)state;
    enum evidence_type t = EVIDENCE_NITRO;
    struct evidence_rule r;
    assert_false(evidence_catalogue_type(64, &t));
    assert_false(evidence_catalogue_rule((enum evidence_type)63, 0, &r));
    assert_false(evidence_catalogue_rule(EVIDENCE_NITRO, CHECKS_MAX, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_says_all),
        cmocka_unit_test(every_enclave_has_the_common_checks_in_one_order),
        cmocka_unit_test(types_come_in_order_and_once),
        cmocka_unit_test(what_is_not_judged_has_no_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
