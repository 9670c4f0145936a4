#include "crypto/cms.h"

#include "crypto/aes_cbc.h"
#include "crypto/rand.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_KEY_ID = 0x80,      /* RecipientIdentifier: subjectKeyIdentifier */
    TAG_CONTENT = 0x80,     /* encryptedContent in one piece */
    TAG_CONTENT_SET = 0xa0, /* encryptedContent in pieces, and ContentInfo's content */
    LENGTH_LONG = 0x80,
    LENGTH_BYTES_MAX = 3,
    DEPTH_MAX = 6,
    VERSION = 2, /* of EnvelopedData and of KeyTransRecipientInfo with a key identifier */
    KEY_ID_MAX_BYTES = 64
};

/* 1.2.840.113549.1.7.3 and .1 */
static const uint8_t ENVELOPED_DATA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03};
static const uint8_t DATA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};

/* RSAES-OAEP { [0] SHA-256, [1] MGF1 { SHA-256 } } (RFC 4055 section 4.1), without tag and length.
 */
static const uint8_t OAEP_SHA256[] = {
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, 0x30, 0x2f, 0xa0, 0x0f,
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00};
/* AES-256-CBC (RFC 3565 section 4.1), up to the IV. */
static const uint8_t AES256_CBC[] = {0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
                                     0x03, 0x04, 0x01, 0x2a, 0x04, 0x10};

/* A walk through BER whose shape is known: what is open, and where each ends. */
struct ber {
    struct rd r;
    size_t depth;
    struct level {
        bool is_indefinite; /* ends with two zero bytes */
        size_t end;
    } levels[DEPTH_MAX];
};

static size_t end_of(const struct ber *b)
{
    return b->depth > 0 ? b->levels[b->depth - 1].end : b->r.in.n;
}

static status read_head(struct ber *b, uint8_t tag, bool *out_is_indefinite, size_t *out_n)
{
    uint8_t got = rd_u8(&b->r);
    uint8_t first = rd_u8(&b->r);
    size_t n = first;
    if (first > LENGTH_LONG) {
        size_t n_bytes = first & 0x7f;
        REQUIRE(n_bytes <= LENGTH_BYTES_MAX, ST_FORMAT, "BER: a length of %zu bytes", n_bytes);
        n = (size_t)rd_be_(&b->r, n_bytes);
    }
    REQUIRE(!b->r.short_read, ST_TRUNCATED, "BER: the message ends inside an item");
    REQUIRE(got == tag, ST_FORMAT, "BER: tag 0x%02x where 0x%02x is expected", got, tag);
    *out_is_indefinite = first == LENGTH_LONG;
    *out_n = n;
    return OK;
}

/* A length inside its parent and inside the input. */
static status check_length(const struct ber *b, size_t n)
{
    REQUIRE(n <= rd_left(&b->r), ST_TRUNCATED, "BER: the message ends inside an item");
    REQUIRE(b->r.at <= end_of(b) && n <= end_of(b) - b->r.at, ST_FORMAT,
            "BER: an item runs over its parent");
    return OK;
}

static status enter(struct ber *b, uint8_t tag)
{
    bool is_indefinite = false;
    size_t n = 0;
    REQUIRE(b->depth < DEPTH_MAX, ST_INTERNAL, "BER: nested too deeply");
    TRY(read_head(b, tag, &is_indefinite, &n));
    if (is_indefinite)
        n = 0;
    TRY(check_length(b, n));
    b->levels[b->depth] = (struct level){.is_indefinite = is_indefinite,
                                         .end = is_indefinite ? end_of(b) : b->r.at + n};
    b->depth++;
    return OK;
}

static status leave(struct ber *b)
{
    struct level top = b->levels[--b->depth];
    if (top.is_indefinite) {
        bool is_end = rd_u16be(&b->r) == 0;
        REQUIRE(!b->r.short_read, ST_TRUNCATED, "BER: the message ends inside an item");
        REQUIRE(is_end && b->r.at <= top.end, ST_FORMAT, "BER: more than is expected");
        return OK;
    }
    REQUIRE(b->r.at == top.end, ST_FORMAT, "BER: more or less than is expected");
    return OK;
}

static status take(struct ber *b, uint8_t tag, struct bytes *out)
{
    bool is_indefinite = false;
    size_t n = 0;
    TRY(read_head(b, tag, &is_indefinite, &n));
    REQUIRE(!is_indefinite, ST_FORMAT, "BER: a primitive item without length");
    TRY(check_length(b, n));
    *out = rd_take(&b->r, n);
    return OK;
}

static bool next_is(const struct ber *b, uint8_t tag)
{
    return b->r.at < end_of(b) && rd_left(&b->r) > 0 && b->r.in.p[b->r.at] == tag;
}

static status expect_oid(struct ber *b, struct bytes oid, const char *name)
{
    struct bytes got;
    TRY(take(b, TAG_OID, &got));
    REQUIRE(bytes_equal(got, oid), ST_ALG, "CMS: the content is not %s", name);
    return OK;
}

static status expect_version(struct ber *b)
{
    struct bytes got;
    TRY(take(b, TAG_INTEGER, &got));
    REQUIRE(got.n == 1 && got.p[0] == VERSION, ST_ALG, "CMS: another version");
    return OK;
}

struct message {
    struct bytes wrapped_key;
    uint8_t iv[AES_CBC_BLOCK];
    struct buf sealed;
};

static void message_done(struct message *m)
{
    buf_done(&m->sealed);
}

/* KeyTransRecipientInfo, one and no more. */
static status read_recipient(struct ber *b, struct message *m)
{
    struct bytes key_id;
    struct bytes algorithm;
    TRY(enter(b, TAG_SET));
    TRY(enter(b, TAG_SEQUENCE));
    TRY(expect_version(b));
    TRY(take(b, TAG_KEY_ID, &key_id));
    REQUIRE(key_id.n > 0 && key_id.n <= KEY_ID_MAX_BYTES, ST_FORMAT,
            "CMS: a key identifier of %zu bytes", key_id.n);
    TRY(take(b, TAG_SEQUENCE, &algorithm));
    REQUIRE(bytes_equal(algorithm, BYTES_OF(OAEP_SHA256)), ST_ALG,
            "CMS: the key is not wrapped with RSAES-OAEP, SHA-256 and MGF1-SHA-256");
    TRY(take(b, TAG_OCTETS, &m->wrapped_key));
    TRY(leave(b));
    return leave(b);
}

static status read_cipher(struct ber *b, struct message *m)
{
    struct bytes algorithm;
    size_t fixed = sizeof(AES256_CBC);
    TRY(take(b, TAG_SEQUENCE, &algorithm));
    REQUIRE(algorithm.n == fixed + AES_CBC_BLOCK && memcmp(algorithm.p, AES256_CBC, fixed) == 0,
            ST_ALG, "CMS: the content is not sealed with AES-256-CBC");
    memcpy(m->iv, algorithm.p + fixed, AES_CBC_BLOCK);
    return OK;
}

/* [0] IMPLICIT OCTET STRING: in one piece, or constructed of pieces. */
static status read_content(struct ber *b, struct message *m)
{
    struct bytes piece;
    if (next_is(b, TAG_CONTENT)) {
        TRY(take(b, TAG_CONTENT, &piece));
        buf_put(&m->sealed, piece);
        return buf_status(&m->sealed);
    }
    TRY(enter(b, TAG_CONTENT_SET));
    while (next_is(b, TAG_OCTETS)) {
        TRY(take(b, TAG_OCTETS, &piece));
        buf_put(&m->sealed, piece);
    }
    TRY(buf_status(&m->sealed));
    return leave(b);
}

static status read_encrypted_content(struct ber *b, struct message *m)
{
    TRY(enter(b, TAG_SEQUENCE));
    TRY(expect_oid(b, BYTES_OF(DATA), "data"));
    TRY(read_cipher(b, m));
    TRY(read_content(b, m));
    return leave(b);
}

static status read_message(struct bytes ber, struct message *m)
{
    struct ber b = {.r = rd_over(ber)};
    TRY(enter(&b, TAG_SEQUENCE));
    TRY(expect_oid(&b, BYTES_OF(ENVELOPED_DATA), "enveloped data"));
    TRY(enter(&b, TAG_CONTENT_SET));
    TRY(enter(&b, TAG_SEQUENCE));
    TRY(expect_version(&b));
    TRY(read_recipient(&b, m));
    TRY(read_encrypted_content(&b, m));
    TRY(leave(&b));
    TRY(leave(&b));
    TRY(leave(&b));
    return rd_end(&b.r);
}

/* out: the unwrapped key, or a random one when there is none. Returns whether it is the former;
 * both ways do the same work, so that time does not tell a bad wrap from bad content. */
static status unwrap(const struct rsa_secret *recipient, struct bytes wrapped,
                     struct aes_cbc_key *out, bool *out_is_good)
{
    struct buf key CLEANUP(buf_done) = BUF_MAX(RSA_SIG_MAX);
    TRY(rand_bytes(out->b, sizeof(out->b)));
    status s = rsa_oaep_open(recipient, wrapped, &key);
    if (failed(s) && s.code != ST_AUTH)
        return s;
    *out_is_good = ok(s) && key.n == sizeof(out->b);
    if (*out_is_good)
        memcpy(out->b, key.p, sizeof(out->b));
    return OK;
}

static status open_message(const struct rsa_secret *recipient, const struct message *m,
                           struct buf *out_plain)
{
    struct aes_cbc_key key CLEANUP(aes_cbc_key_wipe) = {{0}};
    struct buf plain CLEANUP(buf_done) = BUF_MAX(CMS_MAX_BYTES);
    bool is_good = false;
    TRY(unwrap(recipient, m->wrapped_key, &key, &is_good));
    status s = aes_cbc_open(&key, m->iv, buf_view(&m->sealed), &plain);
    if (failed(s) && s.code != ST_AUTH)
        return s;
    REQUIRE(is_good && ok(s), ST_AUTH, "CMS: the message does not open");
    buf_put(out_plain, buf_view(&plain));
    return buf_status(out_plain);
}

status cms_decrypt(const struct rsa_secret *recipient, struct bytes ber, struct buf *out_plain)
{
    struct message m CLEANUP(message_done) = {.sealed = BUF_MAX(CMS_MAX_BYTES)};
    REQUIRE(ber.n <= CMS_MAX_BYTES, ST_LIMIT, "CMS: a message of %zu bytes", ber.n);
    TRY(read_message(ber, &m));
    return open_message(recipient, &m, out_plain);
}
