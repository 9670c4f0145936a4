/* Behind the signature of Confidential Space tokens. The first byte says how the rest is used:
 *
 *     0 to 15    the rest is a token: nothing that libFuzzer makes up is accepted
 *     16 to 31   the rest is the claims, signed here: what is accepted has every text that matters
 *     others     pairs of bytes (field, value): good claims with these values, signed here;
 * accepted exactly when every value is a good one
 *
 * Which values are good is written down here a second time, beside them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tests/support/forge_cs_texts.h"
#include "base/text.h"
#include "crypto/rsa.h"
#include "tee/verify/cs/cs.h"
#include "tee/verify/evidence.h"

enum { BITS = 2048, VARIANTS = 5, EDITS_MAX = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(expr)        \
    do {                  \
        if (failed(expr)) \
            abort();      \
    } while (0)

/* A piece of FORGE_CS_CLAIMS, and what may stand there instead. */
struct field {
    const char *text;
    const char *good[VARIANTS];
    const char *bad[VARIANTS];
};

static const struct field FIELDS[] = {
    {"\"aud\":\"https://forge.example\"",
     {"\"aud\":[\"https://forge.example\"]", "\"aud\":[\"x\",\"https://forge.example\"]"},
     {"\"aud\":\"x\"", "\"aud\":[]", "\"aux\":1", "\"aud\":7"}},
    {"\"exp\":1750003540",
     {"\"exp\":1750000001", "\"exp\":1750006900"},
     {"\"exp\":1750000000", "\"exp\":1750007201", "\"exp\":0", "\"exp\":\"1750003540\"",
      "\"ex\":0"}},
    {"\"iat\":1749999940",
     {"\"iat\":1749999700", "\"iat\":1750000000"},
     {"\"iat\":1749999699", "\"iat\":1750000061", "\"iax\":0", "\"iat\":-1", "\"iat\":1.0"}},
    {"\"nbf\":1749999940",
     {"\"nbf\":0", "\"nbf\":1750000060"},
     {"\"nbf\":1750000061", "\"nbx\":0", "\"nbf\":null"}},
    {"confidentialcomputing.googleapis.com\"",
     {"confidentialcomputing.googleapis.com\",\"jti\":\"1\""},
     {"confidentialcomputing.googleapis.com/\"", "portal.trustauthority.intel.com\"", "\""}},
    {"instances/forge-instance", {NULL}, {"instances/x", "instances/forge-instance2", ""}},
    {"\"@NONCE@\"",
     {"[\"@NONCE@\"]", "[\"01234567\",\"@NONCE@\"]"},
     {"\"0123456789\"", "[]", "\"@NONCE@@NONCE@\"", "[\"@NONCE@\",\"short\"]", "7"}},
    {"\"secboot\":true", {NULL}, {"\"secboot\":false", "\"x\":0", "\"secboot\":1"}},
    {"\"oemid\":11129", {NULL}, {"\"oemid\":0", "\"x\":0", "\"oemid\":\"11129\""}},
    {"\"hwmodel\":\"GCP_INTEL_TDX\"",
     {NULL},
     {"\"hwmodel\":\"GCP_SHIELDED_VM\"", "\"x\":0", "\"hwmodel\":\"GCP_AMD_SEV\""}},
    {"\"swname\":\"CONFIDENTIAL_SPACE\"",
     {NULL},
     {"\"swname\":\"GCE\"", "\"x\":0", "\"swname\":\"\""}},
    {"[\"250301\"]",
     {"[\"260101\"]", "[\"250302\"]"},
     {"[\"250300\"]", "[]", "[\"2503010\"]", "\"250301\""}},
    {"\"dbgstat\":\"disabled-since-boot\"",
     {NULL},
     {"\"dbgstat\":\"enabled\"", "\"x\":0", "\"dbgstat\":\"disabled\"",
      "\"dbgstat\":\"disabled-since-boot\",\"dbgstat\":\"enabled\""}},
    {"\"attester_tcb\":[\"INTEL\"]",
     {"\"x\":0"},
     {"\"attester_tcb\":[\"AMD\"]", "\"attester_tcb\":[]"}},
    {"\"UpToDate\"", {NULL}, {"\"OutOfDate\"", "\"\"", "7"}},
    {"2024-03-13T00:00:00Z",
     {"2024-03-13T00:00:01Z", "2025-01-01T00:00:00Z"},
     {"2023-03-13T00:00:00Z", "2024"}},
    {"\"STABLE\",", {"\"X\",\"STABLE\","}, {"", "\"stable\","}},
    {"{\"memory\":false}", {NULL}, {"{\"memory\":true}", "{}", "false"}},
    {"\"image_digest\":\"" FORGE_CS_DIGEST "\"",
     {NULL},
     {"\"image_digest\":\"" FORGE_CS_ID "\"", "\"x\":0", "\"image_digest\":[]"}},
    {"\"Never\"", {NULL}, {"\"Always\"", "\"\"", "7"}},
    {"[\"/serve\",\"x\"]",
     {NULL},
     {"[\"/serve\"]", "[\"x\",\"/serve\"]", "[\"/serve\",\"x\",\"\"]", "\"/serve\""}},
    {"\"cmd_override\":[\"x\"]",
     {NULL},
     {"\"cmd_override\":[]", "\"x\":0", "\"cmd_override\":[\"y\"]"}},
    {"\"env\":{\"MODE\":\"safe\"",
     {"\"env\":{\"MODE\":\"safe\",\"B\":\"\""},
     {"\"env\":{\"MODE\":\"\"", "\"env\":{\"M\":\"safe\""}},
    {"\"LEVEL\":\"3\"", {NULL}, {"\"LEVEL\":\"4\"", "\"LD_PRELOAD\":\"3\"", "\"LEVEL\":3"}},
    {"\"key_id\":\"" FORGE_CS_SIGNER "\"",
     {NULL},
     {"\"key_id\":\"\"", "\"x\":0", "\"key_id\":\"cc\""}},
    {"\"zone\":\"forge-zone\"", {NULL}, {"\"zone\":\"x\"", "\"x\":0"}},
    {"\"project_number\":\"42\"",
     {"\"x\":0", "\"project_number\":\"7\""},
     {"\"project_number\":42"}},
    {"\"instance_id\":\"4711\"", {NULL}, {"\"instance_id\":\"4712\"", "\"x\":0"}},
    {"\"cc_mode\":\"ON\"", {NULL}, {"\"cc_mode\":\"OFF\"", "\"cc_mode\":\"DEVTOOLS\"", "\"x\":0"}},
    {"\"driver_version\":\"550.90.07\"",
     {"\"driver_version\":\"550.91\"", "\"driver_version\":\"551.0.0\""},
     {"\"driver_version\":\"550.90.06\"", "\"driver_version\":\"x\"", "\"x\":0"}},
    {"\"GCP_NVIDIA_H100\"", {NULL}, {"\"GCP_NVIDIA_T4\"", "7"}},
    {"[\"a@forge\"]",
     {"[\"a@forge\",\"a@forge\"]"},
     {"[\"b@forge\"]", "[]", "[\"a@forge\",\"b@forge\"]"}},
};

enum { N_FIELDS = sizeof(FIELDS) / sizeof(FIELDS[0]) };

struct world {
    struct rsa_secret *key;
    struct buf jwks, statement_text;
    struct statement statement;
    char nonce[CS_NONCE_TEXT_LEN + 1];
    struct evidence_policy *policy;
};

static struct world world;

static void make_jwks(void)
{
    struct buf spki = BUF_MAX(RSA_SPKI_MAX_BYTES);
    world.jwks = BUF_MAX(1 << 14);
    MUST(rsa_public_spki(world.key, &spki));
    buf_put_str(&world.jwks,
                "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":"
                "\"k\",\"e\":\"AQAB\",\"n\":\"");
    base64url_put(&world.jwks, bytes_of(spki.p + spki.n - 5 - BITS / 8, BITS / 8));
    buf_put_str(&world.jwks, "\"}]}");
    buf_done(&spki);
}

static void make_world(void)
{
    uint8_t binding[STATEMENT_BINDING_LEN];
    if (world.key != NULL)
        return;
    MUST(rsa_generate(BITS, &world.key));
    make_jwks();
    world.statement = (struct statement){.platform = BYTES_LIT("gcp-confidential-space"),
                                         .service = BYTES_LIT(FORGE_CS_SERVICE)};
    world.statement_text = BUF_MAX(STATEMENT_MAX_BYTES);
    MUST(statement_encode(&world.statement, &world.statement_text));
    MUST(statement_binding(&world.statement, binding));
    MUST(cs_nonce_text(binding, world.nonce));
    MUST(evidence_policy_parse(BYTES_LIT(FORGE_CS_POLICY), &world.policy));
}

static bool is_accepted(struct bytes token)
{
    struct checks checks = {.n = 0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    const struct evidence_expect expect = {
        .at_unix_s = FORGE_CS_NOW,
        .is_session = true,
        .client_nonce = world.statement.nonce,
        .identity_key = world.statement.identity_key,
        .beside = {.statement = buf_view(&world.statement_text), .jwks = buf_view(&world.jwks)},
    };
    status s = evidence_verify(token, EVIDENCE_CS_TOKEN, world.policy, &expect, &checks, &claimed,
                               &verified);
    return ok(s);
}

static bool is_signed_accepted(struct bytes claims)
{
    struct buf token = BUF_MAX(1 << 17), sig = BUF_MAX(RSA_SIG_MAX);
    base64url_put(&token, BYTES_LIT("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k\"}"));
    buf_put_u8(&token, '.');
    base64url_put(&token, claims);
    MUST(rsa_sign(world.key, RSA_RS256, buf_view(&token), &sig));
    buf_put_u8(&token, '.');
    base64url_put(&token, buf_view(&sig));
    bool is = is_accepted(buf_view(&token));
    buf_done(&token);
    buf_done(&sig);
    return is;
}

/* Replaces every `from`; tells whether there was one. */
static bool replace(struct buf *text, const char *from, const char *to)
{
    struct buf out = BUF_MAX(1 << 16);
    size_t n = strlen(from);
    bool has_any = false;
    for (size_t i = 0; i < text->n;) {
        bool is_here = i + n <= text->n && memcmp(text->p + i, from, n) == 0;
        has_any |= is_here;
        if (is_here)
            buf_put_str(&out, to);
        else
            buf_put_u8(&out, text->p[i]);
        i += is_here ? n : 1;
    }
    MUST(buf_status(&out));
    buf_done(text);
    *text = out;
    return has_any;
}

static size_t count(const char *const v[static VARIANTS])
{
    size_t n = 0;
    while (n < VARIANTS && v[n] != NULL)
        n++;
    return n;
}

/* "x":0 may come twice into one object: the second is no edit. */
static bool edit(struct buf *claims, uint8_t which, uint8_t value, bool *is_good, bool *has_x)
{
    const struct field *f = &FIELDS[which % N_FIELDS];
    size_t n_good = count(f->good), n_bad = count(f->bad);
    size_t i = value % (n_good + n_bad);
    const char *to = i < n_good ? f->good[i] : f->bad[i - n_good];
    bool is_x = strncmp(to, "\"x\":", 4) == 0;
    if (is_x && *has_x)
        return false;
    if (!replace(claims, f->text, to))
        return false; /* an earlier edit has taken it away */
    *has_x |= is_x;
    *is_good &= i < n_good;
    return true;
}

static void edit_and_judge(const uint8_t *data, size_t size)
{
    struct buf claims = BUF_MAX(1 << 16);
    bool is_good = true, has_x = false, is_taken[N_FIELDS] = {false};
    buf_put_str(&claims, FORGE_CS_CLAIMS);
    for (size_t i = 0; i + 1 < size && i < 2 * EDITS_MAX; i += 2) {
        if (is_taken[data[i] % N_FIELDS])
            continue;
        is_taken[data[i] % N_FIELDS] = true;
        (void)edit(&claims, data[i], data[i + 1], &is_good, &has_x);
    }
    (void)replace(&claims, "@NONCE@", world.nonce);
    if (is_signed_accepted(buf_view(&claims)) != is_good) {
        (void)fprintf(stderr, "%s: %.*s\n", is_good ? "refused" : "accepted", (int)claims.n,
                      (const char *)claims.p);
        abort();
    }
    buf_done(&claims);
}

static void judge_claims(struct bytes claims)
{
    static const char *const NEEDED[] = {"disabled-since-boot", "CONFIDENTIAL_SPACE", "forge-zone",
                                         FORGE_CS_DIGEST, "confidentialcomputing.googleapis.com"};
    struct buf text = BUF_MAX(1 << 16);
    buf_put(&text, claims);
    if (failed(buf_status(&text)))
        return;
    (void)replace(&text, "@NONCE@", world.nonce);
    if (is_signed_accepted(buf_view(&text))) {
        for (size_t i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++) {
            if (memmem(text.p, text.n, NEEDED[i], strlen(NEEDED[i])) == NULL &&
                memchr(text.p, '\\', text.n) == NULL)
                abort();
        }
    }
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    make_world();
    if (size == 0 || size > 20000)
        return 0;
    if (data[0] < 16) {
        if (is_accepted(bytes_of(data + 1, size - 1)))
            abort();
    } else if (data[0] < 32) {
        judge_claims(bytes_of(data + 1, size - 1));
    } else {
        edit_and_judge(data + 1, size - 1);
    }
    return 0;
}
