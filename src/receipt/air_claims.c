#include "receipt/air_claims.h"

#include "formats/cbor.h"

enum kind { KIND_TEXT, KIND_BYTES, KIND_UINT, KIND_MEASUREMENTS };

/* One row a claim, in wire order, which is also the order of RFC 8949 section 4.2.1. min and max
 * bound the length of a string and the value of a number. */
struct rule {
    int64_t key;
    enum kind kind;
    size_t at; /* of the claim's place in struct air_unverified */
    uint64_t min;
    uint64_t max;
    const char *name;
    const char *missing; /* codes */
    const char *wrong_type;
    const char *out_of_range;
    size_t has_at; /* of the flag of an optional claim; 0: the claim is required */
};

#define RULE_(key, name, kind, member, min, max, range_code, has_at)         \
    {                                                                        \
        key, kind, offsetof(struct air_unverified, member), min, max, #name, \
            "MISSING_CLAIM:" #name, "WRONG_TYPE:" #name, range_code, has_at  \
    }
#define RULE(key, name, kind, member, min, max, range_code) \
    RULE_(key, name, kind, member, min, max, range_code, 0)
#define OPTIONAL(key, name, kind, member, min, max, range_code) \
    RULE_(key, name, kind, member, min, max, range_code,        \
          offsetof(struct air_unverified, has_##member))

static const struct rule RULES[] = {
    RULE(1, iss, KIND_TEXT, iss, 0, AIR_TEXT_MAX, "INVALID_CLAIM:iss"),
    RULE(6, iat, KIND_UINT, iat_unix_s, 1, INT64_MAX, "INVALID_CLAIM:iat"),
    RULE(7, cti, KIND_BYTES, cti, 0, AIR_RECEIPT_MAX, NULL), /* judged: CTI */
    OPTIONAL(10, eat_nonce, KIND_BYTES, nonce, AIR_NONCE_MIN, AIR_NONCE_MAX,
             "INVALID_CLAIM:eat_nonce"),
    RULE(265, eat_profile, KIND_TEXT, profile, 0, AIR_RECEIPT_MAX, NULL), /* judged: EAT_PROFILE */
    RULE(-65537, model_id, KIND_TEXT, model_id, 1, AIR_TEXT_MAX, "INVALID_CLAIM:model_id"),
    RULE(-65538, model_version, KIND_TEXT, model_version, 0, AIR_VERSION_MAX,
         "INVALID_CLAIM:model_version"),
    RULE(-65539, model_hash, KIND_BYTES, model_hash, AIR_HASH_LEN, AIR_HASH_LEN, "BAD_HASH_LENGTH"),
    RULE(-65540, request_hash, KIND_BYTES, request_hash, AIR_HASH_LEN, AIR_HASH_LEN,
         "BAD_HASH_LENGTH"),
    RULE(-65541, response_hash, KIND_BYTES, response_hash, AIR_HASH_LEN, AIR_HASH_LEN,
         "BAD_HASH_LENGTH"),
    RULE(-65542, attestation_doc_hash, KIND_BYTES, attestation_doc_hash, AIR_HASH_LEN, AIR_HASH_LEN,
         "BAD_HASH_LENGTH"),
    RULE(-65543, enclave_measurements, KIND_MEASUREMENTS, pcr, 0, 0, NULL),
    RULE(-65544, policy_version, KIND_TEXT, policy_version, 0, AIR_TEXT_MAX,
         "INVALID_CLAIM:policy_version"),
    RULE(-65545, sequence_number, KIND_UINT, sequence_number, 0, UINT64_MAX, NULL),
    RULE(-65546, execution_time_ms, KIND_UINT, execution_time_ms, 0, UINT64_MAX, NULL),
    RULE(-65547, memory_peak_mb, KIND_UINT, memory_peak_mb, 0, UINT64_MAX, NULL),
    RULE(-65548, security_mode, KIND_TEXT, mode, 0, AIR_RECEIPT_MAX,
         NULL), /* judged: SECURITY_MODE */
    OPTIONAL(-65549, model_hash_scheme, KIND_TEXT, scheme, 0, AIR_RECEIPT_MAX,
             NULL), /* judged: MHASH_SCHEME */
};

enum { N_RULES = sizeof(RULES) / sizeof(RULES[0]) };

/* The registers that the map of measurements may hold, in wire order. */
static const struct {
    const char *name;
    const char *wrong_type;
    unsigned index;
} REGISTERS[] = {
    {"pcr0", "WRONG_TYPE:pcr0", 0}, {"pcr1", "WRONG_TYPE:pcr1", 1}, {"pcr2", "WRONG_TYPE:pcr2", 2},
    {"pcr3", "WRONG_TYPE:pcr3", 3}, {"pcr4", "WRONG_TYPE:pcr4", 4}, {"pcr8", "WRONG_TYPE:pcr8", 8},
};

enum { N_REGISTERS = sizeof(REGISTERS) / sizeof(REGISTERS[0]) };

/* The decoder at work. A failure names its code here; the reader's own errors have one code. */
struct decoder {
    struct cbor_rd r;
    struct air_unverified u;
    const char *code;
};

static status not_decodable(struct decoder *d)
{
    d->code = "CLAIMS_DECODE_FAILED";
    TRY(cbor_status(&d->r));
    return FAIL(ST_FORMAT, "claims are not valid deterministic CBOR");
}

/* The next item must be of this type; when there is no item at all the encoding is at fault. */
static status expect_type(struct decoder *d, enum cbor_type type, const char *name,
                          const char *code)
{
    enum cbor_type found = cbor_peek(&d->r);
    if (found == type)
        return OK;
    if (found == CBOR_END) {
        (void)cbor_item(&d->r); /* makes the reader say what is wrong */
        return not_decodable(d);
    }
    d->code = code;
    return FAIL(ST_FORMAT, "claim %s has the wrong type", name);
}

static status decode_register(struct decoder *d, struct bytes name)
{
    for (size_t i = 0; i < N_REGISTERS; i++) {
        if (!bytes_equal(name, bytes_str(REGISTERS[i].name)))
            continue;
        TRY(expect_type(d, CBOR_BYTES, REGISTERS[i].name, REGISTERS[i].wrong_type));
        d->u.pcr[REGISTERS[i].index] = cbor_bytes(&d->r);
        d->u.present = (uint16_t)(d->u.present | 1u << REGISTERS[i].index);
        return OK;
    }
    d->code = "UNKNOWN_CLAIM";
    return FAIL(ST_FORMAT, "enclave_measurements holds the unknown key \"%.*s\"",
                (int)(name.n < 40 ? name.n : 40), name.p ? (const char *)name.p : "");
}

static status decode_measurement(struct decoder *d)
{
    TRY(expect_type(d, CBOR_TEXT, "key in enclave_measurements", "UNKNOWN_CLAIM"));
    struct bytes name = cbor_text(&d->r);
    if (failed(cbor_status(&d->r)))
        return not_decodable(d);
    if (!bytes_equal(name, BYTES_LIT("measurement_type")))
        return decode_register(d, name);
    TRY(expect_type(d, CBOR_TEXT, "measurement_type", "WRONG_TYPE:measurement_type"));
    d->u.measurement_type = cbor_text(&d->r);
    d->u.has_measurement_type = true;
    return OK;
}

static status decode_measurements(struct decoder *d, const struct rule *rule)
{
    TRY(expect_type(d, CBOR_MAP, rule->name, rule->wrong_type));
    struct cbor_iter it = cbor_map(&d->r);
    while (cbor_next(&d->r, &it))
        TRY(decode_measurement(d));
    return OK;
}

static status check_range(struct decoder *d, const struct rule *rule, uint64_t v)
{
    if (v >= rule->min && v <= rule->max)
        return OK;
    d->code = rule->out_of_range ? rule->out_of_range : "CLAIMS_DECODE_FAILED";
    return FAIL(ST_FORMAT, "claim %s has %s %llu, allowed are %llu to %llu", rule->name,
                rule->kind == KIND_UINT ? "the value" : "length", (unsigned long long)v,
                (unsigned long long)rule->min, (unsigned long long)rule->max);
}

static status decode_uint(struct decoder *d, const struct rule *rule)
{
    uint64_t v = 0;
    TRY(expect_type(d, CBOR_UINT, rule->name, rule->wrong_type));
    v = cbor_uint(&d->r);
    if (failed(cbor_status(&d->r)))
        return not_decodable(d);
    memcpy((uint8_t *)&d->u + rule->at, &v, sizeof(v));
    return check_range(d, rule, v);
}

static status decode_string(struct decoder *d, const struct rule *rule)
{
    bool is_text = rule->kind == KIND_TEXT;
    TRY(expect_type(d, is_text ? CBOR_TEXT : CBOR_BYTES, rule->name, rule->wrong_type));
    struct bytes v = is_text ? cbor_text(&d->r) : cbor_bytes(&d->r);
    if (failed(cbor_status(&d->r)))
        return not_decodable(d);
    memcpy((uint8_t *)&d->u + rule->at, &v, sizeof(v));
    return check_range(d, rule, v.n);
}

static status decode_value(struct decoder *d, const struct rule *rule)
{
    if (rule->has_at != 0)
        *((bool *)((uint8_t *)&d->u + rule->has_at)) = true;
    if (rule->kind == KIND_MEASUREMENTS)
        return decode_measurements(d, rule);
    return rule->kind == KIND_UINT ? decode_uint(d, rule) : decode_string(d, rule);
}

static status decode_key(struct decoder *d, size_t *out_rule)
{
    enum cbor_type type = cbor_peek(&d->r);
    bool is_number = type == CBOR_UINT || type == CBOR_NINT;
    int64_t key = is_number ? cbor_int(&d->r) : 0;
    if (type == CBOR_END || failed(cbor_status(&d->r)))
        return not_decodable(d);
    for (size_t i = 0; is_number && i < N_RULES; i++) {
        if (RULES[i].key != key)
            continue;
        *out_rule = i;
        return OK;
    }
    d->code = "UNKNOWN_CLAIM";
    return is_number ? FAIL(ST_FORMAT, "unknown claim %lld", (long long)key)
                     : FAIL(ST_FORMAT, "a claim's key is not an integer");
}

static status check_complete(struct decoder *d, const bool seen[static N_RULES])
{
    for (size_t i = 0; i < N_RULES; i++) {
        if (seen[i] || RULES[i].has_at != 0)
            continue;
        d->code = RULES[i].missing;
        return FAIL(ST_FORMAT, "claim %s is missing", RULES[i].name);
    }
    return OK;
}

static status decode_claims(struct decoder *d)
{
    bool seen[N_RULES] = {false};
    struct cbor_iter it = cbor_map(&d->r);
    while (cbor_next(&d->r, &it)) {
        size_t i = 0;
        TRY(decode_key(d, &i));
        TRY(decode_value(d, &RULES[i]));
        seen[i] = true;
    }
    if (failed(cbor_end(&d->r))) {
        d->code = "CLAIMS_DECODE_FAILED";
        return cbor_end(&d->r);
    }
    return check_complete(d, seen);
}

status air_claims_decode(struct bytes payload, struct air_unverified *out, const char **out_code)
{
    struct decoder d = {.r = cbor_rd_over(payload, CBOR_DETERMINISTIC)};
    if (cbor_peek(&d.r) != CBOR_MAP) {
        *out_code = "PAYLOAD_NOT_MAP";
        return FAIL(ST_FORMAT, "the payload is not a map of claims");
    }
    status s = decode_claims(&d);
    if (failed(s)) {
        *out_code = d.code;
        return s;
    }
    *out = d.u;
    return OK;
}

static void encode_measurements(const struct air_measurements *m, struct buf *out)
{
    uint64_t n = 1;
    for (size_t i = 0; i < N_REGISTERS; i++)
        n += m->present >> REGISTERS[i].index & 1;
    cbor_put_map(out, n);
    for (size_t i = 0; i < N_REGISTERS; i++) {
        if ((m->present >> REGISTERS[i].index & 1) == 0)
            continue;
        cbor_put_str(out, REGISTERS[i].name);
        cbor_put_bytes(out, BYTES_OF(m->pcr[REGISTERS[i].index]));
    }
    cbor_put_str(out, "measurement_type");
    cbor_put_str(out, air_platform_name(m->platform));
}

static void put_text(struct buf *out, int64_t key, struct bytes v)
{
    cbor_put_int(out, key);
    cbor_put_text(out, v);
}

static void put_bytes(struct buf *out, int64_t key, struct bytes v)
{
    cbor_put_int(out, key);
    cbor_put_bytes(out, v);
}

static void put_uint(struct buf *out, int64_t key, uint64_t v)
{
    cbor_put_int(out, key);
    cbor_put_uint(out, v);
}

void air_claims_encode(const struct air_claims *c, struct buf *out)
{
    bool has_scheme = c->scheme != AIR_SCHEME_NONE;
    cbor_put_map(out, 16u + (c->nonce.n > 0) + has_scheme);
    put_text(out, 1, c->iss);
    put_uint(out, 6, c->iat_unix_s);
    put_bytes(out, 7, BYTES_OF(c->cti));
    if (c->nonce.n > 0)
        put_bytes(out, 10, c->nonce);
    put_text(out, 265, BYTES_LIT(AIR_PROFILE));
    put_text(out, -65537, c->model_id);
    put_text(out, -65538, c->model_version);
    put_bytes(out, -65539, BYTES_OF(c->model_hash));
    put_bytes(out, -65540, BYTES_OF(c->request_hash));
    put_bytes(out, -65541, BYTES_OF(c->response_hash));
    put_bytes(out, -65542, BYTES_OF(c->attestation_doc_hash));
    cbor_put_int(out, -65543);
    encode_measurements(&c->measurements, out);
    put_text(out, -65544, c->policy_version);
    put_uint(out, -65545, c->sequence_number);
    put_uint(out, -65546, c->execution_time_ms);
    put_uint(out, -65547, c->memory_peak_mb);
    put_text(out, -65548, bytes_str(air_mode_name(c->mode)));
    if (has_scheme)
        put_text(out, -65549, bytes_str(air_scheme_name(c->scheme)));
}

static void publish_measurements(const struct air_unverified *u, struct air_measurements *out)
{
    out->present = u->present;
    (void)air_platform_from_name(u->measurement_type, &out->platform);
    for (size_t i = 0; i < AIR_N_PCR; i++) {
        if (u->pcr[i].n == AIR_MEASUREMENT_LEN)
            memcpy(out->pcr[i], u->pcr[i].p, AIR_MEASUREMENT_LEN);
    }
}

void air_claims_publish(const struct air_unverified *u, struct air_claims *out)
{
    *out = (struct air_claims){
        .iss = u->iss,
        .iat_unix_s = u->iat_unix_s,
        .nonce = u->nonce,
        .model_id = u->model_id,
        .model_version = u->model_version,
        .policy_version = u->policy_version,
        .sequence_number = u->sequence_number,
        .execution_time_ms = u->execution_time_ms,
        .memory_peak_mb = u->memory_peak_mb,
    };
    (void)air_mode_from_name(u->mode, &out->mode);
    (void)air_scheme_from_name(u->scheme, &out->scheme);
    memcpy(out->cti, u->cti.p, AIR_CTI_LEN);
    memcpy(out->model_hash, u->model_hash.p, AIR_HASH_LEN);
    memcpy(out->request_hash, u->request_hash.p, AIR_HASH_LEN);
    memcpy(out->response_hash, u->response_hash.p, AIR_HASH_LEN);
    memcpy(out->attestation_doc_hash, u->attestation_doc_hash.p, AIR_HASH_LEN);
    publish_measurements(u, &out->measurements);
}
