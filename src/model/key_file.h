/* key_file - keys on disk, one line of text in a file that only its owner may read.
 *
 *     "eml-signing-key-v1 " 64 hex digits "\n"     Ed25519 seed: a publisher's signing key
 *     "eml-encryption-key-v1 " 64 hex digits "\n"  AES-256 key that wraps DEKs
 *
 * A file that others can read or write is refused (ST_POLICY): its secret is no secret.
 */
#ifndef MODEL_KEY_FILE_H
#define MODEL_KEY_FILE_H

#include "crypto/aead.h"
#include "crypto/ed25519.h"

enum { KEY_FILE_ID_MAX = 24 }; /* "local:" and 16 hex digits, NUL included */

/* The caller wipes what it gets. ST_NOTFOUND, ST_IO, ST_POLICY, ST_FORMAT (also: a key of the other
 * kind). */
NODISCARD status key_file_read_signing(const char *path, struct ed25519_secret *out);
NODISCARD status key_file_read_encryption(const char *path, struct aead_key *out);
/* Never overwrites: ST_POLICY when the file is there. Mode 0600, synced to disk. */
NODISCARD status key_file_write_signing(const char *path, const struct ed25519_secret *key);
NODISCARD status key_file_write_encryption(const char *path, const struct aead_key *key);

/* A public name for an encryption key: "local:" and 8 bytes of a domain-separated digest. */
NODISCARD status key_file_id(const struct aead_key *kek, char out[static KEY_FILE_ID_MAX]);

#endif
