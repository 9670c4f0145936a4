#include "tee/verify/evidence_policy.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "tee/verify/nitro/nitro.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    POLICY_VERSION = 1,
    AGE_LIMIT_S = 366 * 24 * 3600,
    FUTURE_LIMIT_S = 24 * 3600,
};

/* The JSON reader keeps the names that were asked for, so they live here. */
static const char *const PCR_KEYS[MEASUREMENTS_MAX] = {
    "pcr0",  "pcr1",  "pcr2",  "pcr3",  "pcr4",  "pcr5",  "pcr6",  "pcr7",
    "pcr8",  "pcr9",  "pcr10", "pcr11", "pcr12", "pcr13", "pcr14", "pcr15",
    "pcr16", "pcr17", "pcr18", "pcr19", "pcr20", "pcr21", "pcr22", "pcr23",
    "pcr24", "pcr25", "pcr26", "pcr27", "pcr28", "pcr29", "pcr30", "pcr31",
};

/* Text that is printed beside verdicts: visible ASCII, copied with its NUL. */
static void copy_name(struct json_obj *o, const char *key, struct bytes v, char *out, size_t max)
{
    bool is_fine = v.n >= 1 && v.n <= max;
    for (size_t i = 0; is_fine && i < v.n; i++)
        is_fine = v.p[i] >= 0x21 && v.p[i] <= 0x7e;
    if (!is_fine) {
        json_error(o, ST_FORMAT, "\"%s\" is not 1..%zu visible ASCII characters", key, max);
        return;
    }
    memcpy(out, v.p, v.n);
    out[v.n] = 0;
}

static void read_pcrs(struct json_obj *o, struct measurements *want)
{
    want->kind = MEASUREMENT_NITRO_PCR;
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (!json_hex(o, PCR_KEYS[i], false, want->pcr[i], MEASUREMENT_LEN))
            continue;
        want->present_mask |= (uint32_t)1 << i;
        /* A debug enclave's PCR0..2 are zero: pinning them to zero would accept any debug image. */
        if (i < 3 && bytes_all_zero(BYTES_OF(want->pcr[i])))
            json_error(o, ST_CONFIG, "\"%s\" is all zero: that is debug mode", PCR_KEYS[i]);
    }
    if (!measurements_has(want, 0))
        json_error(o, ST_CONFIG, "\"pcr0\" is missing, the measurement of the image");
}

static status read_release(const json_t *node, const char *path, struct policy_release *out)
{
    struct json_obj o = json_obj_of(node, path);
    struct bytes name = json_text(&o, "name", true);
    copy_name(&o, "name", name, out->name, POLICY_NAME_MAX);
    read_pcrs(&o, &out->want);
    return json_obj_end(&o);
}

static status read_releases(const json_t *list, const char *path, struct policy_platform *out)
{
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.releases is empty: the policy would accept nothing", path);
    out->releases = calloc(n, sizeof(*out->releases));
    REQUIRE(out->releases != NULL, ST_NOMEM, "policy releases");
    for (size_t i = 0; i < n; i++) {
        char at[JSON_PATH_MAX + 40];
        (void)snprintf(at, sizeof(at), "%s.releases[%zu]", path, i);
        TRY(read_release(json_at(list, i), at, &out->releases[i]));
        out->n_releases = i + 1;
        for (size_t k = 0; k < i; k++)
            REQUIRE(strcmp(out->releases[k].name, out->releases[i].name) != 0, ST_CONFIG,
                    "%s: the name %s is there twice", at, out->releases[i].name);
    }
    return OK;
}

static status read_platform(struct json_obj *policy, const char *key, struct policy_platform *out)
{
    if (!json_has(policy, key))
        return OK;
    struct json_obj o = json_sub(policy, key);
    out->has_max_age = json_has(&o, "max_age_s");
    out->max_age_s = json_int(&o, "max_age_s", false, 1, AGE_LIMIT_S, POLICY_DEFAULT_MAX_AGE_S);
    out->max_future_s =
        json_int(&o, "max_future_s", false, 0, FUTURE_LIMIT_S, POLICY_DEFAULT_MAX_FUTURE_S);
    out->is_crl_required = json_bool(&o, "crl_required", false, false);
    const json_t *list = json_list(&o, "releases", true, POLICY_RELEASES_MAX);
    TRY(json_obj_end(&o));
    TRY(read_releases(list, o.path, out));
    out->is_present = true;
    return OK;
}

static void read_freshness(struct json_obj *o, struct evidence_policy *out)
{
    const json_t *list = json_list(o, "freshness", false, 2);
    if (!json_has(o, "freshness")) {
        out->freshness_mask = 1u << FRESH_SESSION;
        return;
    }
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes v = {0};
        bool is_text = json_is_text(json_at(list, i), &v);
        if (is_text && bytes_equal(v, BYTES_LIT("session")))
            out->freshness_mask |= 1u << FRESH_SESSION;
        else if (is_text && bytes_equal(v, BYTES_LIT("epoch")))
            out->freshness_mask |= 1u << FRESH_EPOCH;
        else
            json_error(o, ST_FORMAT, "\"freshness\" holds something else than session or epoch");
    }
    if (out->freshness_mask == 0)
        json_error(o, ST_CONFIG, "\"freshness\" is empty: no session would be accepted");
}

static status read_digests(struct json_obj *o, const char *key, struct policy_digests *out)
{
    const json_t *list = json_list(o, key, false, POLICY_DIGESTS_MAX);
    if (list == NULL)
        return OK;
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "policy.%s is empty: nothing would be accepted", key);
    out->v = calloc(n, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "policy digests");
    for (size_t i = 0; i < n; i++) {
        struct bytes v;
        REQUIRE(json_is_text(json_at(list, i), &v), ST_FORMAT, "policy.%s[%zu] is not text", key,
                i);
        status s = hex_decode(v, out->v[i], sizeof(out->v[i]));
        if (failed(s))
            return status_context(s, "policy.%s[%zu]", key, i);
    }
    out->n = n;
    return OK;
}

static void read_life(struct json_obj *o, struct evidence_policy *out)
{
    struct bytes end = json_text(o, "not_after", false);
    out->serial = (uint32_t)json_int(o, "serial", false, 1, UINT32_MAX, 0);
    out->has_end = end.p != NULL;
    if (out->has_end && failed(clock_parse(end, &out->not_after_unix_s)))
        json_error(o, ST_FORMAT, "\"not_after\": %s", status_detail());
}

static bool names_a_platform(const struct evidence_policy *p)
{
    const bool present[] = {
        p->nitro.is_present,
        p->simulated.is_present,
        p->tdx.is_present,
        p->sgx.is_present,
        p->snp.is_present,
        p->nvidia_gpu.is_present,
        p->confidential_space.is_present,
    };
    for (size_t i = 0; i < sizeof(present); i++) {
        if (present[i])
            return true;
    }
    return false;
}

/* The two halves of the simulated platform stand or fall together, and the hardware's root is
 * never a simulated one. */
static status check_whole(const struct evidence_policy *p)
{
    uint8_t aws[SHA256_LEN];
    REQUIRE(names_a_platform(p), ST_CONFIG, "policy names no platform: it would accept nothing");
    REQUIRE(p->simulated.is_present == p->trusts_simulated_root, ST_CONFIG,
            "policy.simulated and policy.trust_simulated_root need each other");
    TRY(sha256(nitro_root(), aws));
    REQUIRE(!p->trusts_simulated_root || memcmp(aws, p->simulated_root_sha256, sizeof(aws)) != 0,
            ST_CONFIG, "policy.trust_simulated_root is the root of AWS Nitro");
    return OK;
}

static status read_policy(const json_t *root, struct evidence_policy *p)
{
    struct json_obj o = json_obj_of(root, "policy");
    (void)json_int(&o, "version", true, POLICY_VERSION, POLICY_VERSION, 0);
    if (json_has(&o, "service"))
        copy_name(&o, "service", json_text(&o, "service", true), p->service, STATEMENT_SERVICE_MAX);
    read_life(&o, p);
    read_freshness(&o, p);
    p->trusts_simulated_root = json_hex(&o, "trust_simulated_root", false, p->simulated_root_sha256,
                                        sizeof(p->simulated_root_sha256));
    TRY(read_platform(&o, "nitro", &p->nitro));
    TRY(read_platform(&o, "simulated", &p->simulated));
    TRY(dcap_policy_read(&o, "tdx", QUOTE_TDX, &p->tdx));
    TRY(dcap_policy_read(&o, "sgx", QUOTE_SGX, &p->sgx));
    TRY(snp_policy_read(&o, "snp", &p->snp));
    TRY(nvidia_policy_read(&o, "nvidia_gpu", &p->nvidia_gpu));
    TRY(cs_policy_read(&o, "confidential_space", &p->confidential_space));
    TRY(read_digests(&o, "configs", &p->configs));
    TRY(read_digests(&o, "models", &p->models));
    TRY(json_obj_end(&o));
    return check_whole(p);
}

status evidence_policy_parse(struct bytes json, struct evidence_policy **out)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    TRY(json_parse(json, POLICY_MAX_BYTES, &doc));
    p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "policy");
    TRY(read_policy(json_root(doc), p));
    TRY(sha256(json, p->sha256));
    *out = p;
    p = NULL;
    return OK;
}

void evidence_policy_freep(struct evidence_policy **p)
{
    if (*p != NULL) {
        free((*p)->nitro.releases);
        free((*p)->simulated.releases);
        dcap_policy_done(&(*p)->tdx);
        dcap_policy_done(&(*p)->sgx);
        snp_policy_done(&(*p)->snp);
        nvidia_policy_done(&(*p)->nvidia_gpu);
        cs_policy_done(&(*p)->confidential_space);
        free((*p)->configs.v);
        free((*p)->models.v);
        free(*p);
    }
    *p = NULL;
}

status evidence_policy_check_end(const struct evidence_policy *p, int64_t at_unix_s)
{
    char end[CLOCK_TEXT_LEN];
    if (!p->has_end || at_unix_s <= p->not_after_unix_s)
        return OK;
    clock_text(p->not_after_unix_s, end);
    return FAIL(ST_EXPIRED, "the policy ended at %s: get a newer one", end);
}

static bool is_match(const struct measurements *want, const struct measurements *got)
{
    if (want->kind != got->kind || want->present_mask == 0)
        return false;
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (!measurements_has(want, i))
            continue;
        if (!measurements_has(got, i) || memcmp(want->pcr[i], got->pcr[i], MEASUREMENT_LEN) != 0)
            return false;
    }
    return true;
}

const struct policy_release *evidence_policy_match(const struct policy_platform *p,
                                                   const struct measurements *got)
{
    for (size_t i = 0; i < p->n_releases; i++) {
        if (is_match(&p->releases[i].want, got))
            return &p->releases[i];
    }
    return NULL;
}

bool evidence_policy_lists(const struct policy_digests *d, const uint8_t digest[static 32])
{
    for (size_t i = 0; i < d->n; i++) {
        if (memcmp(d->v[i], digest, sizeof(d->v[i])) == 0)
            return true;
    }
    return false;
}
