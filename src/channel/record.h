/* record - sealed records of one direction. docs/PROTOCOL.md section 5.
 *
 * Untrusted: every record that is opened. A record_key belongs to one direction and one side; its
 * sequence number only ever rises, across key updates too.
 */
#ifndef CHANNEL_RECORD_H
#define CHANNEL_RECORD_H

#include "base/buf.h"
#include "channel/schedule.h"
#include "crypto/aead.h"

enum {
    RECORD_HEADER_LEN = 14,
    RECORD_PLAIN_MAX = 32768,
    RECORD_SEALED_MAX = RECORD_PLAIN_MAX + AEAD_TAG_LEN,
    RECORD_MAX = RECORD_HEADER_LEN + RECORD_SEALED_MAX,
    FRAGMENT_HEADER_LEN = 8,
    FRAGMENT_BODY_MAX = RECORD_PLAIN_MAX - FRAGMENT_HEADER_LEN,
    RECORD_KEY_RECORDS_MAX = 1 << 23, /* a receiver takes no more under one key */
};

enum record_type { RECORD_DATA = 0x80, RECORD_KEY_UPDATE = 0x81, RECORD_CLOSE = 0x82 };

struct record_key {
    enum aead_alg alg;
    struct traffic_secret secret;
    struct aead *aead;
    uint8_t iv[AEAD_NONCE_LEN];
    uint64_t sequence;  /* of the next record */
    uint64_t n_records; /* under this key */
    uint64_t n_bytes;   /* under this key */
};

NODISCARD status record_key_start(enum aead_alg alg, const struct traffic_secret *secret,
                                  struct record_key *out);
/* The next key of the same direction; the old one is wiped. */
NODISCARD status record_key_update(struct record_key *k);
void record_key_done(struct record_key *k);

struct record_header {
    enum record_type type;
    uint32_t length; /* of the sealed part */
    uint64_t sequence;
};

/* Appends one record; its plaintext is head || body || n_zeroes zeroes. */
NODISCARD status record_seal(struct record_key *k, enum record_type type, struct bytes head,
                             struct bytes body, size_t n_zeroes, struct buf *out);
/* ST_PROTOCOL type or flags; ST_LIMIT or ST_FORMAT length. Proves nothing. */
NODISCARD status record_header_parse(const uint8_t in[static RECORD_HEADER_LEN],
                                     struct record_header *out);
/* record holds header and sealed part, n bytes; opened in place. ST_SEQUENCE, ST_AUTH, ST_LIMIT. */
NODISCARD status record_open(struct record_key *k, const struct record_header *h, uint8_t *record,
                             size_t n, struct bytes *out_plain);

/* What a data record holds. */
struct fragment {
    uint32_t stream_id;
    uint8_t type; /* enum message_type */
    bool is_message_end;
    bool is_stream_end;
    struct bytes body; /* borrowed */
};

void fragment_head(const struct fragment *f, size_t n_padding,
                   uint8_t out[static FRAGMENT_HEADER_LEN]);
/* ST_TRUNCATED, ST_FORMAT, ST_PROTOCOL. */
NODISCARD status fragment_parse(struct bytes plain, struct fragment *out);

#endif
