#include "support/model_fixture.h"

#include "base/file.h"
#include "model/content.h"
#include "model/folder.h"
#include "model/local_key.h"
#include "model/merkle.h"
#include "model/model_files.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

enum { MIB = 1 << 20, WEIGHTS = 2 * MIB + 4321, SMALL_ROOM = 1 << 16 };

static struct model_fixture fixture;
static struct buf packed;

/* The same files twice: plain, and from a package. */
struct both {
    struct model_source *src;
    struct package *package;
    struct key_release *release;
    struct model_files *v[2];
};

static void both_open(struct both *b)
{
    const struct manifest_expect expect = {.at_unix_s = FIXTURE_NOW};
    *b = (struct both){0};
    assert_ok(folder_open(fixture.folder, &b->v[0]));
    assert_ok(source_open_bytes(buf_view(&packed), &b->src));
    assert_ok(package_open(b->src, fixture.sign_key.public_key, &expect, &b->package));
    assert_ok(local_key_new(&fixture.kek, &b->release));
    assert_ok(package_unlock(b->package, b->release, &b->v[1]));
}

static void both_close(struct both *b)
{
    model_files_freep(&b->v[0]);
    model_files_freep(&b->v[1]);
    package_freep(&b->package);
    key_release_freep(&b->release);
    source_freep(&b->src);
}

static int set_up(void **state)
{
    (void)state;
    model_fixture_make(&fixture, WEIGHTS);
    packed = model_fixture_pack(&fixture, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_done(&packed);
    model_fixture_remove(&fixture);
    return 0;
}

static void check_weights(uint64_t offset, struct bytes piece)
{
    for (size_t i = 0; i < piece.n; i++)
        assert_int_equal(piece.p[i], model_fixture_weight(offset + i));
}

struct range {
    uint64_t offset;
    size_t n;
    enum status_code want;
};

static const struct range RANGES[] = {
    {0, 8, ST_OK},
    {MIB - 1, 2, ST_OK},
    {5, 2 * MIB, ST_OK},
    {WEIGHTS - 1, 1, ST_OK},
    {0, WEIGHTS, ST_OK},
    {WEIGHTS, 0, ST_OK},
    {WEIGHTS, 1, ST_TRUNCATED},
    {WEIGHTS - 1, 2, ST_TRUNCATED},
    {WEIGHTS + 1, 0, ST_TRUNCATED},
    {UINT64_MAX, 2, ST_TRUNCATED},
};

static void any_range(void **state)
{
    (void)state;
    struct both b;
    both_open(&b);
    for (size_t i = 0; i < 2 * sizeof(RANGES) / sizeof(RANGES[0]); i++) {
        const struct range *r = &RANGES[i / 2];
        struct buf out CLEANUP(buf_done) = BUF_MAX(WEIGHTS);
        assert_code(model_files_read(b.v[i % 2], CONTENT_WEIGHTS, r->offset, r->n, &out), r->want);
        assert_int_equal(out.n, r->want == ST_OK ? r->n : 0);
        check_weights(r->offset, buf_view(&out));
    }
    both_close(&b);
}

static void whole_small_files_and_absent_ones(void **state)
{
    (void)state;
    struct both b;
    both_open(&b);
    for (int i = 0; i < 2; i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(SMALL_ROOM);
        assert_ok(model_files_read_all(b.v[i], CONTENT_TOKENIZER, &out));
        assert_bytes_equal(buf_view(&out), BYTES_LIT("{\"tokenizer\":\"test\"}"));
        buf_clear(&out);
        assert_ok(model_files_read_all(b.v[i], CONTENT_SBERT, &out));
        assert_int_equal(out.n, 0);
        assert_code(model_files_read(b.v[i], CONTENT_SBERT, 0, 1, &out), ST_NOTFOUND);
        assert_code(model_files_read_all(b.v[i], CONTENT_WEIGHTS, &out), ST_LIMIT);
        assert_int_equal(out.n, 0);
    }
    both_close(&b);
}

struct seen {
    pthread_mutex_t lock; /* guards: count */
    unsigned char count[WEIGHTS];
    uint64_t fail_at;
};

static status see(void *ctx, uint64_t offset, struct bytes chunk)
{
    struct seen *s = ctx;
    REQUIRE(offset < s->fail_at, ST_BUSY, "the sink has had enough at %llu",
            (unsigned long long)offset);
    check_weights(offset, chunk);
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < chunk.n; i++)
        s->count[offset + i]++;
    pthread_mutex_unlock(&s->lock);
    return OK;
}

static void every_byte_once_on_any_number_of_threads(void **state)
{
    (void)state;
    static const uint32_t THREADS[] = {1, 2, 3, 7};
    struct both b;
    both_open(&b);
    for (size_t i = 0; i < 8; i++) {
        static struct seen seen;
        struct pool *pool = NULL;
        seen = (struct seen){.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = UINT64_MAX};
        assert_ok(pool_new(THREADS[i / 2], &pool));
        assert_ok(model_files_stream(b.v[i % 2], CONTENT_WEIGHTS, pool, see, &seen));
        for (size_t k = 0; k < WEIGHTS; k++)
            assert_int_equal(seen.count[k], 1);
        pool_free(pool);
    }
    both_close(&b);
}

/* The reason comes from a worker's thread and must reach the caller's. */
static void the_sinks_failure_is_told(void **state)
{
    (void)state;
    static struct seen seen;
    struct both b;
    struct pool *pool = NULL;
    both_open(&b);
    assert_ok(pool_new(3, &pool));
    seen = (struct seen){.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = 2 * MIB};
    assert_code(model_files_stream(b.v[0], CONTENT_WEIGHTS, pool, see, &seen), ST_BUSY);
    assert_non_null(strstr(status_detail(), "enough at 2097152"));
    assert_code(model_files_stream(b.v[1], CONTENT_SBERT, pool, see, &seen), ST_NOTFOUND);
    pool_free(pool);
    both_close(&b);
}

static void folder_and_package_have_one_digest(void **state)
{
    (void)state;
    struct both b;
    struct pool *pool = NULL;
    uint8_t d[3][SHA256_LEN];
    both_open(&b);
    assert_ok(pool_new(2, &pool));
    assert_ok(model_files_content_digest(b.v[0], pool, d[0]));
    assert_ok(model_files_content_digest(b.v[1], pool, d[1]));
    const struct manifest *m = package_manifest(b.package);
    assert_ok(content_digest(m->files, m->n_files, d[2]));
    assert_memory_equal(d[0], d[1], SHA256_LEN);
    assert_memory_equal(d[0], d[2], SHA256_LEN);
    pool_free(pool);
    both_close(&b);
}

static void flip_weight(off_t at)
{
    char path[PATH_MAX];
    uint8_t byte;
    assert_ok(file_join(fixture.folder, CONTENT_WEIGHTS, path, sizeof(path)));
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

/* What was hashed is what is used, also when the file changes between two readings. */
static void a_folder_that_changes(void **state)
{
    (void)state;
    struct both b;
    struct buf out CLEANUP(buf_done) = BUF_MAX(64);
    both_open(&b);
    assert_ok(model_files_read(b.v[0], CONTENT_WEIGHTS, 0, 8, &out));
    flip_weight(100);
    assert_code(model_files_read(b.v[0], CONTENT_WEIGHTS, 0, 8, &out), ST_MISMATCH);
    flip_weight(100);
    both_close(&b);
}

static void a_folder_that_shrinks(void **state)
{
    (void)state;
    struct model_fixture f;
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    struct pool *pool = NULL;
    char path[PATH_MAX];
    uint8_t digest[SHA256_LEN];
    model_fixture_make(&f, WEIGHTS);
    assert_ok(pool_new(2, &pool));
    assert_ok(folder_open(f.folder, &m));
    assert_ok(file_join(f.folder, CONTENT_WEIGHTS, path, sizeof(path)));
    assert_int_equal(truncate(path, MIB), 0);
    assert_code(model_files_content_digest(m, pool, digest), ST_TRUNCATED);
    pool_free(pool);
    model_fixture_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range),
        cmocka_unit_test(whole_small_files_and_absent_ones),
        cmocka_unit_test(every_byte_once_on_any_number_of_threads),
        cmocka_unit_test(the_sinks_failure_is_told),
        cmocka_unit_test(folder_and_package_have_one_digest),
        cmocka_unit_test(a_folder_that_changes),
        cmocka_unit_test(a_folder_that_shrinks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
