/* nitro - AWS Nitro attestation documents: parse, and prove that the hardware's root signed them.
 *
 * COSE_Sign1 (RFC 9052), untagged as the NSM writes it or with tag 18, ES384, empty unprotected
 * header. The payload is a map with exactly these keys ("Nitro Enclaves attestation process",
 * section 3.2.2; indefinite lengths and any key order are taken, since newer firmware writes them):
 *
 *     module_id    tstr 1..128          certificate  bstr 1..1024, the leaf, DER
 *     digest       tstr "SHA384"        cabundle     [1..8] bstr 1..1024, DER, root first
 *     timestamp    uint, ms, not 0      public_key   bstr 1..1024 or null, may be absent
 *     pcrs         {0..31: bstr 48}     user_data    bstr 0..1024 or null, may be absent
 *                                       nonce        bstr 0..1024 or null, may be absent
 *
 * Untrusted: all of it. A document that only parsed is a nitro_unverified; the one way to a
 * nitro_document is nitro_open(), which checks the signature with a leaf key that
 * x509_verify_chain() has proven. The root inside the document is never believed: nitro_chain()
 * takes the pinned one.
 */
#ifndef TEE_VERIFY_NITRO_NITRO_H
#define TEE_VERIFY_NITRO_NITRO_H

#include "crypto/hash.h"
#include "crypto/x509.h"
#include "formats/cose.h"
#include "tee/verify/measurements.h"

enum {
    NITRO_DOCUMENT_MAX_BYTES = 16 << 10,
    NITRO_MODULE_ID_MAX = 128,
    NITRO_CERT_MAX = 1024,
    NITRO_CABUNDLE_MAX = 8,
    NITRO_FIELD_MAX = 1024, /* public_key, user_data, nonce */
};

/* A field that the enclave may leave out: null and absent are the same, empty is not. */
struct nitro_field {
    bool is_present;
    struct bytes value;
};

struct nitro_claims {
    struct bytes module_id;
    uint64_t timestamp_ms;
    struct measurements measurements;
    struct nitro_field public_key;
    struct nitro_field user_data;
    struct nitro_field nonce;
};

struct nitro_unverified {
    struct cose_unverified cose;
    struct bytes certificate;
    struct bytes cabundle[NITRO_CABUNDLE_MAX];
    size_t n_cabundle;           /* at least 1 */
    struct nitro_claims claims_; /* not for direct use */
};

/* A document whose signature held. Only nitro_open() makes one. */
struct nitro_document {
    struct nitro_claims claims;
};

/* AWS Nitro Enclaves root G1, DER; its SHA-256 is what AWS publishes (641a0321...). */
struct bytes nitro_root(void);

/* Views borrow from in. ST_TRUNCATED, ST_FORMAT, ST_LIMIT, ST_UNSUPPORTED (digest other than
 * SHA384). */
NODISCARD status nitro_parse(struct bytes in, struct nitro_unverified *out);

/* The chain to hand to x509_verify_chain(): leaf and intermediates are the document's, the root is
 * the caller's pinned one. Borrows from both. */
struct x509_chain nitro_chain(const struct nitro_unverified *d, struct bytes pinned_root,
                              int64_t at_unix_s);

/* leaf must be the proof of this document's own certificate, at the same address: ST_MISMATCH.
 * ST_ALG when the header does not say ES384; ST_AUTH when the signature does not hold. */
NODISCARD status nitro_open(const struct nitro_unverified *d, const struct x509_verified *leaf,
                            struct nitro_document *out);

/* Debug mode: PCR0, PCR1 or PCR2 is all zero or absent. */
bool nitro_is_debug(const struct measurements *m);

#endif
