/* Every allocation and every write of the model layer fails once. No failure may look like a
 * verdict on the package, and none leaves a file behind. */
#include "support/fault_walk.h"
#include "support/faults.h"
#include "support/model_fixture.h"

#include "base/file.h"
#include "model/folder.h"
#include "model/key_file.h"
#include "model/local_key.h"
#include "model/model_files.h"
#include "model/version_record.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { WEIGHTS = 3000 };

static struct model_fixture fixture;
static struct buf packed;
static char scratch[80];

static int set_up(void **state)
{
    if (fault_walk_set_up(state) != 0)
        return -1;
    model_fixture_make(&fixture, WEIGHTS);
    packed = model_fixture_pack(&fixture, 1);
    (void)snprintf(scratch, sizeof(scratch), "%s/scratch", fixture.folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_done(&packed);
    model_fixture_remove(&fixture);
    return 0;
}

static status pack(void)
{
    struct package_plan plan = model_fixture_plan(&fixture, 1);
    struct package_made made;
    return package_write(scratch, &plan, NULL, NULL, &made);
}

static status take(void *ctx, uint64_t offset, struct bytes chunk)
{
    (void)ctx;
    (void)offset;
    (void)chunk;
    return OK;
}

static status read_files(struct model_files *m, struct pool *pool)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    uint8_t digest[SHA256_LEN];
    TRY(model_files_read_all(m, "config.json", &b));
    TRY(model_files_stream(m, "model.safetensors", pool, take, NULL));
    return model_files_content_digest(m, pool, digest);
}

static status with_pool(struct model_files *m)
{
    struct pool *pool = NULL;
    TRY(pool_new(1, &pool));
    status s = read_files(m, pool);
    pool_free(pool);
    return s;
}

static status use_package(void)
{
    const struct manifest_expect e = {.at_unix_s = FIXTURE_NOW};
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct package *p CLEANUP(package_freep) = NULL;
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    TRY(source_open_bytes(buf_view(&packed), &src));
    TRY(package_open(src, fixture.sign_key.public_key, &e, &p));
    TRY(local_key_new(&fixture.kek, &k));
    TRY(package_unlock(p, k, &m));
    return with_pool(m);
}

static status use_folder(void)
{
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    TRY(folder_open(fixture.folder, &m));
    return with_pool(m);
}

static status record(void)
{
    static const uint8_t DIGEST[SHA256_LEN] = {1};
    const struct manifest m = {.id = "m", .version = 1};
    (void)unlink(scratch);
    TRY(version_record_update(scratch, &m, DIGEST));
    return version_record_check(scratch, &m, DIGEST);
}

static status key(void)
{
    (void)unlink(scratch);
    struct aead_key back CLEANUP(aead_key_wipe) = {0};
    TRY(key_file_write_encryption(scratch, &fixture.kek));
    return key_file_read_encryption(scratch, &back);
}

static const struct fault_row ROWS[] = {
    {"pack", pack},
    {"use a package", use_package},
    {"use a folder", use_folder},
    {"version record", record},
};

static void every_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        fault_walk_own(&ROWS[i]);
        fault_walk_all(&ROWS[i]);
        (void)unlink(scratch);
    }
}

static unsigned files_in_folder(void)
{
    unsigned n = 0;
    DIR *d = opendir(fixture.folder);
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

struct writer {
    status (*run)(void);
    bool renames;
};

static const struct writer WRITERS[] = {{pack, true}, {record, true}, {key, false}};

static void every_write(void **state)
{
    (void)state;
    unsigned n = files_in_folder();
    for (size_t i = 0; i < sizeof(WRITERS) / sizeof(WRITERS[0]); i++) {
        for (int kind = FAULT_WRITE; kind <= FAULT_RENAME; kind++) {
            if (kind == FAULT_RENAME && !WRITERS[i].renames)
                continue;
            fault_arm((enum fault)kind, 1);
            assert_code(WRITERS[i].run(), ST_IO);
            assert_true(fault_struck((enum fault)kind));
            assert_int_equal(files_in_folder(), n);
        }
        assert_ok(WRITERS[i].run());
        (void)unlink(scratch);
    }
}

/* A package has many writes: each of them may be the one that fails. */
static status pack_again(void *ctx)
{
    (void)ctx;
    status s = pack();
    if (failed(s))
        assert_false(file_exists(scratch));
    return s;
}

static void every_write_of_a_package(void **state)
{
    (void)state;
    (void)unlink(scratch);
    assert_true(fault_each(FAULT_WRITE, ST_IO, pack_again, NULL) >= 11);
    (void)unlink(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
        cmocka_unit_test(every_write),
        cmocka_unit_test(every_write_of_a_package),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
