/* vectors_out - how an embedding is printed, by every command that prints one. */
#ifndef APPS_EML_VECTORS_OUT_H
#define APPS_EML_VECTORS_OUT_H

#include "base/buf.h"

struct vector_line {
    size_t text_index;
    uint32_t n_tokens;
    bool is_truncated;
    bool is_simulated; /* says so; false for the engine alone and for hardware */
    const float *v;
    size_t dim;
};

/* One JSON object and a newline:
 * {"text_index","tokens","truncated","embedding":[...],"sha256":"<of the f32 LE bytes>"} and, for
 * the simulated platform, "simulated":true. The numbers read back to the same bits. */
NODISCARD status vector_put_json(struct buf *out, const struct vector_line *l);
/* A line for people: index, tokens, first numbers, digest. */
NODISCARD status vector_put_text(struct buf *out, const struct vector_line *l);

#endif
