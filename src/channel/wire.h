/* wire - the frames of the handshake as bytes. docs/PROTOCOL.md sections 1 and 6.
 *
 * Untrusted: every byte. Parsers take a payload to its exact end and return views or copies; what
 * the values mean is checked by the handshake.
 */
#ifndef CHANNEL_WIRE_H
#define CHANNEL_WIRE_H

#include "base/buf.h"
#include "channel/limits.h"

enum {
    FRAME_HEADER_LEN = 8,
    FRAME_VERSION = 1,
    HELLO_NONCE_LEN = 32,
    HELLO_SUITES_MAX = 8,
    HELLO_FRESHNESS_MAX = 2,
    CLIENT_HELLO_MAX = 64,
    SERVER_HELLO_FIXED_LEN = 46,
    SERVER_SIGNATURE_LEN = 64,
    SERVER_HELLO_MAX = SERVER_HELLO_FIXED_LEN + CHANNEL_EVIDENCE_MAX + SERVER_SIGNATURE_LEN,
    CLIENT_KEY_LEN = 64,
    CONFIRMATION_LEN = 32,
    FRAME_ERROR_LEN = 1,
    FRAME_MAX = FRAME_HEADER_LEN + SERVER_HELLO_MAX,
};

enum frame_type {
    FRAME_CLIENT_HELLO = 1,
    FRAME_SERVER_HELLO = 2,
    FRAME_CLIENT_KEY = 3,
    FRAME_SERVER_DONE = 4,
    FRAME_ERROR = 5,
};

enum suite { SUITE_AES_256_GCM = 1, SUITE_CHACHA20_POLY1305 = 2, SUITE_HYBRID_RESERVED = 3 };

struct frame_header {
    enum frame_type type;
    uint32_t length;
};

/* ST_PROTOCOL for another magic, version or type; ST_LIMIT for a length above the type's cap;
 * ST_FORMAT for one that its fixed size forbids. */
NODISCARD status frame_header_parse(const uint8_t in[static FRAME_HEADER_LEN],
                                    struct frame_header *out);
void frame_put_header(struct buf *out, enum frame_type type, uint32_t length);

struct client_hello {
    uint8_t nonce[HELLO_NONCE_LEN];
    uint32_t max_message;
    uint16_t suites[HELLO_SUITES_MAX];
    size_t n_suites;
    uint8_t freshness[HELLO_FRESHNESS_MAX];
    size_t n_freshness;
};

NODISCARD status client_hello_encode(const struct client_hello *h, struct buf *out_frame);
NODISCARD status client_hello_parse(struct bytes payload, struct client_hello *out);
bool client_hello_has_suite(const struct client_hello *h, unsigned suite);
bool client_hello_has_freshness(const struct client_hello *h, unsigned freshness);

struct server_hello {
    uint16_t suite;
    uint8_t freshness;
    uint8_t evidence_type; /* as on the wire: 1 + enum evidence_type */
    uint8_t hpke_key[32];
    uint32_t max_message;
    uint16_t max_streams;
    struct bytes evidence; /* borrowed */
    uint8_t signature[SERVER_SIGNATURE_LEN];
};

/* The frame without its signature, which the caller appends; its header counts it already. */
NODISCARD status server_hello_encode_unsigned(const struct server_hello *h, struct buf *out_frame);
NODISCARD status server_hello_parse(struct bytes payload, struct server_hello *out);

struct client_key {
    uint8_t enc[32];
    uint8_t confirmation[CONFIRMATION_LEN];
};

/* The frame without its confirmation, which the caller appends. */
void client_key_encode_unconfirmed(const uint8_t enc[static 32], struct buf *out_frame);
NODISCARD status client_key_parse(struct bytes payload, struct client_key *out);

/* Reasons: what an error frame or a close may say. */
uint8_t reason_of(enum status_code code);
enum status_code reason_code(uint8_t reason); /* 0: ST_CLOSED; unknown: ST_INTERNAL */
const char *reason_text(uint8_t reason);      /* what a user is shown */

#endif
