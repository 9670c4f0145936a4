#include "serve/signer.h"

#include "base/clock.h"
#include "crypto/rand.h"
#include "tee/verify/attested.h"

#include <sys/resource.h>

enum { EVIDENCE_ROOM = EVIDENCE_MAX_BYTES, NS_PER_MS = 1000000 };

static status evidence_of_probe(struct tee_provider *p, const char *service, struct buf *out)
{
    struct statement s = {.platform = bytes_str(tee_platform(p)), .service = bytes_str(service)};
    TRY(rand_bytes(s.nonce, sizeof(s.nonce)));
    return tee_attest(p, &s, out);
}

/* The checks of this call are not asked: the question is only what a verifier will read. */
static status measurements_in_evidence(struct tee_provider *p, const char *service,
                                       struct measurements *out)
{
    struct buf doc CLEANUP(buf_done) = BUF_MAX(EVIDENCE_ROOM);
    TRY(evidence_of_probe(p, service, &doc));
    enum evidence_type type;
    TRY(evidence_type_of(bytes_str(tee_platform(p)), &type));
    const struct evidence_expect expect = {.at_unix_s = clock_unix_s()};
    struct checks checks = {0};
    struct evidence_claimed claimed = {0};
    struct evidence_verified unused;
    (void)failed(evidence_verify(buf_view(&doc), type, NULL, &expect, &checks, &claimed, &unused));
    REQUIRE(!checks.is_malformed, ST_INTERNAL, "the platform's own evidence does not parse");
    *out = claimed.measurements;
    return OK;
}

static bool same_measurements(const struct measurements *a, const struct measurements *b)
{
    if (a->kind != b->kind || a->present_mask != b->present_mask)
        return false;
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (!bytes_equal(measurements_at(a, i), measurements_at(b, i)))
            return false;
    }
    return true;
}

static status make_key(struct signer *s)
{
    struct ed25519_secret secret CLEANUP(ed25519_secret_wipe) = {.seed = {0}};
    TRY(ed25519_generate(&secret));
    TRY(ed25519_signer_new(&secret, &s->key));
    memcpy(s->public_key, secret.public_key, sizeof(s->public_key));
    return OK;
}

status signer_init(struct signer *s, struct tee_provider *provider, const char *service,
                   const char *policy_version, const struct signer_model *model)
{
    struct measurements reported = {0};
    struct measurements attested = {0};
    TRY(tee_measurements(provider, &reported));
    TRY(measurements_in_evidence(provider, service, &attested));
    REQUIRE(same_measurements(&reported, &attested), ST_MISMATCH,
            "the platform's measurements are not those of its evidence");
    bool is_simulated = strcmp(tee_platform(provider), STATEMENT_PLATFORM_SIMULATED) == 0;
    s->common = (struct air_claims){
        .iss = bytes_str(service),
        .model_id = bytes_str(model->id),
        .model_version = bytes_str(model->version),
        .policy_version = bytes_str(policy_version),
        .mode = is_simulated ? AIR_EVALUATION : AIR_PRODUCTION,
        .scheme = AIR_SHA256_MANIFEST,
    };
    memcpy(s->common.model_hash, model->digest, AIR_HASH_LEN);
    attested_measurements(&attested, &s->common.measurements);
    REQUIRE(s->common.measurements.is_attested, ST_UNSUPPORTED,
            "a receipt of AIR v1 has no place for the measurements of %s", tee_platform(provider));
    return make_key(s);
}

void signer_done(struct signer *s)
{
    ed25519_signer_freep(&s->key);
}

static uint64_t peak_memory_mb(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss / 1024 : 0;
}

status signer_sign(const struct signer *s, const struct signer_facts *f, struct buf *out)
{
    struct air_claims c = s->common;
    TRY(air_cti_generate(c.cti));
    c.iat_unix_s = (uint64_t)clock_unix_s();
    c.nonce = f->nonce;
    memcpy(c.request_hash, f->request_hash, AIR_HASH_LEN);
    memcpy(c.response_hash, f->response_hash, AIR_HASH_LEN);
    memcpy(c.attestation_doc_hash, f->evidence_hash, AIR_HASH_LEN);
    c.sequence_number = f->sequence;
    c.execution_time_ms = (f->engine_ns + NS_PER_MS - 1) / NS_PER_MS;
    c.memory_peak_mb = peak_memory_mb();
    return air_sign_prepared(&c, s->key, out);
}
