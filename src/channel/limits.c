#include "channel/limits.h"

enum {
    HANDSHAKE_MS = 10000,
    IDLE_MS = 300000,
    MESSAGE_MS = 120000,
    WRITE_MS = 30000,
    TOTAL_MS = 86400000,
    MESSAGE_BYTES = 16 << 20,
    PARTIAL_BYTES = 32 << 20,
    QUEUED_BYTES = 32 << 20,
    REKEY_RECORDS = 1 << 22,
    QUEUED_MAX = 1 << 30,
};

static const uint64_t REKEY_BYTES = (uint64_t)1 << 36;

static uint32_t or_default(uint32_t v, uint32_t fallback)
{
    return v ? v : fallback;
}

static status check(const struct channel_limits *l)
{
    REQUIRE(l->max_message_bytes <= CHANNEL_MESSAGE_MAX, ST_CONFIG, "max_message_bytes is above %d",
            CHANNEL_MESSAGE_MAX);
    REQUIRE(l->max_partial_bytes <= QUEUED_MAX && l->max_queued_bytes <= QUEUED_MAX, ST_CONFIG,
            "a session may hold %d bytes at most", QUEUED_MAX);
    REQUIRE(l->max_streams <= CHANNEL_STREAMS_MAX, ST_CONFIG, "max_streams is above %d",
            CHANNEL_STREAMS_MAX);
    REQUIRE(l->rekey_records <= REKEY_RECORDS && l->rekey_bytes <= REKEY_BYTES, ST_CONFIG,
            "keys must be changed after 2^22 records and 2^36 bytes at the latest");
    REQUIRE(l->pad_to_bytes <= CHANNEL_PAD_MAX, ST_CONFIG, "pad_to_bytes is above %d",
            CHANNEL_PAD_MAX);
    return OK;
}

status channel_limits_fill(const struct channel_limits *in, struct channel_limits *out)
{
    struct channel_limits l = *in;
    l.handshake_timeout_ms = or_default(l.handshake_timeout_ms, HANDSHAKE_MS);
    l.idle_timeout_ms = or_default(l.idle_timeout_ms, IDLE_MS);
    l.message_timeout_ms = or_default(l.message_timeout_ms, MESSAGE_MS);
    l.write_timeout_ms = or_default(l.write_timeout_ms, WRITE_MS);
    l.total_timeout_ms = or_default(l.total_timeout_ms, TOTAL_MS);
    l.max_message_bytes = or_default(l.max_message_bytes, MESSAGE_BYTES);
    l.max_partial_bytes = or_default(l.max_partial_bytes, PARTIAL_BYTES);
    l.max_queued_bytes = or_default(l.max_queued_bytes, QUEUED_BYTES);
    l.max_streams = or_default(l.max_streams, CHANNEL_STREAMS_MAX);
    l.rekey_records = or_default(l.rekey_records, REKEY_RECORDS);
    l.rekey_bytes = l.rekey_bytes ? l.rekey_bytes : REKEY_BYTES;
    TRY(check(&l));
    *out = l;
    return OK;
}
