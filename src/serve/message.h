/* message - what a client asks inside a session and what it is answered (docs/PROTOCOL.md, "Service
 * messages").
 *
 * Deterministic CBOR, closed maps with integer keys. The exact bytes of a request and of its
 * response are what a receipt's request_hash and response_hash cover, so neither is ever re-encoded
 * on its way.
 *
 *   request   { 1: 1 (version), 2: "embed", 3: salt bstr 32, 4: [+ tstr], 5: normalize bool,
 *               6: allow_truncation bool, ? 7: eat_nonce bstr 8..64 }
 *   response  { 1: 1, 2: "embed", 3: record bstr, 4: dim uint, 5: embeddings bstr (n * dim f32
 * little-endian) } refusal   { 1: 1, 2: "refused", 6: status name tstr, 7: fixed sentence tstr }
 *
 * The salt keeps a guessable prompt from being found by hashing candidates against a receipt.
 * Untrusted: a request comes from any client, a response from whatever answered; both are parsed
 * whole before any part is used.
 */
#ifndef SERVE_MESSAGE_H
#define SERVE_MESSAGE_H

#include "base/buf.h"

enum {
    MESSAGE_VERSION = 1,
    MESSAGE_SALT_LEN = 32,
    MESSAGE_TEXTS_MAX = 4096,
    MESSAGE_NONCE_MIN = 8,
    MESSAGE_NONCE_MAX = 64,
    MESSAGE_DIM_MAX = 8192,
};

struct embed_request {
    uint8_t salt[MESSAGE_SALT_LEN];
    const struct bytes *texts; /* n_texts views; storage belongs to the caller */
    size_t n_texts;
    bool normalize;
    bool allow_truncation;
    struct bytes nonce; /* empty when absent */
};

struct embed_response {
    bool is_refusal;
    enum status_code refusal; /* when is_refusal */
    struct bytes record;      /* execution record, see receipt/record.h */
    uint32_t dim;
    struct bytes embeddings; /* n_texts * dim * 4 bytes */
};

void embed_request_encode(const struct embed_request *r, struct buf *out);
/* texts: room for MESSAGE_TEXTS_MAX views, which borrow from in. ST_FORMAT, ST_TRUNCATED or
 * ST_LIMIT. */
NODISCARD status embed_request_parse(struct bytes in, struct bytes texts[static MESSAGE_TEXTS_MAX],
                                     struct embed_request *out);

void embed_response_encode(const struct embed_response *r, struct buf *out);
void refusal_encode(enum status_code code, struct buf *out);
/* Views borrow from in. n_texts is what was asked; any other amount is ST_FORMAT. */
NODISCARD status embed_response_parse(struct bytes in, size_t n_texts, struct embed_response *out);

#endif
