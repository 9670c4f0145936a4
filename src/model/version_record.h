/* version_record - remembers the newest version of each model that was accepted.
 *
 * A text file, one line a model: id, space, version, space, manifest digest in hexadecimal. It
 * helps where its disk is trusted (a laptop, a build machine). Inside an enclave the disk belongs
 * to the host, which can put an old record back: there, min_version of the attested configuration
 * is what refuses a rollback.
 */
#ifndef MODEL_VERSION_RECORD_H
#define MODEL_VERSION_RECORD_H

#include "model/manifest.h"

enum { VERSION_RECORD_MAX_BYTES = 1 << 20 };

/* ST_ROLLBACK when the record knows a newer version; ST_MISMATCH when it knows another manifest
 * under the same version. An absent file knows nothing. */
NODISCARD status version_record_check(const char *path, const struct manifest *m,
                                      const uint8_t digest[static SHA256_LEN]);
/* Checks, then writes the file anew with this model in it, under a lock (file_lock): of programs
 * that run at the same time none loses what another wrote. */
NODISCARD status version_record_update(const char *path, const struct manifest *m,
                                       const uint8_t digest[static SHA256_LEN]);

#endif
