#include "apps/eml-verify/unproven.h"

static const char *const NITRO[] = {
    "that AWS is honest: its Nitro system and its certificate authority are the root of this proof",
    "which AWS account or machine runs it, unless the policy pins PCR3 or PCR4",
    NULL,
};
static const char *const SIMULATED[] = {
    "anything about hardware: somebody holds the key in a folder, and no more",
    NULL,
};
static const char *const TDX[] = {
    "anything against an attacker at the memory bus: memory is encrypted with fixed keys and has no "
    "freshness, and such attacks on TDX have been shown",
    "that the firmware measured into RTMR0 to RTMR3 is good: its digests were compared, not judged",
    "that the host's ACPI tables are harmless, unless the event log was replayed and its entries "
    "pinned",
    NULL,
};
static const char *const SGX[] = {
    "anything against an attacker at the memory bus: memory is encrypted with fixed keys, and such "
    "attacks on SGX have been shown",
    "that the enclave's interface to its host is safe to use",
    NULL,
};
static const char *const SNP[] = {
    "anything against an attacker at the memory bus: memory encryption is deterministic, and such "
    "attacks on SEV-SNP have been shown",
    "what runs after the launch: the measurement covers the first memory, the software loads the "
    "rest",
    "that the machine's owner did not lower the firmware and raise it again, beyond what the "
    "committed version says",
    NULL,
};
static const char *const NVIDIA_GPU[] = {
    "that this GPU is the one which your data goes to, unless gpu.bound passed: evidence of a GPU "
    "can be fetched for a machine that has none",
    "anything against an attacker at the bus between CPU and GPU or at the GPU's memory, which is "
    "not encrypted",
    "that the firmware is free of faults: its digests are NVIDIA's reference values, no more",
    NULL,
};
static const char *const CS_TOKEN[] = {
    "that Google is honest: its verifier looked at the hardware evidence, you see only its word",
    "that the container does what its name says: its digest was compared, not judged",
    "that keys given with --jwks are Google's: fetch them yourself, or pin them in the policy",
    NULL,
};

static const char *const ALL[] = {
    "that the hardware is sound: physical attacks and side channels are outside",
    "what the workload does with your data: keep it, log it, or send it on",
    "that the image was built from the source you know: somebody must have built and compared it",
    "that the service will be there: the host can stop it, slow it or not start it at all",
    "where the machine stands, or who can walk up to it",
    NULL,
};

static const char *const RECEIPT[] = {
    "that the output is right, or that the model is a good one",
    "that any data was deleted",
    "that no other receipt exists: gaps in sequence numbers show within one session only",
    "anything against an attacker who breaks the hardware or has it in his hands",
    NULL,
};

static const char *const NOTHING[] = {NULL};

static const char *const *const PLATFORMS[] = {
    [EVIDENCE_NITRO] = NITRO,       [EVIDENCE_SIMULATED] = SIMULATED,
    [EVIDENCE_TDX] = TDX,           [EVIDENCE_SGX] = SGX,
    [EVIDENCE_SNP] = SNP,           [EVIDENCE_NVIDIA_GPU] = NVIDIA_GPU,
    [EVIDENCE_CS_TOKEN] = CS_TOKEN,
};

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    return n;
}

static const char *const *of_platform(enum evidence_type t)
{
    return (size_t)t < sizeof(PLATFORMS) / sizeof(PLATFORMS[0]) ? PLATFORMS[t] : NOTHING;
}

const char *unproven_of_evidence(enum evidence_type t, bool has_devices, size_t i)
{
    const char *const *const lists[] = {
        of_platform(t),
        has_devices && t != EVIDENCE_NVIDIA_GPU ? NVIDIA_GPU : NOTHING,
        ALL,
    };
    for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
        size_t n = count(lists[k]);
        if (i < n)
            return lists[k][i];
        i -= n;
    }
    return NULL;
}

const char *unproven_of_receipt(size_t i)
{
    return i < count(RECEIPT) ? RECEIPT[i] : NULL;
}
