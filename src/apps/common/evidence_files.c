#include "apps/common/evidence_files.h"

#include "apps/common/collateral_files.h"
#include "apps/common/state_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/pem.h"

/* One rule for all: what is larger is no evidence. */
enum { INPUT_ROOM = 1 << 20, REPORT_DATA_LEN = 64 };

void evidence_files_init(struct evidence_files *f)
{
    *f = (struct evidence_files){
        .evidence = BUF_MAX(INPUT_ROOM),
        .statement_ = BUF_MAX(INPUT_ROOM),
        .collateral_ = BUF_MAX(INPUT_ROOM),
        .certs_ = BUF_MAX(INPUT_ROOM),
        .jwks_ = BUF_MAX(INPUT_ROOM),
        .event_log_ = BUF_MAX(INPUT_ROOM),
        .reference_values_ = BUF_MAX(INPUT_ROOM),
        .devices_ = BUF_MAX(INPUT_ROOM),
        .nonce_ = BUF_MAX(EVIDENCE_FILES_NONCE_MAX),
        .report_data_ = BUF_MAX(REPORT_DATA_LEN),
    };
    for (size_t i = 0; i < EVIDENCE_FILES_CRLS_MAX; i++)
        f->crl_storage_[i] = BUF_MAX(INPUT_ROOM);
}

void evidence_files_done(struct evidence_files *f)
{
    struct buf *all[] = {&f->evidence,     &f->statement_, &f->collateral_, &f->certs_,
                         &f->jwks_,        &f->event_log_, &f->nonce_,      &f->reference_values_,
                         &f->report_data_, &f->devices_};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        buf_done(all[i]);
    for (size_t i = 0; i < EVIDENCE_FILES_CRLS_MAX; i++)
        buf_done(&f->crl_storage_[i]);
    evidence_policy_freep(&f->policy);
    evidence_memory_freep(&f->memory_);
}

static status take_policy_key(struct evidence_files *f, const struct cli *args)
{
    if (!cli_has(args, "policy-key"))
        return OK;
    if (!cli_has(args, "policy"))
        return cli_wrong("--policy-key verifies a policy: give --policy FILE with it");
    TRY(cli_hex(args, "policy-key", f->policy_key_, sizeof(f->policy_key_)));
    f->policy_key = f->policy_key_;
    return OK;
}

static status load_policy(struct evidence_files *f, const struct cli *args)
{
    const char *path = cli_value(args, "policy");
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    TRY(take_policy_key(f, args));
    if (path == NULL)
        return OK;
    const struct evidence_policy_demand demand = {
        .signer = f->policy_key, .at_unix_s = f->expect.at_unix_s, .memory = f->memory_};
    TRY(status_context(file_read(path, &file), "--policy"));
    return status_context(evidence_policy_file_open(buf_view(&file), &demand, &f->policy), "%s",
                          path);
}

/* DER, or PEM with one block. */
static status load_crl(struct evidence_files *f, const char *path)
{
    size_t i = f->expect.beside.n_crls;
    struct buf *der = &f->crl_storage_[i];
    struct buf raw CLEANUP(buf_done) = BUF_MAX(INPUT_ROOM);
    TRY(status_context(file_read(path, &raw), "--crl"));
    struct bytes text = buf_view(&raw);
    if (raw.n > 0 && raw.p[0] == '-')
        TRY(status_context(pem_next(&text, "X509 CRL", der), "%s", path));
    else
        buf_put(der, text);
    TRY(buf_status(der));
    f->crls_[i] = buf_view(der);
    f->expect.beside.n_crls = i + 1;
    return OK;
}

static status load_crls(struct evidence_files *f, const struct cli *args)
{
    size_t n = cli_count(args, "crl");
    if (n > EVIDENCE_FILES_CRLS_MAX)
        return cli_wrong("--crl is given %zu times, at most %d are taken", n,
                         EVIDENCE_FILES_CRLS_MAX);
    f->expect.beside.crls = f->crls_;
    for (size_t i = 0; i < n; i++)
        TRY(load_crl(f, cli_nth(args, "crl", i)));
    return OK;
}

/* A file that is there and empty is not an absent one: it keeps a pointer. */
static struct bytes view_of(const struct buf *b)
{
    return bytes_of(b->p != NULL ? b->p : (const uint8_t *)"", b->n);
}

static status load(const struct cli *args, const char *option, struct buf *room, struct bytes *out)
{
    const char *path = cli_value(args, option);
    if (path == NULL)
        return OK;
    TRY(status_context(file_read(path, room), "--%s", option));
    *out = view_of(room);
    return OK;
}

static status load_collateral(const struct cli *args, struct buf *room, struct bytes *out)
{
    TRY(collateral_files_load(args, room));
    if (cli_count(args, "collateral") > 0)
        *out = view_of(room);
    return OK;
}

static status load_beside(struct evidence_files *f, const struct cli *args)
{
    struct evidence_inputs *in = &f->expect.beside;
    TRY(load(args, "statement", &f->statement_, &in->statement));
    TRY(load_collateral(args, &f->collateral_, &in->collateral));
    TRY(load(args, "certs", &f->certs_, &in->certs));
    TRY(load(args, "jwks", &f->jwks_, &in->jwks));
    TRY(load(args, "event-log", &f->event_log_, &in->event_log));
    TRY(load(args, "devices", &f->devices_, &in->devices));
    TRY(load(args, "reference-values", &f->reference_values_, &in->reference_values));
    return load_crls(f, args);
}

static status take_hex(const struct cli *args, const char *option, size_t min, struct buf *room,
                       struct bytes *out)
{
    const char *text = cli_value(args, option);
    if (text == NULL)
        return OK;
    bool is_fixed = min == room->max;
    if (failed(hex_decode_buf(bytes_str(text), room)) || room->n < min)
        return is_fixed ? cli_wrong("--%s takes %zu bytes as hexadecimal digits", option, min)
                        : cli_wrong("--%s takes %zu to %zu bytes as hexadecimal digits", option,
                                    min, room->max);
    *out = view_of(room);
    return OK;
}

static status take_expected(struct evidence_files *f, const struct cli *args)
{
    uint64_t at = 0;
    TRY(cli_u64(args, "at", 1, INT64_MAX, (uint64_t)clock_unix_s(), &at));
    f->expect.at_unix_s = (int64_t)at;
    TRY(take_hex(args, "nonce", 1, &f->nonce_, &f->expect.nonce));
    return take_hex(args, "report-data", REPORT_DATA_LEN, &f->report_data_, &f->expect.report_data);
}

static status take_type(struct evidence_files *f, const struct cli *args)
{
    const char *name = cli_value(args, "type");
    if (name == NULL)
        return OK;
    if (failed(evidence_type_of(bytes_str(name), &f->type)))
        return cli_wrong("--type: %.40s is no type of evidence that is judged here", name);
    return OK;
}

static status load_state(struct evidence_files *f, const struct cli *args)
{
    const char *path = cli_value(args, "state");
    if (path == NULL)
        return OK;
    TRY(evidence_memory_new(&f->memory_));
    f->expect.memory = f->memory_;
    return status_context(state_file_read(path, f->memory_), "--state");
}

status evidence_files_load(struct evidence_files *f, const char *path, const struct cli *args)
{
    TRY(take_type(f, args));
    TRY(take_expected(f, args));
    TRY(load_state(f, args));
    TRY(load_policy(f, args));
    TRY(file_read(path, &f->evidence));
    return load_beside(f, args);
}

status evidence_files_verify(struct evidence_files *f, struct checks *out_checks,
                             struct evidence_claimed *out_claimed, struct evidence_verified *out)
{
    return evidence_verify(buf_view(&f->evidence), f->type, f->policy, &f->expect, out_checks,
                           out_claimed, out);
}
