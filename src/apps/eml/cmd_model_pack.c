/* eml model pack - a model folder becomes one encrypted, signed file. */
#include "apps/common/app.h"
#include "apps/common/progress.h"
#include "apps/eml/commands.h"
#include "apps/eml/model_option.h"
#include "apps/eml/package_text.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/rand.h"
#include "model/key_file.h"
#include "model/package_write.h"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

enum { DAY_S = 86400, VALID_DAYS = 365, VALID_DAYS_MAX = 36500 };

/* The key file, read or just made. */
struct kek {
    struct aead_key key;
    char path[PATH_MAX];
    bool is_new;
};

static void kek_wipe(struct kek *k)
{
    aead_key_wipe(&k->key);
}

/* A new key is on the disk before the package that needs it. */
static status kek_open(struct kek *k)
{
    if (file_exists(k->path))
        return key_file_read_encryption(k->path, &k->key);
    k->key.alg = AEAD_AES_256_GCM;
    TRY(rand_bytes(k->key.b, sizeof(k->key.b)));
    TRY(key_file_write_encryption(k->path, &k->key));
    k->is_new = true;
    return OK;
}

/* A key that opens nothing is not left behind. */
static void kek_settle(const struct kek *k, status s)
{
    if (!k->is_new)
        return;
    if (failed(s))
        (void)unlink(k->path);
    else
        (void)fprintf(stderr,
                      "eml: wrote a new encryption key to %s, readable by you alone; the package "
                      "opens with it only\n",
                      k->path);
}

/* A folder that the engine cannot load is not worth a signature. */
static status check_loads(const struct cli *args, const struct package_plan *plan,
                          uint8_t out_model_digest[static SHA256_LEN])
{
    struct model_option m CLEANUP(model_option_done) = {0};
    const char *folder = cli_value(args, "model-dir");
    TRY(pool_new(1, &m.pool));
    const struct embedder_options o = {.pool = m.pool, .allowed_dtypes = plan->allowed_dtypes};
    TRY(status_context(embedder_open_folder(folder, &o, &m.embedder), "%s", folder));
    memcpy(out_model_digest, embedder_model_digest(m.embedder), SHA256_LEN);
    return OK;
}

static status plan_numbers(const struct cli *args, struct package_plan *p)
{
    uint64_t days = 0;
    uint64_t max_tokens = 0;
    const char *dtypes = cli_value(args, "dtypes");
    if (failed(manifest_check_id(p->id)))
        return cli_wrong("option --id: %s", status_detail());
    TRY(cli_u64(args, "version", 1, MANIFEST_VERSION_MAX, 0, &p->version));
    TRY(cli_u64(args, "valid-days", 1, VALID_DAYS_MAX, VALID_DAYS, &days));
    TRY(cli_u64(args, "max-tokens", 2, MANIFEST_TOKENS_MAX, 0, &max_tokens));
    TRY(manifest_parse_dtypes(dtypes ? dtypes : "F32,F16,BF16", &p->allowed_dtypes));
    p->max_tokens = (uint32_t)max_tokens;
    p->created_unix_s = clock_unix_s();
    p->expires_unix_s = p->created_unix_s + (int64_t)days * DAY_S;
    return OK;
}

/* A key or a half package is no use to anybody: an interruption is a failure like any other. */
static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    is_interrupted = 1;
}

static void catch_interrupts(void)
{
    const struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
}

static status show_progress(void *ctx, uint64_t done, uint64_t total)
{
    struct progress *p = ctx;
    REQUIRE(!is_interrupted, ST_CANCELLED, "interrupted, nothing was written");
    p->total = (size_t)(total >> 20);
    progress_set(p, (size_t)(done >> 20));
    return OK;
}

static status write_package(const char *path, const struct package_plan *plan,
                            struct package_made *out)
{
    struct progress p CLEANUP(progress_end);
    progress_start(&p, "packing", "MiB", 0);
    return package_write(path, plan, show_progress, &p, out);
}

static status pack(const struct cli *args, struct package_plan *plan)
{
    const char *path = cli_value(args, "out");
    struct kek kek CLEANUP(kek_wipe) = {.is_new = false};
    struct package_made made = {0};
    uint8_t model_digest[SHA256_LEN];
    TRY(check_loads(args, plan, model_digest));
    TRY(model_option_key_path(args, path, kek.path));
    catch_interrupts();
    TRY(kek_open(&kek));
    plan->kek = &kek.key;
    plan->content_digest = model_digest;
    status s = write_package(path, plan, &made);
    kek_settle(&kek, s);
    TRY(s);
    return package_text_print(&made.manifest, made.digest, made.n_bytes, cli_has(args, "json"));
}

static status work(const struct cli *args)
{
    struct ed25519_secret sign_key CLEANUP(ed25519_secret_wipe) = {0};
    struct package_plan plan = {
        .folder = cli_value(args, "model-dir"), .id = cli_value(args, "id"), .sign_key = &sign_key};
    TRY(plan_numbers(args, &plan));
    TRY(key_file_read_signing(cli_value(args, "sign-key"), &sign_key));
    return pack(args, &plan);
}

static int run(const struct cli *args)
{
    status s = work(args);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"model-dir", "DIR", true, false, "folder of a Hugging Face model"},
    {"id", "ID", true, false, "name of the model, for example minilm-l6"},
    {"version", "N", true, false, "its version, from 1; each release needs a larger one"},
    {"sign-key", "FILE", true, false, "signing key file of the publisher (eml keygen)"},
    {"out", "PKG", true, false, "the package"},
    {"key-file", "F", false, false, "encryption key; made when absent (default: PKG.key)"},
    {"valid-days", "N", false, false, "refused afterwards (default: 365)"},
    {"dtypes", "LIST", false, false, "weight types that may be loaded (default: F32,F16,BF16)"},
    {"max-tokens", "N", false, false, "limit for one text, below the model's own"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command model_pack_command(void)
{
    return (struct cli_command){
        .name = "model pack",
        .summary = "Encrypt and sign a model folder.",
        CLI_OPTIONS(OPTIONS),
        .notes =
            "The folder is loaded once to be sure that it works. The key file stays with those who "
            "may run\nthe model; the package may lie anywhere.",
        .run = run,
    };
}
