#include "channel/record.h"

#include "channel/session.h"
#include "crypto/hkdf.h"

static const uint64_t SEQUENCE_END = (uint64_t)1 << 48;

enum { FRAGMENT_END_MESSAGE = 1, FRAGMENT_END_STREAM = 2 };

static status derive(const struct traffic_secret *secret, struct bytes label, uint8_t *out,
                     size_t n)
{
    return hkdf_expand(HASH_SHA256, BYTES_OF(secret->b), label, out, n);
}

static status set_key(struct record_key *k, const struct traffic_secret *secret)
{
    struct aead_key key CLEANUP(aead_key_wipe) = {.alg = k->alg};
    uint8_t iv[AEAD_NONCE_LEN];
    struct aead *aead = NULL;
    TRY(derive(secret, BYTES_LIT("eml-channel-v1 key"), key.b, sizeof(key.b)));
    TRY(derive(secret, BYTES_LIT("eml-channel-v1 iv"), iv, sizeof(iv)));
    TRY(aead_new(&key, &aead));
    aead_freep(&k->aead);
    k->aead = aead;
    k->secret = *secret;
    memcpy(k->iv, iv, sizeof(iv));
    k->n_records = 0;
    k->n_bytes = 0;
    return OK;
}

status record_key_start(enum aead_alg alg, const struct traffic_secret *secret,
                        struct record_key *out)
{
    struct record_key k = {.alg = alg};
    TRY(set_key(&k, secret));
    *out = k;
    wipe(&k, sizeof(k));
    return OK;
}

status record_key_update(struct record_key *k)
{
    struct traffic_secret next;
    TRY(derive(&k->secret, BYTES_LIT("eml-channel-v1 next"), next.b, sizeof(next.b)));
    status s = set_key(k, &next);
    wipe(&next, sizeof(next));
    return s;
}

void record_key_done(struct record_key *k)
{
    aead_freep(&k->aead);
    wipe(k, sizeof(*k));
}

/* iv xor (00000000 || sequence): unique as long as the sequence number is. */
static void make_nonce(const struct record_key *k, uint8_t out[static AEAD_NONCE_LEN])
{
    uint8_t sequence[8];
    put_u64be(sequence, k->sequence);
    memcpy(out, k->iv, AEAD_NONCE_LEN);
    for (size_t i = 0; i < sizeof(sequence); i++)
        out[AEAD_NONCE_LEN - sizeof(sequence) + i] ^= sequence[i];
}

static void count(struct record_key *k, size_t n)
{
    k->sequence++;
    k->n_records++;
    k->n_bytes += n;
}

static void put_header(uint8_t *out, enum record_type type, size_t sealed_n, uint64_t sequence)
{
    out[0] = (uint8_t)type;
    out[1] = 0;
    put_u32be(out + 2, (uint32_t)sealed_n);
    put_u64be(out + 6, sequence);
}

status record_seal(struct record_key *k, enum record_type type, struct bytes head,
                   struct bytes body, size_t n_zeroes, struct buf *out)
{
    size_t n = head.n + body.n + n_zeroes;
    uint8_t nonce[AEAD_NONCE_LEN];
    REQUIRE(n <= RECORD_PLAIN_MAX, ST_LIMIT, "record of %zu bytes", n);
    REQUIRE(k->sequence < SEQUENCE_END, ST_LIMIT, "the session has used up its records");
    uint8_t *record = buf_extend(out, RECORD_HEADER_LEN + n + AEAD_TAG_LEN);
    TRY(buf_status(out));
    uint8_t *plain = record + RECORD_HEADER_LEN;
    put_header(record, type, n + AEAD_TAG_LEN, k->sequence);
    if (head.n > 0)
        memcpy(plain, head.p, head.n);
    if (body.n > 0)
        memcpy(plain + head.n, body.p, body.n);
    memset(plain + head.n + body.n, 0, n_zeroes);
    make_nonce(k, nonce);
    count(k, n);
    return aead_seal(k->aead, nonce, bytes_of(record, RECORD_HEADER_LEN), bytes_of(plain, n),
                     plain);
}

status record_header_parse(const uint8_t in[static RECORD_HEADER_LEN], struct record_header *out)
{
    struct rd r = rd_over(bytes_of(in, RECORD_HEADER_LEN));
    uint8_t type = rd_u8(&r);
    uint8_t flags = rd_u8(&r);
    uint32_t length = rd_u32be(&r);
    uint64_t sequence = rd_u64be(&r);
    REQUIRE(type >= RECORD_DATA && type <= RECORD_CLOSE, ST_PROTOCOL,
            "0x%02x where a sealed record must begin", type);
    REQUIRE(flags == 0, ST_PROTOCOL, "record flags 0x%02x", flags);
    REQUIRE(length <= RECORD_SEALED_MAX, ST_LIMIT, "record of %u bytes", length);
    REQUIRE(length >= AEAD_TAG_LEN, ST_FORMAT, "record of %u bytes", length);
    *out = (struct record_header){(enum record_type)type, length, sequence};
    return OK;
}

status record_open(struct record_key *k, const struct record_header *h, uint8_t *record, size_t n,
                   struct bytes *out_plain)
{
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t *sealed = record + RECORD_HEADER_LEN;
    REQUIRE(n == RECORD_HEADER_LEN + (size_t)h->length, ST_INTERNAL, "record of %zu bytes", n);
    REQUIRE(h->sequence == k->sequence, ST_SEQUENCE, "record %llu where %llu must come",
            (unsigned long long)h->sequence, (unsigned long long)k->sequence);
    REQUIRE(k->n_records < RECORD_KEY_RECORDS_MAX, ST_LIMIT, "the peer never changes its key");
    make_nonce(k, nonce);
    TRY(aead_open(k->aead, nonce, bytes_of(record, RECORD_HEADER_LEN), bytes_of(sealed, h->length),
                  sealed));
    count(k, h->length);
    *out_plain = bytes_of(sealed, h->length - AEAD_TAG_LEN);
    return OK;
}

void fragment_head(const struct fragment *f, size_t n_padding,
                   uint8_t out[static FRAGMENT_HEADER_LEN])
{
    put_u32be(out, f->stream_id);
    out[4] = f->type;
    out[5] = (uint8_t)((f->is_message_end ? FRAGMENT_END_MESSAGE : 0) |
                       (f->is_stream_end ? FRAGMENT_END_STREAM : 0));
    put_u16be(out + 6, (uint16_t)n_padding);
}

static status check_fragment(const struct fragment *f, uint8_t flags)
{
    REQUIRE(f->stream_id != 0, ST_PROTOCOL, "stream 0");
    REQUIRE(f->type >= MSG_REQUEST && f->type <= MSG_CANCEL, ST_PROTOCOL, "message type %u",
            f->type);
    REQUIRE((flags & ~(FRAGMENT_END_MESSAGE | FRAGMENT_END_STREAM)) == 0, ST_PROTOCOL,
            "message flags 0x%02x", flags);
    REQUIRE(f->is_message_end || !f->is_stream_end, ST_PROTOCOL,
            "end of a stream inside a message");
    REQUIRE(f->is_message_end || f->body.n > 0, ST_PROTOCOL, "empty fragment");
    REQUIRE(f->type != MSG_CANCEL || (flags == FRAGMENT_END_MESSAGE && f->body.n == 0), ST_PROTOCOL,
            "a cancel that is more than a cancel");
    return OK;
}

status fragment_parse(struct bytes plain, struct fragment *out)
{
    struct rd r = rd_over(plain);
    struct fragment f = {.stream_id = rd_u32be(&r), .type = rd_u8(&r)};
    uint8_t flags = rd_u8(&r);
    size_t n_padding = rd_u16be(&r);
    REQUIRE(n_padding <= rd_left(&r), ST_TRUNCATED, "%zu bytes of padding in a record of %zu",
            n_padding, plain.n);
    f.body = rd_take(&r, rd_left(&r) - n_padding);
    struct bytes padding = rd_take(&r, n_padding);
    TRY(rd_end(&r));
    f.is_message_end = (flags & FRAGMENT_END_MESSAGE) != 0;
    f.is_stream_end = (flags & FRAGMENT_END_STREAM) != 0;
    REQUIRE(bytes_all_zero(padding), ST_FORMAT, "padding is not zero");
    TRY(check_fragment(&f, flags));
    *out = f;
    return OK;
}
