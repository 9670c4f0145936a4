#include "tee/tsm_provider.h"

#include <stdlib.h>

#include "crypto/rand.h"
#include "tee/verify/bundle.h"
#include "tee/verify/dcap/quote.h"
#include "tee/verify/snp/snp_report.h"

struct tsm_provider {
    struct tee_provider base;
    struct tsm_tree tree;
    struct tsm_files *files; /* NULL when the caller owns the tree */
    enum tsm_kind kind;
    struct measurements measurements;
};

static struct tsm_provider *self_of(struct tee_provider *p)
{
    return (struct tsm_provider *)p; /* base is the first member */
}

/* The report parses, and the 64 bytes stand where verifiers look for them. Nothing is verified
 * here, for the verifier is the client. */
static status read_quote(struct bytes blob, struct bytes inblob, struct measurements *out)
{
    struct quote q;
    TRY(status_context(quote_parse(blob, &q), "the kernel's quote"));
    REQUIRE(q.tee == QUOTE_TDX && bytes_equal(quote_report_data(&q), inblob), ST_MISMATCH,
            "the kernel's quote is of no TD or over other bytes");
    *out = (struct measurements){.kind = MEASUREMENT_TDX, .present_mask = 0x1f};
    memcpy(out->pcr[0], q.td.mrtd.p, MEASUREMENT_LEN);
    for (size_t i = 0; i < QUOTE_RTMRS; i++)
        memcpy(out->pcr[1 + i], q.td.rtmr[i].p, MEASUREMENT_LEN);
    return OK;
}

static status read_snp(struct bytes blob, struct bytes inblob, struct measurements *out)
{
    struct snp_unverified u;
    TRY(status_context(snp_report_parse(blob, &u), "the kernel's report"));
    REQUIRE(bytes_equal(u.fields_.report_data, inblob), ST_MISMATCH,
            "the kernel's report is over other bytes");
    *out = (struct measurements){.kind = MEASUREMENT_SNP, .present_mask = 1};
    memcpy(out->pcr[0], u.fields_.measurement.p, MEASUREMENT_LEN);
    return OK;
}

static status get_report(const struct tsm_tree *t, const uint8_t inblob[static TSM_INBLOB_LEN],
                         struct tsm_report *out, struct measurements *out_measurements)
{
    struct bytes want = bytes_of(inblob, TSM_INBLOB_LEN);
    TRY(tsm_report_get(t, inblob, out));
    if (out->kind == TSM_TDX)
        return read_quote(buf_view(&out->blob), want, out_measurements);
    return read_snp(buf_view(&out->blob), want, out_measurements);
}

static status attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    struct buf statement CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    struct tsm_report report CLEANUP(tsm_report_done) = {0};
    struct measurements unused;
    uint8_t binding[STATEMENT_BINDING_LEN];
    TRY(statement_encode(s, &statement));
    TRY(statement_binding(s, binding));
    TRY(get_report(&self_of(p)->tree, binding, &report, &unused));
    REQUIRE(report.kind == self_of(p)->kind, ST_MISMATCH, "configfs-tsm: another provider now");
    struct bundle b = {
        .platform = bytes_str(p->ops->platform),
        .evidence = buf_view(&report.blob),
        .statement = buf_view(&statement),
        .certs = buf_view(&report.aux),
    };
    return bundle_encode(&b, out);
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    *out = self_of(p)->measurements;
    return OK;
}

static void provider_free(struct tee_provider *p)
{
    struct tsm_provider *t = self_of(p);
    tsm_files_closep(&t->files);
    free(t);
}

static const struct tee_provider_ops TDX_OPS = {
    .platform = STATEMENT_PLATFORM_TDX,
    .attest = attest,
    .random = tee_guest_random,
    .measurements = measurements,
    .free = provider_free,
};

static const struct tee_provider_ops SNP_OPS = {
    .platform = STATEMENT_PLATFORM_SNP,
    .attest = attest,
    .random = tee_guest_random,
    .measurements = measurements,
    .free = provider_free,
};

status tsm_provider_over(const struct tsm_tree *t, struct tee_provider **out)
{
    struct tsm_report report CLEANUP(tsm_report_done) = {0};
    struct measurements m = {0};
    uint8_t probe[TSM_INBLOB_LEN];
    TRY(rand_bytes(probe, sizeof(probe)));
    TRY(get_report(t, probe, &report, &m));
    struct tsm_provider *p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "configfs-tsm provider");
    p->base.ops = report.kind == TSM_TDX ? &TDX_OPS : &SNP_OPS;
    p->tree = *t;
    p->kind = report.kind;
    p->measurements = m;
    *out = &p->base;
    return OK;
}

status tsm_provider_open(struct tee_provider **out)
{
    struct tsm_files *files CLEANUP(tsm_files_closep) = NULL;
    struct tee_provider *p = NULL;
    TRY(tsm_files_open(TSM_PATH, &files));
    struct tsm_tree t = tsm_over_files(files);
    TRY(tsm_provider_over(&t, &p));
    self_of(p)->files = files;
    files = NULL;
    *out = p;
    return OK;
}
