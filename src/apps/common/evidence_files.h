/* evidence_files - evidence, and what comes beside it, from the files that a command line names.
 *
 * The options are the same in every program. A command puts the rows that it takes into its table:
 *
 *     static const struct cli_option OPTIONS[] = {
 *         EVIDENCE_FILES_TYPE, EVIDENCE_FILES_POLICY, EVIDENCE_FILES_BESIDE, EVIDENCE_FILES_EXPECT,
 *         ...
 *     };
 *
 * Untrusted: the evidence and everything beside it, and a policy until --policy-key verified it.
 * Trusted: a plain policy, the state and what stands on the command line.
 */
#ifndef APPS_COMMON_EVIDENCE_FILES_H
#define APPS_COMMON_EVIDENCE_FILES_H

#include "apps/common/cli.h"
#include "base/buf.h"
#include "tee/verify/evidence.h"
#include "tee/verify/evidence_policy_file.h"

/* clang-format off */
#define EVIDENCE_FILES_TYPE \
    {"type", "NAME", true, false, "nitro, tdx, sgx, snp, nvidia-gpu, cs-token or simulated"}
#define EVIDENCE_FILES_POLICY \
    {"policy", "FILE", false, false, "which code and platforms to accept"}, \
    EVIDENCE_FILES_POLICY_KEY
#define EVIDENCE_FILES_POLICY_KEY \
    {"policy-key", "HEX", false, false, "the policy must be signed by this Ed25519 key"}
#define EVIDENCE_FILES_BESIDE \
    {"collateral", "PATH", false, true, "Intel's collateral: a file, or a folder"}, \
    {"devices", "FILE", false, false, "evidence of the enclave's GPUs (JSON)"}, \
    {"certs", "FILE", false, false, "certificates of the evidence, PEM or DER"}, \
    {"crl", "FILE", false, true, "revocation list, DER or PEM"}, \
    {"jwks", "FILE", false, false, "keys of a token's issuer (JSON)"}, \
    {"event-log", "FILE", false, false, "event log, to replay"}, \
    {"reference-values", "FILE", false, false, "of a GPU, from 'eml rim import'"}, \
    {"statement", "FILE", false, false, "the statement that the evidence binds"}, \
    {"state", "FILE", false, false, "remembers the newest collateral and policy"}
#define EVIDENCE_FILES_EXPECT \
    {"at", "UNIX", false, false, "time of verification (now)"}, \
    {"nonce", "HEX", false, false, "the nonce that the evidence must hold"}, \
    {"report-data", "HEX", false, false, "the 64 bytes of REPORTDATA"}
/* clang-format on */

enum { EVIDENCE_FILES_CRLS_MAX = 8, EVIDENCE_FILES_NONCE_MAX = 512 };

struct evidence_files {
    enum evidence_type type; /* from --type; the caller sets it where there is no such option */
    struct buf evidence;
    struct evidence_policy *policy; /* NULL when none was given */
    const uint8_t *policy_key;      /* from --policy-key, or NULL */
    struct evidence_expect expect;  /* borrows from the rest */

    /* not for direct use */
    struct buf statement_, collateral_, certs_, jwks_, event_log_, reference_values_, devices_;
    struct buf nonce_, report_data_;
    uint8_t policy_key_[ED25519_PUBLIC_LEN];
    struct buf crl_storage_[EVIDENCE_FILES_CRLS_MAX];
    struct bytes crls_[EVIDENCE_FILES_CRLS_MAX];
    struct evidence_memory *memory_;
};

void evidence_files_init(struct evidence_files *f);
void evidence_files_done(struct evidence_files *f);

/* Reads `path` and what the options name; absent options leave their input absent. The time is now
 * without --at. Fails only for what is no verdict: files, the policy, a wrong use. */
NODISCARD status evidence_files_load(struct evidence_files *f, const char *path,
                                     const struct cli *args);

/* evidence_verify() of what was loaded. Views in the outputs borrow from f. */
NODISCARD status evidence_files_verify(struct evidence_files *f, struct checks *out_checks,
                                       struct evidence_claimed *out_claimed,
                                       struct evidence_verified *out);

#endif
