#include "formats/jwk.h"

#include "base/text.h"
#include "crypto/rsa.h"
#include "formats/json.h"

/* 65537, the exponent of every key that is accepted. */
static const char EXPONENT[] = "AQAB";

enum { MODULUS_TEXT_MAX = (JWK_BITS_MAX / 8 + 2) / 3 * 4, STORAGE_PER_KEY = 2048 };

static status check_kind(struct json_obj *o)
{
    struct bytes kty = json_text(o, "kty", true);
    struct bytes use = json_text(o, "use", true);
    struct bytes alg = json_text(o, "alg", true);
    TRY(json_obj_end_foreign(o));
    REQUIRE(bytes_equal(kty, BYTES_LIT("RSA")), ST_ALG, "%s: \"kty\" is not RSA", o->path);
    REQUIRE(bytes_equal(use, BYTES_LIT("sig")), ST_ALG, "%s: \"use\" is not sig", o->path);
    REQUIRE(bytes_equal(alg, BYTES_LIT("RS256")), ST_ALG, "%s: \"alg\" is not RS256", o->path);
    return OK;
}

/* RFC 7638 section 3.2: the required members in alphabetical order, without white space. n and e
 * are base64url and need no escaping. */
static status thumbprint(struct bytes n, struct bytes e, uint8_t out[static SHA256_LEN])
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(MODULUS_TEXT_MAX + 64);
    buf_put_str(&text, "{\"e\":\"");
    buf_put(&text, e);
    buf_put_str(&text, "\",\"kty\":\"RSA\",\"n\":\"");
    buf_put(&text, n);
    buf_put_str(&text, "\"}");
    TRY(buf_status(&text));
    return sha256(buf_view(&text), out);
}

static status read_key(struct bytes n_text, struct bytes e_text, struct buf *storage,
                       struct jwk *out)
{
    uint8_t e_bytes[] = {1, 0, 1};
    struct buf n CLEANUP(buf_done) = BUF_MAX(JWK_BITS_MAX / 8);
    unsigned bits = 0;
    REQUIRE(bytes_equal(e_text, bytes_str(EXPONENT)), ST_ALG, "\"e\" is not %s", EXPONENT);
    REQUIRE(n_text.n <= MODULUS_TEXT_MAX, ST_LIMIT, "\"n\" has more than %d bits", JWK_BITS_MAX);
    TRY(base64url_decode(n_text, &n));
    size_t at = storage->n;
    TRY(rsa_spki_from_ne(buf_view(&n), BYTES_OF(e_bytes), storage));
    out->spki = bytes_of(storage->p + at, storage->n - at);
    TRY(rsa_spki_bits(out->spki, &bits));
    REQUIRE(bits >= JWK_BITS_MIN && bits <= JWK_BITS_MAX, ST_LIMIT, "a key of %u bits", bits);
    return thumbprint(n_text, e_text, out->thumbprint);
}

static status add_key(const json_t *node, struct jwk_set *s)
{
    struct jwk key = {0};
    struct json_obj o = json_obj_of(node, "keys");
    TRY(check_kind(&o));
    struct bytes kid = json_text(&o, "kid", true);
    struct bytes n = json_text(&o, "n", true);
    struct bytes e = json_text(&o, "e", true);
    TRY(json_obj_end(&o));
    REQUIRE(kid.n > 0 && kid.n <= JWK_KID_MAX && text_is_visible(kid), ST_FORMAT,
            "keys: \"kid\" must be 1 to %d visible characters", JWK_KID_MAX);
    REQUIRE(jwk_set_find(s, kid) == NULL, ST_FORMAT, "keys: a \"kid\" twice");
    key.kid = bytes_of(s->storage_.p + s->storage_.n, kid.n);
    buf_put(&s->storage_, kid);
    TRY(buf_status(&s->storage_));
    TRY(status_context(read_key(n, e, &s->storage_, &key), "keys"));
    s->v[s->n++] = key;
    return OK;
}

status jwk_set_parse(struct bytes json, struct jwk_set *out)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    *out = (struct jwk_set){.storage_ = BUF_MAX(JWK_KEYS_MAX * STORAGE_PER_KEY)};
    TRY(status_context(json_parse(json, JWK_SET_MAX_BYTES, &doc), "JWKS"));
    struct json_obj o = json_obj_of(json_root(doc), "JWKS");
    const json_t *keys = json_list(&o, "keys", true, JWK_KEYS_MAX);
    TRY(json_obj_end(&o));
    REQUIRE(json_len(keys) > 0, ST_FORMAT, "JWKS: no key");
    /* Whole at once: views into it must not move. */
    TRY(buf_reserve(&out->storage_, json_len(keys) * STORAGE_PER_KEY));
    for (size_t i = 0; i < json_len(keys); i++)
        TRY(status_context(add_key(json_at(keys, i), out), "JWKS: key %zu", i));
    return OK;
}

void jwk_set_done(struct jwk_set *s)
{
    buf_done(&s->storage_);
    *s = (struct jwk_set){0};
}

const struct jwk *jwk_set_find(const struct jwk_set *s, struct bytes kid)
{
    for (size_t i = 0; i < s->n; i++) {
        if (bytes_equal(s->v[i].kid, kid))
            return &s->v[i];
    }
    return NULL;
}
