#include "support/fake_tsm.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t inblob[TSM_INBLOB_LEN];

static void fill_inblob(void)
{
    for (size_t i = 0; i < sizeof(inblob); i++)
        inblob[i] = (uint8_t)(i + 1);
}

struct row {
    const char *name;
    struct fake_tsm tree;
    enum status_code code;
    unsigned n_pauses;
};

#define TDX .provider = "tdx_guest\n"
#define SNP .provider = "sev_guest\n"

static const struct row ROWS[] = {
    {"TDX", {TDX}, ST_OK, 0},
    {"SNP", {SNP}, ST_OK, 0},
    {"SNP with certificates", {SNP, .aux = {(const uint8_t *)"aux", 3}}, ST_OK, 0},
    {"SNP at floor 0", {SNP, .privlevel_floor = "0\n"}, ST_OK, 0},
    {"SNP at floor 2", {SNP, .privlevel_floor = "2\n"}, ST_OK, 0},
    {"floor 4", {SNP, .privlevel_floor = "4\n"}, ST_FORMAT, 0},
    {"floor of two digits", {SNP, .privlevel_floor = "12\n"}, ST_FORMAT, 0},
    {"floor without a line feed", {SNP, .privlevel_floor = "1"}, ST_FORMAT, 0},
    {"another provider", {.provider = "arm_cca_guest\n"}, ST_UNSUPPORTED, 0},
    {"provider with more behind", {.provider = "tdx_guest2\n"}, ST_UNSUPPORTED, 0},
    {"provider without a line feed", {.provider = "tdx_guest"}, ST_FORMAT, 0},
    {"provider empty", {.provider = "\n"}, ST_FORMAT, 0},
    {"provider with control bytes", {.provider = "tdx\x1b[0m\n"}, ST_FORMAT, 0},
    {"provider too long",
     {.provider = "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt\n"},
     ST_LIMIT,
     0},
    {"provider missing", {.provider = NULL}, ST_IO, 0},
    {"generation no number", {TDX, .generation = "one\n"}, ST_FORMAT, 0},
    {"generation that stays", {TDX, .generation = "7\n"}, ST_BUSY, 0},
    {"name taken twice", {TDX, .trouble = FAKE_TSM_NAME_TAKEN, .times = 2}, ST_OK, 0},
    {"name always taken", {TDX, .trouble = FAKE_TSM_NAME_TAKEN}, ST_BUSY, 0},
    {"no provider in the guest", {TDX, .trouble = FAKE_TSM_NO_PROVIDER}, ST_NOTFOUND, 0},
    {"no right to make an entry", {TDX, .trouble = FAKE_TSM_MAKE_DENIED}, ST_IO, 0},
    {"busy at the first making", {TDX, .trouble = FAKE_TSM_BUSY_MAKE, .times = 1}, ST_OK, 0},
    {"always busy at making", {TDX, .trouble = FAKE_TSM_BUSY_MAKE}, ST_BUSY, 0},
    {"write busy five times", {TDX, .trouble = FAKE_TSM_BUSY_WRITE, .times = 5}, ST_OK, 5},
    {"write always busy", {TDX, .trouble = FAKE_TSM_BUSY_WRITE}, ST_BUSY, 5},
    {"read busy five times", {TDX, .trouble = FAKE_TSM_BUSY_READ, .times = 5}, ST_OK, 5},
    {"read always busy", {TDX, .trouble = FAKE_TSM_BUSY_READ}, ST_BUSY, 5},
    {"read interrupted", {TDX, .trouble = FAKE_TSM_INTERRUPTED_READ, .times = 2}, ST_OK, 2},
    {"read always interrupted", {TDX, .trouble = FAKE_TSM_INTERRUPTED_READ}, ST_BUSY, 5},
    {"read would block", {SNP, .trouble = FAKE_TSM_WOULD_BLOCK_READ, .times = 2}, ST_OK, 2},
    {"read always would block", {SNP, .trouble = FAKE_TSM_WOULD_BLOCK_READ}, ST_BUSY, 5},
    {"read fails", {TDX, .trouble = FAKE_TSM_IO_READ}, ST_IO, 0},
    {"a write that the kernel loses", {TDX, .trouble = FAKE_TSM_LOST_WRITE}, ST_IO, 0},
    {"somebody else writes once", {TDX, .trouble = FAKE_TSM_OTHER_WRITER, .times = 1}, ST_OK, 0},
    {"somebody else always writes", {TDX, .trouble = FAKE_TSM_OTHER_WRITER}, ST_BUSY, 0},
    {"a report over other bytes", {TDX, .trouble = FAKE_TSM_OTHER_BLOB}, ST_MISMATCH, 0},
    {"a report cut off", {SNP, .trouble = FAKE_TSM_TRUNCATED_BLOB}, ST_MISMATCH, 0},
    {"an empty report", {TDX, .trouble = FAKE_TSM_EMPTY_BLOB}, ST_MISMATCH, 0},
    {"a huge report", {TDX, .trouble = FAKE_TSM_HUGE_BLOB}, ST_LIMIT, 0},
    {"a huge table of certificates", {SNP, .trouble = FAKE_TSM_HUGE_AUX}, ST_LIMIT, 0},
    {"entry busy at its end", {TDX, .trouble = FAKE_TSM_BUSY_REMOVE, .times = 2}, ST_OK, 2},
    {"entry stuck", {TDX, .trouble = FAKE_TSM_STUCK_ENTRY}, ST_OK, 0},
};

static void test_rows(void **state)
{
    (void)state;
    fill_inblob();
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct fake_tsm f = ROWS[i].tree;
        struct tsm_tree t = fake_tsm(&f);
        struct tsm_report r CLEANUP(tsm_report_done) = {0};
        status s = tsm_report_get(&t, inblob, &r);
        if (s.code != ROWS[i].code || f.n_pauses != ROWS[i].n_pauses)
            fail_msg("%s: %s (%s), %u pauses", ROWS[i].name, status_name(s.code), status_detail(),
                     f.n_pauses);
        /* Whatever happens, no entry stays behind, unless the kernel keeps it. */
        if (f.trouble != FAKE_TSM_STUCK_ENTRY && f.n_made != f.n_removed)
            fail_msg("%s: %u entries left", ROWS[i].name, f.n_made - f.n_removed);
        assert_true(f.ms_paused < 1000);
    }
}

static void test_report(void **state)
{
    (void)state;
    struct fake_tsm f = {SNP, .aux = BYTES_LIT("table"), .privlevel_floor = "2\n"};
    struct tsm_tree t = fake_tsm(&f);
    struct tsm_report r CLEANUP(tsm_report_done) = {0};
    fill_inblob();
    assert_ok(tsm_report_get(&t, inblob, &r));
    assert_int_equal(r.kind, TSM_SNP);
    assert_int_equal(r.blob.n, 7 + 64 + 4);
    assert_memory_equal(r.blob.p + 7, inblob, sizeof(inblob));
    assert_bytes_equal(buf_view(&r.aux), BYTES_LIT("table"));
    assert_int_equal(f.written_privlevel, '2');
}

/* TDX needs four attributes: nothing else is opened. */
static void test_opens_what_it_needs(void **state)
{
    (void)state;
    struct fake_tsm f = {TDX, .aux = BYTES_LIT("table")};
    struct tsm_tree t = fake_tsm(&f);
    struct tsm_report r CLEANUP(tsm_report_done) = {0};
    fill_inblob();
    assert_ok(tsm_report_get(&t, inblob, &r));
    assert_int_equal(r.kind, TSM_TDX);
    assert_int_equal(f.n_opened, 5); /* provider, generation twice, inblob, outblob */
    assert_int_equal(r.aux.n, 0);
}

/* After another's write the first report is thrown away and made anew in a new entry. */
static void test_conflict_takes_a_new_entry(void **state)
{
    (void)state;
    struct fake_tsm f = {TDX, .trouble = FAKE_TSM_OTHER_WRITER, .times = 2};
    struct tsm_tree t = fake_tsm(&f);
    struct tsm_report r CLEANUP(tsm_report_done) = {0};
    fill_inblob();
    assert_ok(tsm_report_get(&t, inblob, &r));
    assert_int_equal(f.n_made, 3);
    assert_int_equal(r.blob.n, 7 + 64 + 4);
}

/* ---- several at once ---- */

enum { THREADS = 4, ROUNDS = 25 };

/* The kernel serves one access at a time. */
struct shared_tsm {
    pthread_mutex_t lock; /* guards: fake */
    struct fake_tsm fake;
};

static int shared_make(void *ctx, const char *entry)
{
    struct shared_tsm *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    int error = fake_tsm_make(&s->fake, entry);
    (void)pthread_mutex_unlock(&s->lock);
    return error;
}

static int shared_remove(void *ctx, const char *entry)
{
    struct shared_tsm *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    int error = fake_tsm_remove(&s->fake, entry);
    (void)pthread_mutex_unlock(&s->lock);
    return error;
}

static int shared_read(void *ctx, const char *entry, const char *attribute, struct buf *out)
{
    struct shared_tsm *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    int error = fake_tsm_read(&s->fake, entry, attribute, out);
    (void)pthread_mutex_unlock(&s->lock);
    return error;
}

static int shared_write(void *ctx, const char *entry, const char *attribute, struct bytes in)
{
    struct shared_tsm *s = ctx;
    (void)pthread_mutex_lock(&s->lock);
    int error = fake_tsm_write(&s->fake, entry, attribute, in);
    (void)pthread_mutex_unlock(&s->lock);
    return error;
}

static void shared_pause(void *ctx, unsigned ms)
{
    (void)ctx;
    (void)ms;
}

struct worker {
    struct shared_tsm *shared;
    pthread_t thread;
    uint8_t mark;
    unsigned n_right;
};

static void *work(void *ctx)
{
    struct worker *w = ctx;
    const struct tsm_tree t = {shared_make,  shared_remove, shared_read,
                               shared_write, shared_pause,  w->shared};
    uint8_t mine[TSM_INBLOB_LEN];
    memset(mine, w->mark, sizeof(mine));
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct tsm_report r CLEANUP(tsm_report_done) = {0};
        if (ok(tsm_report_get(&t, mine, &r)) && memcmp(r.blob.p + 7, mine, sizeof(mine)) == 0)
            w->n_right++;
    }
    return NULL;
}

static void test_many_at_once(void **state)
{
    (void)state;
    struct shared_tsm shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .fake = {TDX}};
    struct worker workers[THREADS];
    for (uint8_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.shared = &shared, .mark = (uint8_t)(i + 1)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].n_right, ROUNDS);
    }
    assert_int_equal(shared.fake.n_made, THREADS * ROUNDS);
    assert_int_equal(shared.fake.n_removed, THREADS * ROUNDS);
}

/* The kernel's own kind of folder: what mkdir makes has its attributes at once. */
struct folder {
    struct tsm_tree files;
    const char *path;
    struct bytes outblob;
};

static void put_file(const struct folder *f, const char *entry, const char *name, struct bytes in)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", f->path, entry, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, in.p, in.n), in.n);
    assert_int_equal(close(fd), 0);
}

static int folder_make(void *ctx, const char *entry)
{
    struct folder *f = ctx;
    int error = f->files.make(f->files.ctx, entry);
    if (error != 0)
        return error;
    put_file(f, entry, "provider", BYTES_LIT("tdx_guest\n"));
    put_file(f, entry, "generation", BYTES_LIT("0\n"));
    put_file(f, entry, "inblob", BYTES_LIT(""));
    put_file(f, entry, "outblob", f->outblob);
    return 0;
}

static int folder_remove(void *ctx, const char *entry)
{
    static const char *const NAMES[] = {"provider", "generation", "inblob", "outblob"};
    struct folder *f = ctx;
    char path[256];
    assert_true(f->files.remove(f->files.ctx, entry) != 0); /* not while it has files */
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/%s", f->path, entry, NAMES[i]);
        (void)unlink(path);
    }
    return f->files.remove(f->files.ctx, entry);
}

static int folder_read(void *ctx, const char *entry, const char *attribute, struct buf *out)
{
    struct folder *f = ctx;
    return f->files.read(f->files.ctx, entry, attribute, out);
}

static int folder_write(void *ctx, const char *entry, const char *attribute, struct bytes in)
{
    struct folder *f = ctx;
    int error = f->files.write(f->files.ctx, entry, attribute, in);
    put_file(f, entry, "generation", BYTES_LIT("1\n"));
    return error;
}

static void folder_pause(void *ctx, unsigned ms)
{
    struct folder *f = ctx;
    f->files.pause(f->files.ctx, ms);
}

static void test_real_files(void **state)
{
    (void)state;
    static uint8_t big[TSM_OUTBLOB_MAX + 1];
    char path[] = "/tmp/eml-tsm-XXXXXX";
    struct tsm_files *files CLEANUP(tsm_files_closep) = NULL;
    assert_non_null(mkdtemp(path));
    assert_ok(tsm_files_open(path, &files));
    fill_inblob();
    for (size_t n = TSM_OUTBLOB_MAX - 1; n <= TSM_OUTBLOB_MAX + 1; n++) {
        struct folder f = {.files = tsm_over_files(files), .path = path};
        const struct tsm_tree t = {folder_make,  folder_remove, folder_read,
                                   folder_write, folder_pause,  &f};
        struct tsm_report r CLEANUP(tsm_report_done) = {0};
        memcpy(big + 100, inblob, sizeof(inblob));
        f.outblob = bytes_of(big, n);
        assert_code(tsm_report_get(&t, inblob, &r), n > TSM_OUTBLOB_MAX ? ST_LIMIT : ST_OK);
        if (n <= TSM_OUTBLOB_MAX)
            assert_bytes_equal(buf_view(&r.blob), f.outblob);
    }
    struct tsm_tree t = tsm_over_files(files);
    struct buf out CLEANUP(buf_done) = BUF_MAX(16);
    assert_int_equal(t.read(t.ctx, "nobody", "provider", &out), ENOENT);
    assert_int_equal(t.write(t.ctx, "nobody", "inblob", BYTES_LIT("x")), ENOENT);
    assert_int_equal(rmdir(path), 0);
}

static void test_no_tree(void **state)
{
    (void)state;
    struct tsm_files *files = NULL;
    assert_code(tsm_files_open("/nonexistent/tsm/report", &files), ST_NOTFOUND);
    assert_code(tsm_files_open("/dev/null", &files), ST_NOTFOUND);
    tsm_files_closep(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_opens_what_it_needs),
        cmocka_unit_test(test_conflict_takes_a_new_entry),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_real_files),
        cmocka_unit_test(test_no_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
