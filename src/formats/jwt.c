#include "formats/jwt.h"

#include "base/text.h"
#include "crypto/rsa.h"
#include "formats/json.h"

enum { PARTS = 3 };

static status split(struct bytes token, struct jwt_unverified *out)
{
    struct bytes left = token;
    for (size_t i = 0; i < PARTS; i++) {
        const uint8_t *dot = left.n ? memchr(left.p, '.', left.n) : NULL;
        size_t n = dot ? (size_t)(dot - left.p) : left.n;
        REQUIRE((dot != NULL) == (i < PARTS - 1), ST_FORMAT, "a token has three parts");
        REQUIRE(n > 0, ST_FORMAT, "part %zu of the token is empty", i + 1);
        out->parts[i] = bytes_of(left.p, n);
        left = dot ? bytes_of(dot + 1, left.n - n - 1) : left;
    }
    out->signed_text = bytes_of(token.p, out->parts[0].n + 1 + out->parts[1].n);
    return OK;
}

/* Appends to the storage, which was reserved whole: views into it do not move. */
static status keep(struct buf *storage, struct bytes in, struct bytes *out)
{
    size_t at = storage->n;
    buf_put(storage, in);
    TRY(buf_status(storage));
    *out = bytes_of(storage->p + at, in.n);
    return OK;
}

static status decode_part(struct jwt_unverified *t, size_t part, struct bytes *out)
{
    static const char *const NAMES[PARTS] = {"header", "claims", "signature"};
    size_t at = t->storage_.n;
    TRY(status_context(base64url_decode(t->parts[part], &t->storage_), "%s", NAMES[part]));
    *out = bytes_of(t->storage_.p + at, t->storage_.n - at);
    return OK;
}

static status read_kid(struct json_obj *header, struct jwt_unverified *t)
{
    struct bytes kid = json_text(header, "kid", false);
    if (kid.p == NULL)
        return OK;
    REQUIRE(kid.n > 0 && kid.n <= JWT_KID_MAX && text_is_visible(kid), ST_FORMAT,
            "header: \"kid\" must be 1 to %d visible characters", JWT_KID_MAX);
    return keep(&t->storage_, kid, &t->kid);
}

/* RFC 7515 section 4.1.6: base64, not base64url. */
static status read_x5c(struct json_obj *header, struct jwt_unverified *t)
{
    const json_t *list = json_list(header, "x5c", false, JWT_X5C_MAX);
    if (list == NULL)
        return OK;
    REQUIRE(json_len(list) > 0, ST_FORMAT, "header: \"x5c\" is empty");
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes text;
        size_t at = t->storage_.n;
        REQUIRE(json_is_text(json_at(list, i), &text) && text.n > 0, ST_FORMAT,
                "header: \"x5c\" must hold texts");
        TRY(status_context(base64_decode(text, &t->storage_), "x5c %zu", i));
        t->x5c[t->n_x5c++] = bytes_of(t->storage_.p + at, t->storage_.n - at);
    }
    return OK;
}

static status read_header(const json_t *root, struct jwt_unverified *t)
{
    struct json_obj header = json_obj_of(root, "header");
    struct bytes alg = json_text(&header, "alg", true);
    struct bytes typ = json_text(&header, "typ", true);
    TRY(json_obj_end_foreign(&header));
    REQUIRE(bytes_equal(alg, BYTES_LIT("RS256")), ST_ALG, "header: \"alg\" is not RS256");
    REQUIRE(bytes_equal(typ, BYTES_LIT("JWT")), ST_FORMAT, "header: \"typ\" is not JWT");
    TRY(read_kid(&header, t));
    TRY(read_x5c(&header, t));
    return json_obj_end(&header);
}

status jwt_parse(struct bytes token, struct jwt_unverified *out)
{
    *out = (struct jwt_unverified){.storage_ = BUF_MAX(2 * token.n)};
    REQUIRE(token.n <= JWT_MAX_BYTES, ST_LIMIT, "a token of %zu bytes; the limit is %d", token.n,
            JWT_MAX_BYTES);
    TRY(split(token, out));
    TRY(buf_reserve(&out->storage_, 2 * token.n));
    struct bytes header;
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    TRY(decode_part(out, 0, &header));
    TRY(status_context(json_parse(header, JWT_MAX_BYTES, &doc), "header"));
    TRY(read_header(json_root(doc), out));
    TRY(decode_part(out, 1, &out->claims_));
    return decode_part(out, 2, &out->signature);
}

void jwt_done(struct jwt_unverified *t)
{
    buf_done(&t->storage_);
    *t = (struct jwt_unverified){0};
}

status jwt_verify(const struct jwt_unverified *t, struct bytes spki, struct jwt_verified *out)
{
    TRY(rsa_verify_spki(RSA_RS256, spki, t->signed_text, t->signature));
    *out = (struct jwt_verified){.claims = t->claims_};
    return OK;
}
