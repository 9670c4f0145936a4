/* evidence_cache - certificate chains that held, by the digest of every certificate in them.
 *
 * What is remembered is only that each certificate signed the next and that the chain's form was
 * right, with the time during which all of them are valid. The caller compares that time with its
 * clock on each use, and checks revocation and the document's own signature anew.
 */
#ifndef TEE_VERIFY_EVIDENCE_CACHE_H
#define TEE_VERIFY_EVIDENCE_CACHE_H

#include "crypto/hash.h"

struct evidence_cache;

enum { EVIDENCE_CACHE_CHAINS = 64, EVIDENCE_CACHE_PARTS_MAX = 16 };

struct evidence_chain {
    int64_t not_before_unix_s; /* latest of the chain */
    int64_t not_after_unix_s;  /* earliest of the chain */
    size_t spki_at, spki_n;    /* where the leaf's key stands in the leaf */
};

/* Names what was proven by every byte of it: the kind of proof ("nitro chain"), which no two rooms
 * share, then the digest of each part, so that no two lists are one string. ST_INTERNAL more than
 * EVIDENCE_CACHE_PARTS_MAX parts. */
NODISCARD status evidence_cache_key(const char *kind, const struct bytes *parts, size_t n,
                                    uint8_t out[static SHA256_LEN]);

/* Thread-safe. Oldest entries make room for new ones. */
NODISCARD status evidence_cache_new(struct evidence_cache **out);
void evidence_cache_freep(struct evidence_cache **c);

/* c may be NULL: nothing is known then, and nothing is kept. */
bool evidence_cache_find(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         struct evidence_chain *out);
void evidence_cache_keep(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         const struct evidence_chain *chain);

#endif
