#include "channel/handshake.h"

static status read_part(struct stream *s, size_t n, uint64_t deadline_ns, struct buf *out)
{
    uint8_t *at = buf_extend(out, n);
    TRY(buf_status(out));
    return stream_read(s, at, n, deadline_ns);
}

/* Only a server speaks in the clear before it can sign. */
static bool may_be_error(enum frame_type wanted)
{
    return wanted == FRAME_SERVER_HELLO || wanted == FRAME_SERVER_DONE;
}

static status read_frame(struct stream *s, enum frame_type type, uint64_t deadline_ns,
                         struct buf *out, struct frame_header *out_header)
{
    TRY(read_part(s, FRAME_HEADER_LEN, deadline_ns, out));
    TRY(frame_header_parse(out->p, out_header));
    REQUIRE(out_header->type == type || (out_header->type == FRAME_ERROR && may_be_error(type)),
            ST_PROTOCOL, "handshake frame %d where %d must come", (int)out_header->type, (int)type);
    status st = read_part(s, out_header->length, deadline_ns, out);
    if (st.code == ST_CLOSED)
        return FAIL(ST_TRUNCATED, "the connection ended inside a frame");
    return st;
}

/* Nobody signed it, so it changes nothing but the text and whether to try again later. */
static status hint(uint8_t reason)
{
    enum status_code code = reason_code(reason);
    return FAIL(code == ST_BUSY ? ST_BUSY : ST_CLOSED, "the host or the enclave says: %s",
                reason_text(reason));
}

status handshake_read(struct stream *s, enum frame_type type, uint64_t deadline_ns,
                      struct buf *out_frame)
{
    struct frame_header h;
    struct buf frame CLEANUP(buf_done) = FRAME_BUF;
    status st = read_frame(s, type, deadline_ns, &frame, &h);
    if (failed(st))
        return status_context(st, "handshake");
    if (h.type == FRAME_ERROR)
        return hint(frame.p[FRAME_HEADER_LEN]);
    buf_done(out_frame);
    *out_frame = buf_take(&frame);
    return OK;
}

struct bytes frame_payload(const struct buf *frame)
{
    return bytes_of(frame->p + FRAME_HEADER_LEN, frame->n - FRAME_HEADER_LEN);
}

status handshake_signed_bytes(const uint8_t t1[static 32], struct buf *out)
{
    static const char LABEL[] = "eml-channel-v1 server signature";
    buf_put_u32be(out, sizeof(LABEL) - 1);
    buf_put_str(out, LABEL);
    buf_put_u32be(out, 32);
    buf_put(out, bytes_of(t1, 32));
    return buf_status(out);
}

unsigned suite_of(enum aead_alg alg)
{
    return alg == AEAD_AES_256_GCM         ? (unsigned)SUITE_AES_256_GCM
           : alg == AEAD_CHACHA20_POLY1305 ? (unsigned)SUITE_CHACHA20_POLY1305
                                           : 0;
}

enum aead_alg suite_alg(unsigned suite)
{
    return suite == SUITE_AES_256_GCM         ? AEAD_AES_256_GCM
           : suite == SUITE_CHACHA20_POLY1305 ? AEAD_CHACHA20_POLY1305
                                              : (enum aead_alg)0;
}
