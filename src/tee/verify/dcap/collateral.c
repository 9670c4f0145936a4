#include "tee/verify/dcap/collateral.h"

#include "base/text.h"

static status read_crl(struct bytes hex, const char *what, struct buf *out)
{
    *out = BUF_MAX(COLLATERAL_CRL_MAX_BYTES);
    return status_context(hex_decode_buf(hex, out), "collateral.%s", what);
}

static status read_chain(struct bytes pem, const char *what, struct cert_list *out)
{
    return status_context(cert_list_read(pem, out), "collateral.%s", what);
}

static status read_all(struct collateral *c)
{
    struct json_obj o = json_obj_of(json_root(c->doc), "collateral");
    c->tcb_info = json_text(&o, "tcb_info", true);
    c->qe_identity = json_text(&o, "qe_identity", true);
    (void)json_hex(&o, "tcb_info_signature", true, c->tcb_info_signature, COLLATERAL_SIG_LEN);
    (void)json_hex(&o, "qe_identity_signature", true, c->qe_identity_signature, COLLATERAL_SIG_LEN);
    struct bytes tcb_chain = json_text(&o, "tcb_info_issuer_chain", true);
    struct bytes qe_chain = json_text(&o, "qe_identity_issuer_chain", true);
    struct bytes root_crl = json_text(&o, "root_ca_crl", true);
    struct bytes pck_crl = json_text(&o, "pck_crl", true);
    struct bytes pck_chain = json_text(&o, "pck_certificate_chain", false);
    (void)json_text(&o, "pck_crl_issuer_chain", false);
    TRY(json_obj_end(&o));
    TRY(read_chain(tcb_chain, "tcb_info_issuer_chain", &c->tcb_info_chain));
    TRY(read_chain(qe_chain, "qe_identity_issuer_chain", &c->qe_identity_chain));
    TRY(read_chain(pck_chain, "pck_certificate_chain", &c->pck_chain));
    TRY(read_crl(root_crl, "root_ca_crl", &c->root_crl));
    return read_crl(pck_crl, "pck_crl", &c->pck_crl);
}

status collateral_parse(struct bytes json, struct collateral *out)
{
    *out = (struct collateral){0};
    TRY(json_parse(json, COLLATERAL_MAX_BYTES, &out->doc));
    status s = read_all(out);
    if (failed(s))
        collateral_done(out);
    return s;
}

void collateral_done(struct collateral *c)
{
    json_doc_freep(&c->doc);
    cert_list_done(&c->tcb_info_chain);
    cert_list_done(&c->qe_identity_chain);
    cert_list_done(&c->pck_chain);
    buf_done(&c->root_crl);
    buf_done(&c->pck_crl);
    *c = (struct collateral){0};
}
