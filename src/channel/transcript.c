#include "channel/transcript.h"

#include <stdlib.h>

#include "base/buf.h"
#include "channel/wire.h"

/* Frames are few, and one of them large, so the fields are kept as bytes: no digest state has to be
 * forked. */
enum { FIELDS_MAX_BYTES = FRAME_MAX + 1024 };

struct transcript {
    struct buf fields;
};

static void put_lp(struct buf *b, struct bytes v)
{
    buf_put_u32be(b, (uint32_t)v.n);
    buf_put(b, v);
}

status transcript_new(struct transcript **out)
{
    struct transcript *t CLEANUP(transcript_freep) = calloc(1, sizeof(*t));
    REQUIRE(t != NULL, ST_NOMEM, "no memory for a transcript");
    t->fields = BUF_MAX(FIELDS_MAX_BYTES);
    put_lp(&t->fields, BYTES_LIT("eml-channel-v1"));
    TRY(buf_status(&t->fields));
    *out = t;
    t = NULL;
    return OK;
}

void transcript_freep(struct transcript **t)
{
    if (*t != NULL)
        buf_done(&(*t)->fields);
    free(*t);
    *t = NULL;
}

status transcript_add(struct transcript *t, const char *field, struct bytes frame)
{
    put_lp(&t->fields, bytes_str(field));
    put_lp(&t->fields, frame);
    return buf_status(&t->fields);
}

status transcript_digest(const struct transcript *t, uint8_t out[static SHA256_LEN])
{
    return sha256(buf_view(&t->fields), out);
}

status transcript_digest_with(const struct transcript *t, const char *field, struct bytes frame,
                              uint8_t out[static SHA256_LEN])
{
    uint8_t field_n[4];
    uint8_t frame_n[4];
    put_u32be(field_n, (uint32_t)strlen(field));
    put_u32be(frame_n, (uint32_t)frame.n);
    const struct bytes parts[] = {buf_view(&t->fields), BYTES_OF(field_n), bytes_str(field),
                                  BYTES_OF(frame_n), frame};
    return hash_parts(HASH_SHA256, parts, sizeof(parts) / sizeof(parts[0]), out);
}
