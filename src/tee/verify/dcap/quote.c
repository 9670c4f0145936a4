#include "tee/verify/dcap/quote.h"

enum {
    KEY_TYPE_P256 = 2,
    CERT_QE_REPORT = 6, /* wraps the QE report and its own certification data */
    VENDOR_LEN = 16,
    USER_DATA_LEN = 20,
    PPID_LEN = 16,
    PPID_DATA_LEN = 34,      /* PPID, CPUSVN, PCESVN */
    PPID_DATA_LONG_LEN = 36, /* and PCEID */
};

static const uint8_t INTEL_QE[VENDOR_LEN] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                             0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* ---- bodies ---- */

static void read_enclave(struct bytes report, struct quote_enclave *out)
{
    struct rd r = rd_over(report);
    out->cpusvn = rd_take(&r, 16);
    out->miscselect = rd_u32le(&r);
    (void)rd_take(&r, 12);
    out->ext_prod_id = rd_take(&r, 16);
    out->attributes = rd_take(&r, 16);
    out->mrenclave = rd_take(&r, 32);
    (void)rd_take(&r, 32);
    out->mrsigner = rd_take(&r, 32);
    (void)rd_take(&r, 32);
    out->config_id = rd_take(&r, 64);
    out->isvprodid = rd_u16le(&r);
    out->isvsvn = rd_u16le(&r);
    out->config_svn = rd_u16le(&r);
    (void)rd_take(&r, 42);
    out->family_id = rd_take(&r, 16);
    out->report_data = rd_take(&r, QUOTE_REPORT_DATA_LEN);
}

static struct bytes take_u64(struct rd *r, uint64_t *out)
{
    struct bytes view = rd_take(r, 8);
    struct rd inner = rd_over(view);
    *out = rd_u64le(&inner);
    return view;
}

static void read_td(struct bytes report, struct quote_td *out)
{
    struct rd r = rd_over(report);
    out->tee_tcb_svn = rd_take(&r, 16);
    out->mrseam = rd_take(&r, 48);
    out->mrsignerseam = rd_take(&r, 48);
    out->seam_attributes_view = take_u64(&r, &out->seam_attributes);
    out->attributes_view = take_u64(&r, &out->attributes);
    out->xfam_view = take_u64(&r, &out->xfam);
    out->mrtd = rd_take(&r, 48);
    out->mrconfigid = rd_take(&r, 48);
    out->mrowner = rd_take(&r, 48);
    out->mrownerconfig = rd_take(&r, 48);
    for (size_t i = 0; i < QUOTE_RTMRS; i++)
        out->rtmr[i] = rd_take(&r, 48);
    out->report_data = rd_take(&r, QUOTE_REPORT_DATA_LEN);
    if (report.n < QUOTE_TD15_LEN)
        return;
    out->tee_tcb_svn2 = rd_take(&r, 16);
    out->mrservicetd = rd_take(&r, 48);
}

static size_t body_len(enum quote_body type)
{
    if (type == QUOTE_BODY_ENCLAVE)
        return QUOTE_ENCLAVE_LEN;
    return type == QUOTE_BODY_TD10 ? QUOTE_TD10_LEN : QUOTE_TD15_LEN;
}

/* ---- header ---- */

static status check_header(uint16_t version, uint16_t key_type, uint32_t tee)
{
    REQUIRE(version >= 3 && version <= 5, ST_UNSUPPORTED, "quote version %u: not 3, 4 or 5",
            version);
    REQUIRE(key_type == KEY_TYPE_P256, ST_UNSUPPORTED,
            "attestation key type %u: only 2, ECDSA P-256, is judged", key_type);
    REQUIRE(tee == QUOTE_SGX || tee == QUOTE_TDX, ST_UNSUPPORTED,
            "TEE type 0x%x: neither SGX nor TDX", tee);
    REQUIRE(version != 3 || tee == QUOTE_SGX, ST_FORMAT, "version 3 with a TEE other than SGX");
    return OK;
}

static status read_header(struct rd *r, struct quote *q)
{
    q->version = rd_u16le(r);
    uint16_t key_type = rd_u16le(r);
    uint32_t tee = rd_u32le(r);
    (void)rd_take(r, 4); /* QE SVN and PCE SVN: what they say, the QE report and the PCK prove */
    q->vendor_id = rd_take(r, VENDOR_LEN);
    q->user_data = rd_take(r, USER_DATA_LEN);
    REQUIRE(!r->short_read, ST_TRUNCATED, "a quote of %zu bytes", r->in.n);
    TRY(check_header(q->version, key_type, tee));
    q->tee = (enum quote_tee)tee;
    q->body_type = tee == QUOTE_SGX ? QUOTE_BODY_ENCLAVE : QUOTE_BODY_TD10;
    return OK;
}

/* Version 5 says which body follows, and how long it is. */
static status read_body_type(struct rd *r, struct quote *q)
{
    uint16_t type = rd_u16le(r);
    uint32_t n = rd_u32le(r);
    REQUIRE(!r->short_read, ST_TRUNCATED, "the quote ends before its body");
    REQUIRE(type >= QUOTE_BODY_ENCLAVE && type <= QUOTE_BODY_TD15, ST_UNSUPPORTED,
            "quote body type %u: not 1, 2 or 3", type);
    REQUIRE((type == QUOTE_BODY_ENCLAVE) == (q->tee == QUOTE_SGX), ST_FORMAT,
            "body type %u does not belong to TEE type 0x%x", type, (unsigned)q->tee);
    q->body_type = (enum quote_body)type;
    REQUIRE(n == body_len(q->body_type), ST_FORMAT, "body type %u with %u bytes", type, n);
    return OK;
}

status quote_parse(struct bytes in, struct quote *out)
{
    struct quote q = {0};
    struct rd r = rd_over(in);
    REQUIRE(in.n <= QUOTE_MAX_BYTES, ST_LIMIT, "a quote of %zu bytes, at most %d", in.n,
            QUOTE_MAX_BYTES);
    TRY(read_header(&r, &q));
    if (q.version == 5)
        TRY(read_body_type(&r, &q));
    q.body = rd_take(&r, body_len(q.body_type));
    q.signed_part = bytes_of(in.p, r.at);
    q.signature_data = rd_take(&r, rd_u32le(&r));
    REQUIRE(!r.short_read, ST_TRUNCATED, "the quote ends after %zu bytes, inside a field", in.n);
    q.n_trailing = rd_left(&r);
    if (q.tee == QUOTE_SGX)
        read_enclave(q.body, &q.enclave);
    else
        read_td(q.body, &q.td);
    *out = q;
    return OK;
}

/* ---- signature data ---- */

static const char *certification_name(unsigned type)
{
    static const char *const NAMES[] = {
        [1] = "PPID in clear",
        [2] = "PPID encrypted with RSA-2048",
        [3] = "PPID encrypted with RSA-3072",
        [4] = "PCK leaf certificate alone",
        [5] = "PCK certificate chain",
        [6] = "QE report",
        [7] = "platform manifest",
    };
    return type >= 1 && type < sizeof(NAMES) / sizeof(NAMES[0]) ? NAMES[type] : "unknown";
}

/* Versions 4 and 5 wrap what version 3 has bare. */
static status unwrap(struct rd *r)
{
    uint16_t type = rd_u16le(r);
    uint32_t n = rd_u32le(r);
    REQUIRE(!r->short_read, ST_TRUNCATED, "no certification data after the attestation key");
    REQUIRE(type == CERT_QE_REPORT, ST_UNSUPPORTED,
            "certification data of type %u (%s) where type 6 (QE report) must stand", type,
            certification_name(type));
    REQUIRE(n == rd_left(r), ST_FORMAT, "QE report data of %u bytes in a room of %zu", n,
            rd_left(r));
    return OK;
}

static status read_ppid(struct quote_certification *c)
{
    REQUIRE(c->data.n == PPID_DATA_LEN || c->data.n == PPID_DATA_LONG_LEN, ST_FORMAT,
            "PPID certification data of %zu bytes", c->data.n);
    c->ppid = bytes_of(c->data.p, PPID_LEN);
    return OK;
}

static status read_pem(struct quote_certification *c)
{
    c->pem = c->data;
    if (c->pem.n > 0 && c->pem.p[c->pem.n - 1] == 0)
        c->pem.n--;
    REQUIRE(c->pem.n > 0, ST_FORMAT, "the PCK certificate chain is empty");
    return OK;
}

static status read_data(struct quote_certification *c, uint16_t type)
{
    REQUIRE(type == QUOTE_CERT_PPID || type == QUOTE_CERT_PCK_CHAIN, ST_UNSUPPORTED,
            "certification data of type %u (%s): only 1 and 5 are judged", type,
            certification_name(type));
    c->type = (enum quote_certification_type)type;
    return type == QUOTE_CERT_PPID ? read_ppid(c) : read_pem(c);
}

status quote_read_certification(const struct quote *q, struct quote_certification *out)
{
    struct quote_certification c = {0};
    struct rd r = rd_over(q->signature_data);
    c.signature = rd_take(&r, QUOTE_SIG_LEN);
    c.key = rd_take(&r, QUOTE_KEY_LEN);
    if (q->version > 3)
        TRY(unwrap(&r));
    c.qe_report = rd_take(&r, QUOTE_ENCLAVE_LEN);
    c.qe_signature = rd_take(&r, QUOTE_SIG_LEN);
    c.qe_auth = rd_take(&r, rd_u16le(&r));
    uint16_t type = rd_u16le(&r);
    c.data = rd_take(&r, rd_u32le(&r));
    TRY(status_context(rd_end(&r), "signature data"));
    read_enclave(c.qe_report, &c.qe);
    TRY(read_data(&c, type));
    *out = c;
    return OK;
}

struct bytes quote_report_data(const struct quote *q)
{
    return q->tee == QUOTE_SGX ? q->enclave.report_data : q->td.report_data;
}

bool quote_is_intel_qe(const struct quote *q)
{
    return bytes_equal(q->vendor_id, BYTES_OF(INTEL_QE));
}
