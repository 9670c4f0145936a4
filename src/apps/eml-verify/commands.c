#include "apps/eml-verify/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/common/app.h"
#include "apps/eml-verify/outputs.h"
#include "apps/eml-verify/report.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "tee/verify/attested.h"

enum { RECEIPT_ROOM = 1 << 20, NONCE_ROOM = 4096, HASH_STEP = 64 << 10 };

/* Everything that verifying one receipt needs; owns what `expect` points to. */
struct receipt_job {
    const struct cli *args;
    struct buf receipt;
    struct buf nonce;
    uint8_t key[ED25519_PUBLIC_LEN];
    uint8_t model_hash[AIR_HASH_LEN];
    uint8_t request_hash[AIR_HASH_LEN];
    uint8_t response_hash[AIR_HASH_LEN];
    struct air_measurements measurements;
    struct evidence_step evidence;
    bool has_evidence;
    bool is_signer_attested;
    struct air_expect expect;
    struct checks checks;
    struct air_claims claims;
    bool is_accepted;
};

static void receipt_job_done(struct receipt_job *j)
{
    buf_done(&j->receipt);
    buf_done(&j->nonce);
    evidence_step_done(&j->evidence);
}

/* Files may be large: they are hashed in steps. */
static status hash_file(const char *path, uint8_t out[static SHA256_LEN])
{
    static uint8_t step[HASH_STEP];
    struct fd fd CLEANUP(fd_close) = {open(path, O_RDONLY | O_CLOEXEC)};
    struct hash *h CLEANUP(hash_freep) = NULL;
    ssize_t got = 1;
    REQUIRE(fd.v >= 0, errno == ENOENT ? ST_NOTFOUND : ST_IO, "cannot open %s: %s", path,
            strerror(errno));
    TRY(hash_new(HASH_SHA256, &h));
    while (got > 0) {
        got = read(fd.v, step, sizeof(step));
        REQUIRE(got >= 0, ST_IO, "cannot read %s: %s", path, strerror(errno));
        TRY(hash_update(h, bytes_of(step, (size_t)got)));
    }
    return hash_final(h, out);
}

static status take_hash_of(const struct cli *args, const char *option, uint8_t *storage,
                           const uint8_t **out)
{
    const char *path = cli_value(args, option);
    if (path == NULL)
        return OK;
    TRY(status_context(hash_file(path, storage), "--%s", option));
    *out = storage;
    return OK;
}

static status take_hex(const struct cli *args, const char *option, uint8_t *storage,
                       const uint8_t **out)
{
    if (!cli_has(args, option))
        return OK;
    TRY(cli_hex(args, option, storage, AIR_HASH_LEN));
    *out = storage;
    return OK;
}

static status take_nonce(const struct cli *args, const char *option, size_t min, size_t max,
                         struct buf *out)
{
    const char *text = cli_value(args, option);
    if (text == NULL)
        return OK;
    if (failed(hex_decode_buf(bytes_str(text), out)) || out->n < min || out->n > max)
        return cli_wrong("--%s takes %zu to %zu bytes as hexadecimal digits", option, min, max);
    return OK;
}

static status take_times(const struct cli *args, int64_t *out_at, int64_t *out_max_age)
{
    uint64_t at = 0;
    uint64_t max_age = 0;
    TRY(cli_u64(args, "at", 1, INT64_MAX, (uint64_t)clock_unix_s(), &at));
    if (out_max_age != NULL)
        TRY(cli_u64(args, "max-age", 1, INT64_MAX, 0, &max_age));
    *out_at = (int64_t)at;
    if (out_max_age != NULL)
        *out_max_age = (int64_t)max_age;
    return OK;
}

static status check_use(const struct cli *args)
{
    const char *platform = cli_value(args, "expect-platform");
    enum air_platform known;
    if (cli_has(args, "key") == cli_has(args, "evidence"))
        return cli_wrong("give either --key HEX, or --evidence FILE with --policy FILE");
    if (cli_has(args, "key") &&
        (cli_has(args, "policy") || cli_has(args, "policy-key") || cli_has(args, "crl")))
        return cli_wrong("--policy, --policy-key and --crl judge evidence: give --evidence");
    if (platform != NULL && !air_platform_from_name(bytes_str(platform), &known))
        return cli_wrong("--expect-platform takes nitro-pcr or tdx-mrtd-rtmr");
    return OK;
}

static struct bytes text_of(const struct cli *args, const char *option)
{
    const char *text = cli_value(args, option);
    return text != NULL ? bytes_str(text) : (struct bytes){0};
}

static status take_options(struct receipt_job *j)
{
    const struct cli *args = j->args;
    struct air_expect *e = &j->expect;
    TRY(check_use(args));
    TRY(take_times(args, &e->at_unix_s, &e->max_age_s));
    TRY(take_hex(args, "key", j->key, &e->public_key));
    TRY(take_hex(args, "expect-model-hash", j->model_hash, &e->model_hash));
    TRY(take_nonce(args, "expect-nonce", AIR_NONCE_MIN, AIR_NONCE_MAX, &j->nonce));
    e->nonce = buf_view(&j->nonce);
    e->model_id = text_of(args, "expect-model-id");
    e->platform = text_of(args, "expect-platform");
    e->allow_evaluation = cli_has(args, "allow-evaluation");
    return OK;
}

static status load_receipt_files(struct receipt_job *j)
{
    TRY(file_read(cli_operand(j->args, 0), &j->receipt));
    TRY(take_hash_of(j->args, "request", j->request_hash, &j->expect.request_hash));
    TRY(take_hash_of(j->args, "response", j->response_hash, &j->expect.response_hash));
    if (!cli_has(j->args, "evidence"))
        return OK;
    j->has_evidence = true;
    TRY(evidence_step_load(&j->evidence, cli_value(j->args, "evidence"), j->args));
    if (!cli_has(j->args, "type"))
        j->evidence.files.type = evidence_type_guess(buf_view(&j->evidence.files.evidence));
    return OK;
}

/* --expect-model-hash against what the enclave attested; the receipt's own is compared later. */
static void check_statement_model(struct receipt_job *j, const struct statement *s)
{
    if (j->expect.model_hash == NULL)
        checks_skip(&j->checks, "STATEMENT_MODEL", false, NULL, "no model hash expected");
    else if (memcmp(j->expect.model_hash, s->model_digest, AIR_HASH_LEN) != 0)
        checks_fail(&j->checks, "STATEMENT_MODEL", "MODEL_HASH_MISMATCH",
                    "another model is loaded there than the one expected",
                    "the enclave attested another model than --expect-model-hash");
    else
        checks_pass(&j->checks, "STATEMENT_MODEL", "the enclave attested the expected model");
    memcpy(j->model_hash, s->model_digest, AIR_HASH_LEN);
    j->expect.model_hash = j->model_hash;
}

/* A simulated enclave signs in evaluation mode, real ones never do. */
static void expect_mode(struct receipt_job *j)
{
    if (j->evidence.files.type != EVIDENCE_SIMULATED || !j->evidence.is_accepted)
        return;
    j->expect.allow_evaluation = true;
    j->expect.mode = bytes_str(air_mode_name(AIR_EVALUATION));
}

static void no_receipt_key(struct checks *c)
{
    const char *fix = "use the evidence of the session that produced this receipt";
    if (c->is_unsupported)
        checks_skip(c, "RECEIPT_KEY", true, fix, "the evidence is of a kind that is not judged");
    else
        checks_fail(c, "RECEIPT_KEY", "RECEIPT_KEY_MISSING", fix,
                    "the evidence proves no receipt key");
}

/* What the evidence proves becomes what the receipt has to say. Only signed bytes are used; a key
 * out of evidence that no policy accepted is good for looking, and the verdict stays incomplete. */
static void expect_attested(struct receipt_job *j)
{
    struct statement s;
    if (!evidence_step_statement(&j->evidence, &s)) {
        no_receipt_key(&j->checks);
        return;
    }
    checks_pass(&j->checks, "RECEIPT_KEY", "the receipt key is in the signed statement");
    memcpy(j->key, s.receipt_key, sizeof(j->key));
    j->expect.public_key = j->key;
    j->expect.attestation_doc_hash = j->evidence.sha256;
    attested_measurements(&j->evidence.claimed.measurements, &j->measurements);
    j->expect.measurements = &j->measurements;
    check_statement_model(j, &s);
    j->is_signer_attested = j->evidence.is_accepted;
}

static void judge_receipt(struct receipt_job *j)
{
    if (j->has_evidence) {
        evidence_step_judge(&j->evidence, &j->checks);
        expect_attested(j);
        expect_mode(j);
    }
    j->is_accepted = ok(air_verify(buf_view(&j->receipt), &j->expect, &j->checks, &j->claims));
}

static status run_receipt(struct receipt_job *j, int *out_exit_code)
{
    TRY(take_options(j));
    TRY(load_receipt_files(j));
    judge_receipt(j);
    const struct show show = {
        .kind = "receipt",
        .checks = &j->checks,
        .evidence = j->has_evidence ? &j->evidence : NULL,
        .claims = j->is_accepted ? &j->claims : NULL,
        .signer_key = j->expect.public_key,
        .is_signer_attested = j->is_signer_attested,
        .is_json = cli_has(j->args, "json"),
    };
    return show_result(&show, out_exit_code);
}

/* Something was learnt by an accept, or by a signed policy whatever the verdict under it was. */
static bool has_learnt(const struct evidence_step *e)
{
    return e->is_accepted || (e->files.policy != NULL && e->files.policy->is_signed);
}

/* Also after a failure: evidence that cannot be read takes no serial back. */
static status keep_state(const struct evidence_step *e, const struct outputs *o)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    if (o->to[OUTPUT_STATE] < 0 || !has_learnt(e))
        return OK;
    evidence_memory_put(e->files.expect.memory, &text);
    TRY(buf_status(&text));
    return outputs_put(o, OUTPUT_STATE, buf_view(&text));
}

static int work_on_receipt(const void *ctx, const struct outputs *o)
{
    int exit_code = 1;
    struct receipt_job j CLEANUP(receipt_job_done) = {
        .args = ctx,
        .receipt = BUF_MAX(RECEIPT_ROOM),
        .nonce = BUF_MAX(NONCE_ROOM),
    };
    evidence_step_init(&j.evidence);
    status s = run_receipt(&j, &exit_code);
    status kept = keep_state(&j.evidence, o);
    if (ok(s))
        s = kept;
    return ok(s) ? exit_code : app_fail(s);
}

int commands_receipt(const struct cli *args)
{
    const char *const paths[OUTPUT_N] = {[OUTPUT_STATE] = cli_value(args, "state")};
    return outputs_run(paths, work_on_receipt, args);
}

/* What is shown and written of one verdict over evidence. */
static status tell(const struct show *show, const struct outputs *o, int *out_exit_code)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(REPORT_MAX_BYTES);
    if (o->to[OUTPUT_HTML] >= 0) {
        TRY(report_html(show, &text));
        TRY(outputs_put(o, OUTPUT_HTML, buf_view(&text)));
    }
    return show_result(show, out_exit_code);
}

static status run_evidence(const struct cli *args, const struct outputs *o, struct evidence_step *e,
                           int *out_exit_code)
{
    struct checks checks = {0};
    struct evidence_trace *trace CLEANUP(evidence_trace_freep) = NULL;
    if (cli_has(args, "explain") || cli_has(args, "html"))
        TRY(evidence_trace_new(&trace));
    TRY(evidence_step_load(e, cli_operand(args, 0), args));
    e->files.expect.trace = trace;
    evidence_step_judge(e, &checks);
    const struct show show = {
        .kind = "evidence",
        .checks = &checks,
        .evidence = e,
        .trace = trace,
        .is_explained = cli_has(args, "explain"),
        .is_json = cli_has(args, "json"),
    };
    return tell(&show, o, out_exit_code);
}

static int work_on_evidence(const void *ctx, const struct outputs *o)
{
    int exit_code = 1;
    struct evidence_step e CLEANUP(evidence_step_done);
    evidence_step_init(&e);
    status s = run_evidence(ctx, o, &e, &exit_code);
    status kept = keep_state(&e, o);
    if (ok(s))
        s = kept;
    return ok(s) ? exit_code : app_fail(s);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return a != NULL && b != NULL && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* A report must not replace what it reports on. */
static status check_report_path(const struct cli *args)
{
    static const char *const INPUTS[] = {"policy",  "collateral", "certs",     "crl",
                                         "jwks",    "event-log",  "statement", "reference-values",
                                         "devices", "state"};
    const char *html = cli_value(args, "html");
    bool is_taken = is_same_file(html, cli_operand(args, 0));
    for (size_t i = 0; i < sizeof(INPUTS) / sizeof(INPUTS[0]); i++) {
        for (size_t k = 0; k < cli_count(args, INPUTS[i]); k++)
            is_taken |= is_same_file(html, cli_nth(args, INPUTS[i], k));
    }
    return is_taken ? cli_wrong("--html would replace an input, %.200s", html) : OK;
}

int commands_evidence(const struct cli *args)
{
    const char *const paths[OUTPUT_N] = {
        [OUTPUT_HTML] = cli_value(args, "html"),
        [OUTPUT_STATE] = cli_value(args, "state"),
    };
    status s = check_report_path(args);
    if (failed(s))
        return app_fail(s);
    return outputs_run(paths, work_on_evidence, args);
}
