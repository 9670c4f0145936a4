#include "tee/verify/nvidia/nvidia.h"

#include <stdarg.h>
#include <stdio.h>

#define SPDM_REQUEST  "DMTF DSP0274 1.1.0, 10.11.1"
#define SPDM_RESPONSE "DMTF DSP0274 1.1.0, 10.11.2"
#define DICE          "TCG DICE Attestation Architecture 1.1, 6.1"
#define NVIDIA_CHAIN  "NVIDIA Attestation, device certificate chain; RFC 5280, 6"
#define NVIDIA_RIM    "NVIDIA Attestation, RIM guide; TCG RIM Information Model 1.01"
#define NVIDIA_OPAQUE "NVIDIA attestation SDK, GpuOpaqueDataType"
#define NVML_CC       "NVIDIA NVML API, Confidential Computing"
#define BINDING       "docs/PROTOCOL.md, statement: device evidence"

/* Order matters: each stage stands on the ones before it. docs/ATTESTATION.md has the same rows. */
static const struct evidence_check CHECKS[] = {
    {"gpu.evidence", NEEDS_NOTHING, nvidia_check_evidence, "GPU_EVIDENCE_PARSE_FAILED",
     "Fetch the evidence again: a JSON list of devices, or one report with its chain.",
     "NVIDIA Remote Attestation Service API, evidence list"},
    {"spdm.request", NEEDS_LISTED, nvidia_check_request, "GPU_SPDM_REQUEST_INVALID",
     "The report must be the device's own bytes, request first.", SPDM_REQUEST},
    {"spdm.response", NEEDS_REQUESTS, nvidia_check_response, "GPU_SPDM_RESPONSE_INVALID",
     "The report must be the device's own bytes, without a byte more.", SPDM_RESPONSE},
    {"gpu.leaf", NEEDS_RESPONSES, nvidia_check_leaf, "GPU_LEAF_INVALID",
     "Give the device's attestation chain, leaf first (--certs for a raw report).", DICE},
    {"gpu.opaque", NEEDS_LEAVES, nvidia_check_opaque, "GPU_OPAQUE_INVALID",
     "The report must be the device's own bytes.", NVIDIA_OPAQUE},
    {"gpu.root", NEEDS_PARSED, nvidia_check_root, "GPU_ROOT_UNTRUSTED",
     "A device's chain ends in the NVIDIA Device Identity CA: do not use this service.",
     NVIDIA_CHAIN},
    {"gpu.chain", NEEDS_ROOT, nvidia_check_chain, "GPU_CHAIN_INVALID",
     "The certificates do not lead to the pinned root: do not use this service.", NVIDIA_CHAIN},
    {"gpu.revocation", NEEDS_CHAIN, nvidia_check_revocation, "REVOCATION_CHECK_UNAVAILABLE",
     "Give current CRLs of every certificate that names one, or a policy without crl_required.",
     "RFC 5280, 6.3"},
    {"gpu.signature", NEEDS_CHAIN, nvidia_check_signature, "GPU_SIGNATURE_INVALID",
     "The report was altered or made up: do not use this service.", SPDM_RESPONSE},
    {"gpu.genuine", NEEDS_SIGNED, nvidia_check_genuine, "GPU_FWID_MISMATCH",
     "The key was not issued for this firmware on this device: do not use this service.", DICE},
    {"gpu.arch", NEEDS_SIGNED, nvidia_check_arch, "GPU_ARCH_MISMATCH",
     "The list names another architecture than the device's certificate.",
     "NVIDIA Remote Attestation Service API, evidence list"},
    {"gpu.duplicates", NEEDS_SIGNED, nvidia_check_duplicates, "GPU_DUPLICATE",
     "One device stands in for two: do not use this service.", "DMTF DSP0274 1.1.0, 10.7.2"},
    EVIDENCE_POLICY_ROW,
    {"gpu.count", NEEDS_SIGNED, nvidia_check_count, "GPU_COUNT_MISMATCH",
     "Correct the policy's gpus and nvswitches, or use a service with as many devices.",
     "docs/POLICY.md"},
    {"gpu.device", NEEDS_SIGNED, nvidia_check_device, "GPU_DEVICE_REFUSED",
     "Add the device's id to the policy's device_ids if you trust that device.", "docs/POLICY.md"},
    {"gpu.release", NEEDS_SIGNED, nvidia_check_release, "GPU_RELEASE_MISMATCH",
     "Other firmware runs there. Add it as one release if you trust all of it.", "docs/POLICY.md"},
    {"gpu.driver", NEEDS_SIGNED, nvidia_check_driver, "GPU_DRIVER_TOO_OLD",
     "The operator must update the NVIDIA driver.", NVIDIA_OPAQUE},
    {"gpu.vbios", NEEDS_SIGNED, nvidia_check_vbios, "GPU_VBIOS_TOO_OLD",
     "The operator must update the device's VBIOS.", NVIDIA_OPAQUE},
    {"gpu.reference", NEEDS_SIGNED, nvidia_check_reference, "GPU_REFERENCE_INVALID",
     "Give reference values of this driver and VBIOS (eml rim import) and pin their SHA-256.",
     NVIDIA_RIM},
    {"gpu.measurements", NEEDS_SIGNED, nvidia_check_measurements, "GPU_MEASUREMENT_MISMATCH",
     "The firmware is not the one that NVIDIA published: do not use this service.", NVIDIA_RIM},
    {"gpu.nonce", NEEDS_SIGNED, nvidia_check_nonce, "GPU_NONCE_MISMATCH",
     "The evidence was made for somebody else or replayed: connect again; do not use it.",
     SPDM_REQUEST},
    {"gpu.bound", NEEDS_SIGNED, nvidia_check_bound, "GPU_NOT_BOUND",
     "The CPU's enclave does not vouch for these devices: do not send it anything.", BINDING},
    {"gpu.mode", NEEDS_SIGNED, nvidia_check_mode, "GPU_MODE_REFUSED",
     "Run the device in a mode of confidential computing that the policy's modes list.",
     NVIDIA_OPAQUE},
    {"gpu.devtools", NEEDS_SIGNED, nvidia_check_devtools, "GPU_DEBUG_ENABLED",
     "Start the device with developer tools off and production firmware.", NVML_CC},
};

static bool has_rules(const struct evidence_policy *p)
{
    return p->nvidia_gpu.is_present;
}

static void done(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    gpu_list_done(&st->list);
}

const struct evidence_kind nvidia_gpu_kind = {
    .type = EVIDENCE_NVIDIA_GPU,
    .name = "nvidia-gpu",
    .platform = STATEMENT_PLATFORM_NVIDIA_GPU,
    .checks = CHECKS,
    .n_checks = sizeof(CHECKS) / sizeof(CHECKS[0]),
    .state_bytes = sizeof(struct nvidia_state),
    .has_rules = has_rules,
    .done = done,
};

const struct nvidia_policy *nvidia_rules(const struct evidence_job *j)
{
    return j->policy != NULL && has_rules(j->policy) ? &j->policy->nvidia_gpu : NULL;
}

/* What is missing, rather than what went wrong. */
static const char *const SKIP_FIXES[NVIDIA_SKIPS] = {
    [NVIDIA_SKIP_REFERENCE] = "Give reference values of this driver and VBIOS (eml rim import) and "
                              "pin their SHA-256 in the policy.",
    [NVIDIA_SKIP_MEASUREMENTS] = "Give reference values (--reference-values).",
    [NVIDIA_SKIP_MODE] = "Judge it together with the CPU's evidence, whose software asked the "
                         "driver, or name gpu.mode in the policy's may_skip.",
    [NVIDIA_SKIP_DEVTOOLS] = "Judge it together with the CPU's evidence, whose software asked the "
                             "driver, or name gpu.devtools in the policy's may_skip.",
    [NVIDIA_SKIP_BOUND] = "Judge it together with the CPU's evidence, or name gpu.bound in the "
                          "policy's may_skip.",
};

void nvidia_skip(struct evidence_job *j, enum nvidia_may_skip what, const char *fmt, ...)
{
    const struct nvidia_policy *rules = nvidia_rules(j);
    char text[CHECK_REASON_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (rules != NULL && nvidia_policy_may_skip(rules, what))
        evidence_skip(j, false, SKIP_FIXES[what], "%s; the policy lets it pass", text);
    else
        evidence_skip(j, rules != NULL, SKIP_FIXES[what], "%s", text);
}

void nvidia_shows_field(struct evidence_job *j, unsigned type)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++)
        evidence_shows(j, gpu_opaque_name(type), gpu_opaque_field(&st->v[i].opaque, type));
}

void nvidia_shows_leaves(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++)
        evidence_shows(j, "leaf certificate", st->list.v[i].certs.der[0]);
}

bool nvidia_is_switch(const struct nvidia_device *d)
{
    return gpu_leaf_is_switch(&d->leaf);
}
