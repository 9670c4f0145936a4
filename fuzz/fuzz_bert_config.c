/* Four files, parted by NUL bytes: config, modules, pooling, sbert. What is accepted is in range.
 */
#include "engine/bert_config.h"

#include <stdlib.h>

static struct bytes next_file(struct bytes *rest)
{
    struct bytes file = *rest;
    const uint8_t *nul = rest->n ? memchr(rest->p, 0, rest->n) : NULL;
    if (nul == NULL) {
        rest->n = 0;
        return file;
    }
    file.n = (size_t)(nul - rest->p);
    *rest = bytes_of(nul + 1, rest->n - file.n - 1);
    return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes rest = {data, n};
    struct bert_files f = {0};
    struct bert_config c;
    f.config = next_file(&rest);
    f.modules = next_file(&rest);
    f.pooling = next_file(&rest);
    f.sbert = next_file(&rest);
    if (failed(bert_config_parse(&f, &c)))
        return 0;
    if (c.n_layers == 0 || c.n_heads == 0 || c.hidden % c.n_heads != 0 || c.max_tokens < 3 ||
        c.max_tokens > c.max_positions || c.vocab_size == 0 || !(c.layer_norm_eps > 0))
        abort();
    return 0;
}
