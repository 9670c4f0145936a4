#include "tee/verify/bundle.h"

#include "base/text.h"
#include "formats/cbor.h"
#include "tee/verify/statement.h"

enum { KEY_VERSION = 1, KEY_PLATFORM, KEY_EVIDENCE, KEY_DEVICES = 8, MAP_HEAD = 0xa0, N_PARTS = 6 };

/* The parts from KEY_EVIDENCE on, in order of their keys. */
static const size_t PART_MAX[N_PARTS] = {
    BUNDLE_EVIDENCE_MAX, STATEMENT_MAX_BYTES,  BUNDLE_COLLATERAL_MAX,
    BUNDLE_CERTS_MAX,    BUNDLE_EVENT_LOG_MAX, BUNDLE_DEVICES_MAX,
};

struct parts {
    struct bytes v[N_PARTS];
};

static struct parts split(const struct bundle *b)
{
    return (struct parts){
        {b->evidence, b->statement, b->collateral, b->certs, b->event_log, b->devices}};
}

bool bundle_is(struct bytes in)
{
    return in.n >= 3 && in.p[0] > MAP_HEAD && in.p[0] <= MAP_HEAD + KEY_DEVICES &&
           in.p[1] == KEY_VERSION && in.p[2] <= 0x17;
}

static bool is_platform(struct bytes text)
{
    return text.n >= 1 && text.n <= STATEMENT_PLATFORM_MAX && text_is_visible(text);
}

static void expect_key(struct cbor_rd *r, struct cbor_iter *it, unsigned key)
{
    if (!cbor_next(r, it))
        cbor_fail(r, ST_FORMAT, "bundle: a key is missing");
    else if (cbor_uint(r) != key)
        cbor_fail(r, ST_FORMAT, "bundle: unknown or missing key");
}

static struct bytes get_part(struct cbor_rd *r, unsigned i)
{
    struct bytes v = cbor_bytes(r);
    if (r->error == ST_OK && v.n == 0)
        cbor_fail(r, ST_FORMAT, "bundle: a part is empty");
    if (v.n > PART_MAX[i])
        cbor_fail(r, ST_LIMIT, "bundle: a part is too large");
    return v;
}

/* Keys come sorted and none twice, which the reader has checked. */
static void get_optional(struct cbor_rd *r, struct cbor_iter *it, struct parts *p)
{
    while (cbor_next(r, it)) {
        uint64_t key = cbor_uint(r);
        if (key <= KEY_EVIDENCE || key > KEY_DEVICES) {
            cbor_fail(r, ST_FORMAT, "bundle: unknown key");
            return;
        }
        unsigned i = (unsigned)key - KEY_EVIDENCE;
        p->v[i] = get_part(r, i);
    }
}

status bundle_parse(struct bytes in, struct bundle *out)
{
    REQUIRE(in.n <= BUNDLE_MAX_BYTES, ST_LIMIT, "bundle of %zu bytes, at most %d", in.n,
            BUNDLE_MAX_BYTES);
    struct cbor_rd r = cbor_rd_over(in, CBOR_DETERMINISTIC);
    struct parts p = {0};

    struct cbor_iter it = cbor_map(&r);
    expect_key(&r, &it, KEY_VERSION);
    if (cbor_uint(&r) != BUNDLE_VERSION)
        cbor_fail(&r, ST_UNSUPPORTED, "bundle: unknown version");
    expect_key(&r, &it, KEY_PLATFORM);
    struct bytes platform = cbor_text(&r);
    expect_key(&r, &it, KEY_EVIDENCE);
    p.v[0] = get_part(&r, 0);
    get_optional(&r, &it, &p);
    TRY(cbor_end(&r));
    REQUIRE(is_platform(platform), ST_FORMAT, "bundle: platform is not 1..%d visible characters",
            STATEMENT_PLATFORM_MAX);
    *out = (struct bundle){platform, p.v[0], p.v[1], p.v[2], p.v[3], p.v[4], p.v[5]};
    return OK;
}

static status check(const struct bundle *b, const struct parts *p)
{
    REQUIRE(is_platform(b->platform), ST_FORMAT, "bundle: platform is not 1..%d characters",
            STATEMENT_PLATFORM_MAX);
    REQUIRE(b->evidence.n > 0, ST_FORMAT, "bundle: no evidence");
    for (unsigned i = 0; i < N_PARTS; i++)
        REQUIRE(p->v[i].n <= PART_MAX[i], ST_LIMIT, "bundle: part %u of %zu bytes, at most %zu",
                KEY_EVIDENCE + i, p->v[i].n, PART_MAX[i]);
    return OK;
}

status bundle_encode(const struct bundle *b, struct buf *out)
{
    struct parts p = split(b);
    uint64_t n = 2;
    TRY(check(b, &p));
    for (unsigned i = 0; i < N_PARTS; i++)
        n += p.v[i].n > 0;
    cbor_put_map(out, n);
    cbor_put_uint(out, KEY_VERSION);
    cbor_put_uint(out, BUNDLE_VERSION);
    cbor_put_uint(out, KEY_PLATFORM);
    cbor_put_text(out, b->platform);
    for (unsigned i = 0; i < N_PARTS; i++) {
        if (p.v[i].n == 0)
            continue;
        cbor_put_uint(out, KEY_EVIDENCE + i);
        cbor_put_bytes(out, p.v[i]);
    }
    return buf_status(out);
}
