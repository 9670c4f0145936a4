/* gpu_chain - the certificates of a device, from the key that signs its reports to NVIDIA's root.
 *
 *     0  firmware's attestation key, issued by the boot ROM at each start ("GH100 A01 GSP FMC LF")
 *     1  the boot ROM's key, fused ("GH100 A01 GSP BROM")
 *     2  provisioner, 3 chip family, 4 device root
 *
 * Each stands before its issuer; the last is the pinned root itself, byte for byte. Device
 * certificates end on 9999-12-31, so the clock judges only that they have begun.
 *
 * Untrusted: all of it.
 */
#ifndef TEE_VERIFY_NVIDIA_GPU_CHAIN_H
#define TEE_VERIFY_NVIDIA_GPU_CHAIN_H

#include "crypto/x509.h"
#include "formats/cert_list.h"
#include "tee/verify/evidence_cache.h"

struct gpu_chain_proof {
    struct bytes leaf_spki; /* borrows from the leaf */
    int64_t not_before_unix_s, not_after_unix_s;
    bool is_known; /* proven before, by the cache */
};

/* ST_CERT when there is no certificate, or the last is not the pinned root. */
NODISCARD status gpu_chain_root(const struct cert_list *certs);

/* Order, signatures, usage and time. ST_CERT, ST_EXPIRED, and as x509_verify_chain(). */
NODISCARD status gpu_chain_verify(const struct cert_list *certs, int64_t at_unix_s,
                                  struct evidence_cache *cache, struct gpu_chain_proof *out);

/* The same chain against those of the CRLs that its authorities issued; *out_n_named counts the
 * certificates that name one, 0 when none was issued by them. ST_REVOKED, ST_CERT when the CRL of
 * one that names one is missing, ST_EXPIRED. */
NODISCARD status gpu_chain_revocation(const struct cert_list *certs, int64_t at_unix_s,
                                      const struct bytes *crls, size_t n_crls, size_t *out_n_named);

#endif
