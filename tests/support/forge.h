/* forge - makes evidence of the NSM's form with any one thing wrong, under a root of its own.
 *
 * A test edits the plain data, then calls forge_sign(); the policy in forge_policy() accepts what
 * an unedited forge makes, as simulated evidence. Header only: static functions, one user each.
 */
#ifndef SUPPORT_FORGE_H
#define SUPPORT_FORGE_H

#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/x509_issue.h"
#include "tee/sim/sim_document.h"
#include "tee/verify/evidence.h"

#define FORGE_NOW     INT64_C(1750000000)
#define FORGE_SERVICE "forge.service"

enum { FORGE_CERTS = 5 }; /* root, region, zone, instance, enclave: as AWS issues them */

struct forge_cert {
    const char *name;
    struct x509_request request;
    struct ecdsa_secret *key;
    struct buf der;
};

struct forge {
    struct forge_cert certs[FORGE_CERTS];
    struct statement statement;
    struct measurements measurements;
    struct sim_document document; /* fields filled by forge_fill() */
    struct bytes cabundle[FORGE_CERTS];
    struct buf user_data;
    uint8_t root_sha256[32];
};

static inline void forge_issue(struct forge *f)
{
    for (size_t i = 0; i < FORGE_CERTS; i++) {
        struct forge_cert *c = &f->certs[i];
        c->request.subject_key = c->key;
        if (c->request.issuer_key == NULL)
            c->request.issuer_key = f->certs[i ? i - 1 : 0].key;
        buf_clear(&c->der);
        assert_ok(x509_issue(&c->request, &c->der));
    }
    assert_ok(sha256(buf_view(&f->certs[0].der), f->root_sha256));
}

static inline void forge_init(struct forge *f)
{
    static const char *const names[FORGE_CERTS] = {"forge root", "forge region", "forge zone",
                                                   "forge instance", "forge enclave"};
    *f = (struct forge){.user_data = BUF_MAX(1 << 14)};
    for (int i = 0; i < FORGE_CERTS; i++) {
        struct forge_cert *c = &f->certs[i];
        c->name = names[i];
        c->der = BUF_MAX(1 << 14);
        assert_ok(ecdsa_generate(ECDSA_ES384, &c->key));
        c->request = (struct x509_request){
            .common_name = names[i],
            .issuer_name = names[i ? i - 1 : 0],
            .is_ca = i<FORGE_CERTS - 1, .path_len = i> 0 && i < FORGE_CERTS - 1
                         ? FORGE_CERTS - 2 - i
                         : -1,
            .not_before_unix_s = FORGE_NOW - 3600,
            .not_after_unix_s = FORGE_NOW + 3600,
            .crl_url = i == 1 || i == 2 ? "http://crl.invalid/x.crl" : NULL,
        };
    }
    forge_issue(f);
    f->statement = (struct statement){
        .platform = BYTES_LIT("simulated"),
        .service = BYTES_LIT(FORGE_SERVICE),
    };
    memset(f->statement.nonce, 0x11, 32);
    memset(f->statement.identity_key, 0x22, 32);
    memset(f->statement.receipt_key, 0x33, 32);
    memset(f->statement.config_digest, 0x44, 32);
    memset(f->statement.model_digest, 0x55, 32);
    f->measurements = (struct measurements){.present_mask = 0xffff};
    for (unsigned i = 0; i < 3; i++)
        memset(f->measurements.pcr[i], (int)(0xa0 + i), MEASUREMENT_LEN);
}

static inline void forge_done(struct forge *f)
{
    for (size_t i = 0; i < FORGE_CERTS; i++) {
        ecdsa_secret_freep(&f->certs[i].key);
        buf_done(&f->certs[i].der);
    }
    buf_done(&f->user_data);
}

/* Fills the document from certificates, statement and measurements. */
static inline void forge_fill(struct forge *f)
{
    for (size_t i = 0; i < FORGE_CERTS - 1; i++)
        f->cabundle[i] = buf_view(&f->certs[i].der);
    buf_clear(&f->user_data);
    assert_ok(statement_encode(&f->statement, &f->user_data));
    f->document = (struct sim_document){
        .module_id = BYTES_LIT("sim-0-enc0"),
        .timestamp_ms = (uint64_t)FORGE_NOW * 1000,
        .measurements = &f->measurements,
        .certificate = buf_view(&f->certs[FORGE_CERTS - 1].der),
        .cabundle = f->cabundle,
        .n_cabundle = FORGE_CERTS - 1,
        .public_key = BYTES_OF(f->statement.identity_key),
        .user_data = buf_view(&f->user_data),
        .nonce = BYTES_OF(f->statement.nonce),
    };
}

static inline struct buf forge_sign(const struct forge *f)
{
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf out = BUF_MAX(1 << 16);
    assert_ok(sim_document_payload(&f->document, &payload));
    assert_ok(sim_document_sign(buf_view(&payload), f->certs[FORGE_CERTS - 1].key, &out));
    return out;
}

/* `extra` is JSON that is put before the closing brace: ",\"models\":[...]". */
static inline void forge_policy_text(const struct forge *f, const char *rules, const char *extra,
                                     struct buf *text)
{
    buf_put_str(text,
                "{\"version\":1,\"service\":\"" FORGE_SERVICE "\",\"trust_simulated_root\":\"");
    hex_put(text, BYTES_OF(f->root_sha256));
    buf_printf(text, "\",\"simulated\":{%s\"releases\":[{\"name\":\"r1\"", rules);
    for (unsigned i = 0; i < 3; i++) {
        buf_printf(text, ",\"pcr%u\":\"", i);
        for (unsigned k = 0; k < MEASUREMENT_LEN; k++)
            buf_printf(text, "%02x", 0xa0 + i);
        buf_put_str(text, "\"");
    }
    buf_printf(text, "}]}%s}", extra);
}

static inline struct evidence_policy *forge_policy_with(const struct forge *f, const char *rules,
                                                        const char *extra)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_policy *p = NULL;
    forge_policy_text(f, rules, extra, &text);
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static inline struct evidence_policy *forge_policy(const struct forge *f)
{
    return forge_policy_with(f, "", "");
}

static inline struct evidence_expect forge_expect(const struct forge *f)
{
    return (struct evidence_expect){
        .at_unix_s = FORGE_NOW,
        .is_session = true,
        .client_nonce = f->statement.nonce,
        .identity_key = f->statement.identity_key,
    };
}

#endif
