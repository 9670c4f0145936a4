#include "tee/verify/evidence_parts.h"

#include "crypto/hash.h"
#include "tee/verify/bundle.h"

enum { REACHED_NOTHING = -1 };

const struct evidence_check evidence_parts_bundle = {
    "bundle",
    NEEDS_NOTHING,
    NULL,
    "BUNDLE_MALFORMED",
    "Fetch the evidence again; it must be the bundle's own bytes.",
    "docs/ATTESTATION.md, bundles",
};
const struct evidence_check evidence_parts_devices_row = {
    "devices",
    NEEDS_SIGNED,
    NULL,
    "DEVICES_MISSING",
    "Ask the service for evidence of its GPUs, or give a policy without nvidia_gpu.",
    "docs/ATTESTATION.md, devices",
};

/* ---- the envelope ---- */

static void fill(struct bytes *place, struct bytes part)
{
    if (place->p == NULL)
        *place = part;
}

static void take_parts(const struct bundle *b, struct evidence_inputs *in)
{
    fill(&in->statement, b->statement);
    fill(&in->collateral, b->collateral);
    fill(&in->certs, b->certs);
    fill(&in->event_log, b->event_log);
    fill(&in->devices, b->devices);
}

void evidence_parts_open(struct evidence_job *j, struct evidence_expect *filled)
{
    struct bundle b;
    if (j->kind->binds == NULL || !bundle_is(j->evidence))
        return;
    j->now = &evidence_parts_bundle;
    j->reached = REACHED_NOTHING;
    evidence_shows(j, "bundle", j->evidence);
    status s = bundle_parse(j->evidence, &b);
    if (failed(s)) {
        evidence_unreadable(j, s);
        return;
    }
    if (!bytes_equal(b.platform, bytes_str(j->kind->platform))) {
        evidence_fail(j, "BUNDLE_PLATFORM_MISMATCH", "a bundle of %.*s, judged as %s",
                      (int)b.platform.n, (const char *)b.platform.p, j->kind->platform);
        return;
    }
    evidence_pass(j, "a bundle of %s, %zu bytes", j->kind->platform, j->evidence.n);
    j->reached = NEEDS_NOTHING;
    j->evidence = b.evidence;
    take_parts(&b, &filled->beside);
}

/* ---- the devices ---- */

/* The digest of nothing: the statement names no devices. */
static bool states_devices(const struct evidence_job *j)
{
    return j->has_statement && !bytes_all_zero(BYTES_OF(j->statement.device_digest));
}

static bool are_demanded(const struct evidence_job *j)
{
    return j->policy != NULL && j->policy->nvidia_gpu.is_present;
}

/* Without a policy everything is looked at; with one, what it speaks of. */
static bool are_judged(const struct evidence_job *j)
{
    return j->policy == NULL || j->policy->nvidia_gpu.is_present;
}

static const char *digest_trouble(const struct evidence_job *j)
{
    uint8_t digest[SHA256_LEN];
    if (!j->has_statement)
        return "device evidence came without a statement that names it";
    if (failed(sha256(j->expect->beside.devices, digest)))
        return "device evidence cannot be hashed";
    if (memcmp(digest, j->statement.device_digest, sizeof(digest)) != 0)
        return "the statement names other device evidence than what came";
    return NULL;
}

/* Whether there is anything to judge; the outcome of the row is told here. */
static bool check_devices(struct evidence_job *j)
{
    const char *trouble;
    j->now = &evidence_parts_devices_row;
    if (j->reached < evidence_parts_devices_row.need) {
        evidence_skip(j, true, "See the first check that failed.",
                      "not judged, because an earlier check did not hold");
        return false;
    }
    if (j->expect->beside.devices.p == NULL) {
        if (are_demanded(j))
            evidence_fail(j, NULL, "the policy asks for devices, and no device evidence came");
        else
            evidence_skip(j, false, NULL, "the statement names devices, and no evidence came");
        return false;
    }
    evidence_shows(j, "device evidence", j->expect->beside.devices);
    trouble = digest_trouble(j);
    if (trouble != NULL)
        evidence_fail(j, "DEVICES_NOT_BOUND", "%s", trouble);
    else if (!are_judged(j))
        evidence_skip(j, false, "Add nvidia_gpu to the policy to have the devices judged.",
                      "the policy says nothing about devices: they are not judged");
    else
        evidence_pass(j, "the statement names this device evidence");
    return trouble == NULL && are_judged(j);
}

static status judge_devices(struct evidence_job *j)
{
    uint8_t nonce[STATEMENT_FIELD_LEN];
    TRY(statement_device_nonce(&j->statement, nonce));
    const struct evidence_expect expect = {
        .at_unix_s = j->expect->at_unix_s,
        .is_session = j->expect->is_session,
        .nonce = BYTES_OF(nonce),
        .beside = {.reference_values = j->expect->beside.reference_values,
                   .crls = j->expect->beside.crls,
                   .n_crls = j->expect->beside.n_crls},
        .cpu_statement = &j->statement,
        .cache = j->expect->cache,
        .trace = j->expect->trace,
    };
    struct evidence_job d = {
        .kind = evidence_kind_of(EVIDENCE_NVIDIA_GPU),
        .is_device = true,
        .evidence = j->expect->beside.devices,
        .policy = j->policy,
        .expect = &expect,
        .checks = j->checks,
        .facts = j->facts,
    };
    size_t n_facts = j->facts != NULL ? j->facts->n : 0;
    TRY(evidence_run(&d));
    j->are_devices_signed = d.reached >= NEEDS_SIGNED;
    /* Facts are shown where the CPU's signature held; what a device says needs its own. */
    if (j->facts != NULL && !j->are_devices_signed)
        j->facts->n = n_facts;
    j->has_devices = j->are_devices_signed && d.release != NULL;
    return OK;
}

status evidence_parts_devices(struct evidence_job *j)
{
    bool came = j->expect->beside.devices.p != NULL;
    if (j->kind->type == EVIDENCE_NVIDIA_GPU || !(came || are_demanded(j) || states_devices(j)))
        return OK;
    return check_devices(j) ? judge_devices(j) : OK;
}
