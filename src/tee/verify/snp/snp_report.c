#include "tee/verify/snp/snp_report.h"

#include "crypto/ecdsa.h"

enum { SIG_NUMBER_LEN = 48, SIG_TAIL_LEN = 368 };

/* The paravisor of Azure wraps its report; what it wraps need not be one of AMD's. */
static const struct bytes HCL_MAGIC = {(const uint8_t *)"HCLA", 4};

static status check_size(struct bytes in)
{
    bool is_hcl = in.n >= HCL_MAGIC.n && memcmp(in.p, HCL_MAGIC.p, HCL_MAGIC.n) == 0;
    REQUIRE(!is_hcl, ST_FORMAT, "an Azure HCL container, not an SNP report");
    REQUIRE(in.n >= SNP_REPORT_LEN, ST_TRUNCATED, "%zu bytes, a report has %d", in.n,
            SNP_REPORT_LEN);
    REQUIRE(in.n == SNP_REPORT_LEN, ST_FORMAT, "%zu bytes, a report has %d", in.n, SNP_REPORT_LEN);
    return OK;
}

static status zero(struct rd *r, size_t n)
{
    size_t at = r->at;
    REQUIRE(bytes_all_zero(rd_take(r, n)), ST_FORMAT, "reserved bytes at 0x%zx are not zero", at);
    return OK;
}

static status read_key_flags(struct rd *r, struct snp_fields *f)
{
    uint32_t flags = rd_u32le(r);
    f->is_author_key_used = (flags & 1u) != 0;
    f->is_chip_key_masked = (flags >> 1 & 1u) != 0;
    f->signing_key = (uint8_t)(flags >> 2 & 7u);
    REQUIRE(flags >> 5 == 0, ST_FORMAT, "reserved bits of the key flags are not zero");
    return zero(r, 4);
}

static status read_guest(struct rd *r, struct snp_fields *f)
{
    f->guest_svn = rd_u32le(r);
    f->policy = rd_u64le(r);
    f->family_id = rd_take(r, SNP_ID_LEN);
    f->image_id = rd_take(r, SNP_ID_LEN);
    f->vmpl = rd_u32le(r);
    f->signature_algo = rd_u32le(r);
    f->current_tcb = rd_take(r, SNP_TCB_LEN);
    f->platform_info = rd_u64le(r);
    return read_key_flags(r, f);
}

static void read_identity(struct rd *r, struct snp_fields *f)
{
    f->report_data = rd_take(r, SNP_DATA_LEN);
    f->measurement = rd_take(r, SNP_MEASUREMENT_LEN);
    f->host_data = rd_take(r, SNP_HOST_DATA_LEN);
    f->id_key_digest = rd_take(r, SNP_KEY_DIGEST_LEN);
    f->author_key_digest = rd_take(r, SNP_KEY_DIGEST_LEN);
    f->report_id = rd_take(r, SNP_REPORT_ID_LEN);
    f->report_id_ma = rd_take(r, SNP_REPORT_ID_LEN);
}

static status read_cpuid(struct rd *r, struct snp_fields *f)
{
    f->has_cpuid = f->version >= 3;
    if (!f->has_cpuid)
        return zero(r, 24);
    f->family = rd_u8(r);
    f->model = rd_u8(r);
    f->stepping = rd_u8(r);
    return zero(r, 21);
}

static status read_firmware(struct rd *r, struct snp_firmware *out)
{
    out->build = rd_u8(r);
    out->minor = rd_u8(r);
    out->major = rd_u8(r);
    return zero(r, 1);
}

static status read_platform(struct rd *r, struct snp_fields *f)
{
    f->reported_tcb = rd_take(r, SNP_TCB_LEN);
    TRY(read_cpuid(r, f));
    f->chip_id = rd_take(r, SNP_CHIP_ID_LEN);
    f->committed_tcb = rd_take(r, SNP_TCB_LEN);
    TRY(read_firmware(r, &f->current));
    TRY(read_firmware(r, &f->committed));
    f->launch_tcb = rd_take(r, SNP_TCB_LEN);
    f->has_mitigations = f->version >= 5;
    if (!f->has_mitigations)
        return zero(r, 168);
    f->launch_mitigations = rd_u64le(r);
    f->current_mitigations = rd_u64le(r);
    return zero(r, 152);
}

static status read_number(struct rd *r, uint8_t out[static SIG_NUMBER_LEN])
{
    struct bytes le = rd_take(r, SIG_NUMBER_LEN);
    for (size_t i = 0; i < le.n; i++)
        out[SIG_NUMBER_LEN - 1 - i] = le.p[i];
    return zero(r, SNP_SIG_PART_LEN - SIG_NUMBER_LEN);
}

static status read_signature(struct rd *r, struct snp_unverified *u)
{
    TRY(read_number(r, u->signature));
    TRY(read_number(r, u->signature + SIG_NUMBER_LEN));
    return zero(r, SIG_TAIL_LEN);
}

static bool is_known(uint32_t version)
{
    return version == 2 || version == 3 || version == 5;
}

status snp_report_parse(struct bytes in, struct snp_unverified *out)
{
    TRY(check_size(in));
    struct snp_unverified u = {.signed_part = bytes_of(in.p, SNP_SIGNED_LEN)};
    struct snp_fields *f = &u.fields_;
    struct rd r = rd_over(in);
    f->version = rd_u32le(&r);
    REQUIRE(is_known(f->version), ST_UNSUPPORTED, "version %u; 2, 3 and 5 are judged", f->version);
    TRY(read_guest(&r, f));
    REQUIRE(f->signature_algo == SNP_SIG_ECDSA_P384_SHA384, ST_ALG,
            "signature algorithm %u; only 1, ECDSA P-384 with SHA-384, is", f->signature_algo);
    read_identity(&r, f);
    TRY(read_platform(&r, f));
    TRY(read_signature(&r, &u));
    TRY(rd_end(&r));
    *out = u;
    return OK;
}

status snp_report_open(const struct snp_unverified *u, struct bytes spki, struct snp_report *out)
{
    TRY(ecdsa_verify_spki(ECDSA_ES384, spki, u->signed_part, BYTES_OF(u->signature)));
    *out = (struct snp_report){.fields = u->fields_};
    return OK;
}
