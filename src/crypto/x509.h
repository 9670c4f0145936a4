/* x509 - certificate chains verified to a pinned root at a given time (RFC 5280).
 *
 * Keys are P-256, P-384 and RSA of 2048 to 4096 bits; signatures ECDSA with SHA-256 or SHA-384,
 * RSA PKCS #1 v1.5 with SHA-256, SHA-384 or SHA-512, and RSASSA-PSS with SHA-384, MGF1 SHA-384 and
 * a salt of 48 bytes, each in the exact encodings of its AlgorithmIdentifier that are listed in the
 * code. A certificate that never ends (99991231235959Z, RFC 5280 section 4.1.2.5) is in order.
 *
 * Untrusted: every certificate but the pinned root. Nothing is taken from a system store; time is
 * an argument, so that old evidence can be judged at its own time.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "base/buf.h"

enum { X509_CERT_MAX_BYTES = 16 << 10, X509_CHAIN_MAX = 10, X509_CRL_MAX_BYTES = 1 << 20 };

struct x509_chain {
    struct bytes root;                 /* DER, pinned by the caller: the only trust anchor */
    const struct bytes *intermediates; /* DER, any order */
    size_t n_intermediates;
    struct bytes leaf;        /* DER */
    const struct bytes *crls; /* DER; with n_crls > 0 every certificate below the root is checked */
    size_t n_crls;
    /* A certificate that names no CRL distribution point then needs none. Short-lived certificates
     * (Nitro's instance and enclave ones) are of that kind: nobody publishes a CRL for them. */
    bool is_crl_where_named;
    /* AMD's endorsement key certificates all carry the serial number 0, which RFC 5280 section
     * 4.1.2.2 forbids: no CRL could tell one from another. Allowed only where asked for. */
    bool is_zero_serial_allowed;
    int64_t at_unix_s;
};

/* A proof that a chain held: only x509_verify_chain makes one. Views borrow from the caller's leaf.
 */
struct x509_verified {
    struct bytes leaf_spki;    /* SubjectPublicKeyInfo, DER */
    int64_t not_before_unix_s; /* the latest notBefore of the chain, root included */
    int64_t not_after_unix_s;  /* the earliest notAfter of the chain */
    size_t n_crl_named;        /* certificates that name a CRL; all were checked if n_crls > 0 */
    size_t n_certs; /* of the chain, leaf and root included: what else was given among the
                     * intermediates is proven by nobody */
};

/* ST_FORMAT or ST_TRUNCATED not a certificate or CRL; ST_LIMIT too large or too many; ST_CERT
 * chain, usage or signature, or a CRL that is missing or does not fit; ST_REVOKED; ST_EXPIRED time
 * of a certificate or CRL. */
NODISCARD status x509_verify_chain(const struct x509_chain *chain, struct x509_verified *out);

/* Exactly one DER certificate and nothing after it. Views borrow from der. */
NODISCARD status x509_spki(struct bytes der, struct bytes *out_spki);
NODISCARD status x509_validity(struct bytes der, int64_t *out_not_before, int64_t *out_not_after);

/* The fields of one certificate, read by their place alone: nothing in them is proven. Views borrow
 * from der. ST_FORMAT, ST_TRUNCATED, ST_LIMIT. */
struct x509_fields {
    struct bytes serial;          /* magnitude, without leading zero byte; one byte 0 for zero */
    struct bytes issuer, subject; /* Name, DER */
    struct bytes spki;            /* SubjectPublicKeyInfo, DER */
    struct bytes extensions;      /* content of SEQUENCE OF Extension; empty when there is none */
};

NODISCARD status x509_read(struct bytes der, struct x509_fields *out);
/* Content of the extension's OCTET STRING; oid is dotted ("1.3.6.1.4.1.3704.1.4"). ST_NOTFOUND when
 * absent, ST_FORMAT when there are two. */
NODISCARD status x509_extension(struct bytes der, const char *oid, struct bytes *out_value);
/* The one commonName of the subject, as its bytes (UTF-8, printable or IA5). ST_NOTFOUND, or
 * ST_FORMAT when there are two or it is of another type. */
NODISCARD status x509_subject_cn(struct bytes der, struct bytes *out);
NODISCARD status x509_serial(struct bytes der, struct bytes *out);
/* Whether extendedKeyUsage names this purpose; anyExtendedKeyUsage does not count. */
NODISCARD status x509_has_eku(struct bytes der, const char *oid, bool *out);

struct x509_crl {
    struct bytes issuer; /* Name, DER */
    int64_t this_update_unix_s;
    int64_t next_update_unix_s;
    struct bytes number;  /* cRLNumber's magnitude; .n 0 when there is none */
    struct bytes revoked; /* content of revokedCertificates; empty when there is none */
};

/* One CRL by itself: its form, that issuer_der's key signed it and may (RFC 5280 section 6.3.3),
 * and that at_unix_s lies from thisUpdate to nextUpdate, which must be there. The caller has proven
 * the issuer. ST_CERT, ST_EXPIRED, and as for a chain. */
NODISCARD status x509_verify_crl(struct bytes crl_der, struct bytes issuer_der, int64_t at_unix_s,
                                 struct x509_crl *out);
/* For a list that has CRLs of other platforms as well: those whose issuer has the name of an
 * authority of this chain, and those that cannot be read, since nobody knows whose they are. By
 * name alone: x509_verify_chain() proves them. Views borrow from crls. ST_LIMIT more than
 * X509_CHAIN_MAX. */
struct x509_crls {
    struct bytes v[X509_CHAIN_MAX];
    size_t n;
};
NODISCARD status x509_crls_of(const struct x509_chain *chain, const struct bytes *crls, size_t n,
                              struct x509_crls *out);
/* Fields of a CRL, unproven. */
NODISCARD status x509_read_crl(struct bytes crl_der, struct x509_crl *out);
/* Whether the CRL lists the serial. Every reason counts as revoked, certificateHold and
 * removeFromCRL included: the list is complete, not a change to another. */
NODISCARD status x509_crl_lists(const struct x509_crl *crl, struct bytes serial, bool *out);

#endif
