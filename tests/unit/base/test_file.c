#include "support/faults.h"
#include "support/test.h"

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/eml-test-file-XXXXXX";
static char path[PATH_MAX];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/x", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static void assert_content(struct bytes expected)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 20);
    assert_ok(file_read(path, &b));
    assert_bytes_equal(buf_view(&b), expected);
}

static void test_round_trip_and_mode(void **state)
{
    (void)state;
    struct stat st;
    assert_ok(file_write(path, 0600, BYTES_LIT("one")));
    assert_content(BYTES_LIT("one"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(file_write(path, 0644, BYTES_LIT("")));
    assert_content(BYTES_LIT(""));
}

static void test_limit(void **state)
{
    (void)state;
    assert_ok(file_write(path, 0600, BYTES_LIT("12345")));
    struct buf b CLEANUP(buf_done) = BUF_MAX(4);
    assert_code(file_read(path, &b), ST_LIMIT);
    struct buf exact CLEANUP(buf_done) = BUF_MAX(5);
    assert_ok(file_read(path, &exact));
}

/* /dev/zero has no size and no end. */
static void test_endless_file(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(100000);
    assert_code(file_read("/dev/zero", &b), ST_LIMIT);
    assert_int_equal(b.n, 100000);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(100);
    assert_code(file_read("/nonexistent/x", &b), ST_NOTFOUND);
    assert_code(file_read(folder, &b), ST_IO);
    assert_code(file_write("/nonexistent/x", 0600, BYTES_LIT("x")), ST_IO);
    assert_false(file_exists("/nonexistent/x"));
}

static status write_it(void *ctx)
{
    (void)ctx;
    return file_write(path, 0600, BYTES_LIT("new"));
}

static status read_it(void *ctx)
{
    (void)ctx;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 20);
    return file_read(path, &b);
}

/* A write that fails at any point leaves the old content, and no temporary file. */
static void test_failed_writes_leave_the_old_file(void **state)
{
    (void)state;
    static const enum fault KINDS[] = {FAULT_WRITE, FAULT_FSYNC, FAULT_RENAME};
    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        assert_ok(file_write(path, 0600, BYTES_LIT("old")));
        fault_arm(KINDS[i], 1);
        assert_code(write_it(NULL), ST_IO);
        assert_true(fault_struck(KINDS[i]));
        assert_content(BYTES_LIT("old"));
    }
}

static void test_failed_reads(void **state)
{
    (void)state;
    assert_ok(file_write(path, 0600, BYTES_LIT("content")));
    (void)fault_each(FAULT_READ, ST_IO, read_it, NULL);
    (void)fault_each(FAULT_ALLOC, ST_NOMEM, read_it, NULL);
}

/* /dev/stdout redirected to a regular file: the file behind the descriptor is meant. */
static void test_a_descriptor_is_written_in_place(void **state)
{
    (void)state;
    char name[64];
    struct file_out f = FILE_OUT_NONE;
    struct fd fd CLEANUP(fd_close) = {open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    assert_true(fd.v >= 0);
    assert_int_equal(write(fd.v, "first ", 6), 6);
    static const char *const FOLDERS[] = {"/dev/fd", "/proc/self/fd"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(name, sizeof(name), "%s/%d", FOLDERS[i], fd.v);
        assert_ok(file_write(name, 0600, BYTES_LIT("second ")));
        assert_code(file_out_open(name, 0600, &f), ST_USAGE);
    }
    assert_content(BYTES_LIT("first second second "));
    assert_code(file_write("/dev/fd/999999", 0600, BYTES_LIT("x")), ST_IO);
    assert_code(file_write("/dev/fd/1x", 0600, BYTES_LIT("x")), ST_IO);
}

static void test_streamed_output(void **state)
{
    (void)state;
    struct file_out f CLEANUP(file_out_close) = FILE_OUT_NONE;
    assert_ok(file_write(path, 0600, BYTES_LIT("old")));
    assert_ok(file_out_open(path, 0640, &f));
    assert_ok(file_out_put(&f, BYTES_LIT("ne")));
    file_out_close(&f); /* not committed */
    assert_content(BYTES_LIT("old"));
    assert_ok(file_out_open(path, 0640, &f));
    assert_ok(file_out_put(&f, BYTES_LIT("ne")));
    assert_ok(file_out_put(&f, BYTES_LIT("w")));
    assert_int_equal(f.n_bytes, 3);
    assert_ok(file_out_commit(&f));
    assert_content(BYTES_LIT("new"));
}

static status stream_it(void *ctx)
{
    (void)ctx;
    struct file_out f CLEANUP(file_out_close) = FILE_OUT_NONE;
    TRY(file_out_open(path, 0600, &f));
    TRY(file_out_put(&f, BYTES_LIT("new")));
    return file_out_commit(&f);
}

static void test_failed_streamed_output(void **state)
{
    (void)state;
    assert_ok(file_write(path, 0600, BYTES_LIT("old")));
    fault_arm(FAULT_RENAME, 1);
    assert_code(stream_it(NULL), ST_IO);
    fault_arm(FAULT_RENAME, 0);
    assert_content(BYTES_LIT("old"));
    (void)fault_each(FAULT_WRITE, ST_IO, stream_it, NULL);
    (void)fault_each(FAULT_ALLOC, ST_NOMEM, stream_it, NULL);
}

static void test_join(void **state)
{
    (void)state;
    char out[8];
    assert_ok(file_join("ab", "cdef", out, sizeof(out)));
    assert_string_equal(out, "ab/cdef");
    assert_code(file_join("ab", "cdefg", out, sizeof(out)), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_and_mode),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_endless_file),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_failed_writes_leave_the_old_file),
        cmocka_unit_test(test_failed_reads),
        cmocka_unit_test(test_a_descriptor_is_written_in_place),
        cmocka_unit_test(test_streamed_output),
        cmocka_unit_test(test_failed_streamed_output),
        cmocka_unit_test(test_join),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
