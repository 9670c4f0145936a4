#include "support/test.h"

#include "base/file.h"
#include "model/source.h"

#include <unistd.h>

static void both_kinds_give_the_same(void **state)
{
    (void)state;
    char path[] = "/tmp/eml-source-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_ok(file_write(path, 0600, BYTES_LIT("0123456789")));
    for (int kind = 0; kind < 2; kind++) {
        struct model_source *s CLEANUP(source_freep) = NULL;
        uint8_t out[4] = {0};
        assert_ok(kind ? source_open_file(path, &s)
                       : source_open_bytes(BYTES_LIT("0123456789"), &s));
        assert_int_equal(s->n_bytes, 10);
        assert_ok(source_read_at(s, 3, out, 4));
        assert_memory_equal(out, "3456", 4);
        assert_ok(source_read_at(s, 10, out, 0));
        assert_code(source_read_at(s, 7, out, 4), ST_TRUNCATED);
        assert_code(source_read_at(s, 11, out, 0), ST_TRUNCATED);
        assert_code(source_read_at(s, UINT64_MAX, out, 4), ST_TRUNCATED);
    }
    (void)unlink(path);
}

static void shorter_while_it_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/eml-source-XXXXXX";
    struct model_source *s CLEANUP(source_freep) = NULL;
    uint8_t out[4];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    assert_ok(source_open_file(path, &s));
    assert_int_equal(ftruncate(fd, 5), 0);
    assert_code(source_read_at(s, 3, out, 4), ST_TRUNCATED);
    (void)close(fd);
    (void)unlink(path);
}

static void no_file_a_folder_a_device(void **state)
{
    (void)state;
    struct model_source *s = NULL;
    assert_code(source_open_file("/nowhere", &s), ST_NOTFOUND);
    assert_code(source_open_file("/tmp", &s), ST_IO);
    assert_code(source_open_file("/dev/null", &s), ST_IO);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_give_the_same),
        cmocka_unit_test(shorter_while_it_is_read),
        cmocka_unit_test(no_file_a_folder_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
