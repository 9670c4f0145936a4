/* forge_cs - makes Confidential Space tokens with any one thing wrong, under a root of its own.
 *
 * Claims and policy are JSON texts in which a test replaces a piece; the unedited policy accepts
 * the unedited token, of either type. The including program is the one that says which root is
 * pinned: its cs_root() stands before the archive's. Header only: static functions, one user each.
 */
#ifndef SUPPORT_FORGE_CS_H
#define SUPPORT_FORGE_CS_H

#include "support/forge_cs_texts.h"
#include "support/forge_jwt.h"

#include <string.h>

#include "crypto/x509_issue.h"
#include "tee/verify/cs/cs.h"
#include "tee/verify/evidence.h"

enum { FORGE_CS_BITS = 2048, FORGE_CS_CERTS = 3 }; /* root, intermediate, leaf */

struct forge_cs {
    struct rsa_secret *keys[FORGE_CS_CERTS];
    struct buf certs[FORGE_CS_CERTS];
    struct buf jwks; /* of the leaf's key */
    struct statement statement;
    struct buf statement_text;
    char nonce[CS_NONCE_TEXT_LEN + 1];
};

/* `text` with the first `from` replaced; from NULL: as it is. */
static inline struct buf forge_cs_edit(struct bytes text, const char *from, const char *to)
{
    struct buf out = BUF_MAX(1 << 17);
    const uint8_t *at = from ? memmem(text.p, text.n, from, strlen(from)) : NULL;
    if (from != NULL && at == NULL)
        fail_msg("nothing to replace: %s", from);
    size_t head = at ? (size_t)(at - text.p) : text.n;
    buf_put(&out, bytes_of(text.p, head));
    if (at != NULL) {
        buf_put_str(&out, to);
        buf_put(&out, bytes_of(at + strlen(from), text.n - head - strlen(from)));
    }
    assert_ok(buf_status(&out));
    return out;
}

static inline struct x509_request forge_cs_request(const struct forge_cs *f, int i)
{
    static const char *const names[FORGE_CS_CERTS] = {"forge root", "forge intermediate",
                                                      "forge leaf"};
    int above = i > 0 ? i - 1 : 0;
    return (struct x509_request){
        .common_name = names[i],
        .issuer_name = names[above],
        .is_ca = i < FORGE_CS_CERTS - 1,
        .path_len = -1,
        .not_before_unix_s = FORGE_CS_NOW - 86400,
        .not_after_unix_s = FORGE_CS_NOW + 86400,
        .signer = {.rsa = f->keys[above], .rsa_alg = RSA_RS256},
        .crl_url = i == 1 ? "http://crl.invalid/x.crl" : NULL,
    };
}

static inline void forge_cs_issue(struct forge_cs *f, int i, const struct x509_request *given,
                                  struct buf *out)
{
    struct x509_request r = *given;
    struct buf spki CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    assert_ok(rsa_public_spki(f->keys[i], &spki));
    r.subject_spki = buf_view(&spki);
    buf_clear(out);
    assert_ok(x509_issue(&r, out));
}

static inline void forge_cs_bind(struct forge_cs *f)
{
    uint8_t binding[STATEMENT_BINDING_LEN];
    buf_clear(&f->statement_text);
    assert_ok(statement_encode(&f->statement, &f->statement_text));
    assert_ok(statement_binding(&f->statement, binding));
    assert_ok(cs_nonce_text(binding, f->nonce));
}

static inline void forge_cs_init(struct forge_cs *f)
{
    *f = (struct forge_cs){.statement_text = BUF_MAX(STATEMENT_MAX_BYTES)};
    for (int i = 0; i < FORGE_CS_CERTS; i++) {
        f->certs[i] = BUF_MAX(1 << 14);
        assert_ok(rsa_generate(FORGE_CS_BITS, &f->keys[i]));
    }
    for (int i = 0; i < FORGE_CS_CERTS; i++) {
        struct x509_request r = forge_cs_request(f, i);
        forge_cs_issue(f, i, &r, &f->certs[i]);
    }
    f->jwks = forge_jwks(f->keys[FORGE_CS_CERTS - 1], FORGE_CS_BITS);
    f->statement = (struct statement){
        .platform = BYTES_LIT("gcp-confidential-space"),
        .service = BYTES_LIT(FORGE_CS_SERVICE),
    };
    memset(f->statement.nonce, 0x11, 32);
    memset(f->statement.identity_key, 0x22, 32);
    memset(f->statement.receipt_key, 0x33, 32);
    memset(f->statement.config_digest, 0x44, 32);
    memset(f->statement.model_digest, 0x55, 32);
    forge_cs_bind(f);
}

static inline void forge_cs_done(struct forge_cs *f)
{
    for (int i = 0; i < FORGE_CS_CERTS; i++) {
        rsa_secret_freep(&f->keys[i]);
        buf_done(&f->certs[i]);
    }
    buf_done(&f->jwks);
    buf_done(&f->statement_text);
}

static inline struct buf forge_cs_claims(const struct forge_cs *f, const char *from, const char *to)
{
    struct buf edited CLEANUP(buf_done) = forge_cs_edit(BYTES_LIT(FORGE_CS_CLAIMS), from, to);
    bool has_place = memmem(edited.p, edited.n, "@NONCE@", 7) != NULL;
    return forge_cs_edit(buf_view(&edited), has_place ? "@NONCE@" : NULL, f->nonce);
}

/* x5c of these certificates, in this order. */
static inline struct buf forge_cs_header(const struct bytes *certs, size_t n)
{
    struct buf out = BUF_MAX(1 << 15);
    buf_put_str(&out, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[");
    for (size_t i = 0; i < n; i++) {
        buf_put_str(&out, i ? ",\"" : "\"");
        base64_put(&out, certs[i]);
        buf_put_str(&out, "\"");
    }
    buf_put_str(&out, "]}");
    assert_ok(buf_status(&out));
    return out;
}

static inline struct buf forge_cs_pki(const struct forge_cs *f, struct bytes claims)
{
    const struct bytes chain[] = {buf_view(&f->certs[2]), buf_view(&f->certs[1]),
                                  buf_view(&f->certs[0])};
    struct buf header CLEANUP(buf_done) = forge_cs_header(chain, FORGE_CS_CERTS);
    return forge_jwt_sign(f->keys[2], buf_view(&header), claims);
}

static inline struct buf forge_cs_oidc(const struct forge_cs *f, struct bytes claims)
{
    return forge_jwt_sign(
        f->keys[2], BYTES_LIT("{\"alg\":\"RS256\",\"kid\":\"" FORGE_KID "\",\"typ\":\"JWT\"}"),
        claims);
}

static inline struct evidence_policy *forge_cs_policy(const char *from, const char *to)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = forge_cs_edit(BYTES_LIT(FORGE_CS_POLICY), from, to);
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

static inline struct evidence_expect forge_cs_expect(const struct forge_cs *f)
{
    return (struct evidence_expect){
        .at_unix_s = FORGE_CS_NOW,
        .is_session = true,
        .client_nonce = f->statement.nonce,
        .identity_key = f->statement.identity_key,
        .beside = {.statement = buf_view(&f->statement_text), .jwks = buf_view(&f->jwks)},
    };
}

#endif
