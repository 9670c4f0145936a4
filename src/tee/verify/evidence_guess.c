/* Which platform's evidence bytes look like. */
#include "tee/verify/evidence_job.h"

#include "tee/verify/nitro/nitro.h"

enum {
    QUOTE_VERSION_MIN = 3,
    QUOTE_VERSION_MAX = 5,
    QUOTE_KEY_TYPE_AT = 2, /* never zero, where an SNP report's version has its upper half */
    QUOTE_TEE_AT = 4,
    QUOTE_TEE_TDX = 0x81,
    SNP_REPORT_BYTES = 1184,
};

static bool is_quote(struct bytes in)
{
    return in.n > QUOTE_TEE_AT + 4 && in.p[0] >= QUOTE_VERSION_MIN &&
           in.p[0] <= QUOTE_VERSION_MAX && in.p[1] == 0 && in.p[QUOTE_KEY_TYPE_AT] != 0;
}

static bool is_report(struct bytes in)
{
    return in.n == SNP_REPORT_BYTES && in.p[1] == 0 && in.p[2] == 0 && in.p[3] == 0;
}

static bool begins_with(struct bytes in, struct bytes text)
{
    return in.n >= text.n && memcmp(in.p, text.p, text.n) == 0;
}

/* The two have one form; the statement tells which platform it claims, and the root then has to be
 * that platform's. */
static enum evidence_type of_document(struct bytes in)
{
    struct nitro_unverified d;
    struct statement s;
    if (failed(nitro_parse(in, &d)) || failed(statement_parse(d.claims_.user_data.value, &s)))
        return EVIDENCE_NITRO;
    return bytes_equal(s.platform, bytes_str(STATEMENT_PLATFORM_SIMULATED)) ? EVIDENCE_SIMULATED
                                                                            : EVIDENCE_NITRO;
}

enum evidence_type evidence_type_guess(struct bytes evidence)
{
    struct bundle b;
    enum evidence_type type = EVIDENCE_NITRO;
    if (bundle_is(evidence))
        return ok(bundle_parse(evidence, &b)) && ok(evidence_type_of(b.platform, &type))
                   ? type
                   : EVIDENCE_NITRO;
    if (is_quote(evidence))
        return evidence.p[QUOTE_TEE_AT] == QUOTE_TEE_TDX ? EVIDENCE_TDX : EVIDENCE_SGX;
    if (is_report(evidence))
        return EVIDENCE_SNP;
    if (begins_with(evidence, BYTES_LIT("eyJ")))
        return EVIDENCE_CS_TOKEN;
    if (begins_with(evidence, BYTES_LIT("[")) || begins_with(evidence, BYTES_LIT("{")))
        return EVIDENCE_NVIDIA_GPU;
    return of_document(evidence);
}
