/* package_text - a manifest as people and programs read it. */
#ifndef APPS_EML_PACKAGE_TEXT_H
#define APPS_EML_PACKAGE_TEXT_H

#include "formats/json.h"
#include "model/content.h"

/* The manifest's members inside an object that the caller has opened and closes. */
void package_text_members(struct json_w *w, const struct manifest *m, const uint8_t *digest,
                          const uint8_t *model_hash, uint64_t package_bytes);
/* To standard output. */
NODISCARD status package_text_print(const struct manifest *m, const uint8_t *digest,
                                    uint64_t package_bytes, bool is_json);

#endif
