/* A manifest's payload, or its signed form: whatever is accepted must encode to the same bytes. */
#include "model/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void payload(struct bytes in)
{
    struct manifest m;
    struct manifest again;
    struct buf b CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    const struct manifest_expect e = {.min_version = 2, .at_unix_s = 1800000000};
    if (failed(manifest_parse(in, &m)))
        return;
    if (failed(manifest_encode(&m, &b)) || !bytes_equal(buf_view(&b), in))
        abort();
    if (failed(manifest_parse(buf_view(&b), &again)) || memcmp(&m, &again, sizeof(m)) != 0)
        abort();
    if (ok(manifest_check(&m, &e)) && m.version < 2)
        abort();
}

static void signed_form(struct bytes in)
{
    struct manifest m;
    uint8_t digest[SHA256_LEN];
    uint8_t key[ED25519_PUBLIC_LEN];
    if (ok(manifest_claimed_publisher(in, key)))
        (void)!failed(manifest_verify(in, key, &m, digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes in = {data + 1, size - 1};
    if (data[0] & 1)
        signed_form(in);
    else
        payload(in);
    return 0;
}
