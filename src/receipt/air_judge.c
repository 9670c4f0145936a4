#include "receipt/air_judge.h"

#include <stdio.h>

#include "base/text.h"

enum { HEX_MAX = 2 * AIR_NONCE_MAX + 1 };

static const char *hex_of(struct bytes v, char out[static HEX_MAX])
{
    hex_encode(bytes_of(v.p, v.n > AIR_NONCE_MAX ? AIR_NONCE_MAX : v.n), out);
    return out;
}

/* Arguments for "%.*s": what a claim says, cut to what a reason can hold. */
#define SHOWN(v) (int)((v).n > 64 ? 64 : (v).n), (v).n > 0 ? (const char *)(v).p : ""

void air_judge_rows(struct air_judge *j, const struct air_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        j->row = &rows[i];
        if (j->stopped_by == NULL)
            rows[i].run(j);
        else
            checks_skip(j->out, rows[i].id, true, NULL, "not reached: %s did not pass",
                        j->stopped_by);
    }
}

/* Layer 3: what the claims say by themselves. */

static void check_cti(struct air_judge *j)
{
    struct bytes cti = j->claims.cti;
    if (cti.n != AIR_CTI_LEN)
        AIR_FAIL(j, "BAD_CTI_LENGTH", "cti has %zu bytes instead of %d", cti.n, AIR_CTI_LEN);
    else if (bytes_all_zero(cti))
        AIR_FAIL(j, "ZERO_CTI", "cti is all zero");
    else {
        char hex[HEX_MAX];
        AIR_PASS(j, "receipt id %s", hex_of(cti, hex));
    }
}

static void check_mhash_present(struct air_judge *j)
{
    char hex[HEX_MAX];
    if (bytes_all_zero(j->claims.model_hash))
        AIR_FAIL(j, "ZERO_MODEL_HASH", "model_hash is all zero");
    else
        AIR_PASS(j, "model_hash is %s", hex_of(j->claims.model_hash, hex));
}

static bool is_tdx(const struct air_judge *j)
{
    return bytes_equal(j->claims.measurement_type, bytes_str(air_platform_name(AIR_TDX_MRTD_RTMR)));
}

static bool check_register(struct air_judge *j, unsigned i)
{
    static const char *const MISSING[] = {"MISSING_CLAIM:pcr0", "MISSING_CLAIM:pcr1",
                                          "MISSING_CLAIM:pcr2"};
    struct bytes v = j->claims.pcr[i];
    bool is_present = (j->claims.present >> i & 1) != 0;
    /* Nitro's debug mode reports zeroes for all three. On TDX an RTMR may stay zero, MRTD not. */
    bool may_be_zero = is_tdx(j) ? i > 0 : i > 2;
    if (!is_present && i <= 2)
        AIR_FAIL(j, MISSING[i], "pcr%u is missing", i);
    else if (is_present && v.n != AIR_MEASUREMENT_LEN)
        AIR_FAIL(j, "BAD_MEASUREMENT_LENGTH", "pcr%u is %zu bytes instead of %d (SHA-384)", i, v.n,
                 AIR_MEASUREMENT_LEN);
    else if (is_present && !may_be_zero && bytes_all_zero(v))
        AIR_FAIL(j, "ZERO_MEASUREMENT", "pcr%u is all zero: debug mode, or nothing measured", i);
    else
        return true;
    return false;
}

static void check_meas(struct air_judge *j)
{
    for (unsigned i = 0; i < AIR_N_PCR; i++) {
        if (!check_register(j, i))
            return;
    }
    if (is_tdx(j) && (j->claims.present >> 8 & 1) != 0)
        AIR_FAIL(j, "FORBIDDEN_MEASUREMENT", "pcr8 does not exist on tdx-mrtd-rtmr");
    else
        AIR_PASS(j, "all measurements have 48 bytes, the required ones are there");
}

static void check_mtype(struct air_judge *j)
{
    struct bytes name = j->claims.measurement_type;
    enum air_platform platform;
    if (!j->claims.has_measurement_type)
        AIR_FAIL(j, "MISSING_CLAIM:measurement_type", "measurement_type is missing");
    else if (!air_platform_from_name(name, &platform))
        AIR_FAIL(j, "UNKNOWN_MTYPE", "measurement_type is \"%.*s\"", SHOWN(name));
    else
        AIR_PASS(j, "measurement_type is %s", air_platform_name(platform));
}

static void check_mhash_scheme(struct air_judge *j)
{
    enum air_scheme scheme;
    if (!j->claims.has_scheme)
        AIR_SKIP(j, "the receipt declares no scheme: model_hash is opaque");
    else if (!air_scheme_from_name(j->claims.scheme, &scheme))
        AIR_FAIL(j, "UNKNOWN_MODEL_HASH_SCHEME", "model_hash_scheme is \"%.*s\"",
                 SHOWN(j->claims.scheme));
    else
        AIR_PASS(j, "model_hash_scheme is %s", air_scheme_name(scheme));
}

static void check_security_mode(struct air_judge *j)
{
    enum air_mode mode;
    if (!air_mode_from_name(j->claims.mode, &mode))
        AIR_FAIL(j, "UNKNOWN_SECURITY_MODE", "security_mode is \"%.*s\"", SHOWN(j->claims.mode));
    else
        AIR_PASS(j, "security_mode is %s", air_mode_name(mode));
}

/* Layer 4: what the caller demands. */

static void check_fresh(struct air_judge *j)
{
    int64_t at = j->expect->at_unix_s;
    int64_t max_age = j->expect->max_age_s;
    uint64_t iat = j->claims.iat_unix_s;
    if (at < 0 || max_age < 0 || (at == 0 && max_age > 0))
        AIR_FAIL(j, "CLOCK_ERROR", "no usable time of verification (%lld)", (long long)at);
    else if (at == 0)
        AIR_SKIP(j, "no time of verification given");
    else if (iat > (uint64_t)at + AIR_SKEW_S)
        AIR_FAIL(j, "TIMESTAMP_FUTURE", "issued %llu s after the time of verification",
                 (unsigned long long)(iat - (uint64_t)at));
    else if (max_age > 0 && (uint64_t)at > iat && (uint64_t)at - iat > (uint64_t)max_age)
        AIR_FAIL(j, "TIMESTAMP_STALE", "issued %llu s ago, allowed are %lld s",
                 (unsigned long long)((uint64_t)at - iat), (long long)max_age);
    else
        AIR_PASS(j, "issued at %llu; %s", (unsigned long long)iat,
                 max_age > 0 ? "young enough" : "not in the future; no age limit given");
}

static void check_hash(struct air_judge *j, struct bytes found, const uint8_t *expected,
                       const char *code, const char *not_given)
{
    char a[HEX_MAX];
    char b[HEX_MAX];
    if (expected == NULL)
        AIR_SKIP(j, "%s", not_given);
    else if (!bytes_equal(found, bytes_of(expected, AIR_HASH_LEN)))
        AIR_FAIL(j, code, "receipt says %s, expected is %s", hex_of(found, a),
                 hex_of(bytes_of(expected, AIR_HASH_LEN), b));
    else
        AIR_PASS(j, "equal: %s", hex_of(found, a));
}

static void check_mhash(struct air_judge *j)
{
    check_hash(j, j->claims.model_hash, j->expect->model_hash, "MODEL_HASH_MISMATCH",
               "no model hash to compare with");
}

static void check_rhash(struct air_judge *j)
{
    check_hash(j, j->claims.request_hash, j->expect->request_hash, "REQUEST_HASH_MISMATCH",
               "no request to compare with");
}

static void check_ohash(struct air_judge *j)
{
    check_hash(j, j->claims.response_hash, j->expect->response_hash, "RESPONSE_HASH_MISMATCH",
               "no response to compare with");
}

static void check_adhash(struct air_judge *j)
{
    check_hash(j, j->claims.attestation_doc_hash, j->expect->attestation_doc_hash,
               "ATTESTATION_DOC_HASH_MISMATCH", "no attestation evidence to compare with");
}

static void check_text(struct air_judge *j, struct bytes found, struct bytes expected,
                       const char *code, const char *not_given)
{
    if (expected.n == 0)
        AIR_SKIP(j, "%s", not_given);
    else if (!bytes_equal(found, expected))
        AIR_FAIL(j, code, "receipt says \"%.*s\", expected is \"%.*s\"", SHOWN(found),
                 SHOWN(expected));
    else
        AIR_PASS(j, "\"%.*s\" as expected", SHOWN(found));
}

static void check_model(struct air_judge *j)
{
    check_text(j, j->claims.model_id, j->expect->model_id, "MODEL_ID_MISMATCH",
               "no model id expected");
}

static void check_security_mode_policy(struct air_judge *j)
{
    bool is_evaluation = bytes_equal(j->claims.mode, bytes_str(air_mode_name(AIR_EVALUATION)));
    if (is_evaluation && !j->expect->allow_evaluation)
        AIR_FAIL(j, "EVALUATION_MODE_REJECTED", "made in evaluation mode, which is not allowed");
    else if (j->expect->mode.n > 0)
        check_text(j, j->claims.mode, j->expect->mode, "SECURITY_MODE_MISMATCH", "");
    else
        AIR_PASS(j, "mode \"%.*s\" is allowed", SHOWN(j->claims.mode));
}

static void check_platform(struct air_judge *j)
{
    check_text(j, j->claims.measurement_type, j->expect->platform, "PLATFORM_MISMATCH",
               "no platform expected");
}

static void check_nonce(struct air_judge *j)
{
    char a[HEX_MAX];
    char b[HEX_MAX];
    if (j->expect->nonce.n == 0)
        AIR_SKIP(j, "no nonce expected");
    else if (!j->claims.has_nonce)
        AIR_FAIL(j, "NONCE_MISSING", "the receipt has no nonce, one is expected");
    else if (!bytes_equal(j->claims.nonce, j->expect->nonce))
        AIR_FAIL(
            j, "NONCE_MISMATCH", "receipt nonce is %s, expected is %s",
            hex_of(bytes_of(j->claims.nonce.p, j->claims.nonce.n > 32 ? 32 : j->claims.nonce.n), a),
            hex_of(bytes_of(j->expect->nonce.p, j->expect->nonce.n > 32 ? 32 : j->expect->nonce.n),
                   b));
    else
        AIR_PASS(j, "nonce %s", hex_of(j->claims.nonce, a));
}

static void check_replay(struct air_judge *j)
{
    const struct air_seen *seen = j->expect->seen;
    bool is_usable = j->claims.cti.n == AIR_CTI_LEN;
    if (seen == NULL)
        AIR_SKIP(j, "no set of receipts seen before");
    else if (!is_usable || air_seen_has(seen, j->claims.cti.p))
        AIR_FAIL(j, "REPLAY_CTI", "a receipt with this id was accepted before");
    else if (seen->n >= seen->cap)
        AIR_FAIL(j, "REPLAY_SET_FULL", "the set of receipts seen before is full (%zu)", seen->cap);
    else
        AIR_PASS(j, "not seen before");
}

/* Which register differs from the attested one; AIR_N_PCR when none does. */
static unsigned differing_register(const struct air_judge *j)
{
    const struct air_measurements *m = j->expect->measurements;
    for (unsigned i = 0; i < AIR_N_PCR; i++) {
        if ((j->claims.present >> i & 1) == 0)
            continue;
        if ((m->present >> i & 1) == 0 || !bytes_equal(j->claims.pcr[i], BYTES_OF(m->pcr[i])))
            return i;
    }
    return AIR_N_PCR;
}

static void check_meas_attested(struct air_judge *j)
{
    const struct air_measurements *m = j->expect->measurements;
    if (m == NULL) {
        AIR_SKIP(j, "no attested measurements to compare with");
        return;
    }
    unsigned i = differing_register(j);
    if (!bytes_equal(j->claims.measurement_type, bytes_str(air_platform_name(m->platform))))
        AIR_FAIL(j, "PLATFORM_MISMATCH", "receipt and evidence are of different platforms");
    else if (i < AIR_N_PCR)
        AIR_FAIL(j, "MEASUREMENT_MISMATCH", "pcr%u is not the attested one", i);
    else
        AIR_PASS(j, "every measurement is the attested one");
}

static const struct air_row CLAIM_ROWS[] = {
    {"CTI", "the issuer must give each receipt its own 16-byte id", check_cti},
    {"MHASH_PRESENT", "the issuer must name the model by its hash", check_mhash_present},
    {"MEAS", "refuse it: receipts of debug enclaves or of broken issuers prove nothing",
     check_meas},
    {"MTYPE", "use a verifier that knows this platform", check_mtype},
    {"MHASH_SCHEME", "use a verifier that knows this scheme", check_mhash_scheme},
    {"SECURITY_MODE", "AIR v1 knows production and evaluation only; the issuer is not conforming",
     check_security_mode},
};

static const struct air_row POLICY_ROWS[] = {
    {"FRESH", "check the clock, the time given, and the age limit", check_fresh},
    {"MHASH", "another model made this output than the one expected", check_mhash},
    {"RHASH", "the request file is not the one this receipt was issued for", check_rhash},
    {"OHASH", "the response file is not the one this receipt was issued for", check_ohash},
    {"ADHASH", "use the evidence of the session that produced this receipt", check_adhash},
    {"MODEL", "another model was named than the one expected", check_model},
    {"SECURITY_MODE_POLICY", "ask for a receipt of a production service",
     check_security_mode_policy},
    {"PLATFORM", "the receipt comes from another kind of hardware than expected", check_platform},
    {"NONCE", "ask again with a fresh nonce", check_nonce},
    {"REPLAY", "do not count this receipt a second time", check_replay},
    {"MEAS_ATTESTED", "use the evidence of the session that produced this receipt",
     check_meas_attested},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void air_judge_claims(struct air_judge *j)
{
    air_judge_rows(j, CLAIM_ROWS, COUNT(CLAIM_ROWS));
}

void air_judge_policy(struct air_judge *j)
{
    air_judge_rows(j, POLICY_ROWS, COUNT(POLICY_ROWS));
}
