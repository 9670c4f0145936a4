/* eml policy init - a first policy, from evidence that was seen; eml policy explain - any policy in
 * plain sentences. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "apps/common/app.h"
#include "apps/common/evidence_files.h"
#include "apps/eml/commands.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/json.h"
#include "formats/verdict.h"
#include "tee/verify/evidence_policy_text.h"

enum { OUT_MODE = 0644, TEXT_ROOM = 4 * POLICY_MAX_BYTES, DATE_LEN = 10 };

/* Large, so on the heap. */
struct draft {
    struct evidence_files files;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct checks checks;
    struct evidence_policy *policy; /* of the draft itself */
    struct buf text;
};

static void draft_freep(struct draft **d)
{
    if (*d == NULL)
        return;
    evidence_files_done(&(*d)->files);
    evidence_policy_freep(&(*d)->policy);
    buf_done(&(*d)->text);
    free(*d);
    *d = NULL;
}

static status draft_new(struct draft **out)
{
    struct draft *d = calloc(1, sizeof(*d));
    REQUIRE(d != NULL, ST_NOMEM, "draft");
    evidence_files_init(&d->files);
    d->text = BUF_MAX(TEXT_ROOM);
    *out = d;
    return OK;
}

/* ---- the draft ---- */

/* "seen-2026-01-31" */
static void default_name(int64_t at_unix_s, char out[static POLICY_NAME_MAX + 1])
{
    char text[CLOCK_TEXT_LEN];
    clock_text(at_unix_s, text);
    (void)snprintf(out, POLICY_NAME_MAX + 1, "seen-%.*s", DATE_LEN, text);
}

static status take_name(const struct cli *args, int64_t at_unix_s,
                        char out[static POLICY_NAME_MAX + 1])
{
    const char *given = cli_value(args, "name");
    default_name(at_unix_s, out);
    if (given == NULL)
        return OK;
    struct bytes text = bytes_str(given);
    if (text.n < 1 || text.n > POLICY_NAME_MAX || !text_is_visible(text))
        return cli_wrong("--name takes 1 to %d visible ASCII characters", POLICY_NAME_MAX);
    (void)snprintf(out, POLICY_NAME_MAX + 1, "%s", given);
    return OK;
}

static const char *first_trouble(const struct checks *c)
{
    const struct check *first = checks_first_failure(c);
    return first != NULL ? first->reason : "an input that authenticity needs is missing";
}

/* Without a policy the verdict is incomplete at best; what counts is that signatures held. */
static status look(struct draft *d)
{
    (void)failed(evidence_files_verify(&d->files, &d->checks, &d->claimed, &d->verified));
    REQUIRE(!d->checks.is_malformed, ST_FORMAT, "the evidence: %s", first_trouble(&d->checks));
    REQUIRE(d->claimed.is_signed, ST_POLICY, "the evidence is not authentic: %s",
            first_trouble(&d->checks));
    return OK;
}

static status write_draft(struct draft *d, const char *name)
{
    struct buf compact CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    TRY(evidence_policy_pin(d->files.type, &d->claimed, name, &compact));
    json_pretty(buf_view(&compact), &d->text);
    TRY(buf_status(&d->text));
    return evidence_policy_parse(buf_view(&d->text), &d->policy);
}

/* ---- what the person is told ---- */

static void put_failures(const struct checks *c, struct buf *out)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct check *k = &c->v[i];
        if (k->result != CHECK_FAIL && !(k->result == CHECK_SKIP && k->is_required))
            continue;
        buf_printf(out, "eml:   %s: ", k->id);
        verdict_put_safe(out, bytes_str(k->reason));
        buf_put_u8(out, '\n');
    }
}

/* The draft is tried on the evidence that it was made from. */
static void tell_verdict(struct draft *d)
{
    struct checks checks = {0};
    d->files.policy = d->policy;
    status s = evidence_files_verify(&d->files, &checks, NULL, &d->verified);
    d->files.policy = NULL;
    if (ok(s))
        return;
    struct buf text CLEANUP(buf_done) = BUF_MAX(TEXT_ROOM);
    put_failures(&checks, &text);
    (void)fprintf(stderr,
                  "eml: this draft does not accept the evidence that it was made from:\n%.*s",
                  (int)text.n, text.n > 0 ? (const char *)text.p : "");
}

static status save(const struct cli *args, const struct draft *d)
{
    const char *path = cli_value(args, "out");
    if (path == NULL)
        return fwrite(d->text.p, 1, d->text.n, stdout) == d->text.n
                   ? OK
                   : FAIL(ST_IO, "cannot write to standard output");
    REQUIRE(!file_exists(path), ST_USAGE, "%s is there already; it is not overwritten", path);
    return file_write(path, OUT_MODE, buf_view(&d->text));
}

static status init(const struct cli *args, struct draft *d)
{
    char name[POLICY_NAME_MAX + 1];
    TRY(evidence_files_load(&d->files, cli_value(args, "from-evidence"), args));
    TRY(take_name(args, d->files.expect.at_unix_s, name));
    TRY(look(d));
    TRY(write_draft(d, name));
    TRY(save(args, d));
    tell_verdict(d);
    (void)fprintf(stderr, "eml: this is a draft of what was seen, not of what is good: compare "
                          "every value with the release that you built or audited\n");
    return OK;
}

static int run_init(const struct cli *args)
{
    struct draft *d CLEANUP(draft_freep) = NULL;
    status s = draft_new(&d);
    if (ok(s))
        s = init(args, d);
    return failed(s) ? app_fail(s) : 0;
}

/* ---- explain ---- */

/* Whatever its age: a person looks at it, and nothing is decided. */
static status read_policy(const struct cli *args, struct evidence_policy **out)
{
    uint8_t key[ED25519_PUBLIC_LEN];
    bool has_key = cli_has(args, "policy-key");
    struct evidence_policy_verified v = {0};
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    if (has_key)
        TRY(cli_hex(args, "policy-key", key, sizeof(key)));
    TRY(file_read(cli_operand(args, 0), &file));
    TRY(status_context(evidence_policy_file_verify(buf_view(&file), has_key ? key : NULL, &v), "%s",
                       cli_operand(args, 0)));
    return status_context(evidence_policy_file_parse(&v, out), "%s", cli_operand(args, 0));
}

static status explain(const struct cli *args)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct buf out CLEANUP(buf_done) = BUF_MAX(TEXT_ROOM);
    TRY(read_policy(args, &p));
    evidence_policy_explain(p, &out);
    TRY(buf_status(&out));
    return fwrite(out.p, 1, out.n, stdout) == out.n
               ? OK
               : FAIL(ST_IO, "cannot write to standard output");
}

static int run_explain(const struct cli *args)
{
    status s = explain(args);
    return failed(s) ? app_fail(s) : 0;
}

/* ---- the rows of the table ---- */

static const struct cli_option INIT_OPTIONS[] = {
    {"from-evidence", "FILE", true, false, "the evidence to look at"},
    EVIDENCE_FILES_TYPE,
    EVIDENCE_FILES_BESIDE,
    EVIDENCE_FILES_EXPECT,
    {"name", "NAME", false, false, "name of the release in the draft (seen-DATE)"},
    {"out", "FILE", false, false, "where to write it; never overwrites (standard output)"},
};

struct cli_command policy_init_command(void)
{
    return (struct cli_command){
        .name = "policy init",
        .summary = "Draft a policy that pins what authentic evidence says, for review.",
        CLI_OPTIONS(INIT_OPTIONS),
        .notes = "The evidence must be authentic; whether it is good is for a person to say.\n"
                 "eml policy explain tells what a policy accepts.",
        .run = run_init,
    };
}

static const struct cli_option EXPLAIN_OPTIONS[] = {EVIDENCE_FILES_POLICY_KEY};

struct cli_command policy_explain_command(void)
{
    return (struct cli_command){
        .name = "policy explain",
        .operands = "FILE",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "Say in plain sentences what a policy accepts.",
        CLI_OPTIONS(EXPLAIN_OPTIONS),
        .run = run_explain,
    };
}
