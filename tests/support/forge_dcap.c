#include "support/forge_dcap.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "formats/pem.h"
#include "tee/verify/dcap/pck.h"

enum { ROOM = 1 << 16 };

static const uint8_t INTEL_QE[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                     0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static const char *const NAMES[FORGE_DCAP_CERTS] = {
    "Intel SGX Root CA",
    "Intel SGX PCK Platform CA",
    "Intel SGX PCK Certificate",
    "Intel SGX TCB Signing",
};

/* ---- certificates ---- */

static void put_item(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    if (content.n < 128) {
        buf_put_u8(out, (uint8_t)content.n);
    } else if (content.n < 256) {
        buf_put_u8(out, 0x81);
        buf_put_u8(out, (uint8_t)content.n);
    } else {
        buf_put_u8(out, 0x82);
        buf_put_u16be(out, (uint16_t)content.n);
    }
    buf_put(out, content);
}

/* SEQUENCE { 1.2.840.113741.1.13.1 arcs, value } */
static void put_field(struct buf *out, struct bytes arcs, uint8_t tag, struct bytes value)
{
    static const uint8_t PREFIX[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    struct buf field CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf oid CLEANUP(buf_done) = BUF_MAX(ROOM);
    buf_put(&oid, BYTES_OF(PREFIX));
    buf_put(&oid, arcs);
    put_item(&field, 0x06, buf_view(&oid));
    put_item(&field, tag, value);
    put_item(out, 0x30, buf_view(&field));
}

static void put_svn(struct buf *out, uint8_t n, uint16_t v)
{
    const uint8_t arcs[] = {2, n};
    const uint8_t wide[] = {0, (uint8_t)(v >> 8), (uint8_t)v};
    size_t skip = v > 0x7fff ? 0 : v > 0xff || (v & 0x80) != 0 ? 1 : 2;
    put_field(out, BYTES_OF(arcs), 0x02, bytes_of(wide + skip, sizeof(wide) - skip));
}

static void put_tcb(struct buf *out, const struct forge_dcap *f)
{
    struct buf tcb CLEANUP(buf_done) = BUF_MAX(ROOM);
    const uint8_t cpusvn[] = {2, 18}, arc = 2;
    for (uint8_t i = 1; i <= 17; i++) {
        if (i != f->omitted_field)
            put_svn(&tcb, i, i == 17 ? f->pcesvn : f->svn[i - 1]);
    }
    if (f->omitted_field != 18)
        put_field(&tcb, BYTES_OF(cpusvn), 0x04, BYTES_OF(f->cpusvn));
    put_field(out, bytes_of(&arc, 1), 0x30, buf_view(&tcb));
}

struct buf forge_dcap_pck_extension(const struct forge_dcap *f)
{
    struct buf fields CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf out = BUF_MAX(ROOM);
    const uint8_t arcs[] = {1, 2, 3, 4, 5}, scalable = 1;
    put_field(&fields, bytes_of(&arcs[0], 1), 0x04, BYTES_OF(f->ppid));
    put_tcb(&fields, f);
    put_field(&fields, bytes_of(&arcs[2], 1), 0x04, BYTES_OF(f->pceid));
    put_field(&fields, bytes_of(&arcs[3], 1), 0x04, BYTES_OF(f->fmspc));
    put_field(&fields, bytes_of(&arcs[4], 1), 0x0a, bytes_of(&scalable, 1));
    put_item(&out, 0x30, buf_view(&fields));
    assert_ok(buf_status(&out));
    return out;
}

static void issue_one(struct forge_dcap_identity *c)
{
    buf_clear(&c->der);
    assert_ok(x509_issue(&c->request, &c->der));
}

void forge_dcap_issue_pck(struct forge_dcap *f)
{
    struct buf extension CLEANUP(buf_done) = forge_dcap_pck_extension(f);
    struct x509_extra extra = {.oid = PCK_EXTENSION_OID, .value = buf_view(&extension)};
    struct forge_dcap_identity *c = &f->certs[FORGE_DCAP_PCK];
    c->request.extras = &extra;
    c->request.n_extras = f->omitted_field >= 0;
    issue_one(c);
    c->request.extras = NULL;
    c->request.n_extras = 0;
}

void forge_dcap_issue(struct forge_dcap *f)
{
    issue_one(&f->certs[FORGE_DCAP_ROOT]);
    issue_one(&f->certs[FORGE_DCAP_CA]);
    issue_one(&f->certs[FORGE_DCAP_TCB]);
    forge_dcap_issue_pck(f);
}

static void init_certs(struct forge_dcap *f)
{
    for (size_t i = 0; i < FORGE_DCAP_CERTS; i++) {
        assert_ok(ecdsa_generate(ECDSA_ES256, &f->certs[i].key));
        f->certs[i].der = BUF_MAX(ROOM);
    }
    for (size_t i = 0; i < FORGE_DCAP_CERTS; i++) {
        size_t issuer = i == FORGE_DCAP_PCK ? FORGE_DCAP_CA : FORGE_DCAP_ROOT;
        f->certs[i].request = (struct x509_request){
            .common_name = NAMES[i],
            .issuer_name = NAMES[issuer],
            .is_ca = i == FORGE_DCAP_ROOT || i == FORGE_DCAP_CA,
            .path_len = i == FORGE_DCAP_CA ? 0 : -1,
            .not_before_unix_s = FORGE_DCAP_NOW - 86400,
            .not_after_unix_s = FORGE_DCAP_NOW + 86400,
            .subject_key = f->certs[i].key,
            .issuer_key = f->certs[issuer].key,
        };
    }
}

static struct x509_crl_request crl_of(const struct forge_dcap *f, enum forge_dcap_cert issuer)
{
    return (struct x509_crl_request){
        .issuer_name = NAMES[issuer],
        .this_update_unix_s = FORGE_DCAP_NOW - 3600,
        .next_update_unix_s = FORGE_DCAP_NOW + 3600,
        .issuer_key = f->certs[issuer].key,
    };
}

/* ---- defaults ---- */

static void init_td(struct forge_dcap *f)
{
    static const uint8_t svn[] = {5, 1, 2}, attributes[] = {0, 0, 0, 0x10},
                         xfam[] = {0xe7, 0x02, 0x06};
    memcpy(f->body + FORGE_TD_TCB_SVN, svn, sizeof(svn));
    memcpy(f->body + FORGE_TD_TCB_SVN_2, svn, sizeof(svn));
    memset(f->body + FORGE_TD_MRSEAM, 0x11, 48);
    memcpy(f->body + FORGE_TD_ATTRIBUTES, attributes, sizeof(attributes));
    memcpy(f->body + FORGE_TD_XFAM, xfam, sizeof(xfam));
    memset(f->body + FORGE_TD_MRTD, 0xa0, 48);
    for (int i = 0; i < QUOTE_RTMRS; i++)
        memset(f->body + FORGE_TD_RTMR0 + 48 * i, 0xb0 + i, 48);
    memset(f->body + FORGE_TD_REPORT_DATA, 0x5a, QUOTE_REPORT_DATA_LEN);
}

static void init_enclave(uint8_t *report, uint8_t fill, uint8_t isvprodid, uint8_t isvsvn)
{
    report[FORGE_SGX_ATTRIBUTES] = 0x05;
    report[FORGE_SGX_ATTRIBUTES + 8] = 0xe7;
    memset(report + FORGE_SGX_MRENCLAVE, fill, 32);
    memset(report + FORGE_SGX_MRSIGNER, fill + 1, 32);
    report[FORGE_SGX_ISVPRODID] = isvprodid;
    report[FORGE_SGX_ISVSVN] = isvsvn;
    memset(report + FORGE_SGX_REPORT_DATA, 0x5a, QUOTE_REPORT_DATA_LEN);
}

static void init_tables(struct forge_dcap *f)
{
    f->tcb_tee = f->tee;
    f->tcb_version = 3;
    f->tcb_issue = f->qe_issue = FORGE_DCAP_ISSUE;
    f->tcb_next = f->qe_next = FORGE_DCAP_NEXT;
    f->tcb_evaluation = f->qe_evaluation = 17;
    memcpy(f->tcb_fmspc, f->fmspc, sizeof(f->fmspc));
    f->n_levels = 2;
    f->levels[0] = (struct forge_dcap_level){.pcesvn = 11, .status = "UpToDate"};
    f->levels[1] = (struct forge_dcap_level){
        .pcesvn = 5, .status = "OutOfDate", .advisories = "\"INTEL-SA-00837\""};
    memset(f->levels[0].sgx, 3, 4);
    memset(f->levels[1].sgx, 2, 4);
    f->levels[0].tdx[0] = f->levels[1].tdx[0] = 4;
    f->levels[0].tdx[2] = 2;
    f->module_id = "TDX_01";
    f->module_level = (struct forge_dcap_part){4, "UpToDate", NULL};
    f->qe_level = (struct forge_dcap_part){4, "UpToDate", NULL};
    memset(f->qe_mrsigner, 0xd1, sizeof(f->qe_mrsigner));
    f->qe_attributes[0] = 0x01;
    f->qe_isvprodid = 2;
}

void forge_dcap_init(struct forge_dcap *f, enum quote_tee tee)
{
    *f = (struct forge_dcap){.tee = tee, .key_type = 2, .outer_type = 6, .cert_type = 5};
    f->version = tee == QUOTE_TDX ? 4 : 3;
    f->body_type = tee == QUOTE_TDX ? QUOTE_BODY_TD15 : QUOTE_BODY_ENCLAVE;
    memcpy(f->vendor, INTEL_QE, sizeof(f->vendor));
    memset(f->ppid, 0x77, sizeof(f->ppid));
    memset(f->fmspc, 0x90, 2);
    memset(f->svn, 3, 4);
    memset(f->cpusvn, 3, 4);
    f->pcesvn = 11;
    if (tee == QUOTE_TDX)
        init_td(f);
    else
        init_enclave(f->body, 0xe0, 7, 3);
    init_enclave(f->qe_report, 0xd0, 2, 6);
    init_tables(f);
    init_certs(f);
    assert_ok(ecdsa_generate(ECDSA_ES256, &f->attestation_key));
    f->root_crl = crl_of(f, FORGE_DCAP_ROOT);
    f->pck_crl = crl_of(f, FORGE_DCAP_CA);
    forge_dcap_issue(f);
}

void forge_dcap_done(struct forge_dcap *f)
{
    for (size_t i = 0; i < FORGE_DCAP_CERTS; i++) {
        ecdsa_secret_freep(&f->certs[i].key);
        buf_done(&f->certs[i].der);
    }
    ecdsa_secret_freep(&f->attestation_key);
}

struct bytes forge_dcap_root(const struct forge_dcap *f)
{
    return buf_view(&f->certs[FORGE_DCAP_ROOT].der);
}

/* ---- the quote ---- */

static void put_u16le(struct buf *out, uint16_t v)
{
    buf_put_u8(out, (uint8_t)v);
    buf_put_u8(out, (uint8_t)(v >> 8));
}

static void put_u32le(struct buf *out, size_t v)
{
    put_u16le(out, (uint16_t)v);
    put_u16le(out, (uint16_t)(v >> 16));
}

static void sign(const struct ecdsa_secret *key, struct bytes message, struct buf *out)
{
    uint8_t sig[ECDSA_SIG_MAX];
    assert_ok(ecdsa_sign(key, message, sig));
    buf_put(out, bytes_of(sig, QUOTE_SIG_LEN));
}

static struct bytes body_of(const struct forge_dcap *f)
{
    if (f->tee == QUOTE_SGX)
        return bytes_of(f->body, QUOTE_ENCLAVE_LEN);
    bool is_long = f->version == 5 && f->body_type == QUOTE_BODY_TD15;
    return bytes_of(f->body, is_long ? QUOTE_TD15_LEN : QUOTE_TD10_LEN);
}

static void put_signed_part(const struct forge_dcap *f, struct buf *out)
{
    static const uint8_t zero[20] = {0};
    struct bytes body = body_of(f);
    put_u16le(out, f->version);
    put_u16le(out, f->key_type);
    put_u32le(out, (size_t)f->tee);
    buf_put(out, bytes_of(zero, 4));
    buf_put(out, BYTES_OF(f->vendor));
    buf_put(out, bytes_of(zero, 20));
    if (f->version == 5) {
        put_u16le(out, f->body_type);
        put_u32le(out, body.n);
    }
    buf_put(out, body);
}

/* The attestation key as x || y: the end of its SubjectPublicKeyInfo. */
static struct bytes key_point(const struct forge_dcap *f, struct buf *spki)
{
    assert_ok(ecdsa_public_spki(f->attestation_key, spki));
    return bytes_of(spki->p + spki->n - QUOTE_KEY_LEN, QUOTE_KEY_LEN);
}

static void fill_qe_report(const struct forge_dcap *f, struct bytes key, struct bytes auth,
                           uint8_t report[static QUOTE_ENCLAVE_LEN])
{
    struct bytes parts[] = {key, auth};
    memcpy(report, f->qe_report, QUOTE_ENCLAVE_LEN);
    if (f->keeps_qe_report_data)
        return;
    memset(report + FORGE_SGX_REPORT_DATA, 0, QUOTE_REPORT_DATA_LEN);
    assert_ok(hash_parts(HASH_SHA256, parts, 2, report + FORGE_SGX_REPORT_DATA));
}

static void put_cert_data(const struct forge_dcap *f, struct buf *out)
{
    struct buf data CLEANUP(buf_done) = BUF_MAX(ROOM);
    if (f->cert_type == QUOTE_CERT_PPID) {
        static const uint8_t svns[18] = {0};
        buf_put(&data, BYTES_OF(f->ppid));
        buf_put(&data, BYTES_OF(svns));
    } else {
        data = forge_dcap_chain(f);
        buf_put_u8(&data, 0);
    }
    put_u16le(out, f->cert_type);
    put_u32le(out, data.n);
    buf_put(out, buf_view(&data));
}

static void put_certification(const struct forge_dcap *f, struct bytes key, struct buf *out)
{
    uint8_t auth[32], report[QUOTE_ENCLAVE_LEN];
    struct buf inner CLEANUP(buf_done) = BUF_MAX(ROOM);
    memset(auth, 0x0a, sizeof(auth));
    fill_qe_report(f, key, BYTES_OF(auth), report);
    buf_put(&inner, BYTES_OF(report));
    sign(f->qe_signer ? f->qe_signer : f->certs[FORGE_DCAP_PCK].key, BYTES_OF(report), &inner);
    put_u16le(&inner, sizeof(auth));
    buf_put(&inner, BYTES_OF(auth));
    put_cert_data(f, &inner);
    if (f->version > 3) {
        put_u16le(out, f->outer_type);
        put_u32le(out, inner.n);
    }
    buf_put(out, buf_view(&inner));
}

struct buf forge_dcap_quote(const struct forge_dcap *f)
{
    struct buf out = BUF_MAX(ROOM);
    struct buf signature CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct bytes key = key_point(f, &spki);
    put_signed_part(f, &out);
    sign(f->attestation_key, buf_view(&out), &signature);
    buf_put(&signature, key);
    put_certification(f, key, &signature);
    put_u32le(&out, signature.n);
    buf_put(&out, buf_view(&signature));
    buf_put(&out, f->trailing);
    assert_ok(buf_status(&out));
    return out;
}

struct buf forge_dcap_chain(const struct forge_dcap *f)
{
    struct buf out = BUF_MAX(ROOM);
    pem_put(&out, "CERTIFICATE", buf_view(&f->certs[FORGE_DCAP_PCK].der));
    pem_put(&out, "CERTIFICATE", buf_view(&f->certs[FORGE_DCAP_CA].der));
    pem_put(&out, "CERTIFICATE", buf_view(&f->certs[FORGE_DCAP_ROOT].der));
    return out;
}
