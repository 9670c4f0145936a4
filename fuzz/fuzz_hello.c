/* Frames of the handshake: what parses encodes back to the same bytes. */
#include <stdlib.h>

#include "channel/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_back(const struct buf *frame, struct bytes payload)
{
    struct frame_header h;
    if (failed(frame_header_parse(frame->p, &h)) || h.length != payload.n)
        abort();
    if (!bytes_equal(bytes_of(frame->p + FRAME_HEADER_LEN, frame->n - FRAME_HEADER_LEN), payload))
        abort();
}

static void try_client_hello(struct bytes payload)
{
    struct buf back CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct client_hello h;
    if (failed(client_hello_parse(payload, &h)))
        return;
    if (failed(client_hello_encode(&h, &back)))
        abort();
    check_back(&back, payload);
}

static void try_server_hello(struct bytes payload)
{
    struct buf back CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct server_hello h;
    if (failed(server_hello_parse(payload, &h)))
        return;
    if (failed(server_hello_encode_unsigned(&h, &back)))
        abort();
    buf_put(&back, BYTES_OF(h.signature));
    check_back(&back, payload);
}

static void try_client_key(struct bytes payload)
{
    struct buf back CLEANUP(buf_done) = BUF_MAX(FRAME_MAX);
    struct client_key k;
    if (failed(client_key_parse(payload, &k)))
        return;
    client_key_encode_unconfirmed(k.enc, &back);
    buf_put(&back, BYTES_OF(k.confirmation));
    check_back(&back, payload);
}

/* A whole frame: the header tells the payload's parser. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_header h;
    if (size < FRAME_HEADER_LEN || failed(frame_header_parse(data, &h)))
        return 0;
    struct bytes payload = bytes_of(data + FRAME_HEADER_LEN, size - FRAME_HEADER_LEN);
    if (h.type == FRAME_CLIENT_HELLO)
        try_client_hello(payload);
    else if (h.type == FRAME_SERVER_HELLO)
        try_server_hello(payload);
    else if (h.type == FRAME_CLIENT_KEY)
        try_client_key(payload);
    return 0;
}
