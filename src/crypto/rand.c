#include "crypto/rand.h"

#include <limits.h>

#include <openssl/rand.h>

#include "crypto/lib.h"

status rand_bytes(void *out, size_t n)
{
    memset(out, 0, n);
    TRY(lib_init());
    REQUIRE(n <= INT_MAX, ST_LIMIT, "%zu random bytes", n);
    if (RAND_priv_bytes(out, (int)n) != 1) {
        wipe(out, n);
        return lib_fail("the random generator failed");
    }
    return OK;
}

/* libcrypto takes this as additional input to a reseed from the operating system, so it can add
 * entropy and never replace it. */
void rand_mix(struct bytes entropy)
{
    if (failed(lib_init()) || entropy.n == 0 || entropy.n > INT_MAX)
        return;
    RAND_add(entropy.p, (int)entropy.n, 0.0);
}
