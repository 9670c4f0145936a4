/* record - the execution record: what AIR v1 has no claim for and a re-execution needs to know.
 *
 * It travels inside the response, so the receipt's response_hash covers its bytes. One closed map
 * in deterministic CBOR (RFC 8949 section 4.2.1), all keys required:
 *
 *     1  uint        version of this format = 1
 *     2  tstr        numerics profile, "eml-n1"             1..32 bytes
 *     3  tstr        engine version                         1..64 bytes
 *     4  bstr 32     model digest (docs/PACKAGE.md section 6)
 *     5  bstr 32     tokenizer digest, SHA-256 of tokenizer.json
 *     6  tstr        pooling, "mean" or "cls"
 *     7  bool        L2 normalised
 *     8  [+ uint]    tokens of each text, with the special ones; 1..2^32-1
 *     9  [* uint]    numbers of the texts that were truncated, ascending
 *
 * Nothing in it depends on kernels, threads or batching: those do not change the bits.
 * Untrusted when it is parsed: the bytes come with a response.
 */
#ifndef RECEIPT_RECORD_H
#define RECEIPT_RECORD_H

#include "base/buf.h"

enum {
    RECORD_VERSION = 1,
    RECORD_TEXTS_MAX = 65536,
    RECORD_PROFILE_MAX = 32,
    RECORD_ENGINE_MAX = 64,
    RECORD_DIGEST_LEN = 32,
};

enum record_pooling { RECORD_MEAN, RECORD_CLS };

struct record_text {
    uint32_t n_tokens;
    bool is_truncated;
};

struct record {
    struct bytes profile;
    struct bytes engine_version;
    uint8_t model_digest[RECORD_DIGEST_LEN];
    uint8_t tokenizer_digest[RECORD_DIGEST_LEN];
    enum record_pooling pooling;
    bool is_normalized;
    const struct record_text *texts; /* borrowed */
    size_t n_texts;
};

/* Appends the record. ST_USAGE when a field breaks a rule of the table above. */
NODISCARD status record_encode(const struct record *r, struct buf *out);

/* Parses exactly one record. `texts` holds room for `cap` entries and is what out->texts points
 * to; profile and engine_version borrow from `in`. ST_TRUNCATED, ST_FORMAT; ST_LIMIT above cap.
 * out is written only on success. */
NODISCARD status record_parse(struct bytes in, struct record_text *texts, size_t cap,
                              struct record *out);

#endif
