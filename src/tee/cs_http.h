/* cs_http - one HTTP/1.1 response (RFC 9112), as a small server on the same machine sends it.
 *
 * The whole response is in memory, for the connection is closed after it. The body's end must be
 * told by exactly one of Content-Length and Transfer-Encoding: chunked, so that a response that was
 * cut off is no response. No content coding, no trailer, no chunk extension, no folded line, no
 * bytes after the end.
 *
 * Untrusted: all of it.
 */
#ifndef TEE_CS_HTTP_H
#define TEE_CS_HTTP_H

#include "base/buf.h"

enum { CS_HTTP_HEAD_MAX = 8 << 10, CS_HTTP_FIELDS_MAX = 32, CS_HTTP_BODY_MAX = 64 << 10 };

struct cs_http {
    unsigned status; /* 200 to 599 */
    struct buf body;
};

/* Free *out with cs_http_done() whatever the outcome. ST_PROTOCOL, ST_TRUNCATED, ST_LIMIT. */
NODISCARD status cs_http_parse(struct bytes response, struct cs_http *out);
void cs_http_done(struct cs_http *h);

#endif
