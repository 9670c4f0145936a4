#include "serve/message.h"

#include "base/checked.h"
#include "formats/cbor.h"

enum {
    KEY_VERSION = 1,
    KEY_OP = 2,
    KEY_SALT = 3,
    KEY_TEXTS = 4,
    KEY_NORMALIZE = 5,
    KEY_TRUNCATE = 6,
    KEY_NONCE = 7,

    KEY_RECORD = 3,
    KEY_DIM = 4,
    KEY_EMBEDDINGS = 5,
    KEY_CODE = 6,
    KEY_SENTENCE = 7,
};

static const char OP_EMBED[] = "embed";
static const char OP_REFUSED[] = "refused";

static void put_head(struct buf *out, uint64_t n_fields, const char *op)
{
    cbor_put_map(out, n_fields);
    cbor_put_uint(out, KEY_VERSION);
    cbor_put_uint(out, MESSAGE_VERSION);
    cbor_put_uint(out, KEY_OP);
    cbor_put_str(out, op);
}

void embed_request_encode(const struct embed_request *r, struct buf *out)
{
    put_head(out, r->nonce.n ? 7 : 6, OP_EMBED);
    cbor_put_uint(out, KEY_SALT);
    cbor_put_bytes(out, BYTES_OF(r->salt));
    cbor_put_uint(out, KEY_TEXTS);
    cbor_put_array(out, r->n_texts);
    for (size_t i = 0; i < r->n_texts; i++)
        cbor_put_text(out, r->texts[i]);
    cbor_put_uint(out, KEY_NORMALIZE);
    cbor_put_bool(out, r->normalize);
    cbor_put_uint(out, KEY_TRUNCATE);
    cbor_put_bool(out, r->allow_truncation);
    if (r->nonce.n > 0) {
        cbor_put_uint(out, KEY_NONCE);
        cbor_put_bytes(out, r->nonce);
    }
}

/* Reads the next key and demands that it is this one: a closed map in ascending order. */
static void expect_key(struct cbor_rd *r, struct cbor_iter *map, uint64_t key)
{
    if (!cbor_next(r, map) || cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "a field of the message is missing or out of place");
}

static void expect_end(struct cbor_rd *r, struct cbor_iter *map)
{
    if (cbor_next(r, map))
        cbor_fail(r, ST_FORMAT, "the message has an unknown field");
}

static struct bytes read_head(struct cbor_rd *r, struct cbor_iter *map)
{
    *map = cbor_map(r);
    expect_key(r, map, KEY_VERSION);
    if (cbor_uint(r) != MESSAGE_VERSION)
        cbor_fail(r, ST_UNSUPPORTED, "the message has an unknown version");
    expect_key(r, map, KEY_OP);
    return cbor_text(r);
}

static void read_salt(struct cbor_rd *r, uint8_t salt[static MESSAGE_SALT_LEN])
{
    struct bytes b = cbor_bytes(r);
    if (b.n == MESSAGE_SALT_LEN)
        memcpy(salt, b.p, MESSAGE_SALT_LEN);
    else
        cbor_fail(r, ST_FORMAT, "the salt is not 32 bytes");
}

static size_t read_texts(struct cbor_rd *r, struct bytes *texts)
{
    struct cbor_iter list = cbor_array(r);
    size_t n = 0;
    while (cbor_next(r, &list)) {
        if (n == MESSAGE_TEXTS_MAX) {
            cbor_fail(r, ST_LIMIT, "more than 4096 texts in one request");
            return 0;
        }
        texts[n++] = cbor_text(r);
    }
    if (n == 0)
        cbor_fail(r, ST_FORMAT, "the request has no text");
    return n;
}

static struct bytes read_nonce(struct cbor_rd *r, struct cbor_iter *map)
{
    if (!cbor_next(r, map))
        return (struct bytes){0};
    if (cbor_uint(r) != KEY_NONCE)
        cbor_fail(r, ST_FORMAT, "the message has an unknown field");
    struct bytes nonce = cbor_bytes(r);
    if (nonce.n < MESSAGE_NONCE_MIN || nonce.n > MESSAGE_NONCE_MAX)
        cbor_fail(r, ST_FORMAT, "the nonce is not 8 to 64 bytes");
    expect_end(r, map);
    return nonce;
}

status embed_request_parse(struct bytes in, struct bytes texts[static MESSAGE_TEXTS_MAX],
                           struct embed_request *out)
{
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct embed_request req = {.texts = texts};
    struct cbor_iter map;
    if (!bytes_equal(read_head(&r, &map), bytes_str(OP_EMBED)))
        cbor_fail(&r, ST_UNSUPPORTED, "the request asks for an unknown operation");
    expect_key(&r, &map, KEY_SALT);
    read_salt(&r, req.salt);
    expect_key(&r, &map, KEY_TEXTS);
    req.n_texts = read_texts(&r, texts);
    expect_key(&r, &map, KEY_NORMALIZE);
    req.normalize = cbor_bool(&r);
    expect_key(&r, &map, KEY_TRUNCATE);
    req.allow_truncation = cbor_bool(&r);
    req.nonce = read_nonce(&r, &map);
    TRY(cbor_end(&r));
    *out = req;
    return OK;
}

void embed_response_encode(const struct embed_response *r, struct buf *out)
{
    put_head(out, 5, OP_EMBED);
    cbor_put_uint(out, KEY_RECORD);
    cbor_put_bytes(out, r->record);
    cbor_put_uint(out, KEY_DIM);
    cbor_put_uint(out, r->dim);
    cbor_put_uint(out, KEY_EMBEDDINGS);
    cbor_put_bytes(out, r->embeddings);
}

void refusal_encode(enum status_code code, struct buf *out)
{
    put_head(out, 4, OP_REFUSED);
    cbor_put_uint(out, KEY_CODE);
    cbor_put_str(out, status_name(code));
    cbor_put_uint(out, KEY_SENTENCE);
    cbor_put_str(out, status_public(code));
}

static void read_refusal(struct cbor_rd *r, struct cbor_iter *map, struct embed_response *out)
{
    out->is_refusal = true;
    expect_key(r, map, KEY_CODE);
    struct bytes name = cbor_text(r);
    if (!status_from_name((const char *)name.p, name.n, &out->refusal) || out->refusal == ST_OK) {
        cbor_fail(r, ST_FORMAT, "the refusal has an unknown code");
        return;
    }
    expect_key(r, map, KEY_SENTENCE);
    if (!bytes_equal(cbor_text(r), bytes_str(status_public(out->refusal))))
        cbor_fail(r, ST_FORMAT, "the refusal's sentence is not that of its code");
    expect_end(r, map);
}

static void read_embeddings(struct cbor_rd *r, struct cbor_iter *map, size_t n_texts,
                            struct embed_response *out)
{
    expect_key(r, map, KEY_RECORD);
    out->record = cbor_bytes(r);
    expect_key(r, map, KEY_DIM);
    uint64_t dim = cbor_uint(r);
    expect_key(r, map, KEY_EMBEDDINGS);
    out->embeddings = cbor_bytes(r);
    expect_end(r, map);
    if (dim == 0 || dim > MESSAGE_DIM_MAX) {
        cbor_fail(r, ST_LIMIT, "the embedding's dimension is out of range");
        return;
    }
    out->dim = (uint32_t)dim;
    size_t want = 0;
    if (!checked_mul(n_texts, (size_t)dim * 4, &want) || out->embeddings.n != want)
        cbor_fail(r, ST_FORMAT, "the response does not hold one embedding a text");
}

status embed_response_parse(struct bytes in, size_t n_texts, struct embed_response *out)
{
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct embed_response res = {0};
    struct cbor_iter map;
    struct bytes op = read_head(&r, &map);
    if (bytes_equal(op, bytes_str(OP_EMBED)))
        read_embeddings(&r, &map, n_texts, &res);
    else if (bytes_equal(op, bytes_str(OP_REFUSED)))
        read_refusal(&r, &map, &res);
    else
        cbor_fail(&r, ST_UNSUPPORTED, "the response is of an unknown kind");
    TRY(cbor_end(&r));
    *out = res;
    return OK;
}
