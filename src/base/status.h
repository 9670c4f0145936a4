/* status - the one way in which a function says that it failed.
 *
 * A status is a struct, so that it cannot stand in an `if` by itself and cannot be ignored. The
 * code is the decision; the detail text is kept for the local log and for command line users, per
 * thread, and never travels to a peer: a peer is told status_public() and nothing else.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

/* column 2: stable name for logs and metrics; column 3: all that a remote peer is told;
 * column 4: the exit code of a command line tool that stops on it (docs/ERRORS.md) */
#define STATUS_MAP(X)                                                      \
    X(ST_OK, "ok", "success", 0)                                           \
    X(ST_INTERNAL, "internal", "internal error", 1)                        \
    X(ST_NOMEM, "nomem", "out of memory", 1)                               \
    X(ST_IO, "io", "input or output failed", 1)                            \
    X(ST_NOTFOUND, "notfound", "not found", 1)                             \
    X(ST_USAGE, "usage", "wrong use", 2)                                   \
    X(ST_CONFIG, "config", "configuration is not valid", 2)                \
    X(ST_TRUNCATED, "truncated", "input ends too early", 30)               \
    X(ST_FORMAT, "format", "input is malformed", 30)                       \
    X(ST_LIMIT, "limit", "a limit is exceeded", 30)                        \
    X(ST_ALG, "alg", "algorithm is not allowed", 10)                       \
    X(ST_AUTH, "auth", "authentication failed", 10)                        \
    X(ST_CERT, "cert", "certificate is not acceptable", 10)                \
    X(ST_REVOKED, "revoked", "a certificate is revoked", 10)               \
    X(ST_EXPIRED, "expired", "no longer or not yet valid", 10)             \
    X(ST_POLICY, "policy", "refused by policy", 10)                        \
    X(ST_MISMATCH, "mismatch", "values differ that must be equal", 10)     \
    X(ST_ROLLBACK, "rollback", "older than what was seen before", 10)      \
    X(ST_UNSUPPORTED, "unsupported", "not supported", 20)                  \
    X(ST_PROTOCOL, "protocol", "protocol violation", 30)                   \
    X(ST_SEQUENCE, "sequence", "record out of sequence", 10)               \
    X(ST_CLOSED, "closed", "the peer closed the connection", 1)            \
    X(ST_CUT, "cut", "the stream ended without its authenticated end", 10) \
    X(ST_TIMEOUT, "timeout", "timed out", 1)                               \
    X(ST_BUSY, "busy", "too busy", 1)                                      \
    X(ST_CANCELLED, "cancelled", "cancelled", 1)

#define STATUS_ENUM_(code, name, text, exit_code) code,
enum status_code { STATUS_MAP(STATUS_ENUM_) STATUS_COUNT };
#undef STATUS_ENUM_

#define NODISCARD __attribute__((warn_unused_result))

typedef struct status {
    enum status_code code;
} status;

static inline bool failed(status s)
{
    return s.code != ST_OK;
}

static inline bool ok(status s)
{
    return s.code == ST_OK;
}

/* Records the detail for this thread and returns the code. Detail is public: no secret goes in. */
NODISCARD status status_fail(enum status_code code, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the detail of the failure at hand and returns it unchanged. */
NODISCARD status status_context(status s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

const char *status_name(enum status_code code);   /* "auth" */
const char *status_public(enum status_code code); /* "authentication failed" */
int status_exit_code(enum status_code code);      /* exit code of a command line tool */
bool status_from_name(const char *name, size_t n, enum status_code *out);
const char *status_detail(void); /* this thread's last failure; valid until the next one */
const char *status_where(void);  /* "file.c:12" of this thread's last failure */

#define STATUS_STR2_(x) #x
#define STATUS_STR_(x)  STATUS_STR2_(x)
#define OK              ((status){ST_OK})
#define FAIL(code, ...) status_fail((code), __FILE__ ":" STATUS_STR_(__LINE__), __VA_ARGS__)
#define CLEANUP(fn)     __attribute__((cleanup(fn)))

/* The only two macros in the tree with hidden control flow. */
#define TRY(expr)             \
    do {                      \
        status try_ = (expr); \
        if (failed(try_))     \
            return try_;      \
    } while (0)
#define REQUIRE(cond, code, ...)              \
    do {                                      \
        if (!(cond))                          \
            return FAIL((code), __VA_ARGS__); \
    } while (0)

#endif
