/* nvidia - evidence of NVIDIA GPUs and NVSwitches: docs/ATTESTATION.md lists every check.
 *
 * One piece of evidence speaks of one to sixteen devices; each check is judged for all of them and
 * names the first for which it does not hold. That the devices are genuine and that they belong to
 * the CPU's enclave are two different checks: gpu.genuine and gpu.bound.
 */
#ifndef TEE_VERIFY_NVIDIA_NVIDIA_H
#define TEE_VERIFY_NVIDIA_NVIDIA_H

#include "tee/verify/evidence_job.h"
#include "tee/verify/nvidia/gpu_chain.h"
#include "tee/verify/nvidia/gpu_leaf.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_opaque.h"
#include "tee/verify/nvidia/gpu_reference.h"
#include "tee/verify/nvidia/nvidia_policy.h"
#include "tee/verify/nvidia/spdm.h"

extern const struct evidence_kind nvidia_gpu_kind;

/* Finer stages of the form, below NEEDS_PARSED. */
enum { NEEDS_LISTED = 1, NEEDS_REQUESTS, NEEDS_RESPONSES, NEEDS_LEAVES };

struct nvidia_device {
    struct spdm_request request;
    struct spdm_response response;
    struct gpu_leaf leaf;
    struct gpu_opaque opaque;
    struct gpu_chain_proof chain;
    const struct gpu_manifest *driver, *vbios; /* of the reference values, or NULL */
};

/* j->state. Private to the nvidia_*.c files. */
struct nvidia_state {
    struct gpu_list list;
    struct nvidia_device v[GPU_DEVICES_MAX];
    struct gpu_reference reference;
    bool has_reference;
    bool is_bound; /* gpu.bound held */
};

/* nvidia_origin.c: are these devices genuine, and is this what they said? */
void nvidia_check_evidence(struct evidence_job *j);
void nvidia_check_request(struct evidence_job *j);
void nvidia_check_response(struct evidence_job *j);
void nvidia_check_leaf(struct evidence_job *j);
void nvidia_check_opaque(struct evidence_job *j);
void nvidia_check_root(struct evidence_job *j);
void nvidia_check_chain(struct evidence_job *j);
void nvidia_check_revocation(struct evidence_job *j);
void nvidia_check_signature(struct evidence_job *j);
void nvidia_check_genuine(struct evidence_job *j);
void nvidia_check_arch(struct evidence_job *j);
void nvidia_check_duplicates(struct evidence_job *j);

/* nvidia_rules.c: are they what the policy asks for? */
void nvidia_check_count(struct evidence_job *j);
void nvidia_check_device(struct evidence_job *j);
void nvidia_check_release(struct evidence_job *j);
void nvidia_check_driver(struct evidence_job *j);
void nvidia_check_vbios(struct evidence_job *j);
void nvidia_check_nonce(struct evidence_job *j);
void nvidia_check_bound(struct evidence_job *j);
void nvidia_check_mode(struct evidence_job *j);
void nvidia_check_devtools(struct evidence_job *j);

/* nvidia_measured.c: is the firmware the one that NVIDIA published? */
void nvidia_check_reference(struct evidence_job *j);
void nvidia_check_measurements(struct evidence_job *j);

/* The policy's rules, or NULL when nobody gave any. */
const struct nvidia_policy *nvidia_rules(const struct evidence_job *j);
/* A SKIP of what the policy may leave out; required unless it does, when there is a policy. */
void nvidia_skip(struct evidence_job *j, enum nvidia_may_skip what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* For --explain: a field of each device's opaque data, and each device's leaf. */
void nvidia_shows_field(struct evidence_job *j, unsigned type);
void nvidia_shows_leaves(struct evidence_job *j);
bool nvidia_is_switch(const struct nvidia_device *d);

#endif
