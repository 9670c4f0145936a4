/* evidence_policy_file - the file in which a policy comes: plain JSON, or the same JSON signed.
 *
 * Signed form (docs/POLICY.md, "Signed policies"): a COSE_Sign1 in deterministic CBOR,
 *
 *     18([ << {1: -8, 3: "application/eml-policy+json"} >>, {}, JSON as bytes, signature ])
 *
 * Its protected header names the content type, so that no other signature of the same key can stand
 * in for it.
 *
 * Who pins a key demands the signature: with a key a plain file is refused, and without one a
 * signed file is, since a signature that nobody checks would look like one that held.
 *
 * Untrusted: the file, as long as a key is pinned; nothing of its JSON is parsed before the
 * signature held. A plain file is trusted by whoever named it and no key.
 */
#ifndef TEE_VERIFY_EVIDENCE_POLICY_FILE_H
#define TEE_VERIFY_EVIDENCE_POLICY_FILE_H

#include "crypto/ed25519.h"
#include "tee/verify/evidence_memory.h"
#include "tee/verify/evidence_policy.h"

enum { EVIDENCE_POLICY_FILE_MAX_BYTES = POLICY_MAX_BYTES + 256 };

/* What its reader demands of a policy. */
struct evidence_policy_demand {
    const uint8_t *signer;          /* ED25519_PUBLIC_LEN bytes; NULL: a plain file */
    int64_t at_unix_s;              /* the policy must not have ended by then */
    struct evidence_memory *memory; /* of the highest serial seen, or NULL */
};

/* Verifies, parses, and refuses what has ended or is older than what the memory knows.
 *
 * The serial of a signed policy is remembered here, whatever the verdicts under it will be: were it
 * remembered after an accept only, a host that still runs a release which the newest policy no
 * longer lists would never meet an accept, and could put the older policy back.
 *
 * ST_AUTH not signed by that key; ST_USAGE signed, and no key is given; ST_EXPIRED; ST_ROLLBACK;
 * and what cose_parse() and evidence_policy_parse() fail with. */
NODISCARD status evidence_policy_file_open(struct bytes file,
                                           const struct evidence_policy_demand *demand,
                                           struct evidence_policy **out);

/* ---- its steps, for those who look at policies of any age ---- */

/* JSON that may be parsed. Only evidence_policy_file_verify() makes one. */
struct evidence_policy_verified {
    struct bytes json; /* borrowed from the file */
    bool is_signed;
    uint8_t signer[ED25519_PUBLIC_LEN];
};

NODISCARD status evidence_policy_file_verify(struct bytes file, const uint8_t *signer,
                                             struct evidence_policy_verified *out);
/* ST_CONFIG also when a signed policy has no serial. */
NODISCARD status evidence_policy_file_parse(const struct evidence_policy_verified *v,
                                            struct evidence_policy **out);

/* Whether a file has, or pretends to have, the signed form. */
bool evidence_policy_file_is_signed(struct bytes file);
/* Appends the signed form of a policy that parses and has a serial. */
NODISCARD status evidence_policy_file_sign(struct bytes json, const struct ed25519_secret *key,
                                           struct buf *out);

#endif
