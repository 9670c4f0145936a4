#include "model/local_key.h"

#include "model/key_file.h"
#include "model/keywrap.h"

#include <stdlib.h>

struct local_key {
    struct key_release base;
    struct aead_key kek;
    char id[KEY_FILE_ID_MAX];
};

static struct local_key *self_of(struct key_release *k)
{
    return (struct local_key *)k;
}

static status unwrap(struct key_release *k, const struct key_request *r, struct aead_key *out_dek)
{
    struct local_key *self = self_of(k);
    REQUIRE(strcmp(r->key_id, self->id) == 0, ST_MISMATCH,
            "the package wants key %s, the key file holds %s", r->key_id, self->id);
    return keywrap_open(&self->kek, r->manifest_digest, r->wrapped, out_dek);
}

static void local_free(struct key_release *k)
{
    struct local_key *self = self_of(k);
    wipe(self, sizeof(*self));
    free(self);
}

static const struct key_release_ops OPS = {.unwrap = unwrap, .free = local_free};

status local_key_new(const struct aead_key *kek, struct key_release **out)
{
    char id[KEY_FILE_ID_MAX];
    TRY(key_file_id(kek, id));
    struct local_key *self = calloc(1, sizeof(*self));
    REQUIRE(self != NULL, ST_NOMEM, "no memory for a key");
    self->base.ops = &OPS;
    self->kek = *kek;
    memcpy(self->id, id, sizeof(id));
    *out = &self->base;
    return OK;
}

status local_key_open(const char *path, struct key_release **out)
{
    struct aead_key kek CLEANUP(aead_key_wipe) = {0};
    TRY(key_file_read_encryption(path, &kek));
    return local_key_new(&kek, out);
}
