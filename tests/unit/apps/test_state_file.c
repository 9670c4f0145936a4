#include "apps/common/state_file.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "support/faults.h"
#include "support/test.h"

enum { PROCESSES = 4, ROUNDS = 40 };

static char folder[] = "/tmp/eml-test-state-XXXXXX";
static char path[PATH_MAX];
static char lock_path[PATH_MAX];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/s", folder);
    (void)snprintf(lock_path, sizeof(lock_path), "%s/s.lock", folder);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(lock_path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)clear(state);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static struct evidence_memory *memory(void)
{
    struct evidence_memory *m = NULL;
    assert_ok(evidence_memory_new(&m));
    return m;
}

static uint32_t on_disk(enum evidence_memory_of what)
{
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
    assert_ok(state_file_read(path, m));
    return evidence_memory_get(m, what);
}

static void the_first_use_makes_the_file(void **state)
{
    (void)state;
    struct stat st;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
    assert_ok(state_file_read(path, m));
    assert_false(file_exists(path));
    evidence_memory_raise(m, EVIDENCE_MEMORY_SGX_QE, 3);
    assert_ok(state_file_keep(path, m));
    assert_int_equal(on_disk(EVIDENCE_MEMORY_SGX_QE), 3);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(lock_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* What another program wrote since this one read. */
static void both_sides_are_raised(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
    evidence_memory_raise(m, EVIDENCE_MEMORY_TDX_TCB, 7);
    evidence_memory_raise(m, EVIDENCE_MEMORY_TDX_QE, 2);
    assert_ok(
        file_write(path, 0600, BYTES_LIT("{\"version\":1,\"tdx_qe\":9,\"policy_serial\":4}")));
    assert_ok(state_file_keep(path, m));
    assert_int_equal(on_disk(EVIDENCE_MEMORY_TDX_TCB), 7);
    assert_int_equal(on_disk(EVIDENCE_MEMORY_TDX_QE), 9);
    assert_int_equal(on_disk(EVIDENCE_MEMORY_POLICY_SERIAL), 4);
    assert_int_equal(evidence_memory_get(m, EVIDENCE_MEMORY_TDX_QE), 9);
}

static void what_is_known_already_is_not_written(void **state)
{
    (void)state;
    struct stat before, after;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
    evidence_memory_raise(m, EVIDENCE_MEMORY_TDX_TCB, 7);
    assert_ok(state_file_keep(path, m));
    assert_int_equal(stat(path, &before), 0);
    assert_ok(state_file_keep(path, m));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

/* A state that does not parse is not forgotten. */
static void a_broken_file_stays(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "{}", "{\"version\":1,\"tdx_tcb\":-1}"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
        struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
        assert_ok(file_write(path, 0600, bytes_str(rows[i])));
        assert_code(state_file_read(path, m), ST_FORMAT);
        assert_code(state_file_keep(path, m), ST_FORMAT);
        assert_ok(file_read(path, &text));
        assert_bytes_equal(buf_view(&text), bytes_str(rows[i]));
    }
}

static void what_cannot_be_locked_is_not_written(void **state)
{
    (void)state;
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = memory();
    char other[PATH_MAX];
    (void)snprintf(other, sizeof(other), "%s/x", folder);
    assert_int_equal(symlink(other, lock_path), 0); /* not followed */
    assert_code(state_file_keep(path, m), ST_IO);
    assert_false(file_exists(path));
    assert_false(file_exists(other));
    assert_code(state_file_keep("/nowhere/at/all/s", m), ST_IO);
}

/* ---- at the same time ---- */

/* One process counts up its own number, from its own memory, and looks that no number goes down. */
static int count_up(enum evidence_memory_of mine)
{
    uint32_t highest[EVIDENCE_MEMORY_N] = {0};
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
        struct evidence_memory *seen CLEANUP(evidence_memory_freep) = NULL;
        if (failed(evidence_memory_new(&m)) || failed(evidence_memory_new(&seen)))
            return 2;
        evidence_memory_raise(m, mine, i);
        if (failed(state_file_keep(path, m)) || failed(state_file_read(path, seen)))
            return 3;
        for (unsigned k = 0; k < EVIDENCE_MEMORY_N; k++) {
            uint32_t now = evidence_memory_get(seen, (enum evidence_memory_of)k);
            if (now < highest[k])
                return 4;
            highest[k] = now;
        }
        if (highest[mine] != i)
            return 5;
    }
    return 0;
}

static void no_number_goes_down_among_processes(void **state)
{
    (void)state;
    pid_t pids[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(count_up((enum evidence_memory_of)i));
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int code = -1;
        assert_int_equal(waitpid(pids[i], &code, 0), pids[i]);
        assert_int_equal(code, 0);
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        assert_int_equal(on_disk((enum evidence_memory_of)i), ROUNDS);
}

/* ---- failing files and memory ---- */

static status keep_one(void *ctx)
{
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    (void)ctx;
    (void)unlink(path);
    TRY(evidence_memory_new(&m));
    evidence_memory_raise(m, EVIDENCE_MEMORY_SGX_QE, 3);
    return state_file_keep(path, m);
}

static void failures_are_reported(void **state)
{
    (void)state;
    assert_true(fault_each(FAULT_ALLOC, ST_NOMEM, keep_one, NULL) >= 2);
    assert_true(fault_each(FAULT_WRITE, ST_IO, keep_one, NULL) >= 1);
    assert_true(fault_each(FAULT_RENAME, ST_IO, keep_one, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_first_use_makes_the_file, clear),
        cmocka_unit_test_teardown(both_sides_are_raised, clear),
        cmocka_unit_test_teardown(what_is_known_already_is_not_written, clear),
        cmocka_unit_test_teardown(a_broken_file_stays, clear),
        cmocka_unit_test_teardown(what_cannot_be_locked_is_not_written, clear),
        cmocka_unit_test_teardown(no_number_goes_down_among_processes, clear),
        cmocka_unit_test_teardown(failures_are_reported, clear),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
