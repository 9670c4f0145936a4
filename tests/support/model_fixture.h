/* model_fixture - a small model folder in a temporary place, and packages made from it. The content
 * is made up: this is for the layers that do not look into the files. */
#ifndef SUPPORT_MODEL_FIXTURE_H
#define SUPPORT_MODEL_FIXTURE_H

#include "support/test.h"

#include "model/package_write.h"

enum { FIXTURE_NOW = 1800000000, FIXTURE_DAY = 86400 };

struct model_fixture {
    char folder[64];
    char package[80];
    struct ed25519_secret sign_key;
    struct aead_key kek;
    size_t weight_bytes;
};

/* tokenizer.json and config.json have the same length, so that they can be swapped. */
void model_fixture_make(struct model_fixture *f, size_t weight_bytes);
void model_fixture_remove(struct model_fixture *f);
/* A file of the folder, written anew. */
void model_fixture_put(const struct model_fixture *f, const char *name, struct bytes content);
/* The byte that stands at an offset of the weights. */
uint8_t model_fixture_weight(uint64_t offset);
struct package_plan model_fixture_plan(const struct model_fixture *f, uint64_t version);
/* Packs the folder and reads the package back. */
struct buf model_fixture_pack(const struct model_fixture *f, uint64_t version);

#endif
