#include "base/text.h"
#include "crypto/x509.h"
#include "formats/pem.h"
#include "tee/verify/dcap/collateral.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/dcap/pck.h"

/* What a file turned out to be: views into the files, or what was decoded from them. */
struct parts {
    struct bytes whole; /* a file in the merged form */
    struct bytes tcb_info, tcb_info_signature, qe_identity, qe_identity_signature;
    struct buf tcb_chain, pck_chain, pck_leaf; /* PEM */
    struct buf root_crl, pck_crl;              /* DER */
    size_t n_kinds;
};

static void parts_done(struct parts *p)
{
    buf_done(&p->tcb_chain);
    buf_done(&p->pck_chain);
    buf_done(&p->pck_leaf);
    buf_done(&p->root_crl);
    buf_done(&p->pck_crl);
}

/* ---- JSON: the exact text of one member ---- */

static void skip_space(struct rd *r)
{
    while (rd_left(r) > 0 && memchr(" \t\r\n", r->in.p[r->at], 4) != NULL)
        r->at++;
}

/* One value of a document that has been parsed: strings and brackets tell where it ends. */
static struct bytes take_value(struct rd *r)
{
    size_t from = r->at;
    size_t depth = 0;
    bool in_text = false;
    while (rd_left(r) > 0) {
        uint8_t c = r->in.p[r->at];
        if (!in_text && depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':'))
            break;
        r->at++;
        if (in_text && c == '\\')
            r->at += rd_left(r) > 0;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']'))
            depth--;
    }
    size_t to = r->at;
    while (to > from && memchr(" \t\r\n", r->in.p[to - 1], 4) != NULL)
        to--;
    return bytes_of(r->in.p + from, to - from);
}

struct bytes collateral_member(struct bytes json, const char *quoted_key)
{
    struct rd r = rd_over(json);
    skip_space(&r);
    (void)rd_u8(&r); /* { */
    while (rd_left(&r) > 0) {
        skip_space(&r);
        struct bytes key = take_value(&r);
        (void)rd_u8(&r); /* : */
        skip_space(&r);
        struct bytes value = take_value(&r);
        if (bytes_equal(key, bytes_str(quoted_key)))
            return value;
        (void)rd_u8(&r); /* , */
    }
    return (struct bytes){0};
}

static status keep(struct bytes *slot, struct bytes value, const char *what)
{
    REQUIRE(slot->p == NULL, ST_FORMAT, "a second %s", what);
    REQUIRE(value.p != NULL, ST_FORMAT, "no text of %s", what);
    *slot = value;
    return OK;
}

/* "signature" is hexadecimal, so its text needs no unescaping. */
static struct bytes unquoted(struct bytes text)
{
    return text.n >= 2 ? bytes_of(text.p + 1, text.n - 2) : (struct bytes){0};
}

static status add_signed(struct parts *p, struct bytes json, struct json_obj *o)
{
    struct bytes signature = unquoted(collateral_member(json, "\"signature\""));
    bool is_tcb = json_has(o, "tcbInfo");
    bool is_qe = json_has(o, "enclaveIdentity");
    (void)json_text(o, "signature", true);
    TRY(json_obj_end(o));
    REQUIRE(is_tcb != is_qe, ST_FORMAT, "neither tcbInfo nor enclaveIdentity");
    if (is_tcb) {
        TRY(keep(&p->tcb_info, collateral_member(json, "\"tcbInfo\""), "tcbInfo"));
        return keep(&p->tcb_info_signature, signature, "tcbInfo signature");
    }
    TRY(keep(&p->qe_identity, collateral_member(json, "\"enclaveIdentity\""), "enclaveIdentity"));
    return keep(&p->qe_identity_signature, signature, "enclaveIdentity signature");
}

static status add_json(struct parts *p, struct bytes json)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(json_parse(json, COLLATERAL_MAX_BYTES, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "file");
    if (json_has(&o, "tcb_info"))
        return keep(&p->whole, json, "file in the merged form");
    return add_signed(p, json, &o);
}

/* ---- certificates and CRLs ---- */

static status put_pem(struct buf *slot, const struct cert_list *list, const char *what)
{
    REQUIRE(slot->n == 0, ST_FORMAT, "a second %s", what);
    for (size_t i = 0; i < list->n; i++)
        pem_put(slot, "CERTIFICATE", list->der[i]);
    return buf_status(slot);
}

static bool is_root(struct bytes der)
{
    struct x509_fields f;
    return ok(x509_read(der, &f)) && bytes_equal(f.issuer, f.subject);
}

/* By its first certificate: a PCK leaf has the SGX extension; a chain's leaf tells the rest. The
 * root by itself says nothing that is not known. */
static status add_certificates(struct parts *p, const struct cert_list *list)
{
    struct bytes cn, extension;
    REQUIRE(list->n > 0, ST_FORMAT, "no certificate in it");
    if (list->n == 1 && is_root(list->der[0]))
        return OK;
    if (ok(x509_extension(list->der[0], PCK_EXTENSION_OID, &extension)) && list->n == 1)
        return put_pem(&p->pck_leaf, list, "PCK certificate");
    TRY(x509_subject_cn(list->der[0], &cn));
    if (bytes_equal(cn, BYTES_LIT("Intel SGX TCB Signing")))
        return put_pem(&p->tcb_chain, list, "TCB signing chain");
    return put_pem(&p->pck_chain, list, "PCK chain");
}

/* The CRL of the root is the one whose issuer has the root's name. */
static status add_crl(struct parts *p, struct bytes der)
{
    struct x509_crl crl;
    struct x509_fields root;
    TRY(x509_read_crl(der, &crl));
    TRY(x509_read(dcap_root(), &root));
    bool is_root_crl = bytes_equal(crl.issuer, root.subject);
    struct buf *slot = is_root_crl ? &p->root_crl : &p->pck_crl;
    REQUIRE(slot->n == 0, ST_FORMAT, "a second CRL of %s", is_root_crl ? "the root" : "a PCK CA");
    buf_put(slot, der);
    return buf_status(slot);
}

static status add_other(struct parts *p, struct bytes content)
{
    struct cert_list list CLEANUP(cert_list_done) = {0};
    struct x509_crl crl;
    if (ok(cert_list_read_crls(content, &list)) && list.n == 1 &&
        ok(x509_read_crl(list.der[0], &crl)))
        return add_crl(p, list.der[0]);
    cert_list_done(&list);
    TRY(cert_list_read(content, &list));
    return add_certificates(p, &list);
}

static status add_file(struct parts *p, struct bytes content)
{
    struct rd r = rd_over(content);
    REQUIRE(content.n <= COLLATERAL_MAX_BYTES, ST_LIMIT, "%zu bytes, at most %d", content.n,
            COLLATERAL_MAX_BYTES);
    skip_space(&r);
    return rd_left(&r) > 0 && content.p[r.at] == '{' ? add_json(p, content) : add_other(p, content);
}

/* ---- the merged form ---- */

static status require_all(const struct parts *p)
{
    const struct {
        bool is_there;
        const char *what;
    } needs[] = {
        {p->tcb_info.p != NULL, "tcbInfo"},        {p->qe_identity.p != NULL, "enclaveIdentity"},
        {p->tcb_chain.n > 0, "TCB signing chain"}, {p->root_crl.n > 0, "CRL of the root"},
        {p->pck_crl.n > 0, "CRL of the PCK CA"},
    };
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        REQUIRE(needs[i].is_there, ST_FORMAT, "the collateral lacks its %s", needs[i].what);
    return OK;
}

static void put_chain(struct json_w *w, const struct parts *p, struct buf *scratch)
{
    if (p->pck_chain.n > 0)
        json_w_text(w, "pck_crl_issuer_chain", buf_view(&p->pck_chain));
    if (p->pck_leaf.n == 0 || p->pck_chain.n == 0)
        return;
    buf_put(scratch, buf_view(&p->pck_leaf));
    buf_put(scratch, buf_view(&p->pck_chain));
    json_w_text(w, "pck_certificate_chain", buf_view(scratch));
}

static status write_merged(const struct parts *p, struct buf *out)
{
    struct buf scratch CLEANUP(buf_done) = BUF_MAX(COLLATERAL_MAX_BYTES);
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    put_chain(&w, p, &scratch);
    json_w_hex(&w, "root_ca_crl", buf_view(&p->root_crl));
    json_w_hex(&w, "pck_crl", buf_view(&p->pck_crl));
    json_w_text(&w, "tcb_info_issuer_chain", buf_view(&p->tcb_chain));
    json_w_text(&w, "tcb_info", p->tcb_info);
    json_w_text(&w, "tcb_info_signature", p->tcb_info_signature);
    json_w_text(&w, "qe_identity_issuer_chain", buf_view(&p->tcb_chain));
    json_w_text(&w, "qe_identity", p->qe_identity);
    json_w_text(&w, "qe_identity_signature", p->qe_identity_signature);
    json_w_close(&w, '}');
    TRY(buf_status(&scratch));
    return buf_status(out);
}

status collateral_merge(const struct collateral_file *files, size_t n_files, struct buf *out_json)
{
    struct parts p CLEANUP(parts_done) = {
        .tcb_chain = BUF_MAX(COLLATERAL_MAX_BYTES),
        .pck_chain = BUF_MAX(COLLATERAL_MAX_BYTES),
        .pck_leaf = BUF_MAX(COLLATERAL_MAX_BYTES),
        .root_crl = BUF_MAX(COLLATERAL_CRL_MAX_BYTES),
        .pck_crl = BUF_MAX(COLLATERAL_CRL_MAX_BYTES),
    };
    REQUIRE(n_files > 0 && n_files <= COLLATERAL_FILES_MAX, ST_LIMIT,
            "%zu files of collateral, 1 to %d are read", n_files, COLLATERAL_FILES_MAX);
    for (size_t i = 0; i < n_files; i++)
        TRY(status_context(add_file(&p, files[i].content), "%s", files[i].name));
    if (p.whole.p != NULL) {
        REQUIRE(n_files == 1, ST_FORMAT, "a whole collateral beside further files");
        buf_put(out_json, p.whole);
        return buf_status(out_json);
    }
    TRY(require_all(&p));
    return write_merged(&p, out_json);
}
