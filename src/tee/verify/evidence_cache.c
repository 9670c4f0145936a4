#include "tee/verify/evidence_cache.h"

#include <pthread.h>
#include <stdlib.h>

struct place {
    bool is_used;
    uint8_t key[SHA256_LEN];
    struct evidence_chain chain;
};

struct evidence_cache {
    pthread_mutex_t lock; /* guards: places, next */
    struct place places[EVIDENCE_CACHE_CHAINS];
    size_t next;
};

status evidence_cache_key(const char *kind, const struct bytes *parts, size_t n,
                          uint8_t out[static SHA256_LEN])
{
    uint8_t digests[EVIDENCE_CACHE_PARTS_MAX + 1][SHA256_LEN];
    REQUIRE(n <= EVIDENCE_CACHE_PARTS_MAX, ST_INTERNAL, "a proof of %zu parts", n);
    TRY(sha256(bytes_str(kind), digests[0]));
    for (size_t i = 0; i < n; i++)
        TRY(sha256(parts[i], digests[i + 1]));
    return sha256(bytes_of(digests, (n + 1) * SHA256_LEN), out);
}

status evidence_cache_new(struct evidence_cache **out)
{
    struct evidence_cache *c = calloc(1, sizeof(*c));
    REQUIRE(c != NULL, ST_NOMEM, "evidence cache");
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c);
        return FAIL(ST_INTERNAL, "evidence cache: no mutex");
    }
    *out = c;
    return OK;
}

void evidence_cache_freep(struct evidence_cache **c)
{
    if (*c == NULL)
        return;
    (void)pthread_mutex_destroy(&(*c)->lock);
    free(*c);
    *c = NULL;
}

static const struct place *lookup(const struct evidence_cache *c, const uint8_t *key)
{
    for (size_t i = 0; i < EVIDENCE_CACHE_CHAINS; i++) {
        if (c->places[i].is_used && memcmp(c->places[i].key, key, SHA256_LEN) == 0)
            return &c->places[i];
    }
    return NULL;
}

bool evidence_cache_find(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         struct evidence_chain *out)
{
    if (c == NULL)
        return false;
    (void)pthread_mutex_lock(&c->lock);
    const struct place *found = lookup(c, key);
    if (found != NULL)
        *out = found->chain;
    (void)pthread_mutex_unlock(&c->lock);
    return found != NULL;
}

void evidence_cache_keep(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         const struct evidence_chain *chain)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    if (lookup(c, key) == NULL) {
        struct place *slot = &c->places[c->next++ % EVIDENCE_CACHE_CHAINS];
        slot->is_used = true;
        slot->chain = *chain;
        memcpy(slot->key, key, SHA256_LEN);
    }
    (void)pthread_mutex_unlock(&c->lock);
}
