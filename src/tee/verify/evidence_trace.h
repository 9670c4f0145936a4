/* evidence_trace - the exact bytes that each check looked at, and where they stand, for people who
 * want to see for themselves. Nothing is decided from it.
 */
#ifndef TEE_VERIFY_EVIDENCE_TRACE_H
#define TEE_VERIFY_EVIDENCE_TRACE_H

#include "base/buf.h"

enum { EVIDENCE_TRACE_ROWS = 512, EVIDENCE_TRACE_MAX_BYTES = 1 << 19 };

struct evidence_trace_row {
    const char *check; /* id of the check */
    const char *label; /* "quote signature" */
    const char *input; /* "evidence", "collateral", ...: where it stands; NULL: it was computed */
    size_t offset;     /* in that input */
    size_t n;          /* as many bytes were looked at; evidence_trace_bytes() holds them or none */
    size_t at;         /* not for direct use */
    bool is_kept;
};

struct evidence_trace {
    struct evidence_trace_row v[EVIDENCE_TRACE_ROWS];
    size_t n;
    bool is_cut;       /* rows or bytes were left out */
    struct buf bytes_; /* not for direct use */
};

NODISCARD status evidence_trace_new(struct evidence_trace **out);
void evidence_trace_freep(struct evidence_trace **t);

/* Copies the bytes. t may be NULL. input and offset as in the row. */
void evidence_trace_add(struct evidence_trace *t, const char *check, const char *label,
                        const char *input, size_t offset, struct bytes bytes);
/* The bytes of a row, .p NULL when they were left out; borrowed until the next row is added. */
struct bytes evidence_trace_bytes(const struct evidence_trace *t, size_t row);

#endif
