/* model_option - the options by which a command names its model, and the model opened.
 *
 *     --model-dir DIR                                      a plain folder
 *     --model PKG [--key-file F] [--public-key HEX]        a package
 *     [--threads N] [--kernels K]
 */
#ifndef APPS_EML_MODEL_OPTION_H
#define APPS_EML_MODEL_OPTION_H

#include "apps/common/cli.h"
#include "base/pool.h"
#include "serve/embedder.h"

#define MODEL_OPTION_SOURCES                                                                 \
    {"model-dir", "DIR", false, false, "folder of a Hugging Face model"},                    \
        {"model", "PKG", false, false, "an encrypted package in place of the folder"},       \
        {"key-file", "F", false, false, "encryption key of the package (default: PKG.key)"}, \
    {                                                                                        \
        "public-key", "HEX", false, false, "accept the package from this publisher only"     \
    }
#define MODEL_OPTION_ENGINE                                                                   \
    {"threads", "N", false, false, "threads (default: one for each CPU)"},                    \
    {                                                                                         \
        "kernels", "K", false, false, "auto, reference, avx2, avx512 or neon (default: auto)" \
    }

struct model_option {
    struct pool *pool;
    struct embedder *embedder;
    uint64_t open_ns; /* how long it took, from the options to ready */
};

void model_option_done(struct model_option *m);
/* ST_USAGE unless exactly one of --model-dir and --model is given. */
NODISCARD status model_option_open(const struct cli *args, struct model_option *out);
/* One line on standard error: time to ready, weights, peak memory, kernels, threads. */
void model_option_stats(const struct model_option *m);
/* --kernels, or "auto". */
NODISCARD status model_option_kernels(const struct cli *args, const char **out);
/* --threads, or the CPUs that this process may use. */
NODISCARD status model_option_threads(const struct cli *args, uint32_t *out);

/* What the commands on packages share. The publisher is --public-key, or the key that the package
 * claims; *out_pinned tells which. */
NODISCARD status model_option_publisher(const struct cli *args, struct model_source *src,
                                        uint8_t out[static ED25519_PUBLIC_LEN], bool *out_pinned);
/* --key-file, or "PKG.key" into out, which holds PATH_MAX bytes. */
NODISCARD status model_option_key_path(const struct cli *args, const char *package, char *out);

#endif
