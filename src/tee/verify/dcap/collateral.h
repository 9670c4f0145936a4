/* collateral - what Intel publishes about a platform, given beside its quote.
 *
 * One JSON object, the form of dcap-qvl:
 *
 *     tcb_info, qe_identity                      text: the JSON that Intel signed, byte for byte
 *     tcb_info_signature, qe_identity_signature  hexadecimal r || s, 64 bytes
 *     tcb_info_issuer_chain, qe_identity_issuer_chain   PEM: TCB signing certificate, root
 *     root_ca_crl, pck_crl                       hexadecimal DER
 *     pck_crl_issuer_chain                       PEM, may be absent; not used: the PCK chain has it
 *     pck_certificate_chain                      PEM, may be absent: leaf, intermediate, root, for
 *                                                quotes that hold none
 *
 * Untrusted: all of it. No gain for whoever writes it: each part is signed, and dates are checked.
 */
#ifndef TEE_VERIFY_DCAP_COLLATERAL_H
#define TEE_VERIFY_DCAP_COLLATERAL_H

#include "formats/cert_list.h"
#include "formats/json.h"

enum {
    COLLATERAL_MAX_BYTES = 256 << 10,
    COLLATERAL_CRL_MAX_BYTES = 64 << 10,
    COLLATERAL_SIG_LEN = 64,
    COLLATERAL_FILES_MAX = 16,
};

struct collateral {
    struct json_doc *doc;
    struct bytes tcb_info, qe_identity; /* borrow from doc */
    uint8_t tcb_info_signature[COLLATERAL_SIG_LEN], qe_identity_signature[COLLATERAL_SIG_LEN];
    struct cert_list tcb_info_chain, qe_identity_chain;
    struct cert_list pck_chain; /* .n 0 when absent */
    struct buf root_crl, pck_crl;
};

/* ST_FORMAT, ST_TRUNCATED, ST_LIMIT. */
NODISCARD status collateral_parse(struct bytes json, struct collateral *out);
void collateral_done(struct collateral *c);

/* A member's value as it stands in the text of one JSON object, which has been parsed: the key has
 * its quotes ("\"tcb_info\""). .p NULL when it is not there. Borrows from json. */
struct bytes collateral_member(struct bytes json, const char *quoted_key);

/* Files as Intel's service hands them out, to the one form above. Each is told by its content: a
 * JSON object with tcbInfo or enclaveIdentity and a signature; PEM or DER certificates (PCK leaf,
 * PCK CA chain, TCB signing chain); CRLs as DER or PEM. The bytes of tcbInfo and enclaveIdentity
 * come over unchanged. A file that is in the form already must be the only one. ST_FORMAT for a
 * file of another kind, or two of one kind; the detail has its name. */
struct collateral_file {
    const char *name; /* for the detail */
    struct bytes content;
};
NODISCARD status collateral_merge(const struct collateral_file *files, size_t n_files,
                                  struct buf *out_json);

#endif
