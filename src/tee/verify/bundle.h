/* bundle - evidence as an enclave sends it: the hardware's own bytes, and what a verifier needs
 * beside them.
 *
 * Deterministic CBOR (RFC 8949 section 4.2), a map with exactly these keys, those marked ? where
 * there is something to say:
 *
 *     1  uint   version = 1
 *     2  tstr   platform, 1..32 characters: "intel-tdx"
 *     3  bstr   evidence: quote, report or token, 1..64 KiB
 *     4? bstr   statement (statement.h), 1..512 bytes
 *     5? bstr   collateral, 1..256 KiB
 *     6? bstr   certificates, 1..64 KiB
 *     7? bstr   event log, 1..128 KiB
 *     8? bstr   device evidence (JSON), 1..256 KiB; the statement holds its SHA-256
 *
 * At most 384 KiB in all. Nitro and simulated evidence carry all they need and are never bundled.
 *
 * Untrusted: all of it. A bundle is an envelope: nobody signed it, and each part proves itself.
 */
#ifndef TEE_VERIFY_BUNDLE_H
#define TEE_VERIFY_BUNDLE_H

#include "base/buf.h"

enum {
    BUNDLE_VERSION = 1,
    BUNDLE_MAX_BYTES = 384 << 10,
    BUNDLE_EVIDENCE_MAX = 64 << 10,
    BUNDLE_COLLATERAL_MAX = 256 << 10,
    BUNDLE_CERTS_MAX = 64 << 10,
    BUNDLE_EVENT_LOG_MAX = 128 << 10,
    BUNDLE_DEVICES_MAX = 256 << 10,
};

/* Borrowed; .p NULL: absent. Platform and evidence are always there. */
struct bundle {
    struct bytes platform;
    struct bytes evidence;
    struct bytes statement;
    struct bytes collateral;
    struct bytes certs;
    struct bytes event_log;
    struct bytes devices;
};

/* Whether bytes begin as a bundle does. No quote, report, token or JSON does. */
bool bundle_is(struct bytes in);

/* Views in *out borrow from in. ST_TRUNCATED, ST_FORMAT, ST_LIMIT; ST_UNSUPPORTED for a version
 * other than 1. */
NODISCARD status bundle_parse(struct bytes in, struct bundle *out);

/* Appends the encoding. ST_FORMAT without platform or evidence, ST_LIMIT for a part that is too
 * large; an empty part is absent. */
NODISCARD status bundle_encode(const struct bundle *b, struct buf *out);

#endif
