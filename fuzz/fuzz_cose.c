/* Any bytes: a message that parses has its views inside the input, and no mutation of a signed
 * message verifies with another payload than the signed one. The key is that of the corpus. */
#include "formats/cose.h"

#include <stdlib.h>

static const char SIGNED[] = "a payload that was signed";

static bool is_inside(struct bytes part, struct bytes whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_views(const struct cose_unverified *m, struct bytes in)
{
    if (!is_inside(m->protected_raw, in) || !is_inside(m->unprotected_raw, in) ||
        !is_inside(m->sig, in) || !is_inside(cose_payload_unverified(m), in))
        abort();
}

static void check_signature(const struct cose_unverified *m)
{
    static const uint8_t seed[ED25519_SEED_LEN] = {7};
    static struct ed25519_secret key;
    struct cose_verified v;
    if (key.seed[0] == 0 && failed(ed25519_from_seed(seed, &key)))
        abort();
    status s = cose_verify_ed25519(m, key.public_key, (struct bytes){0}, &v);
    if (ok(s) && !bytes_equal(v.payload, bytes_str(SIGNED)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = {data, n};
    struct cose_unverified m;
    static const enum cose_tag_rule rules[] = {COSE_TAG_REQUIRED, COSE_TAG_FORBIDDEN,
                                               COSE_TAG_OPTIONAL};
    unsigned n_accepted = 0;
    for (size_t i = 0; i < 3; i++)
        n_accepted += ok(cose_parse(in, rules[i], CBOR_DETERMINISTIC, &m));
    if (n_accepted != 0 && n_accepted != 2) /* tagged or not, and either way */
        abort();
    if (failed(cose_parse(in, COSE_TAG_OPTIONAL, CBOR_LENIENT, &m)))
        return 0;
    check_views(&m, in);
    check_signature(&m);
    return 0;
}
