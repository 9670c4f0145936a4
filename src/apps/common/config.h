/* config - the one read-only JSON file of a program, and the files that it names.
 *
 *     struct config c CLEANUP(config_done) = {0};
 *     TRY(config_open(path, &c));
 *     const char *listen = json_str(&c.root, "listen", true, NULL);
 *     TRY(config_end(&c));                      unknown keys are refused here
 *
 * Untrusted: the operator of the host writes it. Its bytes are kept, since their digest is part of
 * what an enclave attests. Secrets are never in it: it names files that hold them.
 */
#ifndef APPS_COMMON_CONFIG_H
#define APPS_COMMON_CONFIG_H

#include "formats/json.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

struct config {
    const char *path; /* borrowed */
    struct buf text;  /* the file, byte for byte */
    struct json_doc *doc;
    struct json_obj root;
};

/* ST_NOTFOUND, ST_IO, or ST_CONFIG when it is no JSON object. */
NODISCARD status config_open(const char *path, struct config *out);
/* The first missing, mistyped or unknown key of the top object, as ST_CONFIG. */
NODISCARD status config_end(const struct config *c);
/* The same for an object inside. */
NODISCARD status config_end_sub(const struct config *c, const struct json_obj *o);
void config_done(struct config *c);

/* A path of the file, taken from the folder in which the file lies; out holds PATH_MAX bytes. */
NODISCARD status config_path(const struct config *c, const char *given, char *out, size_t out_cap);

#endif
