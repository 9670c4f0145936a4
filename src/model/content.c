#include "model/content.h"

#include "formats/cbor.h"

#define CONTENT_DOMAIN "eml-model-content-v1"

enum { DIGEST_INPUT_MAX = 4 << 10 };

const struct content_name content_table[CONTENT_NAMES] = {
    {CONTENT_POOLING, false}, {CONTENT_CONFIG, true}, {CONTENT_WEIGHTS, true},
    {CONTENT_MODULES, false}, {CONTENT_SBERT, false}, {CONTENT_TOKENIZER, true},
};

bool content_is_known(struct bytes name)
{
    for (size_t i = 0; i < CONTENT_NAMES; i++) {
        if (bytes_equal(name, bytes_str(content_table[i].name)))
            return true;
    }
    return false;
}

status content_digest(const struct manifest_file *files, uint32_t n_files,
                      uint8_t out[static SHA256_LEN])
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(DIGEST_INPUT_MAX);
    cbor_put_array(&b, 1 + (uint64_t)n_files);
    cbor_put_str(&b, CONTENT_DOMAIN);
    for (uint32_t i = 0; i < n_files; i++) {
        cbor_put_array(&b, 3);
        cbor_put_str(&b, files[i].name);
        cbor_put_uint(&b, files[i].n_bytes);
        cbor_put_bytes(&b, BYTES_OF(files[i].root));
    }
    TRY(buf_status(&b));
    return sha256(buf_view(&b), out);
}
