/* tiny_model - a real BERT encoder of a few kilobytes in a temporary folder: the files that a
 * published model has, with made-up weights that are the same on each run. For everything above the
 * engine. */
#ifndef SUPPORT_TINY_MODEL_H
#define SUPPORT_TINY_MODEL_H

#include "support/test.h"

enum {
    TINY_HIDDEN = 32,
    TINY_LAYERS = 2,
    TINY_HEADS = 2,
    TINY_INTERMEDIATE = 64,
    TINY_POSITIONS = 48,
};

struct tiny_model {
    char folder[64];
};

void tiny_model_make(struct tiny_model *m);
void tiny_model_remove(struct tiny_model *m);

#endif
