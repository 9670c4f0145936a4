/* nvidia_policy - which GPUs and NVSwitches a client accepts: the member "nvidia_gpu" of a policy
 * (docs/POLICY.md).
 *
 *     "gpus": 1, "nvswitches": 0          how many devices, exactly; "gpus" is required
 *     "architectures": ["HOPPER"]         none: HOPPER and BLACKWELL, and LS10 for switches
 *     "releases": [{"name", "arch", "driver", "vbios"}]   whole tuples; a switch has no driver
 *     "min_driver": "550.90.07"           floors, compared part by part
 *     "min_vbios": {"HOPPER": "96.00.9F.00.01"}
 *     "reference_sha256": [hex]           of the files that `eml rim import` wrote
 *     "modes": ["single", "multi"]        that is the default; "protected-pcie" must be named
 *     "device_ids": ["48B02D92494BADF4"]  none: any device
 *     "crl_required": false
 *     "may_skip": ["gpu.bound"]           checks whose SKIP is accepted: see NVIDIA_MAY_SKIP
 *
 * A policy that pins none of release, floor, reference values or device is refused.
 */
#ifndef TEE_VERIFY_NVIDIA_NVIDIA_POLICY_H
#define TEE_VERIFY_NVIDIA_NVIDIA_POLICY_H

#include "formats/json.h"
#include "tee/verify/evidence_facts.h"
#include "tee/verify/nvidia/gpu_leaf.h"
#include "tee/verify/nvidia/gpu_opaque.h"
#include "tee/verify/nvidia/gpu_version.h"

enum {
    NVIDIA_RELEASES_MAX = 64,
    NVIDIA_REFERENCES_MAX = 16,
    NVIDIA_DEVICE_IDS_MAX = 256,
    NVIDIA_NAME_MAX = 64,
};

/* The checks whose input may be missing by leave of the policy, by their place in the mask. */
enum nvidia_may_skip {
    NVIDIA_SKIP_REFERENCE,    /* "gpu.reference" */
    NVIDIA_SKIP_MEASUREMENTS, /* "gpu.measurements" */
    NVIDIA_SKIP_MODE,         /* "gpu.mode" */
    NVIDIA_SKIP_DEVTOOLS,     /* "gpu.devtools" */
    NVIDIA_SKIP_BOUND,        /* "gpu.bound" */
    NVIDIA_SKIPS,
};

struct nvidia_release {
    char name[NVIDIA_NAME_MAX + 1];
    enum gpu_arch arch;
    bool has_driver;
    struct gpu_version driver, vbios;
};

struct nvidia_policy {
    bool is_present;
    size_t n_gpus, n_switches;
    unsigned arch_mask;
    struct nvidia_release *releases;
    size_t n_releases;
    struct gpu_version min_driver; /* .n_parts 0: no floor */
    struct gpu_version min_vbios[GPU_ARCHS];
    uint8_t references[NVIDIA_REFERENCES_MAX][32];
    size_t n_references;
    unsigned mode_mask;
    char (*device_ids)[GPU_SERIAL_LEN + 1];
    size_t n_device_ids;
    bool is_crl_required;
    unsigned may_skip_mask;
};

/* key absent: is_present is false. ST_FORMAT, ST_CONFIG, ST_LIMIT, ST_NOMEM; the caller ends *out
 * with nvidia_policy_done() also then. */
NODISCARD status nvidia_policy_read(struct json_obj *policy, const char *key,
                                    struct nvidia_policy *out);
void nvidia_policy_done(struct nvidia_policy *p);

bool nvidia_policy_may_skip(const struct nvidia_policy *p, enum nvidia_may_skip what);
/* Whether reference values stand in the way of a device: not when all that they are for may be
 * skipped. */
bool nvidia_policy_pins_measurements(const struct nvidia_policy *p);

/* One plain sentence a line. */
void nvidia_policy_explain(const struct nvidia_policy *p, struct buf *out);

/* Writes the member "nvidia_gpu" that pins what was seen, for review by a person. */
void nvidia_policy_pin(const struct evidence_facts *seen, const char *release_name,
                       struct json_w *w);

#endif
