/* Any text as a set of keys: what parses is bounded, has no kid twice, and its keys are keys. */
#include <stdlib.h>

#include "crypto/rsa.h"
#include "formats/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jwk_set s = {0};
    if (ok(jwk_set_parse(bytes_of(data, n), &s))) {
        if (s.n == 0 || s.n > JWK_KEYS_MAX)
            abort();
        for (size_t i = 0; i < s.n; i++) {
            unsigned bits = 0;
            if (failed(rsa_spki_bits(s.v[i].spki, &bits)) || bits < JWK_BITS_MIN ||
                bits > JWK_BITS_MAX || jwk_set_find(&s, s.v[i].kid) != &s.v[i])
                abort();
        }
    }
    jwk_set_done(&s);
    return 0;
}
