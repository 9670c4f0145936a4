/* eml model verify - every check that can be made of a package with what is at hand. */
#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "apps/eml/model_option.h"
#include "apps/eml/package_text.h"
#include "base/clock.h"
#include "base/file.h"
#include "formats/verdict.h"
#include "model/local_key.h"
#include "model/model_files.h"
#include "model/version_record.h"

#include <limits.h>
#include <unistd.h>

enum { OUTPUT_ROOM = 256 << 10, PIECE = MANIFEST_CHUNK_BYTES };

struct verification {
    const struct cli *args;
    const char *path;
    struct model_source *src;
    struct package *package;
    struct key_release *release; /* NULL: no key at hand */
    struct model_files *files;
    struct pool *pool;
    struct manifest manifest;
    uint8_t digest[SHA256_LEN];
    uint8_t publisher[ED25519_PUBLIC_LEN];
    bool is_pinned;
    struct manifest_expect expect;
    struct checks checks;
    status failure; /* the machine's, not the package's: no verdict */
};

static void verification_done(struct verification *v)
{
    model_files_freep(&v->files);
    package_freep(&v->package);
    key_release_freep(&v->release);
    source_freep(&v->src);
    pool_free(v->pool);
}

static bool is_of_the_machine(status s)
{
    return s.code == ST_IO || s.code == ST_NOMEM || s.code == ST_INTERNAL;
}

/* A failure of the input's form, not of its worth, gives exit code 30 like everywhere else. */
static bool judge(struct verification *v, const char *id, const char *code, const char *fix,
                  status s, const char *passed)
{
    if (is_of_the_machine(s)) {
        v->failure = s;
        return false;
    }
    if (failed(s) && status_exit_code(s.code) == VERDICT_MALFORMED)
        v->checks.is_malformed = true;
    return checks_status(&v->checks, id, code, fix, s, passed);
}

static bool check_signature(struct verification *v)
{
    status s = model_option_publisher(v->args, v->src, v->publisher, &v->is_pinned);
    if (ok(s))
        s = package_peek(v->src, v->publisher, &v->manifest, v->digest);
    if (!judge(v, "SIGNATURE", "BAD_SIGNATURE", "get the package from its publisher again", s,
               "the manifest is signed"))
        return false;
    if (v->is_pinned)
        checks_pass(&v->checks, "PUBLISHER", "the signer is the given publisher");
    else
        checks_skip(&v->checks, "PUBLISHER", false, "give --public-key HEX",
                    "no publisher key is pinned: the signer is whoever made this file");
    return true;
}

static void check_dates_and_version(struct verification *v)
{
    struct manifest_expect dates = {.at_unix_s = v->expect.at_unix_s};
    (void)judge(v, "VALIDITY", "NOT_VALID", "ask the publisher for a newer version",
                manifest_check(&v->manifest, &dates), "within its time");
    if (v->expect.min_version == 0) {
        checks_skip(&v->checks, "MIN_VERSION", false, "give --min-version N",
                    "no minimum version is asked for");
        return;
    }
    status s = OK;
    if (v->manifest.version < v->expect.min_version)
        s = FAIL(ST_ROLLBACK, "version %llu is below %llu", (unsigned long long)v->manifest.version,
                 (unsigned long long)v->expect.min_version);
    (void)judge(v, "MIN_VERSION", "ROLLBACK", "get the newer version", s,
                "not below the minimum version");
}

static void check_record(struct verification *v)
{
    const char *path = cli_value(v->args, "state");
    if (path == NULL) {
        checks_skip(&v->checks, "STATE", false, "give --state FILE",
                    "no record of accepted versions is kept");
        return;
    }
    (void)judge(v, "STATE", "ROLLBACK", "get the newer version",
                version_record_check(path, &v->manifest, v->digest),
                "not older than what was accepted before");
}

/* The layout alone: dates and version were judged above, each under its own name. */
static bool check_layout(struct verification *v)
{
    const struct manifest_expect any = {.at_unix_s = v->manifest.created_unix_s};
    return judge(v, "LAYOUT", "BAD_LAYOUT", "get the package from its publisher again",
                 package_open(v->src, v->publisher, &any, &v->package),
                 "the file has exactly the length that the manifest demands");
}

static bool check_key(struct verification *v)
{
    if (v->release != NULL)
        return judge(v, "KEY", "BAD_KEY", "use the key file that the package was made with",
                     package_unlock(v->package, v->release, &v->files),
                     "the key opens the package, and every leaf table is the manifest's");
    checks_skip(&v->checks, "KEY", false, "give --key-file F",
                "no key file: the encrypted files are not looked at");
    return false;
}

static status whole_digest(struct verification *v, const struct manifest_file *f)
{
    uint8_t digest[SHA256_LEN];
    struct hash *h CLEANUP(hash_freep) = NULL;
    struct buf piece CLEANUP(buf_done) = BUF_MAX(PIECE);
    TRY(hash_new(HASH_SHA256, &h));
    for (uint64_t at = 0; at < f->n_bytes; at += piece.n) {
        uint64_t left = f->n_bytes - at;
        buf_clear(&piece);
        TRY(model_files_read(v->files, f->name, at, left < PIECE ? (size_t)left : PIECE, &piece));
        TRY(hash_update(h, buf_view(&piece)));
    }
    TRY(hash_final(h, digest));
    REQUIRE(memcmp(digest, f->sha256, SHA256_LEN) == 0, ST_MISMATCH,
            "%s: the manifest's SHA-256 is not that of its chunks", f->name);
    return OK;
}

static status all_chunks(struct verification *v)
{
    for (uint32_t i = 0; i < v->manifest.n_files; i++)
        TRY(model_files_stream(v->files, v->manifest.files[i].name, v->pool, NULL, NULL));
    return OK;
}

static status all_digests(struct verification *v)
{
    for (uint32_t i = 0; i < v->manifest.n_files; i++)
        TRY(whole_digest(v, &v->manifest.files[i]));
    return OK;
}

static void check_content(struct verification *v)
{
    if (!judge(v, "CHUNKS", "BAD_CHUNK", "get the package from its publisher again", all_chunks(v),
               "every chunk of every file opens and is the manifest's"))
        return;
    (void)judge(v, "SHA256", "BAD_DIGEST", "ask the publisher for a correct package",
                all_digests(v), "every file has the manifest's SHA-256");
}

static void check_all(struct verification *v)
{
    if (!check_signature(v))
        return;
    check_dates_and_version(v);
    check_record(v);
    if (ok(v->failure) && check_layout(v) && check_key(v))
        check_content(v);
}

static status print(struct verification *v)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(OUTPUT_ROOM);
    uint8_t model_hash[SHA256_LEN] = {0};
    if (!cli_has(v->args, "json")) {
        verdict_put_text(&b, &v->checks, app_has_colour(STDOUT_FILENO));
    } else {
        struct json_w w = {.out = &b};
        json_w_open(&w, NULL, '{');
        verdict_json_members(&w, &v->checks);
        if (v->manifest.n_files > 0) {
            TRY(content_digest(v->manifest.files, v->manifest.n_files, model_hash));
            package_text_members(&w, &v->manifest, v->digest, model_hash, v->src->n_bytes);
        }
        json_w_close(&w, '}');
        buf_put_u8(&b, '\n');
    }
    TRY(buf_status(&b));
    REQUIRE(fwrite(b.p, 1, b.n, stdout) == b.n, ST_IO, "standard output cannot be written");
    return OK;
}

/* A key file that is named must be there; the one beside the package may be. */
static status open_key(struct verification *v)
{
    char key_path[PATH_MAX];
    TRY(model_option_key_path(v->args, v->path, key_path));
    if (!cli_has(v->args, "key-file") && !file_exists(key_path))
        return OK;
    return local_key_open(key_path, &v->release);
}

static status take_options(struct verification *v)
{
    uint64_t at = 0;
    uint32_t n_threads = 0;
    TRY(cli_u64(v->args, "min-version", 1, MANIFEST_VERSION_MAX, 0, &v->expect.min_version));
    TRY(cli_u64(v->args, "at", 0, INT64_MAX, (uint64_t)clock_unix_s(), &at));
    TRY(model_option_threads(v->args, &n_threads));
    v->expect.at_unix_s = (int64_t)at;
    if (cli_has(v->args, "public-key"))
        TRY(cli_hex(v->args, "public-key", v->publisher, ED25519_PUBLIC_LEN));
    /* Otherwise anyone could put a version into the record that no real one will reach. */
    if (cli_has(v->args, "state") && !cli_has(v->args, "public-key"))
        return cli_wrong("--state needs --public-key");
    return pool_new(n_threads, &v->pool);
}

static status work(struct verification *v, enum verdict *out)
{
    TRY(take_options(v));
    TRY(status_context(source_open_file(v->path, &v->src), "%s", v->path));
    TRY(open_key(v));
    check_all(v);
    TRY(v->failure);
    *out = checks_verdict(&v->checks);
    if (*out == VERDICT_ACCEPT && cli_has(v->args, "state"))
        TRY(version_record_update(cli_value(v->args, "state"), &v->manifest, v->digest));
    return print(v);
}

static int run(const struct cli *args)
{
    struct verification v CLEANUP(verification_done) = {.args = args, .path = cli_operand(args, 0)};
    enum verdict verdict = VERDICT_INCOMPLETE;
    status s = work(&v, &verdict);
    return failed(s) ? app_fail(s) : (int)verdict;
}

static const struct cli_option OPTIONS[] = {
    {"public-key", "HEX", false, false, "demand this publisher"},
    {"key-file", "F", false, false, "encryption key (default: PKG.key, when it is there)"},
    {"min-version", "N", false, false, "refuse an older version"},
    {"state", "FILE", false, false, "record of accepted versions: refuses older ones, is updated"},
    {"at", "UNIX", false, false, "judge at this time (default: now)"},
    {"threads", "N", false, false, "threads (default: one for each CPU)"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command model_verify_command(void)
{
    return (struct cli_command){
        .name = "model verify",
        .operands = "PKG",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "Verify a package: signature, dates, layout; with its key every chunk.",
        CLI_OPTIONS(OPTIONS),
        .notes = "Exit codes: 0 accepted, 10 rejected, 30 malformed. What was skipped is listed.",
        .run = run,
    };
}
