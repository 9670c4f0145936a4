#include "tee/verify/evidence_trace.h"

#include "support/test.h"

static void rows_keep_their_bytes(void **state)
{
    (void)state;
    struct evidence_trace *t CLEANUP(evidence_trace_freep) = NULL;
    uint8_t first[] = {1, 2, 3};
    assert_ok(evidence_trace_new(&t));
    evidence_trace_add(t, "a", "first", "evidence", 7, BYTES_OF(first));
    evidence_trace_add(t, "b", "nothing", NULL, 0, BYTES_LIT(""));
    evidence_trace_add(t, "b", "second", "certs", 0, BYTES_LIT("xyz"));
    first[0] = 9; /* a copy was kept */
    assert_int_equal(t->n, 3);
    assert_false(t->is_cut);
    assert_string_equal(t->v[0].check, "a");
    assert_string_equal(t->v[0].input, "evidence");
    assert_int_equal(t->v[0].offset, 7);
    assert_bytes_equal(evidence_trace_bytes(t, 0), BYTES_LIT("\x01\x02\x03"));
    assert_non_null(evidence_trace_bytes(t, 1).p);
    assert_int_equal(evidence_trace_bytes(t, 1).n, 0);
    assert_bytes_equal(evidence_trace_bytes(t, 2), BYTES_LIT("xyz"));
    assert_null(evidence_trace_bytes(t, 3).p);
}

static void too_many_bytes_are_left_out_and_said(void **state)
{
    (void)state;
    struct evidence_trace *t CLEANUP(evidence_trace_freep) = NULL;
    uint8_t *large = calloc(1, EVIDENCE_TRACE_MAX_BYTES + 1);
    assert_non_null(large);
    assert_ok(evidence_trace_new(&t));
    evidence_trace_add(t, "a", "large", NULL, 0, bytes_of(large, EVIDENCE_TRACE_MAX_BYTES + 1));
    assert_true(t->is_cut);
    assert_null(evidence_trace_bytes(t, 0).p);
    assert_int_equal(t->v[0].n, EVIDENCE_TRACE_MAX_BYTES + 1);
    evidence_trace_add(t, "a", "fits", NULL, 0, bytes_of(large, EVIDENCE_TRACE_MAX_BYTES));
    assert_int_equal(evidence_trace_bytes(t, 1).n, EVIDENCE_TRACE_MAX_BYTES);
    evidence_trace_add(t, "a", "one more", NULL, 0, bytes_of(large, 1));
    assert_null(evidence_trace_bytes(t, 2).p);
    free(large);
}

static void too_many_rows_are_left_out_and_said(void **state)
{
    (void)state;
    struct evidence_trace *t CLEANUP(evidence_trace_freep) = NULL;
    assert_ok(evidence_trace_new(&t));
    for (unsigned i = 0; i < EVIDENCE_TRACE_ROWS; i++)
        evidence_trace_add(t, "a", "row", NULL, 0, BYTES_LIT("x"));
    assert_false(t->is_cut);
    evidence_trace_add(t, "a", "row", NULL, 0, BYTES_LIT("x"));
    assert_true(t->is_cut);
    assert_int_equal(t->n, EVIDENCE_TRACE_ROWS);
    evidence_trace_add(NULL, "a", "row", NULL, 0, BYTES_LIT("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_their_bytes),
        cmocka_unit_test(too_many_bytes_are_left_out_and_said),
        cmocka_unit_test(too_many_rows_are_left_out_and_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
