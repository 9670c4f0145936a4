#include "receipt/air.h"

#include "crypto/rand.h"
#include "receipt/air_judge.h"

/* {1: -8, 3: 61}: EdDSA, application/cwt. The one header that AIR v1 allows. */
static const uint8_t PROTECTED[] = {0xa2, 0x01, 0x27, 0x03, 0x18, 0x3d};

enum { HEADER_CONTENT_TYPE = 3, CONTENT_TYPE_CWT = 61 };

/* The words of the format. */

static const char *const PLATFORMS[] = {
    [AIR_NITRO_PCR] = "nitro-pcr",
    [AIR_TDX_MRTD_RTMR] = "tdx-mrtd-rtmr",
};
static const char *const MODES[] = {
    [AIR_PRODUCTION] = "production",
    [AIR_EVALUATION] = "evaluation",
};
static const char *const SCHEMES[] = {
    [AIR_SCHEME_NONE] = NULL,
    [AIR_SHA256_SINGLE] = "sha256-single",
    [AIR_SHA256_CONCAT] = "sha256-concat",
    [AIR_SHA256_MANIFEST] = "sha256-manifest",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool find(const char *const *table, size_t n, struct bytes name, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i] == NULL || !bytes_equal(name, bytes_str(table[i])))
            continue;
        *out = i;
        return true;
    }
    return false;
}

const char *air_platform_name(enum air_platform p)
{
    return (size_t)p < COUNT(PLATFORMS) ? PLATFORMS[p] : "";
}

const char *air_mode_name(enum air_mode m)
{
    return (size_t)m < COUNT(MODES) ? MODES[m] : "";
}

const char *air_scheme_name(enum air_scheme s)
{
    return (size_t)s < COUNT(SCHEMES) ? SCHEMES[s] : "";
}

bool air_platform_from_name(struct bytes name, enum air_platform *out)
{
    size_t i = 0;
    bool is_known = find(PLATFORMS, COUNT(PLATFORMS), name, &i);
    if (is_known)
        *out = (enum air_platform)i;
    return is_known;
}

bool air_mode_from_name(struct bytes name, enum air_mode *out)
{
    size_t i = 0;
    bool is_known = find(MODES, COUNT(MODES), name, &i);
    if (is_known)
        *out = (enum air_mode)i;
    return is_known;
}

bool air_scheme_from_name(struct bytes name, enum air_scheme *out)
{
    size_t i = 0;
    bool is_known = find(SCHEMES, COUNT(SCHEMES), name, &i);
    if (is_known)
        *out = (enum air_scheme)i;
    return is_known;
}

status air_cti_generate(uint8_t out[static AIR_CTI_LEN])
{
    TRY(rand_bytes(out, AIR_CTI_LEN));
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
    return OK;
}

/* Layer 1: a COSE_Sign1 with the one header, around a map of claims. */

static void check_size(struct air_judge *j)
{
    if (j->receipt.n > AIR_RECEIPT_MAX) {
        AIR_FAIL(j, "RECEIPT_TOO_LARGE", "%zu bytes, at most %d are allowed", j->receipt.n,
                 AIR_RECEIPT_MAX);
        j->out->is_malformed = true;
    } else {
        AIR_PASS(j, "%zu bytes", j->receipt.n);
    }
}

static void check_cose_decode(struct air_judge *j)
{
    status s = cose_parse(j->receipt, COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &j->message);
    if (!checks_status(j->out, j->row->id, "COSE_DECODE_FAILED", j->row->fix, s,
                       "a tagged COSE_Sign1"))
        j->out->is_malformed = true;
}

static void check_unprotected(struct air_judge *j)
{
    if (!j->message.unprotected_is_empty)
        AIR_FAIL(j, "NON_EMPTY_UNPROTECTED", "the unprotected header is not empty");
    else
        AIR_PASS(j, "the unprotected header is empty");
}

static void check_alg(struct air_judge *j)
{
    if (!j->message.has_alg)
        AIR_FAIL(j, "BAD_ALG", "the protected header names no algorithm");
    else if (j->message.alg != COSE_ALG_EDDSA)
        AIR_FAIL(j, "BAD_ALG", "the algorithm is %lld, expected is EdDSA (-8)",
                 (long long)j->message.alg);
    else
        AIR_PASS(j, "EdDSA");
}

static bool is_integer(enum cbor_type type)
{
    return type == CBOR_UINT || type == CBOR_NINT;
}

/* The content type header, when it is there and a number. */
static bool find_content_type(struct bytes protected_raw, int64_t *out)
{
    struct cbor_rd r = cbor_rd_over(protected_raw, CBOR_DETERMINISTIC);
    struct cbor_iter it = cbor_map(&r);
    while (cbor_next(&r, &it)) {
        int64_t key = 0;
        if (is_integer(cbor_peek(&r)))
            key = cbor_int(&r);
        else
            (void)cbor_item(&r);
        bool is_it = key == HEADER_CONTENT_TYPE;
        bool is_number = is_integer(cbor_peek(&r));
        if (is_it)
            *out = is_number ? cbor_int(&r) : 0;
        if (is_it)
            return is_number && ok(cbor_status(&r));
        (void)cbor_item(&r);
    }
    return false;
}

static void check_content_type(struct air_judge *j)
{
    int64_t type = -1;
    if (!find_content_type(j->message.protected_raw, &type))
        AIR_FAIL(j, "BAD_CONTENT_TYPE", "the protected header has no numeric content type");
    else if (type != CONTENT_TYPE_CWT)
        AIR_FAIL(j, "BAD_CONTENT_TYPE", "content type is %lld, expected is application/cwt (61)",
                 (long long)type);
    else if (!bytes_equal(j->message.protected_raw, BYTES_OF(PROTECTED)))
        AIR_FAIL(j, "BAD_PROTECTED_HEADER", "the protected header is not exactly {1: -8, 3: 61}");
    else
        AIR_PASS(j, "application/cwt");
}

static void check_payload(struct air_judge *j)
{
    if (!j->message.has_payload)
        AIR_FAIL(j, "MISSING_PAYLOAD", "the payload is nil");
    else
        AIR_PASS(j, "%zu bytes of claims", cose_payload_unverified(&j->message).n);
}

static void check_claims_decode(struct air_judge *j)
{
    const char *code = NULL;
    status s = air_claims_decode(cose_payload_unverified(&j->message), &j->claims, &code);
    (void)checks_status(j->out, j->row->id, code, j->row->fix, s,
                        "the closed set of claims, deterministic CBOR");
}

static void check_eat_profile(struct air_judge *j)
{
    if (!bytes_equal(j->claims.profile, BYTES_LIT(AIR_PROFILE)))
        AIR_FAIL(j, "WRONG_PROFILE", "eat_profile is not " AIR_PROFILE);
    else
        AIR_PASS(j, AIR_PROFILE);
}

/* Layer 2. The claims are read again, out of what the signature covers: nothing that was decoded
 * before it held reaches the layers above. */

/* Neither good nor bad: what stands behind it is not reached, and the verdict is incomplete. */
static void skip_signature(struct air_judge *j, const char *fix, const char *reason)
{
    checks_skip(j->out, j->row->id, true, fix, "%s", reason);
    j->stopped_by = j->row->id;
}

static void check_sig(struct air_judge *j)
{
    const char *code = "SIG_FAILED";
    struct cose_verified verified = {0};
    if (j->expect->public_key == NULL) {
        skip_signature(j, "give the issuer's key or its evidence",
                       "no key to verify the signature with");
        return;
    }
    if (j->message.sig.n != ED25519_SIG_LEN) {
        AIR_FAIL(j, "BAD_SIG_LENGTH", "the signature has %zu bytes instead of %d", j->message.sig.n,
                 ED25519_SIG_LEN);
        return;
    }
    j->claims = (struct air_unverified){0};
    status s =
        cose_verify_ed25519(&j->message, j->expect->public_key, (struct bytes){0}, &verified);
    if (s.code == ST_NOMEM || s.code == ST_INTERNAL) {
        skip_signature(j, "run it again with more memory", "the signature could not be verified");
        return;
    }
    if (ok(s))
        s = air_claims_decode(verified.payload, &j->claims, &code);
    (void)checks_status(j->out, j->row->id, code, j->row->fix, s, "Ed25519, verified strictly");
}

static const struct air_row PARSE_ROWS[] = {
    {"SIZE", "this is not a receipt", check_size},
    {"COSE_DECODE", "give the receipt file as it was received, in binary", check_cose_decode},
    {"UNPROTECTED", "AIR v1 allows signed headers only; the issuer is not conforming",
     check_unprotected},
    {"ALG", "AIR v1 receipts are signed with EdDSA only", check_alg},
    {"CONTENT_TYPE", "this is another kind of COSE message, not a receipt", check_content_type},
    {"PAYLOAD", "AIR v1 receipts carry their claims inside", check_payload},
    {"CLAIMS_DECODE", "refuse it: altered, or made by a non-conforming issuer",
     check_claims_decode},
    {"EAT_PROFILE", "this is not an AIR v1 receipt", check_eat_profile},
};

static const struct air_row CRYPTO_ROWS[] = {
    {"SIG", "refuse it: altered, or signed by another key than the one given", check_sig},
};

/* Row by row: a failure in these two layers ends the verification. */
static void judge_stopping(struct air_judge *j, const struct air_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        air_judge_rows(j, &rows[i], 1);
        if (j->stopped_by == NULL && j->out->v[j->out->n - 1].result == CHECK_FAIL)
            j->stopped_by = rows[i].id;
    }
}

static void judge(struct air_judge *j)
{
    judge_stopping(j, PARSE_ROWS, COUNT(PARSE_ROWS));
    judge_stopping(j, CRYPTO_ROWS, COUNT(CRYPTO_ROWS));
    air_judge_claims(j);
    air_judge_policy(j);
}

static status refusal(const struct checks *c)
{
    const struct check *first = checks_first_failure(c);
    const char *id = first ? first->id : "a required check";
    const char *reason = first ? first->reason : "did not run";
    switch (checks_verdict(c)) {
    case VERDICT_MALFORMED:
        return FAIL(ST_FORMAT, "not a receipt: %s: %s", id, reason);
    case VERDICT_INCOMPLETE:
        return FAIL(ST_UNSUPPORTED, "receipt not fully verified: %s %s", id, reason);
    default:
        return FAIL(ST_AUTH, "receipt rejected: %s: %s", id, reason);
    }
}

status air_verify(struct bytes receipt, const struct air_expect *expect, struct checks *out_checks,
                  struct air_claims *out_claims)
{
    struct air_judge j = {.receipt = receipt, .expect = expect, .out = out_checks};
    judge(&j);
    if (checks_verdict(out_checks) != VERDICT_ACCEPT)
        return refusal(out_checks);
    if (expect->seen != NULL)
        TRY(air_seen_add(expect->seen, j.claims.cti.p));
    if (out_claims != NULL)
        air_claims_publish(&j.claims, out_claims);
    return OK;
}

/* The signer's own rules, stricter than what the format can say. */
static status check_attested(const struct air_measurements *m)
{
    REQUIRE(m->is_attested, ST_POLICY, "the measurements do not come from evidence");
    REQUIRE((m->present & AIR_PCR_REQUIRED) == AIR_PCR_REQUIRED, ST_POLICY,
            "a required measurement is missing");
    for (size_t i = 0; i < 3; i++)
        REQUIRE(!bytes_all_zero(BYTES_OF(m->pcr[i])), ST_POLICY, "measurement %zu is all zero", i);
    return OK;
}

/* What the verifier would refuse is not signed. */
static status check_own(struct bytes payload)
{
    struct checks found = {0};
    struct air_judge j = {.out = &found};
    const char *code = NULL;
    if (failed(air_claims_decode(payload, &j.claims, &code)))
        return FAIL(ST_USAGE, "claims cannot be signed: %s", code);
    air_judge_claims(&j);
    const struct check *first = checks_first_failure(&found);
    REQUIRE(first == NULL, ST_USAGE, "claims cannot be signed: %s", first->reason);
    return OK;
}

status air_sign_prepared(const struct air_claims *claims, const struct ed25519_signer *signer,
                         struct buf *out)
{
    struct buf payload CLEANUP(buf_done) = BUF_MAX(AIR_RECEIPT_MAX - 128);
    TRY(check_attested(&claims->measurements));
    air_claims_encode(claims, &payload);
    TRY(buf_status(&payload));
    TRY(check_own(buf_view(&payload)));
    return cose_sign_prepared(signer, BYTES_OF(PROTECTED), buf_view(&payload), true, out);
}

status air_sign(const struct air_claims *claims, const struct ed25519_secret *key, struct buf *out)
{
    struct ed25519_signer *signer CLEANUP(ed25519_signer_freep) = NULL;
    TRY(ed25519_signer_new(key, &signer));
    return air_sign_prepared(claims, signer, out);
}
