/* local_key - key release from a local key file: for development and for tests.
 *
 * It proves nothing about who asks. A deployment on hardware takes a release that demands
 * attestation.
 */
#ifndef MODEL_LOCAL_KEY_H
#define MODEL_LOCAL_KEY_H

#include "model/key_release.h"

/* Reads an encryption key file (key_file.h). */
NODISCARD status local_key_open(const char *path, struct key_release **out);
/* The same with the key in hand; it is copied. */
NODISCARD status local_key_new(const struct aead_key *kek, struct key_release **out);

#endif
