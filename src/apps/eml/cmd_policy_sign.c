/* eml policy sign - a policy that only its signer can change; eml policy verify - whose it is, and
 * whether it is still in force. */
#include <stdio.h>

#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/json.h"
#include "model/key_file.h"
#include "tee/verify/evidence_policy_file.h"

enum { OUT_MODE = 0644, TEXT_ROOM = 4096 };

/* ---- what is shown of a signed policy ---- */

static void put_text(const struct evidence_policy *p, const char *end, struct buf *out)
{
    buf_put_str(out, "signer     ");
    hex_put(out, BYTES_OF(p->signer));
    buf_printf(out, "\nserial     %u\nnot after  %s\nsha256     ", p->serial,
               p->has_end ? end : "no end");
    hex_put(out, BYTES_OF(p->sha256));
    buf_put_u8(out, '\n');
}

static void put_json(const struct evidence_policy *p, const char *end, struct buf *out)
{
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    json_w_hex(&w, "signer", BYTES_OF(p->signer));
    json_w_int(&w, "serial", p->serial);
    if (p->has_end)
        json_w_str(&w, "not_after", end);
    else
        json_w_null(&w, "not_after");
    json_w_hex(&w, "sha256", BYTES_OF(p->sha256));
    json_w_close(&w, '}');
    buf_put_u8(out, '\n');
}

static status show(const struct evidence_policy *p, bool is_json)
{
    char end[CLOCK_TEXT_LEN];
    struct buf out CLEANUP(buf_done) = BUF_MAX(TEXT_ROOM);
    clock_text(p->not_after_unix_s, end);
    if (is_json)
        put_json(p, end, &out);
    else
        put_text(p, end, &out);
    TRY(buf_status(&out));
    REQUIRE(fwrite(out.p, 1, out.n, stdout) == out.n, ST_IO, "cannot write to standard output");
    return OK;
}

/* ---- sign ---- */

static status read_plain(const char *path, struct buf *out)
{
    TRY(status_context(file_read(path, out), "--policy"));
    REQUIRE(!evidence_policy_file_is_signed(buf_view(out)), ST_USAGE,
            "%s is signed already: sign the JSON that it was made from", path);
    return OK;
}

/* What is written is what a client will read: it is verified before it is saved. */
static status make(struct bytes json, const struct ed25519_secret *key, struct buf *out_file,
                   struct evidence_policy **out)
{
    struct evidence_policy_verified v = {0};
    TRY(evidence_policy_file_sign(json, key, out_file));
    TRY(evidence_policy_file_verify(buf_view(out_file), key->public_key, &v));
    return evidence_policy_file_parse(&v, out);
}

/* Signed all the same: evidence of that time may be judged under it. */
static void tell_end(const struct evidence_policy *p)
{
    if (failed(evidence_policy_check_end(p, clock_unix_s())))
        (void)fprintf(stderr, "eml: note: %s\n", status_detail());
}

static status sign(const struct cli *args)
{
    const char *from = cli_value(args, "policy");
    const char *to = cli_value(args, "out");
    struct ed25519_secret key CLEANUP(ed25519_secret_wipe) = {0};
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf json CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    TRY(read_plain(from, &json));
    TRY(key_file_read_signing(cli_value(args, "sign-key"), &key));
    TRY(status_context(make(buf_view(&json), &key, &file, &p), "%s", from));
    REQUIRE(!file_exists(to), ST_USAGE, "%s is there already; it is not overwritten", to);
    TRY(file_write(to, OUT_MODE, buf_view(&file)));
    tell_end(p);
    return show(p, cli_has(args, "json"));
}

static int run_sign(const struct cli *args)
{
    status s = sign(args);
    return failed(s) ? app_fail(s) : 0;
}

/* ---- verify ---- */

static status open_file(const char *path, const struct evidence_policy_demand *demand,
                        struct evidence_policy **out)
{
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    TRY(file_read(path, &file));
    return status_context(evidence_policy_file_open(buf_view(&file), demand, out), "%s", path);
}

static status verify(const struct cli *args)
{
    uint8_t key[ED25519_PUBLIC_LEN];
    uint64_t at = 0;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    TRY(cli_hex(args, "policy-key", key, sizeof(key)));
    TRY(cli_u64(args, "at", 1, INT64_MAX, (uint64_t)clock_unix_s(), &at));
    const struct evidence_policy_demand demand = {.signer = key, .at_unix_s = (int64_t)at};
    TRY(open_file(cli_operand(args, 0), &demand, &p));
    return show(p, cli_has(args, "json"));
}

static int run_verify(const struct cli *args)
{
    status s = verify(args);
    return failed(s) ? app_fail(s) : 0;
}

/* ---- the rows of the table ---- */

static const struct cli_option SIGN_OPTIONS[] = {
    {"policy", "FILE", true, false, "the policy (JSON); it must have a serial"},
    {"sign-key", "FILE", true, false, "signing key file of whoever answers for it (eml keygen)"},
    {"out", "FILE", true, false, "the signed policy; an existing file is never overwritten"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command policy_sign_command(void)
{
    return (struct cli_command){
        .name = "policy sign",
        .summary = "Sign a policy, so that clients accept it from its signer alone.",
        CLI_OPTIONS(SIGN_OPTIONS),
        .notes = "Clients pin the signer that is printed: --policy-key, in a configuration\n"
                 "policy_key. Raise \"serial\" with each version: who keeps a state file refuses\n"
                 "a lower one afterwards.",
        .run = run_sign,
    };
}

static const struct cli_option VERIFY_OPTIONS[] = {
    {"policy-key", "HEX", true, false, "the signer's Ed25519 key, 64 digits"},
    {"at", "UNIX", false, false, "time of verification (now)"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command policy_verify_command(void)
{
    return (struct cli_command){
        .name = "policy verify",
        .operands = "FILE",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "Verify a signed policy; print signer, serial, end and digest.",
        CLI_OPTIONS(VERIFY_OPTIONS),
        .notes = "Exit: 0 signed by that key and in force, 10 not, 30 malformed.",
        .run = run_verify,
    };
}
