/* cose - COSE_Sign1 (RFC 9052 section 4.2) for EdDSA, ES256 and ES384.
 *
 * cose_parse gives a cose_unverified, of which only the header and the signature can be used; the
 * payload of an unverified message is reached by cose_verify_* alone, or by the deliberately ugly
 * cose_payload_unverified (a Nitro document carries in its payload the certificate that verifies
 * it).
 */
#ifndef FORMATS_COSE_H
#define FORMATS_COSE_H

#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "formats/cbor.h"

enum { COSE_ALG_EDDSA = -8, COSE_ALG_ES256 = -7, COSE_ALG_ES384 = -35, COSE_TAG_SIGN1 = 18 };

enum cose_tag_rule { COSE_TAG_REQUIRED, COSE_TAG_FORBIDDEN, COSE_TAG_OPTIONAL };

struct cose_unverified {
    struct bytes protected_raw;   /* content of the protected bstr */
    struct bytes unprotected_raw; /* encoded map */
    bool has_alg;                 /* in the protected header */
    int64_t alg;
    bool has_unprotected_alg; /* RFC 9052 allows it there; a format of ours does not */
    int64_t unprotected_alg;
    struct bytes payload_; /* not for direct use */
    bool has_payload;      /* false: nil */
    struct bytes sig;
    bool unprotected_is_empty;
};

/* The payload of a message whose signature held. Only cose_verify_* makes one. */
struct cose_verified {
    struct bytes payload;
};

/* Views borrow from in. mode applies to the outer array and the headers. ST_FORMAT, ST_TRUNCATED,
 * ST_LIMIT; ST_UNSUPPORTED for a critical header parameter, since none is known here. */
NODISCARD status cose_parse(struct bytes in, enum cose_tag_rule tag, enum cbor_mode mode,
                            struct cose_unverified *out);
struct bytes cose_payload_unverified(const struct cose_unverified *m);

/* The caller names the algorithm, the message only agrees: ST_ALG when its header (the protected
 * one, or the other when only that has it) says another or none; ST_FORMAT without payload or with
 * a signature of another size; ST_AUTH signature. */
NODISCARD status cose_verify_ed25519(const struct cose_unverified *m,
                                     const uint8_t public_key[static ED25519_PUBLIC_LEN],
                                     struct bytes external_aad, struct cose_verified *out);
NODISCARD status cose_verify_ecdsa(const struct cose_unverified *m, enum ecdsa_alg alg,
                                   struct bytes spki_der, struct bytes external_aad,
                                   struct cose_verified *out);

/* Sig_structure ["Signature1", protected, external_aad, payload], where a protected header without
 * parameters counts as empty however it is written (section 4.4). */
NODISCARD status cose_sig_structure(struct bytes protected_raw, struct bytes external_aad,
                                    struct bytes payload, struct buf *out);
/* Appends [protected, {}, payload, sig], with tag 18 when tagged. protected_raw carries the alg:
 * ST_USAGE when it does not. */
NODISCARD status cose_sign_ed25519(const struct ed25519_secret *key, struct bytes protected_raw,
                                   struct bytes payload, bool tagged, struct buf *out);
/* The same with a key that is made ready once for many messages. */
NODISCARD status cose_sign_prepared(const struct ed25519_signer *signer, struct bytes protected_raw,
                                    struct bytes payload, bool tagged, struct buf *out);
NODISCARD status cose_sign_ecdsa(const struct ecdsa_secret *key, enum ecdsa_alg alg,
                                 struct bytes protected_raw, struct bytes payload, bool tagged,
                                 struct buf *out);

/* Messages of our own formats: tag 18, the protected header exactly {1: -8 (EdDSA), 3: content
 * type}, nothing unprotected, deterministic CBOR. The content type says what was signed, so that no
 * other signature of the same key can stand in for it. It is one of ours, at most 47 characters. */
NODISCARD status cose_sign_typed(const struct ed25519_secret *key, const char *content_type,
                                 struct bytes payload, struct buf *out);
/* The header is compared as bytes. As cose_parse(), and ST_FORMAT for any other header. */
NODISCARD status cose_parse_typed(struct bytes in, const char *content_type,
                                  struct cose_unverified *out);

#endif
