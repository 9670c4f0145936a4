/* Public keys: what is accepted has the bounds and comes back the same from its numbers; a
 * signature of the input's choice holds under no key that is not made for it, which nobody can
 * check here, so only crashes count. Private keys: any bytes. */
#include "crypto/rsa.h"

#include <stdlib.h>

#include "crypto/der.h"

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void numbers_of(struct bytes spki, struct bytes *n, struct bytes *e)
{
    struct der_item outer, algorithm, pair;
    struct bytes key = {0};
    check(ok(der_only(spki, DER_SEQUENCE, &outer)));
    struct rd r = rd_over(outer.content);
    check(ok(der_expect(&r, DER_SEQUENCE, &algorithm)));
    check(ok(der_bits(&r, &key)));
    check(ok(der_only(key, DER_SEQUENCE, &pair)));
    r = rd_over(pair.content);
    check(ok(der_unsigned(&r, n)));
    check(ok(der_unsigned(&r, e)));
}

static void public_key(struct bytes spki)
{
    unsigned bits = 0;
    struct bytes n, e;
    struct buf again CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    if (failed(rsa_spki_bits(spki, &bits)))
        return;
    check(bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && bits % 8 == 0);
    numbers_of(spki, &n, &e);
    check(n.n == bits / 8 && (n.p[n.n - 1] & 1) && (e.p[e.n - 1] & 1) && e.n >= 3 && e.n <= 8);
    check(ok(rsa_spki_from_ne(n, e, &again)));
    check(bytes_equal(buf_view(&again), spki));
    (void)ok(rsa_verify_spki(RSA_PS384, spki, n, n));
    (void)ok(rsa_verify_spki(RSA_RS256, spki, e, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rsa_secret *secret = NULL;
    struct buf spki CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    public_key(bytes_of(data, n));
    if (n > 8 &&
        ok(rsa_spki_from_ne(bytes_of(data + 8, n - 8), bytes_of(data, data[0] % 9), &spki)))
        public_key(buf_view(&spki));
    if (ok(rsa_secret_from_der(bytes_of(data, n), &secret)))
        rsa_secret_freep(&secret);
    return 0;
}
