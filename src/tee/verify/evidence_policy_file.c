#include "tee/verify/evidence_policy_file.h"

#include "base/text.h"
#include "formats/cose.h"

#define CONTENT_TYPE "application/eml-policy+json"

enum { TAGGED = 0xd2 }; /* tag 18 in its only deterministic form; no JSON text begins with it */

bool evidence_policy_file_is_signed(struct bytes file)
{
    return file.n > 0 && file.p[0] == TAGGED;
}

static status verify_signature(const struct cose_unverified *u, const uint8_t *signer,
                               struct cose_verified *out)
{
    char hex[2 * ED25519_PUBLIC_LEN + 1];
    status s = cose_verify_ed25519(u, signer, (struct bytes){0}, out);
    if (s.code != ST_AUTH)
        return status_context(s, "signed policy");
    hex_encode(bytes_of(signer, ED25519_PUBLIC_LEN), hex);
    return FAIL(ST_AUTH,
                "not signed by the policy key %s: get it from its signer, or correct the key", hex);
}

static status verify_signed(struct bytes file, const uint8_t *signer,
                            struct evidence_policy_verified *out)
{
    struct cose_unverified u = {0};
    struct cose_verified v = {0};
    REQUIRE(evidence_policy_file_is_signed(file), ST_AUTH,
            "not a signed policy, and a policy key demands one: have it signed (eml policy sign), "
            "or leave the key out");
    TRY(status_context(cose_parse_typed(file, CONTENT_TYPE, &u), "signed policy"));
    TRY(verify_signature(&u, signer, &v));
    out->json = v.payload;
    out->is_signed = true;
    memcpy(out->signer, signer, sizeof(out->signer));
    return OK;
}

status evidence_policy_file_verify(struct bytes file, const uint8_t *signer,
                                   struct evidence_policy_verified *out)
{
    struct evidence_policy_verified v = {.json = file};
    REQUIRE(file.n <= EVIDENCE_POLICY_FILE_MAX_BYTES, ST_LIMIT, "policy of %zu bytes", file.n);
    REQUIRE(signer != NULL || !evidence_policy_file_is_signed(file), ST_USAGE,
            "the policy is signed and no key is given to verify it: give its signer's with "
            "--policy-key HEX, in a client's configuration as policy_key");
    if (signer != NULL)
        TRY(verify_signed(file, signer, &v));
    *out = v;
    return OK;
}

static status require_serial(const struct evidence_policy *p)
{
    REQUIRE(p->serial > 0, ST_CONFIG,
            "policy.serial is missing: signed policies are numbered, from 1");
    return OK;
}

status evidence_policy_file_parse(const struct evidence_policy_verified *v,
                                  struct evidence_policy **out)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    TRY(evidence_policy_parse(v->json, &p));
    if (v->is_signed)
        TRY(require_serial(p));
    p->is_signed = v->is_signed;
    memcpy(p->signer, v->signer, sizeof(p->signer));
    *out = p;
    p = NULL;
    return OK;
}

/* A plain policy's serial is nobody's word. */
static status take_serial(const struct evidence_policy *p, struct evidence_memory *m)
{
    uint32_t highest = evidence_memory_get(m, EVIDENCE_MEMORY_POLICY_SERIAL);
    if (!p->is_signed)
        return OK;
    REQUIRE(p->serial >= highest, ST_ROLLBACK,
            "the policy has serial %u, and serial %u was accepted before: get the newest one from "
            "its signer",
            p->serial, highest);
    evidence_memory_raise(m, EVIDENCE_MEMORY_POLICY_SERIAL, p->serial);
    return OK;
}

status evidence_policy_file_open(struct bytes file, const struct evidence_policy_demand *demand,
                                 struct evidence_policy **out)
{
    struct evidence_policy_verified v = {0};
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    TRY(evidence_policy_file_verify(file, demand->signer, &v));
    TRY(evidence_policy_file_parse(&v, &p));
    TRY(evidence_policy_check_end(p, demand->at_unix_s));
    TRY(take_serial(p, demand->memory));
    *out = p;
    p = NULL;
    return OK;
}

status evidence_policy_file_sign(struct bytes json, const struct ed25519_secret *key,
                                 struct buf *out)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    TRY(evidence_policy_parse(json, &p));
    TRY(require_serial(p));
    return cose_sign_typed(key, CONTENT_TYPE, json, out);
}
