/* content - which files make up a model, and the digest that names their content.
 *
 * The set of names is closed: a package can hold nothing else, and a folder's other files are not
 * read. The content digest is the same for a folder and for every package made from it.
 */
#ifndef MODEL_CONTENT_H
#define MODEL_CONTENT_H

#include "model/manifest.h"

#define CONTENT_WEIGHTS   "model.safetensors"
#define CONTENT_TOKENIZER "tokenizer.json"
#define CONTENT_CONFIG    "config.json"
#define CONTENT_POOLING   "1_Pooling/config.json"
#define CONTENT_SBERT     "sentence_bert_config.json"
#define CONTENT_MODULES   "modules.json"

struct content_name {
    const char *name;
    bool is_required;
};

enum { CONTENT_NAMES = 6 };
extern const struct content_name content_table[CONTENT_NAMES]; /* sorted by name */

bool content_is_known(struct bytes name);

/* SHA-256 of the deterministic CBOR array ["eml-model-content-v1", [name, size, root], ...], files
 * sorted by name (docs/PACKAGE.md section 6). */
NODISCARD status content_digest(const struct manifest_file *files, uint32_t n_files,
                                uint8_t out[static SHA256_LEN]);

#endif
