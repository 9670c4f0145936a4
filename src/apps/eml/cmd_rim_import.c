/* eml rim import - NVIDIA's signed XML to the file of reference values that a policy pins. */
#include <inttypes.h>
#include <stdlib.h>

#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "tee/rim/rim.h"

enum { OUT_MODE = 0644, LINE_ROOM = 64 << 10 };

struct rims {
    struct rim *v[GPU_REFERENCE_MANIFESTS_MAX];
    size_t n;
};

static void rims_done(struct rims *r)
{
    for (size_t i = 0; i < r->n; i++)
        rim_freep(&r->v[i]);
}

static status open_one(const char *path, int64_t at_unix_s, struct rim **out)
{
    struct buf xml CLEANUP(buf_done) = BUF_MAX(RIM_MAX_BYTES);
    TRY(status_context(file_read(path, &xml), "%s", path));
    return status_context(rim_open(buf_view(&xml), at_unix_s, out), "%s", path);
}

static status open_all(const struct cli *args, int64_t at_unix_s, struct rims *out)
{
    for (size_t i = 0; i < cli_n_operands(args); i++) {
        TRY(open_one(cli_operand(args, i), at_unix_s, &out->v[i]));
        out->n = i + 1;
    }
    return OK;
}

static status write_out(const struct rims *r, const char *path, char hex[static 2 * SHA256_LEN + 1])
{
    const struct gpu_reference_draft *drafts[GPU_REFERENCE_MANIFESTS_MAX];
    uint8_t digest[SHA256_LEN];
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_REFERENCE_MAX_BYTES);
    for (size_t i = 0; i < r->n; i++)
        drafts[i] = rim_draft(r->v[i]);
    TRY(gpu_reference_write(drafts, r->n, &out));
    TRY(sha256(buf_view(&out), digest));
    hex_encode(BYTES_OF(digest), hex);
    return file_write(path, OUT_MODE, buf_view(&out));
}

static const char *kind_name(const struct gpu_reference_draft *d)
{
    return d->kind == GPU_MANIFEST_VBIOS ? "vbios" : "driver";
}

static void print_text(const struct rims *r, const char *path, const char *hex)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct gpu_reference_draft *d = rim_draft(r->v[i]);
        char until[CLOCK_TEXT_LEN];
        clock_text(d->not_after_unix_s, until);
        printf("%s %s %s: %zu measurements, signed by NVIDIA, valid until %s\n", d->product,
               kind_name(d), d->version, d->n_entries, until);
    }
    printf("%s: SHA-256 %s\n", path, hex);
}

static status print_json(const struct rims *r, const char *path, const char *hex)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(LINE_ROOM);
    struct json_w w = {.out = &b};
    json_w_open(&w, NULL, '{');
    json_w_str(&w, "file", path);
    json_w_str(&w, "sha256", hex);
    json_w_open(&w, "manifests", '[');
    for (size_t i = 0; i < r->n; i++) {
        const struct gpu_reference_draft *d = rim_draft(r->v[i]);
        json_w_open(&w, NULL, '{');
        json_w_str(&w, "product", d->product);
        json_w_str(&w, "kind", kind_name(d));
        json_w_str(&w, "version", d->version);
        json_w_int(&w, "measurements", (int64_t)d->n_entries);
        json_w_int(&w, "valid_until", d->not_after_unix_s);
        json_w_hex(&w, "source_sha256", BYTES_OF(d->source_sha256));
        json_w_close(&w, '}');
    }
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    TRY(buf_status(&b));
    printf("%.*s\n", (int)b.n, (const char *)b.p);
    return OK;
}

static status work(const struct cli *args)
{
    struct rims rims CLEANUP(rims_done) = {0};
    const char *path = cli_value(args, "out");
    char hex[2 * SHA256_LEN + 1];
    uint64_t at = 0;
    TRY(cli_u64(args, "at", 0, INT64_MAX, (uint64_t)clock_unix_s(), &at));
    TRY(open_all(args, (int64_t)at, &rims));
    TRY(write_out(&rims, path, hex));
    if (cli_has(args, "json"))
        return print_json(&rims, path, hex);
    print_text(&rims, path, hex);
    return OK;
}

static int run(const struct cli *args)
{
    status s = work(args);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"out", "REF.cbor", true, false, "where the reference values go"},
    {"at", "UNIX", false, false, "judge the RIM's certificates at this time, not now"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command rim_import_command(void)
{
    return (struct cli_command){
        .name = "rim import",
        .operands = "FILE...",
        .min_operands = 1,
        .max_operands = GPU_REFERENCE_MANIFESTS_MAX,
        .summary = "Verify NVIDIA's RIM files and write reference values for a policy to pin.",
        CLI_OPTIONS(OPTIONS),
        .notes =
            "Give the RIM of the driver and that of the VBIOS. Each must be signed by NVIDIA's "
            "reference value\nauthority, to a root that is built in. Put the printed SHA-256 into "
            "nvidia_gpu.reference_sha256 of the\npolicy; the file itself is not secret and needs no "
            "protection (docs/REFERENCE-VALUES.md).",
        .run = run,
    };
}
