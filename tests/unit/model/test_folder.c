#include "support/model_fixture.h"

#include "base/file.h"
#include "model/content.h"
#include "model/folder.h"

#include <limits.h>
#include <unistd.h>

enum { WEIGHTS = 5000 };

static void remove_file(const struct model_fixture *f, const char *name)
{
    char path[PATH_MAX];
    assert_ok(file_join(f->folder, name, path, sizeof(path)));
    (void)unlink(path);
}

static void names_and_sizes(void **state)
{
    (void)state;
    struct model_fixture f;
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    uint64_t n = 0;
    model_fixture_make(&f, WEIGHTS);
    assert_ok(folder_open(f.folder, &m));
    assert_true(model_files_find(m, CONTENT_WEIGHTS, &n));
    assert_int_equal(n, WEIGHTS);
    assert_true(model_files_find(m, CONTENT_POOLING, &n));
    assert_false(model_files_find(m, CONTENT_SBERT, &n)); /* optional, not there */
    assert_false(model_files_find(m, "test.pkg", &n));
    model_fixture_remove(&f);
}

static void each_required_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENT_NAMES; i++) {
        struct model_fixture f;
        struct model_files *m CLEANUP(model_files_freep) = NULL;
        model_fixture_make(&f, WEIGHTS);
        remove_file(&f, content_table[i].name);
        status s = folder_open(f.folder, &m);
        assert_int_equal(s.code, content_table[i].is_required ? ST_NOTFOUND : ST_OK);
        if (failed(s))
            assert_non_null(strstr(status_detail(), content_table[i].name));
        model_fixture_remove(&f);
    }
}

static void empty_file_and_no_folder(void **state)
{
    (void)state;
    struct model_fixture f;
    struct model_files *m = NULL;
    model_fixture_make(&f, WEIGHTS);
    model_fixture_put(&f, CONTENT_CONFIG, (struct bytes){0});
    assert_code(folder_open(f.folder, &m), ST_FORMAT);
    model_fixture_remove(&f);
    assert_code(folder_open("/nowhere", &m), ST_NOTFOUND);
    assert_null(m);
}

/* Only its size is looked at; the file has no content. */
static void a_file_beyond_the_limit(void **state)
{
    (void)state;
    struct model_fixture f;
    struct model_files *m = NULL;
    char path[PATH_MAX];
    model_fixture_make(&f, WEIGHTS);
    assert_ok(file_join(f.folder, CONTENT_WEIGHTS, path, sizeof(path)));
    if (truncate(path, (off_t)MANIFEST_FILE_MAX_BYTES + 1) == 0)
        assert_code(folder_open(f.folder, &m), ST_LIMIT);
    else
        print_message("SKIP: no sparse file of 64 GiB here\n");
    model_fixture_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_sizes),
        cmocka_unit_test(each_required_file),
        cmocka_unit_test(empty_file_and_no_folder),
        cmocka_unit_test(a_file_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
