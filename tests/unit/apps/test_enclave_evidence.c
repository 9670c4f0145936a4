/* Evidence through files and through a socket, with every filter in force: the process that serves
 * and the one that asks the platform. The platform itself is this test's other process. */
#include "support/fake_launcher.h"
#include "support/forge_cs.h"

#include "apps/sandbox/sandbox.h"
#include "base/file.h"
#include "tee/apart_provider.h"
#include "tee/cs_provider.h"
#include "tee/tsm.h"
#include "tee/verify/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { WAIT_STEPS = 5000, TIMEOUT_MS = 30000 };

/* ---- attest in a process under SANDBOX_ENCLAVE ---- */

static const struct statement STATEMENT = {.service = {(const uint8_t *)"s", 1}, .nonce = {7}};

typedef status (*open_fn)(struct tee_provider **out);

static int attest_confined(open_fn open_worker, status (*confine)(void))
{
    const struct apart_options o = {
        .confine = confine, .timeout_ms = TIMEOUT_MS, .wait_ms = TIMEOUT_MS};
    struct tee_provider *worker = NULL;
    struct tee_provider *p CLEANUP(tee_provider_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(BUNDLE_MAX_BYTES);
    if (failed(open_worker(&worker)) || failed(apart_provider_over(worker, &o, &p)))
        return 1;
    if (failed(sandbox_enter(SANDBOX_ENCLAVE)))
        return 2;
    for (int i = 0; i < APART_PROCESSES + 1; i++) {
        buf_clear(&out);
        if (failed(tee_attest(p, &STATEMENT, &out)) || out.n == 0)
            return 3;
    }
    return 0;
}

static void check_attests(open_fn open_worker, status (*confine)(void))
{
    int state = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(attest_confined(open_worker, confine));
    assert_int_equal(waitpid(pid, &state, 0), pid);
    assert_true(WIFEXITED(state));
    assert_int_equal(WEXITSTATUS(state), 0);
}

static void skip_without_filter(void)
{
    if (!sandbox_is_built_in() || getenv("EML_UNDER_VALGRIND") != NULL)
        skip();
}

static status confine_reports(void)
{
    return sandbox_enter(SANDBOX_REPORTS);
}

static status confine_tokens(void)
{
    return sandbox_enter(SANDBOX_TOKENS);
}

/* ---- the launcher ---- */

static struct forge_cs forge;
static struct fake_launcher launcher;

static void make_token(void *ctx, struct bytes json, struct buf *out)
{
    char nonce[CS_NONCE_TEXT_LEN + 1] = "";
    const uint8_t *at = memmem(json.p, json.n, "\"nonces\":[\"", 11);
    (void)ctx;
    assert_non_null(at);
    memcpy(nonce, at + 11, CS_NONCE_TEXT_LEN);
    struct buf claims CLEANUP(buf_done) =
        forge_cs_edit(BYTES_LIT(FORGE_CS_CLAIMS), "@NONCE@", nonce);
    struct buf token CLEANUP(buf_done) = forge_cs_pki(&forge, buf_view(&claims));
    buf_printf(out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", token.n);
    buf_put(out, buf_view(&token));
}

static status open_launcher(struct tee_provider **out)
{
    const struct cs_provider_options o = {
        .launcher = {.socket = launcher.path, .timeout_ms = 5000},
        .audience = "https://forge.example",
        .kind = CS_LAUNCHER_PKI,
    };
    return cs_provider_open(&o, out);
}

static void tokens_come_through_the_filters(void **state)
{
    (void)state;
    skip_without_filter();
    forge_cs_init(&forge);
    launcher = (struct fake_launcher){.make = make_token};
    fake_launcher_start(&launcher);
    check_attests(open_launcher, confine_tokens);
    fake_launcher_stop(&launcher);
    forge_cs_done(&forge);
}

/* ---- configfs: this process plays the kernel in a folder of /tmp ---- */

static char folder[] = "/tmp/eml-evidence-XXXXXX";
static struct tsm_tree files;
static atomic_bool stop;

/* Where a file appears, it is whole. */
static void put(const char *entry, const char *name, struct bytes content)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, entry, name);
    assert_ok(file_write(path, 0600, content));
}

static size_t size_of(const char *entry, const char *name, struct buf *out)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s/%s", folder, entry, name);
    buf_clear(out);
    return ok(file_read(path, out)) ? out->n : 0;
}

static void serve_entry(const char *entry)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(1024);
    if (size_of(entry, "generation", &b) == 0) {
        put(entry, "provider", BYTES_LIT("tdx_guest\n"));
        put(entry, "inblob", BYTES_LIT(""));
        put(entry, "generation", BYTES_LIT("0\n"));
    } else if (b.p[0] == '0' && size_of(entry, "inblob", &b) == TSM_INBLOB_LEN) {
        put(entry, "outblob", buf_view(&b));
        put(entry, "generation", BYTES_LIT("1\n"));
    }
}

static void *kernel_main(void *arg)
{
    while (!atomic_load(&stop)) {
        DIR *d = opendir(folder);
        assert_non_null(d);
        for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
            if (strncmp(e->d_name, "eml-", 4) == 0)
                serve_entry(e->d_name);
        }
        (void)closedir(d);
        (void)usleep(500);
    }
    return arg;
}

static int wait_for_generation(const char *entry, char digit)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(16);
    for (int i = 0; i < WAIT_STEPS; i++) {
        buf_clear(&b);
        if (files.read(files.ctx, entry, "generation", &b) == 0 && b.n > 0 && b.p[0] == digit)
            return 0;
        files.pause(files.ctx, 2);
    }
    return EIO;
}

static int make_entry(void *ctx, const char *entry)
{
    (void)ctx;
    int e = files.make(files.ctx, entry);
    return e ? e : wait_for_generation(entry, '0');
}

static int write_entry(void *ctx, const char *entry, const char *attribute, struct bytes in)
{
    (void)ctx;
    int e = files.write(files.ctx, entry, attribute, in);
    return e ? e : wait_for_generation(entry, '1');
}

/* The kernel takes an entry's attributes away with it; a folder of /tmp does not. */
static int remove_entry(void *ctx, const char *entry)
{
    (void)ctx;
    return files.remove(files.ctx, entry) == ENOTEMPTY ? 0 : EIO;
}

static status worker_attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    (void)p;
    uint8_t inblob[TSM_INBLOB_LEN];
    struct tsm_report r CLEANUP(tsm_report_done) = {0};
    const struct tsm_tree t = {.make = make_entry,
                               .remove = remove_entry,
                               .read = files.read,
                               .write = write_entry,
                               .pause = files.pause,
                               .ctx = files.ctx};
    TRY(statement_binding(s, inblob));
    TRY(tsm_report_get(&t, inblob, &r));
    buf_put(out, buf_view(&r.blob));
    return buf_status(out);
}

static status worker_measurements(struct tee_provider *p, struct measurements *out)
{
    (void)p;
    *out = (struct measurements){.kind = MEASUREMENT_TDX};
    return OK;
}

static void worker_free(struct tee_provider *p)
{
    free(p);
}

static const struct tee_provider_ops WORKER = {.platform = STATEMENT_PLATFORM_TDX,
                                               .attest = worker_attest,
                                               .random = tee_guest_random,
                                               .measurements = worker_measurements,
                                               .free = worker_free};

static status open_tree(struct tee_provider **out)
{
    struct tsm_files *opened = NULL; /* until the process ends */
    TRY(tsm_files_open(folder, &opened));
    files = tsm_over_files(opened);
    struct tee_provider *p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "worker");
    p->ops = &WORKER;
    *out = p;
    return OK;
}

static void remove_all(void)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void reports_come_through_the_filters(void **state)
{
    pthread_t kernel;
    (void)state;
    skip_without_filter();
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pthread_create(&kernel, NULL, kernel_main, NULL), 0);
    check_attests(open_tree, confine_reports);
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(kernel, NULL), 0);
    remove_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_come_through_the_filters),
        cmocka_unit_test(reports_come_through_the_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
