#include "tee/verify/evidence_trace.h"

#include <stdlib.h>

status evidence_trace_new(struct evidence_trace **out)
{
    struct evidence_trace *t = calloc(1, sizeof(*t));
    REQUIRE(t != NULL, ST_NOMEM, "evidence trace");
    t->bytes_ = BUF_MAX(EVIDENCE_TRACE_MAX_BYTES);
    *out = t;
    return OK;
}

void evidence_trace_freep(struct evidence_trace **t)
{
    if (*t != NULL)
        buf_done(&(*t)->bytes_);
    free(*t);
    *t = NULL;
}

void evidence_trace_add(struct evidence_trace *t, const char *check, const char *label,
                        const char *input, size_t offset, struct bytes bytes)
{
    if (t == NULL)
        return;
    if (t->n == EVIDENCE_TRACE_ROWS) {
        t->is_cut = true;
        return;
    }
    struct evidence_trace_row *row = &t->v[t->n++];
    *row = (struct evidence_trace_row){.check = check,
                                       .label = label,
                                       .input = input,
                                       .offset = offset,
                                       .n = bytes.n,
                                       .at = t->bytes_.n};
    /* Room is asked for first: a buffer that has failed takes nothing more. */
    row->is_kept =
        bytes.n <= EVIDENCE_TRACE_MAX_BYTES - t->bytes_.n && ok(buf_reserve(&t->bytes_, bytes.n));
    if (row->is_kept)
        buf_put(&t->bytes_, bytes);
    else
        t->is_cut = true;
}

struct bytes evidence_trace_bytes(const struct evidence_trace *t, size_t row)
{
    if (row >= t->n || !t->v[row].is_kept)
        return (struct bytes){0};
    /* Nothing was looked at, and that is kept: a pointer, and no bytes. */
    const uint8_t *p = t->bytes_.p != NULL ? t->bytes_.p + t->v[row].at : (const uint8_t *)"";
    return bytes_of(p, t->v[row].n);
}
