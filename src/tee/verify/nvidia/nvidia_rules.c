#include "tee/verify/nvidia/nvidia.h"

#include "crypto/hash.h"

#define UNPINNED_FIX "Name what you accept in the policy, to have it checked: docs/POLICY.md."
#define NONCE_FIX    "Give the nonce that you sent (--nonce), or the CPU's evidence with this."

/* For the checks that have nothing to compare with. */
static bool has_rules(struct evidence_job *j)
{
    if (nvidia_rules(j) == NULL)
        evidence_skip(j, false, UNPINNED_FIX, "no policy for these devices was given");
    return nvidia_rules(j) != NULL;
}

void nvidia_check_count(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    size_t n_switches = 0;
    if (!has_rules(j))
        return;
    for (size_t i = 0; i < st->list.n; i++)
        n_switches += nvidia_is_switch(&st->v[i]);
    size_t n_gpus = st->list.n - n_switches;
    if (n_gpus != rules->n_gpus || n_switches != rules->n_switches)
        evidence_fail(j, NULL, "%zu GPUs and %zu NVSwitches, the policy asks for %zu and %zu",
                      n_gpus, n_switches, rules->n_gpus, rules->n_switches);
    else
        evidence_pass(j, "%zu GPUs and %zu NVSwitches", n_gpus, n_switches);
}

static bool lists_device(const struct nvidia_policy *rules, const char *serial)
{
    for (size_t i = 0; i < rules->n_device_ids; i++) {
        if (strcmp(rules->device_ids[i], serial) == 0)
            return true;
    }
    return false;
}

void nvidia_check_device(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    if (!has_rules(j))
        return;
    nvidia_shows_leaves(j);
    if (rules->n_device_ids == 0) {
        evidence_skip(j, false, UNPINNED_FIX, "the policy names no device; this is %s",
                      st->v[0].leaf.serial);
        return;
    }
    for (size_t i = 0; i < st->list.n; i++) {
        if (!lists_device(rules, st->v[i].leaf.serial)) {
            evidence_fail(j, NULL, "device %zu is %s", i, st->v[i].leaf.serial);
            return;
        }
    }
    evidence_pass(j, "every device is on the policy's list of %zu", rules->n_device_ids);
}

static const struct nvidia_release *release_of(const struct nvidia_policy *rules,
                                               const struct nvidia_device *d)
{
    for (size_t i = 0; i < rules->n_releases; i++) {
        const struct nvidia_release *r = &rules->releases[i];
        if (r->arch == d->leaf.arch && r->has_driver == d->opaque.has_driver &&
            gpu_version_compare(&r->vbios, &d->opaque.vbios) == 0 &&
            gpu_version_compare(&r->driver, &d->opaque.driver) == 0)
            return r;
    }
    return NULL;
}

/* Devices of one architecture run one release: no mixing. */
static const char *release_trouble(const struct nvidia_state *st, const struct nvidia_policy *rules,
                                   size_t i)
{
    const struct nvidia_release *r = release_of(rules, &st->v[i]);
    if (r == NULL)
        return "matches no release of the policy as a whole";
    for (size_t k = 0; k < i; k++) {
        if (st->v[k].leaf.arch == st->v[i].leaf.arch && release_of(rules, &st->v[k]) != r)
            return "runs another release than a device of its kind before it";
    }
    return NULL;
}

/* Without releases something else has to speak of the device: a floor of another architecture, or
 * of a driver that a switch does not have, pins nothing. */
static bool is_spoken_of(const struct nvidia_policy *rules, const struct nvidia_device *d)
{
    return nvidia_policy_pins_measurements(rules) || rules->n_device_ids > 0 ||
           rules->min_vbios[d->leaf.arch].n_parts > 0 ||
           (d->opaque.has_driver && rules->min_driver.n_parts > 0);
}

static void judge_without_releases(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    for (size_t i = 0; i < st->list.n; i++) {
        if (is_spoken_of(nvidia_rules(j), &st->v[i]))
            continue;
        evidence_fail(j, NULL, "device %zu is a %s, of which the policy pins nothing", i,
                      gpu_leaf_arch_name(st->v[i].leaf.arch));
        return;
    }
    j->release = "any above the floors";
    evidence_skip(j, false, UNPINNED_FIX, "the policy names no releases");
}

void nvidia_check_release(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    if (!has_rules(j))
        return;
    nvidia_shows_field(j, GPU_OPAQUE_DRIVER_VERSION);
    nvidia_shows_field(j, GPU_OPAQUE_VBIOS_VERSION);
    if (rules->n_releases == 0) {
        judge_without_releases(j);
        return;
    }
    for (size_t i = 0; i < st->list.n; i++) {
        const char *trouble = release_trouble(st, rules, i);
        if (trouble != NULL) {
            evidence_fail(j, NULL, "device %zu %s", i, trouble);
            return;
        }
    }
    j->release = release_of(rules, &st->v[0])->name;
    evidence_pass(j, "release %s", j->release);
}

/* A switch has no driver of its own. */
void nvidia_check_driver(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    size_t n_compared = 0;
    if (!has_rules(j))
        return;
    nvidia_shows_field(j, GPU_OPAQUE_DRIVER_VERSION);
    for (size_t i = 0; rules->min_driver.n_parts > 0 && i < st->list.n; i++) {
        const struct gpu_opaque *o = &st->v[i].opaque;
        n_compared += o->has_driver;
        if (o->has_driver && gpu_version_compare(&o->driver, &rules->min_driver) < 0) {
            evidence_fail(j, NULL, "device %zu: driver %s, at least %s is asked for", i,
                          o->driver.text, rules->min_driver.text);
            return;
        }
    }
    if (n_compared == 0)
        evidence_skip(j, false, UNPINNED_FIX,
                      "the policy names no oldest driver for these devices");
    else
        evidence_pass(j, "%zu of %zu devices have a driver, and it is %s or newer", n_compared,
                      st->list.n, rules->min_driver.text);
}

void nvidia_check_vbios(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    size_t n_compared = 0;
    if (!has_rules(j))
        return;
    nvidia_shows_field(j, GPU_OPAQUE_VBIOS_VERSION);
    for (size_t i = 0; i < st->list.n; i++) {
        const struct gpu_version *floor = &rules->min_vbios[st->v[i].leaf.arch];
        const struct gpu_version *is = &st->v[i].opaque.vbios;
        n_compared += floor->n_parts > 0;
        if (floor->n_parts > 0 && gpu_version_compare(is, floor) < 0) {
            evidence_fail(j, NULL, "device %zu: VBIOS %s, at least %s is asked for", i, is->text,
                          floor->text);
            return;
        }
    }
    if (n_compared == 0)
        evidence_skip(j, false, UNPINNED_FIX, "the policy names no oldest VBIOS for these devices");
    else
        evidence_pass(j, "%zu of %zu devices have a floor and are above it", n_compared,
                      st->list.n);
}

static bool is_nonce(const struct nvidia_state *st, struct bytes want, size_t *out_device)
{
    for (size_t i = 0; i < st->list.n; i++) {
        *out_device = i;
        if (!bytes_equal(st->v[i].request.nonce, want))
            return false;
    }
    return true;
}

/* What the list says of a device's nonce is only repeated there; the request is what is signed. */
static bool is_list_right(const struct nvidia_state *st, size_t *out_device)
{
    for (size_t i = 0; i < st->list.n; i++) {
        *out_device = i;
        struct bytes said = st->list.v[i].nonce;
        if (said.p != NULL && !bytes_equal(said, st->v[i].request.nonce))
            return false;
    }
    return true;
}

void nvidia_check_nonce(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    struct bytes want = j->expect->nonce;
    size_t i = 0;
    evidence_shows(j, "nonce", st->v[0].request.nonce);
    if (j->expect->report_data.p != NULL)
        evidence_fail(j, NULL, "report data is expected, and a device has none");
    else if (!is_list_right(st, &i))
        evidence_fail(j, "GPU_NONCE_CONTRADICTION",
                      "device %zu: the list names another nonce than the signed request", i);
    else if (want.p != NULL && !is_nonce(st, want, &i))
        evidence_fail(j, NULL, "device %zu answered another nonce", i);
    else if (want.p != NULL)
        evidence_pass(j, "every device answered the expected nonce");
    else if (j->expect->cpu_statement != NULL)
        evidence_pass(j, "the nonce of the list; gpu.bound says whether it is the enclave's");
    else
        evidence_skip(j, j->expect->is_session, NONCE_FIX,
                      "no nonce to compare with: a replay looks the same");
}

/* The enclave asks its devices with a nonce made from everything that its own evidence will state
 * but their answer, and states the digest of their answer. */
static status check_binding(const struct evidence_job *j, size_t *out_device)
{
    const struct statement *s = j->expect->cpu_statement;
    uint8_t digest[SHA256_LEN], nonce[STATEMENT_FIELD_LEN];
    TRY(sha256(j->evidence, digest));
    REQUIRE(memcmp(digest, s->device_digest, sizeof(digest)) == 0, ST_MISMATCH,
            "the CPU's statement holds another digest of device evidence");
    TRY(statement_device_nonce(s, nonce));
    REQUIRE(is_nonce(j->state, BYTES_OF(nonce), out_device), ST_MISMATCH,
            "a device answered a nonce that is not made from the CPU's statement");
    return OK;
}

void nvidia_check_bound(struct evidence_job *j)
{
    struct nvidia_state *st = j->state;
    size_t i = 0;
    evidence_shows(j, "what the statement's digest is of", j->evidence);
    evidence_shows(j, "nonce", st->v[0].request.nonce);
    if (j->expect->cpu_statement == NULL) {
        nvidia_skip(j, NVIDIA_SKIP_BOUND,
                    "no verified CPU evidence came with it: genuine devices, but whose?");
        return;
    }
    if (failed(check_binding(j, &i))) {
        evidence_fail(j, NULL, "%s", status_detail());
        return;
    }
    st->is_bound = true;
    evidence_pass(j, "the CPU's statement holds the digest of this, and its nonce was answered");
}

/* Old firmware does not state its mode. Then the attested software of the CPU's enclave, which asks
 * the driver before it hands out device evidence, is what there is. */
void nvidia_check_mode(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    const struct nvidia_policy *rules = nvidia_rules(j);
    size_t n_unstated = 0;
    nvidia_shows_field(j, GPU_OPAQUE_FEATURE_FLAG);
    nvidia_shows_field(j, GPU_OPAQUE_PCIE_STATUS);
    if (rules == NULL) {
        evidence_skip(j, false, UNPINNED_FIX,
                      "no policy for these devices was given; the mode is %s",
                      gpu_opaque_feature_name(st->v[0].opaque.feature));
        return;
    }
    for (size_t i = 0; i < st->list.n; i++) {
        enum gpu_feature f = st->v[i].opaque.feature;
        bool is_silent = nvidia_is_switch(&st->v[i]) || f == GPU_FEATURE_UNSTATED;
        n_unstated += !nvidia_is_switch(&st->v[i]) && f == GPU_FEATURE_UNSTATED;
        if (!is_silent && (rules->mode_mask >> f & 1u) == 0) {
            evidence_fail(j, NULL, "device %zu runs in mode %s", i, gpu_opaque_feature_name(f));
            return;
        }
    }
    if (n_unstated == 0)
        evidence_pass(j, "every GPU states a mode that the policy lists");
    else if (st->is_bound)
        evidence_pass(j, "%zu GPUs state no mode; the attested software asked their driver",
                      n_unstated);
    else
        nvidia_skip(j, NVIDIA_SKIP_MODE, "%zu GPUs state no mode of confidential computing",
                    n_unstated);
}

void nvidia_check_devtools(struct evidence_job *j)
{
    const struct nvidia_state *st = j->state;
    enum { BAD = GPU_FLAG_NOT_SECURE | GPU_FLAG_RECOVERY | GPU_FLAG_DEBUG };
    nvidia_shows_leaves(j);
    for (size_t i = 0; i < st->list.n; i++) {
        if ((st->v[i].leaf.flags & BAD) != 0) {
            evidence_fail(j, NULL, "device %zu: its certificate says debug, recovery or not secure",
                          i);
            return;
        }
    }
    if (st->is_bound)
        evidence_pass(j, "no debug flag; the attested software asked the driver: tools are off");
    else
        nvidia_skip(j, NVIDIA_SKIP_DEVTOOLS,
                    "no debug flag; a report does not say whether developer tools are on");
}
