#include "tee/verify/dcap/ccel.h"

#include "crypto/hash.h"

enum {
    EV_NO_ACTION = 3,
    ALG_SHA384 = 0x000c,
    SHA1_LEN = 20,
    DIGEST_MAX = 64,
    INDEX_RTMR0 = 1,
    SPEC_MAJOR = 2,
};

struct algorithm {
    uint16_t id;
    uint16_t n;
};

struct algorithms {
    struct algorithm v[CCEL_ALGORITHMS_MAX];
    uint32_t n;
};

static status add_algorithm(struct algorithms *out, uint16_t id, uint16_t n)
{
    REQUIRE(n > 0 && n <= DIGEST_MAX && (id != ALG_SHA384 || n == SHA384_LEN), ST_FORMAT,
            "event log: algorithm 0x%x with digests of %u bytes", id, n);
    for (uint32_t i = 0; i < out->n; i++)
        REQUIRE(out->v[i].id != id, ST_FORMAT, "event log: algorithm 0x%x is there twice", id);
    out->v[out->n++] = (struct algorithm){id, n};
    return OK;
}

static bool has_sha384(const struct algorithms *a)
{
    bool has = false;
    for (uint32_t i = 0; i < a->n; i++)
        has |= a->v[i].id == ALG_SHA384;
    return has;
}

static status read_spec(struct bytes event, struct algorithms *out)
{
    struct rd r = rd_over(event);
    struct bytes signature = rd_take(&r, 16);
    (void)rd_u32le(&r); /* platform class */
    (void)rd_u8(&r);    /* minor */
    uint8_t major = rd_u8(&r);
    (void)rd_take(&r, 2); /* errata, size of UINTN */
    uint32_t n = rd_u32le(&r);
    REQUIRE(bytes_equal(signature, bytes_of("Spec ID Event03", 16)) && major == SPEC_MAJOR,
            ST_FORMAT, "event log: the first event is not Spec ID Event03");
    REQUIRE(n >= 1 && n <= CCEL_ALGORITHMS_MAX, ST_LIMIT, "event log: %u algorithms", n);
    for (uint32_t i = 0; i < n; i++) {
        uint16_t id = rd_u16le(&r);
        uint16_t digest_len = rd_u16le(&r);
        REQUIRE(!r.short_read, ST_TRUNCATED, "event log: the first event is cut");
        TRY(add_algorithm(out, id, digest_len));
    }
    (void)rd_take(&r, rd_u8(&r));
    TRY(status_context(rd_end(&r), "event log: first event"));
    REQUIRE(has_sha384(out), ST_UNSUPPORTED, "event log: no SHA-384 digests");
    return OK;
}

static status read_first(struct rd *r, struct algorithms *out)
{
    uint32_t index = rd_u32le(r);
    uint32_t type = rd_u32le(r);
    (void)rd_take(r, SHA1_LEN);
    struct bytes event = rd_take(r, rd_u32le(r));
    REQUIRE(!r->short_read, ST_TRUNCATED, "event log: cut inside the first event");
    REQUIRE(index == 0 && type == EV_NO_ACTION, ST_FORMAT,
            "event log: the first event is no header");
    return read_spec(event, out);
}

/* The digests of one event: each announced algorithm at most once, SHA-384 among them. */
static status read_digests(struct rd *r, const struct algorithms *known, struct bytes *out_sha384)
{
    uint32_t n = rd_u32le(r);
    uint32_t seen = 0;
    REQUIRE(r->short_read || (n >= 1 && n <= known->n), ST_FORMAT,
            "event log: an event with %u digests", n);
    for (uint32_t i = 0; i < n && !r->short_read; i++) {
        uint16_t id = rd_u16le(r);
        uint32_t k = 0;
        while (k < known->n && known->v[k].id != id)
            k++;
        REQUIRE(r->short_read || (k < known->n && (seen >> k & 1u) == 0), ST_FORMAT,
                "event log: a digest of algorithm 0x%x, not announced or twice", id);
        if (r->short_read)
            break;
        seen |= 1u << k;
        struct bytes digest = rd_take(r, known->v[k].n);
        if (id == ALG_SHA384)
            *out_sha384 = digest;
    }
    return OK;
}

static status extend(uint8_t rtmr[static CCEL_RTMR_LEN], struct bytes digest)
{
    struct bytes parts[] = {bytes_of(rtmr, CCEL_RTMR_LEN), digest};
    uint8_t next[CCEL_RTMR_LEN];
    TRY(hash_parts(HASH_SHA384, parts, 2, next));
    memcpy(rtmr, next, sizeof(next));
    return OK;
}

static status replay_one(struct rd *r, const struct algorithms *known, struct ccel *out)
{
    struct bytes digest = {0};
    uint32_t index = rd_u32le(r);
    uint32_t type = rd_u32le(r);
    TRY(read_digests(r, known, &digest));
    (void)rd_take(r, rd_u32le(r));
    REQUIRE(!r->short_read, ST_TRUNCATED, "event log: cut inside event %zu", out->n_events);
    REQUIRE(index <= CCEL_RTMRS, ST_FORMAT, "event log: register index %u", index);
    out->n_events++;
    if (type == EV_NO_ACTION)
        return OK;
    REQUIRE(index >= INDEX_RTMR0, ST_FORMAT, "event log: an event that extends MRTD");
    REQUIRE(digest.n == CCEL_RTMR_LEN, ST_FORMAT, "event log: event %zu has no SHA-384 digest",
            out->n_events - 1);
    out->n_extended[index - INDEX_RTMR0]++;
    return extend(out->rtmr[index - INDEX_RTMR0], digest);
}

/* What is left is the unused part of the table's room. */
static bool is_unused(const struct rd *r)
{
    uint8_t fill = r->in.p[r->at];
    for (size_t i = r->at; i < r->in.n; i++) {
        if (r->in.p[i] != fill)
            return false;
    }
    return fill == 0 || fill == 0xff;
}

status ccel_replay(struct bytes log, struct ccel *out)
{
    struct ccel c = {.n_events = 1};
    struct algorithms known = {0};
    struct rd r = rd_over(log);
    REQUIRE(log.n <= CCEL_MAX_BYTES, ST_LIMIT, "an event log of %zu bytes, at most %d", log.n,
            CCEL_MAX_BYTES);
    TRY(read_first(&r, &known));
    while (rd_left(&r) > 0 && !is_unused(&r))
        TRY(replay_one(&r, &known, &c));
    *out = c;
    return OK;
}
