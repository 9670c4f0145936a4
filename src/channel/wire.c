#include "channel/wire.h"

static const uint8_t MAGIC[2] = {0x45, 0x4d};

enum { CLIENT_HELLO_MIN = HELLO_NONCE_LEN + 4 + 1 + 2 + 1 + 1 };

struct frame_size {
    uint32_t min;
    uint32_t max;
};

static const struct frame_size SIZES[] = {
    [FRAME_CLIENT_HELLO] = {CLIENT_HELLO_MIN, CLIENT_HELLO_MAX},
    [FRAME_SERVER_HELLO] = {SERVER_HELLO_FIXED_LEN + 1 + SERVER_SIGNATURE_LEN, SERVER_HELLO_MAX},
    [FRAME_CLIENT_KEY] = {CLIENT_KEY_LEN, CLIENT_KEY_LEN},
    [FRAME_SERVER_DONE] = {CONFIRMATION_LEN, CONFIRMATION_LEN},
    [FRAME_ERROR] = {FRAME_ERROR_LEN, FRAME_ERROR_LEN},
};

status frame_header_parse(const uint8_t in[static FRAME_HEADER_LEN], struct frame_header *out)
{
    struct rd r = rd_over(bytes_of(in, FRAME_HEADER_LEN));
    struct bytes magic = rd_take(&r, sizeof(MAGIC));
    uint8_t version = rd_u8(&r);
    uint8_t type = rd_u8(&r);
    uint32_t length = rd_u32be(&r);
    REQUIRE(bytes_equal(magic, BYTES_OF(MAGIC)), ST_PROTOCOL,
            "the peer does not speak this protocol (first bytes %02x %02x)", in[0], in[1]);
    REQUIRE(version == FRAME_VERSION, ST_PROTOCOL, "the peer speaks version %u of the protocol",
            version);
    REQUIRE(type >= FRAME_CLIENT_HELLO && type <= FRAME_ERROR, ST_PROTOCOL,
            "unknown handshake frame %u", type);
    REQUIRE(length <= SIZES[type].max, ST_LIMIT, "handshake frame %u of %u bytes", type, length);
    REQUIRE(length >= SIZES[type].min, ST_FORMAT, "handshake frame %u of %u bytes", type, length);
    *out = (struct frame_header){(enum frame_type)type, length};
    return OK;
}

void frame_put_header(struct buf *out, enum frame_type type, uint32_t length)
{
    buf_put(out, BYTES_OF(MAGIC));
    buf_put_u8(out, FRAME_VERSION);
    buf_put_u8(out, (uint8_t)type);
    buf_put_u32be(out, length);
}

/* --- client hello --- */

status client_hello_encode(const struct client_hello *h, struct buf *out_frame)
{
    size_t n = HELLO_NONCE_LEN + 4 + 1 + 2 * h->n_suites + 1 + h->n_freshness;
    frame_put_header(out_frame, FRAME_CLIENT_HELLO, (uint32_t)n);
    buf_put(out_frame, BYTES_OF(h->nonce));
    buf_put_u32be(out_frame, h->max_message);
    buf_put_u8(out_frame, (uint8_t)h->n_suites);
    for (size_t i = 0; i < h->n_suites; i++)
        buf_put_u16be(out_frame, h->suites[i]);
    buf_put_u8(out_frame, (uint8_t)h->n_freshness);
    buf_put(out_frame, bytes_of(h->freshness, h->n_freshness));
    return buf_status(out_frame);
}

bool client_hello_has_suite(const struct client_hello *h, unsigned suite)
{
    for (size_t i = 0; i < h->n_suites; i++) {
        if (h->suites[i] == suite)
            return true;
    }
    return false;
}

bool client_hello_has_freshness(const struct client_hello *h, unsigned freshness)
{
    for (size_t i = 0; i < h->n_freshness; i++) {
        if (h->freshness[i] == freshness)
            return true;
    }
    return false;
}

static status read_suites(struct rd *r, struct client_hello *h)
{
    size_t n = rd_u8(r);
    REQUIRE(n >= 1 && n <= HELLO_SUITES_MAX, ST_FORMAT, "%zu suites", n);
    for (size_t i = 0; i < n; i++) {
        uint16_t suite = rd_u16be(r);
        REQUIRE(!client_hello_has_suite(h, suite), ST_FORMAT, "suite %u twice", suite);
        h->suites[h->n_suites++] = suite;
    }
    return OK;
}

static status read_freshness(struct rd *r, struct client_hello *h)
{
    size_t n = rd_u8(r);
    REQUIRE(n >= 1 && n <= HELLO_FRESHNESS_MAX, ST_FORMAT, "%zu kinds of freshness", n);
    for (size_t i = 0; i < n; i++) {
        uint8_t freshness = rd_u8(r);
        REQUIRE(freshness <= 1, ST_FORMAT, "freshness %u", freshness);
        REQUIRE(!client_hello_has_freshness(h, freshness), ST_FORMAT, "freshness %u twice",
                freshness);
        h->freshness[h->n_freshness++] = freshness;
    }
    return OK;
}

status client_hello_parse(struct bytes payload, struct client_hello *out)
{
    struct rd r = rd_over(payload);
    struct client_hello h = {0};
    REQUIRE(payload.n >= CLIENT_HELLO_MIN, ST_TRUNCATED, "client hello of %zu bytes", payload.n);
    rd_copy(&r, h.nonce, sizeof(h.nonce));
    h.max_message = rd_u32be(&r);
    TRY(read_suites(&r, &h));
    TRY(read_freshness(&r, &h));
    TRY(rd_end(&r));
    *out = h;
    return OK;
}

/* --- server hello --- */

status server_hello_encode_unsigned(const struct server_hello *h, struct buf *out_frame)
{
    REQUIRE(h->evidence.n >= 1 && h->evidence.n <= CHANNEL_EVIDENCE_MAX, ST_LIMIT,
            "evidence of %zu bytes", h->evidence.n);
    size_t n = SERVER_HELLO_FIXED_LEN + h->evidence.n + SERVER_SIGNATURE_LEN;
    frame_put_header(out_frame, FRAME_SERVER_HELLO, (uint32_t)n);
    buf_put_u16be(out_frame, h->suite);
    buf_put_u8(out_frame, h->freshness);
    buf_put_u8(out_frame, h->evidence_type);
    buf_put(out_frame, BYTES_OF(h->hpke_key));
    buf_put_u32be(out_frame, h->max_message);
    buf_put_u16be(out_frame, h->max_streams);
    buf_put_u32be(out_frame, (uint32_t)h->evidence.n);
    buf_put(out_frame, h->evidence);
    return buf_status(out_frame);
}

status server_hello_parse(struct bytes payload, struct server_hello *out)
{
    struct rd r = rd_over(payload);
    struct server_hello h = {0};
    h.suite = rd_u16be(&r);
    h.freshness = rd_u8(&r);
    h.evidence_type = rd_u8(&r);
    rd_copy(&r, h.hpke_key, sizeof(h.hpke_key));
    h.max_message = rd_u32be(&r);
    h.max_streams = rd_u16be(&r);
    h.evidence = rd_take(&r, rd_u32be(&r));
    rd_copy(&r, h.signature, sizeof(h.signature));
    TRY(rd_end(&r));
    REQUIRE(h.evidence.n >= 1, ST_FORMAT, "no evidence");
    REQUIRE(h.evidence.n <= CHANNEL_EVIDENCE_MAX, ST_LIMIT, "evidence of %zu bytes", h.evidence.n);
    REQUIRE(h.max_streams >= 1, ST_FORMAT, "a server that takes no stream");
    *out = h;
    return OK;
}

/* --- client key --- */

void client_key_encode_unconfirmed(const uint8_t enc[static 32], struct buf *out_frame)
{
    frame_put_header(out_frame, FRAME_CLIENT_KEY, CLIENT_KEY_LEN);
    buf_put(out_frame, bytes_of(enc, 32));
}

status client_key_parse(struct bytes payload, struct client_key *out)
{
    struct rd r = rd_over(payload);
    struct client_key k = {0};
    rd_copy(&r, k.enc, sizeof(k.enc));
    rd_copy(&r, k.confirmation, sizeof(k.confirmation));
    TRY(rd_end(&r));
    *out = k;
    return OK;
}

/* --- reasons --- */

/* In the order of their bytes. The host says `unreachable`, which is one way of being closed. */
static const enum status_code REASONS[] = {
    ST_CLOSED,   ST_INTERNAL, ST_BUSY,        ST_TIMEOUT,   ST_LIMIT,
    ST_PROTOCOL, ST_AUTH,     ST_UNSUPPORTED, ST_CANCELLED,
};

enum {
    REASON_INTERNAL = 1,
    REASON_STOPPING = 8,
    REASON_UNREACHABLE = 9,
    N_REASONS = sizeof(REASONS) / sizeof(REASONS[0])
};

/* Codes that would tell a peer more than it needs share the reason of their kind. */
static enum status_code coarse(enum status_code code)
{
    switch (code) {
    case ST_FORMAT:
    case ST_TRUNCATED:
    case ST_SEQUENCE:
    case ST_CUT:
        return ST_PROTOCOL;
    case ST_MISMATCH:
    case ST_POLICY:
        return ST_AUTH;
    case ST_ALG:
        return ST_UNSUPPORTED;
    default:
        return code;
    }
}

uint8_t reason_of(enum status_code code)
{
    enum status_code kind = coarse(code);
    for (size_t i = 0; i < N_REASONS; i++) {
        if (REASONS[i] == kind)
            return (uint8_t)i;
    }
    return REASON_INTERNAL;
}

enum status_code reason_code(uint8_t reason)
{
    if (reason == REASON_UNREACHABLE)
        return ST_CLOSED;
    return reason < N_REASONS ? REASONS[reason] : ST_INTERNAL;
}

const char *reason_text(uint8_t reason)
{
    if (reason == REASON_UNREACHABLE)
        return "the enclave cannot be reached";
    if (reason == REASON_STOPPING)
        return "the other side is stopping";
    return status_public(reason_code(reason));
}
