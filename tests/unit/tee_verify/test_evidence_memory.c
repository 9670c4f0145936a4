#include "tee/verify/evidence_memory.h"

#include "support/test.h"

#include <string.h>

static void numbers_only_rise(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    assert_ok(evidence_memory_new(&m));
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        assert_int_equal(evidence_memory_get(m, (enum evidence_memory_of)i), 0);
    evidence_memory_raise(m, EVIDENCE_MEMORY_SGX_QE, 5);
    evidence_memory_raise(m, EVIDENCE_MEMORY_SGX_QE, 4);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_SGX_QE), 5);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_SGX_TCB), 0);
    evidence_memory_raise(NULL, EVIDENCE_MEMORY_SGX_QE, 4);
    assert_int_equal(evidence_memory_get(NULL, EVIDENCE_MEMORY_SGX_QE), 0);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    struct evidence_memory *again CLEANUP(evidence_memory_freep) = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    assert_ok(evidence_memory_new(&m));
    assert_ok(evidence_memory_new(&again));
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        evidence_memory_raise(m, (enum evidence_memory_of)i, i == 0 ? UINT32_MAX : i);
    evidence_memory_put(m, &text);
    evidence_memory_raise(again, EVIDENCE_MEMORY_SGX_QE, 100); /* what is known stays */
    assert_ok(evidence_memory_read(buf_view(&text), again));
    assert_int_equal(evidence_memory_get(again, EVIDENCE_MEMORY_TDX_TCB), UINT32_MAX);
    assert_int_equal(evidence_memory_get(again, EVIDENCE_MEMORY_TDX_QE), 1);
    assert_int_equal(evidence_memory_get(again, EVIDENCE_MEMORY_SGX_QE), 100);
    assert_int_equal(evidence_memory_get(again, EVIDENCE_MEMORY_POLICY_SERIAL), 4);
}

static void what_an_older_program_wrote_is_read(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    assert_ok(evidence_memory_new(&m));
    assert_ok(evidence_memory_read(
        BYTES_LIT("{\"version\":1,\"tdx_tcb\":17,\"tdx_qe\":17,\"sgx_tcb\":0,\"sgx_qe\":0}"), m));
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_TDX_TCB), 17);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL), 0);
}

static void malformed_state_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } ROWS[] = {
        {"empty", ""},
        {"no object", "[]"},
        {"no version", "{\"tdx_tcb\":1}"},
        {"another version", "{\"version\":2,\"tdx_tcb\":1}"},
        {"unknown key", "{\"version\":1,\"tdx_tcb\":1,\"x\":1}"},
        {"negative", "{\"version\":1,\"tdx_tcb\":-1}"},
        {"above 32 bits", "{\"version\":1,\"tdx_tcb\":4294967296}"},
        {"text", "{\"version\":1,\"tdx_tcb\":\"1\"}"},
        {"trailing", "{\"version\":1,\"tdx_tcb\":1} 1"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
        assert_ok(evidence_memory_new(&m));
        struct bytes exact = test_exact(bytes_str(ROWS[i].text));
        status s = evidence_memory_read(exact, m);
        if (ok(s) || evidence_memory_get(m, EVIDENCE_MEMORY_TDX_TCB) != 0)
            fail_msg("%s: read", ROWS[i].name);
        test_exact_free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_only_rise),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(what_an_older_program_wrote_is_read),
        cmocka_unit_test(malformed_state_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
