/* encode_ids - for compare_tokenizer.py: texts in, ids out, as fast as pipes go.
 *
 *     encode_ids tokenizer.json max_tokens
 *
 * in:  u32 length, bytes          out: u32 number of ids, u32 truncated (2: refused), u32 ids
 * All little-endian. Standard error gets the time per token.
 */
#include "base/clock.h"
#include "base/file.h"
#include "engine/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 1 << 20, TOKENS_MAX = 1 << 16 };

static uint8_t text[TEXT_MAX];
static uint32_t ids[2 + TOKENS_MAX];

static struct tokenizer *load(const char *path)
{
    struct buf file CLEANUP(buf_done) = BUF_MAX(TOKENIZER_JSON_MAX);
    struct tokenizer *t = NULL;
    status s = file_read(path, &file);
    if (ok(s))
        s = tokenizer_new(buf_view(&file), &t);
    if (failed(s))
        (void)fprintf(stderr, "encode_ids: %s\n", status_detail());
    return t;
}

int main(int argc, char **argv)
{
    uint32_t n;
    uint64_t ns = 0;
    uint64_t n_all = 0;
    size_t max = argc == 3 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    struct tokenizer *t CLEANUP(tokenizer_freep) =
        max <= TOKENS_MAX && max > 0 ? load(argv[1]) : NULL;
    while (t != NULL && fread(&n, sizeof(n), 1, stdin) == 1) {
        size_t n_ids = 0;
        bool is_truncated = false;
        if (n > sizeof(text) || fread(text, 1, n, stdin) != n)
            return 1;
        uint64_t begin = clock_mono_ns();
        status s = tokenizer_encode(t, bytes_of(text, n), max, ids + 2, &n_ids, &is_truncated);
        ns += clock_mono_ns() - begin;
        n_all += n_ids;
        ids[0] = (uint32_t)n_ids;
        ids[1] = failed(s) ? 2 : is_truncated;
        if (fwrite(ids, sizeof(*ids), 2 + n_ids, stdout) != 2 + n_ids)
            return 1;
    }
    (void)fprintf(stderr, "%.1f ns for each of %llu tokens\n",
                  (double)ns / (double)(n_all + !n_all), (unsigned long long)n_all);
    return t == NULL;
}
