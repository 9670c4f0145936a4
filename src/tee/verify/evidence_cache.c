#include "tee/verify/evidence_cache.h"

#include <pthread.h>
#include <stdlib.h>

struct chain {
    bool is_used;
    uint8_t key[SHA256_LEN];
    struct evidence_window window;
};

struct evidence_cache {
    pthread_mutex_t lock; /* guards: chains, next */
    struct chain chains[EVIDENCE_CACHE_CHAINS];
    size_t next;
};

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

static const struct chain *lookup(const struct evidence_cache *c, const uint8_t *key)
{
    for (size_t i = 0; i < EVIDENCE_CACHE_CHAINS; i++) {
        if (c->chains[i].is_used && memcmp(c->chains[i].key, key, SHA256_LEN) == 0)
            return &c->chains[i];
    }
    return NULL;
}

bool evidence_cache_find(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         struct evidence_window *out)
{
    if (c == NULL)
        return false;
    (void)pthread_mutex_lock(&c->lock);
    const struct chain *found = lookup(c, key);
    if (found != NULL)
        *out = found->window;
    (void)pthread_mutex_unlock(&c->lock);
    return found != NULL;
}

void evidence_cache_keep(struct evidence_cache *c, const uint8_t key[static SHA256_LEN],
                         const struct evidence_window *window)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    if (lookup(c, key) == NULL) {
        struct chain *slot = &c->chains[c->next++ % EVIDENCE_CACHE_CHAINS];
        slot->is_used = true;
        slot->window = *window;
        memcpy(slot->key, key, SHA256_LEN);
    }
    (void)pthread_mutex_unlock(&c->lock);
}
