#include "support/model_fixture.h"

#include "base/file.h"
#include "model/content.h"
#include "model/key_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { MIB = 1 << 20, WEIGHTS = MIB + 10 };

static unsigned files_in(const char *folder)
{
    unsigned n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static void manifest_is_the_plan(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    model_fixture_make(&f, WEIGHTS);
    struct package_plan plan = model_fixture_plan(&f, 3);
    char key_id[KEY_FILE_ID_MAX];
    plan.max_tokens = 64;
    plan.allowed_dtypes = MANIFEST_BF16;
    assert_ok(package_write(f.package, &plan, NULL, NULL, &made));
    const struct manifest *m = &made.manifest;
    assert_string_equal(m->id, "test/model");
    assert_int_equal(m->version, 3);
    assert_int_equal(m->max_tokens, 64);
    assert_int_equal(m->allowed_dtypes, MANIFEST_BF16);
    assert_int_equal(m->created_unix_s, FIXTURE_NOW);
    assert_int_equal(m->expires_unix_s, FIXTURE_NOW + FIXTURE_DAY);
    assert_ok(key_file_id(&f.kek, key_id));
    assert_string_equal(m->key_id, key_id);
    assert_int_equal(m->n_files, 4);
    uint8_t digest[SHA256_LEN];
    assert_ok(sha256(BYTES_LIT("{\"tokenizer\":\"test\"}"), digest));
    assert_string_equal(m->files[3].name, CONTENT_TOKENIZER);
    assert_memory_equal(m->files[3].sha256, digest, SHA256_LEN);
    model_fixture_remove(&f);
}

/* The plaintext must not be found anywhere in the package, nor the key. */
static void nothing_is_in_clear(void **state)
{
    (void)state;
    struct model_fixture f;
    uint8_t sample[32];
    model_fixture_make(&f, WEIGHTS);
    struct buf b CLEANUP(buf_done) = model_fixture_pack(&f, 1);
    for (size_t i = 0; i < sizeof(sample); i++)
        sample[i] = model_fixture_weight(MIB / 2 + i);
    assert_null(memmem(b.p, b.n, sample, sizeof(sample)));
    assert_null(memmem(b.p, b.n, "\"tokenizer\":\"", 13));
    assert_null(memmem(b.p, b.n, f.kek.b, sizeof(f.kek.b)));
    model_fixture_remove(&f);
}

struct plan_row {
    const char *rule;
    const char *id;
    uint64_t version;
    int64_t expires;
    enum status_code want;
};

static const struct plan_row PLANS[] = {
    {"id with a space", "a b", 1, FIXTURE_NOW + 1, ST_FORMAT},
    {"id too long",
     "0123456789012345678901234567890123456789012345678901234567890123456789"
     "01234567890123456789012345678901234567890123456789012345678901234567890",
     1, FIXTURE_NOW + 1, ST_LIMIT},
    {"version zero", "a", 0, FIXTURE_NOW + 1, ST_FORMAT},
    {"expires at once", "a", 1, FIXTURE_NOW, ST_FORMAT},
};

/* A failure leaves neither a package nor a temporary file, and an older package as it was. */
static void a_bad_plan_leaves_nothing(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    model_fixture_make(&f, WEIGHTS);
    assert_ok(file_write(f.package, 0644, BYTES_LIT("older")));
    unsigned n = files_in(f.folder);
    for (size_t i = 0; i < sizeof(PLANS) / sizeof(PLANS[0]); i++) {
        struct package_plan plan = model_fixture_plan(&f, PLANS[i].version);
        plan.id = PLANS[i].id;
        plan.expires_unix_s = PLANS[i].expires;
        assert_code(package_write(f.package, &plan, NULL, NULL, &made), PLANS[i].want);
        assert_int_equal(files_in(f.folder), n);
    }
    struct buf b CLEANUP(buf_done) = BUF_MAX(64);
    assert_ok(file_read(f.package, &b));
    assert_bytes_equal(buf_view(&b), BYTES_LIT("older"));
    model_fixture_remove(&f);
}

static void places_that_cannot_be_written(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    model_fixture_make(&f, WEIGHTS);
    struct package_plan plan = model_fixture_plan(&f, 1);
    assert_code(package_write("/nowhere/p", &plan, NULL, NULL, &made), ST_IO);
    assert_code(package_write("/dev/null", &plan, NULL, NULL, &made), ST_USAGE);
    plan.folder = "/nowhere";
    assert_code(package_write(f.package, &plan, NULL, NULL, &made), ST_NOTFOUND);
    assert_false(file_exists(f.package));
    model_fixture_remove(&f);
}

/* Changes the weights once the first pass is over. */
static status change(void *ctx, uint64_t done, uint64_t total)
{
    const struct model_fixture *f = ctx;
    char path[PATH_MAX];
    if (done <= total / 2)
        return OK;
    assert_ok(file_join(f->folder, CONTENT_WEIGHTS, path, sizeof(path)));
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "changed", 7, 5), 7);
    (void)close(fd);
    return OK;
}

static status stop_in_the_second_pass(void *ctx, uint64_t done, uint64_t total)
{
    (void)ctx;
    REQUIRE(done <= total / 2, ST_CANCELLED, "enough");
    return OK;
}

static void an_interrupted_package_leaves_nothing_behind(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    model_fixture_make(&f, WEIGHTS);
    struct package_plan plan = model_fixture_plan(&f, 1);
    assert_code(package_write(f.package, &plan, stop_in_the_second_pass, NULL, &made),
                ST_CANCELLED);
    assert_false(file_exists(f.package));
    model_fixture_remove(&f); /* fails when a temporary file is left */
}

static void a_file_that_changes_between_the_passes(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    model_fixture_make(&f, WEIGHTS);
    struct package_plan plan = model_fixture_plan(&f, 1);
    assert_code(package_write(f.package, &plan, change, &f, &made), ST_MISMATCH);
    assert_false(file_exists(f.package));
    model_fixture_remove(&f);
}

static void the_folder_must_be_the_one_meant(void **state)
{
    (void)state;
    struct model_fixture f;
    struct package_made made;
    uint8_t digest[SHA256_LEN];
    model_fixture_make(&f, WEIGHTS);
    struct package_plan plan = model_fixture_plan(&f, 1);
    assert_ok(package_write(f.package, &plan, NULL, NULL, &made));
    assert_ok(content_digest(made.manifest.files, made.manifest.n_files, digest));
    plan.content_digest = digest;
    assert_ok(package_write(f.package, &plan, NULL, NULL, &made));
    (void)unlink(f.package);
    digest[0] ^= 1;
    assert_code(package_write(f.package, &plan, NULL, NULL, &made), ST_MISMATCH);
    assert_false(file_exists(f.package));
    model_fixture_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_is_the_plan),
        cmocka_unit_test(nothing_is_in_clear),
        cmocka_unit_test(a_bad_plan_leaves_nothing),
        cmocka_unit_test(places_that_cannot_be_written),
        cmocka_unit_test(a_file_that_changes_between_the_passes),
        cmocka_unit_test(an_interrupted_package_leaves_nothing_behind),
        cmocka_unit_test(the_folder_must_be_the_one_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
