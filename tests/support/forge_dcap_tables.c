/* The collateral of forge_dcap: Intel's tables as JSON, signed, with their chains and CRLs. */
#include "support/forge_dcap.h"

#include <stdio.h>

#include "base/text.h"
#include "formats/json.h"
#include "formats/pem.h"

enum { ROOM = 1 << 16 };

static void write_components(struct json_w *w, const char *key, const uint8_t svn[static 16])
{
    json_w_open(w, key, '[');
    for (size_t i = 0; i < 16; i++) {
        json_w_open(w, NULL, '{');
        json_w_int(w, "svn", svn[i]);
        json_w_close(w, '}');
    }
    json_w_close(w, ']');
}

static void write_components_2(struct json_w *w, const uint8_t svn[static 16])
{
    for (unsigned i = 0; i < 16; i++) {
        char key[20];
        (void)snprintf(key, sizeof(key), "sgxtcbcomp%02usvn", i + 1);
        json_w_int(w, key, svn[i]);
    }
}

static void write_word(struct json_w *w, const char *status_name, const char *advisories)
{
    json_w_str(w, "tcbDate", "2024-03-13T00:00:00Z");
    json_w_str(w, "tcbStatus", status_name);
    if (advisories == NULL)
        return;
    json_w_open(w, "advisoryIDs", '[');
    buf_put_str(w->out, advisories);
    json_w_close(w, ']');
}

static void write_level(struct json_w *w, const struct forge_dcap *f,
                        const struct forge_dcap_level *level)
{
    json_w_open(w, NULL, '{');
    json_w_open(w, "tcb", '{');
    if (f->tcb_version == 2)
        write_components_2(w, level->sgx);
    else
        write_components(w, "sgxtcbcomponents", level->sgx);
    if (f->tcb_tee == QUOTE_TDX)
        write_components(w, "tdxtcbcomponents", level->tdx);
    json_w_int(w, "pcesvn", level->pcesvn);
    json_w_close(w, '}');
    write_word(w, level->status, level->advisories);
    json_w_close(w, '}');
}

static void write_part_levels(struct json_w *w, const struct forge_dcap_part *part)
{
    json_w_open(w, "tcbLevels", '[');
    json_w_open(w, NULL, '{');
    json_w_open(w, "tcb", '{');
    json_w_int(w, "isvsvn", part->isvsvn);
    json_w_close(w, '}');
    write_word(w, part->status, part->advisories);
    json_w_close(w, '}');
    json_w_close(w, ']');
}

static void write_module_identity(struct json_w *w, const struct forge_dcap *f)
{
    static const uint8_t mask[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    json_w_hex(w, "mrsigner", BYTES_OF(f->module_mrsigner));
    json_w_hex(w, "attributes", BYTES_OF(f->module_attributes));
    json_w_hex(w, "attributesMask", BYTES_OF(mask));
}

static void write_modules(struct json_w *w, const struct forge_dcap *f)
{
    json_w_open(w, "tdxModule", '{');
    write_module_identity(w, f);
    json_w_close(w, '}');
    if (f->module_id == NULL)
        return;
    json_w_open(w, "tdxModuleIdentities", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "id", f->module_id);
    write_module_identity(w, f);
    write_part_levels(w, &f->module_level);
    json_w_close(w, '}');
    json_w_close(w, ']');
}

struct buf forge_dcap_tcb_info(const struct forge_dcap *f)
{
    struct buf out = BUF_MAX(ROOM);
    struct json_w w = {.out = &out};
    json_w_open(&w, NULL, '{');
    if (f->tcb_version != 2)
        json_w_str(&w, "id", f->tcb_tee == QUOTE_TDX ? "TDX" : "SGX");
    json_w_int(&w, "version", f->tcb_version);
    json_w_str(&w, "issueDate", f->tcb_issue);
    json_w_str(&w, "nextUpdate", f->tcb_next);
    json_w_hex(&w, "fmspc", BYTES_OF(f->tcb_fmspc));
    json_w_hex(&w, "pceId", BYTES_OF(f->tcb_pceid));
    json_w_int(&w, "tcbType", 0);
    json_w_int(&w, "tcbEvaluationDataNumber", f->tcb_evaluation);
    if (f->tcb_tee == QUOTE_TDX)
        write_modules(&w, f);
    json_w_open(&w, "tcbLevels", '[');
    for (size_t i = 0; i < f->n_levels; i++)
        write_level(&w, f, &f->levels[i]);
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    return out;
}

struct buf forge_dcap_qe_identity(const struct forge_dcap *f)
{
    static const uint8_t ones[16] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t attributes_mask[16] = {0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct buf out = BUF_MAX(ROOM);
    struct json_w w = {.out = &out};
    json_w_open(&w, NULL, '{');
    json_w_str(&w, "id", f->tcb_tee == QUOTE_TDX ? "TD_QE" : "QE");
    json_w_int(&w, "version", 2);
    json_w_str(&w, "issueDate", f->qe_issue);
    json_w_str(&w, "nextUpdate", f->qe_next);
    json_w_int(&w, "tcbEvaluationDataNumber", f->qe_evaluation);
    json_w_hex(&w, "miscselect", BYTES_OF(f->qe_miscselect));
    json_w_hex(&w, "miscselectMask", bytes_of(ones, 4));
    json_w_hex(&w, "attributes", BYTES_OF(f->qe_attributes));
    json_w_hex(&w, "attributesMask", BYTES_OF(attributes_mask));
    json_w_hex(&w, "mrsigner", BYTES_OF(f->qe_mrsigner));
    json_w_int(&w, "isvprodid", f->qe_isvprodid);
    write_part_levels(&w, &f->qe_level);
    json_w_close(&w, '}');
    return out;
}

static void write_signature(struct json_w *w, const char *key, const struct ecdsa_secret *signer,
                            struct bytes text)
{
    uint8_t sig[ECDSA_SIG_MAX];
    assert_ok(ecdsa_sign(signer, text, sig));
    json_w_hex(w, key, bytes_of(sig, QUOTE_SIG_LEN));
}

static void write_table(struct json_w *w, const char *key, const char *sig_key, struct bytes text,
                        const struct ecdsa_secret *signer)
{
    json_w_text(w, key, text);
    write_signature(w, sig_key, signer, text);
}

static void write_crl(struct json_w *w, const char *key, const struct x509_crl_request *request)
{
    struct buf der CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_ok(x509_issue_crl(request, &der));
    json_w_hex(w, key, buf_view(&der));
}

static struct buf issuer_chain(const struct forge_dcap *f, struct bytes leaf, struct bytes root)
{
    struct buf out = BUF_MAX(ROOM);
    pem_put(&out, "CERTIFICATE", leaf.n > 0 ? leaf : buf_view(&f->certs[FORGE_DCAP_TCB].der));
    pem_put(&out, "CERTIFICATE", root.n > 0 ? root : buf_view(&f->certs[FORGE_DCAP_ROOT].der));
    return out;
}

struct buf forge_dcap_collateral(const struct forge_dcap *f)
{
    struct buf tcb CLEANUP(buf_done) = forge_dcap_tcb_info(f);
    struct buf qe CLEANUP(buf_done) = forge_dcap_qe_identity(f);
    struct buf tcb_chain CLEANUP(buf_done) = issuer_chain(f, f->tcb_chain_leaf, f->tcb_chain_root);
    struct buf qe_chain CLEANUP(buf_done) = issuer_chain(f, f->qe_chain_leaf, f->qe_chain_root);
    const struct ecdsa_secret *key = f->certs[FORGE_DCAP_TCB].key;
    struct buf out = BUF_MAX(ROOM);
    struct json_w w = {.out = &out};
    json_w_open(&w, NULL, '{');
    write_crl(&w, "root_ca_crl", &f->root_crl);
    write_crl(&w, "pck_crl", &f->pck_crl);
    json_w_text(&w, "tcb_info_issuer_chain", buf_view(&tcb_chain));
    json_w_text(&w, "qe_identity_issuer_chain", buf_view(&qe_chain));
    write_table(&w, "tcb_info", "tcb_info_signature",
                f->tcb_text ? bytes_str(f->tcb_text) : buf_view(&tcb),
                f->tcb_signer ? f->tcb_signer : key);
    write_table(&w, "qe_identity", "qe_identity_signature",
                f->qe_text ? bytes_str(f->qe_text) : buf_view(&qe),
                f->qe_id_signer ? f->qe_id_signer : key);
    json_w_close(&w, '}');
    assert_ok(buf_status(&out));
    return out;
}
