/* spdm - GET_MEASUREMENTS and its MEASUREMENTS response, as an NVIDIA GPU or NVSwitch reports them
 * (DMTF DSP0274 1.1.0, sections 10.11.1 and 10.11.2). Integers are little-endian.
 *
 *     request, 37 bytes                     response
 *     0  1   version 0x11                   0  1   version 0x11
 *     1  1   code 0xE0                      1  1   code 0x60
 *     2  1   param1 0x01: signed            2  1   param1 0
 *     3  1   param2 0xFF: all blocks        3  1   param2: slot, 0..7, that of the request
 *     4  32  nonce, the verifier's          4  1   number of blocks
 *     36 1   slot, 0..7                     5  3   length of the blocks together
 *                                           8  n   blocks
 *     block                                    32  nonce, the device's own
 *     0  1   index, 1..254, ascending          2   length of the opaque data
 *     1  1   specification 0x01: DMTF          n   opaque data (gpu_opaque.h)
 *     2  2   size of the rest                  96  ECDSA P-384, r || s, over SHA-384 of request
 *     4  1   value type 0..3, a digest             and response up to here
 *     5  2   size of the value, 48
 *     7  48  value
 *
 * Untrusted: all of it until spdm_verify() held.
 */
#ifndef TEE_VERIFY_NVIDIA_SPDM_H
#define TEE_VERIFY_NVIDIA_SPDM_H

#include "base/bytes.h"

enum {
    SPDM_REQUEST_LEN = 37,
    SPDM_NONCE_LEN = 32,
    SPDM_SIGNATURE_LEN = 96,
    SPDM_VALUE_LEN = 48,
    SPDM_BLOCKS_MAX = 64,
    SPDM_OPAQUE_MAX = 1024, /* DSP0274 1.1.0, table 44 */
    SPDM_REPORT_MAX_BYTES = 8 << 10,
};

struct spdm_request {
    struct bytes all;
    struct bytes nonce;
    uint8_t slot;
};

struct spdm_block {
    uint8_t index;
    uint8_t type;
    struct bytes value; /* SPDM_VALUE_LEN bytes */
};

struct spdm_response {
    struct bytes all;
    struct bytes record; /* the blocks together */
    struct spdm_block blocks[SPDM_BLOCKS_MAX];
    size_t n_blocks;
    struct bytes nonce;
    struct bytes opaque;
    struct bytes signature;
};

/* All views borrow from in. spdm_request_parse() takes the request off the front of *report;
 * spdm_response_parse() takes what is left, to the last byte. ST_TRUNCATED, ST_FORMAT, ST_LIMIT;
 * ST_UNSUPPORTED for a version other than 1.1. */
NODISCARD status spdm_request_parse(struct bytes *report, struct spdm_request *out);
NODISCARD status spdm_response_parse(struct bytes in, const struct spdm_request *request,
                                     struct spdm_response *out);

/* The value of the block with this index; the empty view when the report has none. */
struct bytes spdm_value(const struct spdm_response *r, unsigned index);

/* Signature over both messages by the device's P-384 key. The two must stand one after the other
 * in memory, as in the report. ST_AUTH, ST_ALG, ST_FORMAT. */
NODISCARD status spdm_verify(const struct spdm_request *request, const struct spdm_response *r,
                             struct bytes leaf_spki);

#endif
