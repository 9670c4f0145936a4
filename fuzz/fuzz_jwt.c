/* Any text as a token: what parses has one text only, and no key that is not its signer's verifies
 * it. */
#include <stdlib.h>

#include "base/text.h"
#include "crypto/rsa.h"
#include "formats/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Of a modulus that nobody has factors of: all ones. */
static struct buf make_spki(void)
{
    uint8_t n[256], e[] = {1, 0, 1};
    struct buf out = BUF_MAX(RSA_SPKI_MAX_BYTES);
    memset(n, 0xff, sizeof(n));
    if (failed(rsa_spki_from_ne(BYTES_OF(n), BYTES_OF(e), &out)))
        abort();
    return out;
}

static void check_one_text(struct bytes text, struct bytes decoded)
{
    struct buf again = BUF_MAX(text.n + 4);
    base64url_put(&again, decoded);
    if (!bytes_equal(buf_view(&again), text))
        abort();
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct jwt_unverified t = {0};
    struct jwt_verified v;
    if (ok(jwt_parse(bytes_of(data, n), &t))) {
        struct buf spki = make_spki();
        check_one_text(t.parts[1], t.claims_);
        check_one_text(t.parts[2], t.signature);
        if (t.n_x5c > JWT_X5C_MAX || t.kid.n > JWT_KID_MAX ||
            ok(jwt_verify(&t, buf_view(&spki), &v)))
            abort();
        buf_done(&spki);
    }
    jwt_done(&t);
    return 0;
}
