#include "model/key_release.h"

status key_release_unwrap(struct key_release *k, const struct key_request *r,
                          struct aead_key *out_dek)
{
    REQUIRE(r->wrapped.n > 0 && r->wrapped.n <= KEY_WRAPPED_MAX, ST_LIMIT,
            "wrapped key of %zu bytes", r->wrapped.n);
    return k->ops->unwrap(k, r, out_dek);
}

void key_release_freep(struct key_release **k)
{
    if (*k != NULL)
        (*k)->ops->free(*k);
    *k = NULL;
}
