#include "support/model_fixture.h"

#include "model/chunk.h"
#include "model/content.h"
#include "model/keywrap.h"
#include "model/key_file.h"
#include "model/layout.h"
#include "model/local_key.h"
#include "model/merkle.h"
#include "model/model_files.h"

enum { MIB = 1 << 20, WEIGHTS = 2 * MIB + 999, SMALL_WEIGHTS = 300, ROOM = 8 << 20 };

static struct model_fixture fixture; /* several chunks */
static struct model_fixture small;   /* one chunk a file: every byte can be tried */
static struct buf good, other_version, other_dek, small_good;

static int set_up(void **state)
{
    (void)state;
    model_fixture_make(&fixture, WEIGHTS);
    model_fixture_make(&small, SMALL_WEIGHTS);
    good = model_fixture_pack(&fixture, 7);
    other_version = model_fixture_pack(&fixture, 8);
    other_dek = model_fixture_pack(&fixture, 7);
    small_good = model_fixture_pack(&small, 7);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_done(&good);
    buf_done(&other_version);
    buf_done(&other_dek);
    buf_done(&small_good);
    model_fixture_remove(&fixture);
    model_fixture_remove(&small);
    return 0;
}

/* ---- how far a package gets ---- */

enum stage { AT_OPEN, AT_UNLOCK, AT_READ, ACCEPTED };
static const char *const STAGES[] = {"open", "unlock", "read", "accepted"};

struct outcome {
    enum stage stage;
    enum status_code code;
};

struct reader {
    const uint8_t *publisher;
    const struct aead_key *kek;
    uint64_t min_version;
    int64_t at;
};

static struct reader usual(void)
{
    return (struct reader){
        .publisher = fixture.sign_key.public_key, .kek = &fixture.kek, .at = FIXTURE_NOW};
}

/* A byte that is not the packed model's must never get here. */
static status sink(void *ctx, uint64_t offset, struct bytes chunk)
{
    (void)ctx;
    for (size_t i = 0; i < chunk.n; i++)
        REQUIRE(chunk.p[i] == model_fixture_weight(offset + i), ST_INTERNAL,
                "a wrong byte reached the sink");
    return OK;
}

static status read_all(struct model_files *m)
{
    struct pool *pool = NULL;
    struct buf b CLEANUP(buf_done) = BUF_MAX(4096);
    TRY(pool_new(2, &pool));
    status s = model_files_stream(m, CONTENT_WEIGHTS, pool, sink, NULL);
    pool_free(pool);
    TRY(s);
    TRY(model_files_read_all(m, CONTENT_CONFIG, &b));
    TRY(model_files_read_all(m, CONTENT_POOLING, &b));
    TRY(model_files_read_all(m, CONTENT_TOKENIZER, &b));
    return OK;
}

static struct outcome try_source(struct model_source *src, const struct reader *r)
{
    const struct manifest_expect e = {.min_version = r->min_version, .at_unix_s = r->at};
    struct package *p CLEANUP(package_freep) = NULL;
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    status s = package_open(src, r->publisher, &e, &p);
    if (failed(s))
        return (struct outcome){AT_OPEN, s.code};
    assert_ok(local_key_new(r->kek, &k));
    s = package_unlock(p, k, &m);
    if (failed(s))
        return (struct outcome){AT_UNLOCK, s.code};
    s = read_all(m);
    return (struct outcome){failed(s) ? AT_READ : ACCEPTED, s.code};
}

static struct outcome try_bytes(struct bytes in, const struct reader *r)
{
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct bytes exact = test_exact(in);
    assert_ok(source_open_bytes(exact, &src));
    struct outcome o = try_source(src, r);
    source_freep(&src);
    test_exact_free(exact);
    return o;
}

static void want(const char *rule, struct outcome got, enum stage stage, enum status_code code)
{
    if (got.stage != stage || got.code != code)
        fail_msg("%s: %s at %s (%s), expected %s at %s", rule, status_name(got.code),
                 STAGES[got.stage], status_detail(), status_name(code), STAGES[stage]);
}

static void accepted(void **state)
{
    (void)state;
    struct reader r = usual();
    want("good", try_bytes(buf_view(&good), &r), ACCEPTED, ST_OK);
    want("other version", try_bytes(buf_view(&other_version), &r), ACCEPTED, ST_OK);
    want("other DEK", try_bytes(buf_view(&other_dek), &r), ACCEPTED, ST_OK);
    want("small", try_bytes(buf_view(&small_good), &r), ACCEPTED, ST_OK);
    assert_false(bytes_equal(buf_view(&good), buf_view(&other_dek)));
}

/* ---- what a thief or a relay can do to the bytes ---- */

struct parts {
    size_t manifest_at, manifest_n, wrapped_at, wrapped_n;
    struct layout layout;
};

static struct parts parts_of(const struct buf *b)
{
    struct parts p = {.manifest_at = 16};
    struct rd r = rd_over(buf_view(b));
    struct manifest m;
    uint8_t digest[SHA256_LEN];
    (void)rd_take(&r, 10);
    p.wrapped_n = rd_u16be(&r);
    p.manifest_n = rd_u32be(&r);
    p.wrapped_at = p.manifest_at + p.manifest_n;
    assert_ok(manifest_verify(bytes_of(b->p + p.manifest_at, p.manifest_n),
                              fixture.sign_key.public_key, &m, digest));
    layout_of(&m, p.wrapped_at + p.wrapped_n, &p.layout);
    assert_int_equal(p.layout.end, b->n);
    return p;
}

/* Files of the fixture in the manifest's order. */
enum { POOLING, CONFIG, MODEL, TOKENIZER };

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

typedef void (*mutate_fn)(struct buf *b, const struct parts *p);

static void empty(struct buf *b, const struct parts *p)
{
    (void)p;
    b->n = 0;
}
static void cut_in_header(struct buf *b, const struct parts *p)
{
    (void)p;
    b->n = 15;
}
static void cut_in_manifest(struct buf *b, const struct parts *p)
{
    b->n = p->manifest_at + 40;
}
static void cut_in_wrapped_key(struct buf *b, const struct parts *p)
{
    b->n = p->wrapped_at + 5;
}
static void cut_one_byte(struct buf *b, const struct parts *p)
{
    (void)p;
    b->n--;
}
static void cut_last_chunk(struct buf *b, const struct parts *p)
{
    b->n = p->layout.files[TOKENIZER].chunks_at;
}
static void trailing_byte(struct buf *b, const struct parts *p)
{
    (void)p;
    buf_put_u8(b, 0);
}
static void trailing_copy(struct buf *b, const struct parts *p)
{
    (void)p;
    buf_put(b, buf_view(&small_good));
}
static void no_magic(struct buf *b, const struct parts *p)
{
    (void)p;
    b->p[0] = 0;
}
static void magic_as_text(struct buf *b, const struct parts *p)
{
    (void)p;
    b->p[7] = '\r';
}
static void newer_format(struct buf *b, const struct parts *p)
{
    (void)p;
    b->p[9] = 2;
}
static void no_wrapped_key(struct buf *b, const struct parts *p)
{
    (void)p;
    put_u16be(b->p + 10, 0);
}
static void huge_wrapped_key(struct buf *b, const struct parts *p)
{
    (void)p;
    put_u16be(b->p + 10, KEY_WRAPPED_MAX + 1);
}
static void no_manifest(struct buf *b, const struct parts *p)
{
    (void)p;
    put_u32be(b->p + 12, 0);
}
static void huge_manifest(struct buf *b, const struct parts *p)
{
    (void)p;
    put_u32be(b->p + 12, UINT32_MAX);
}
static void manifest_one_shorter(struct buf *b, const struct parts *p)
{
    put_u32be(b->p + 12, (uint32_t)p->manifest_n - 1);
}
static void manifest_one_longer(struct buf *b, const struct parts *p)
{
    put_u32be(b->p + 12, (uint32_t)p->manifest_n + 1);
}
static void wrapped_key_one_longer(struct buf *b, const struct parts *p)
{
    put_u16be(b->p + 10, (uint16_t)(p->wrapped_n + 1));
}
static void signature_flipped(struct buf *b, const struct parts *p)
{
    b->p[p->wrapped_at - 1] ^= 1;
}
static void version_rewritten(struct buf *b, const struct parts *p)
{
    uint8_t *at = memmem(b->p, p->wrapped_at, "test/model\x03\x07", 12);
    assert_non_null(at);
    at[11] = 9;
}
static void wrapped_key_flipped(struct buf *b, const struct parts *p)
{
    b->p[p->wrapped_at + 20] ^= 1;
}
static void wrapped_key_of_other_version(struct buf *b, const struct parts *p)
{
    struct parts q = parts_of(&other_version);
    memcpy(b->p + p->wrapped_at, other_version.p + q.wrapped_at, p->wrapped_n);
}
/* Same manifest digest is needed to unwrap; the version differs, so it does not. */
static void payload_and_key_of_other_version(struct buf *b, const struct parts *p)
{
    struct parts q = parts_of(&other_version);
    assert_int_equal(b->n - p->wrapped_at, other_version.n - q.wrapped_at);
    memcpy(b->p + p->wrapped_at, other_version.p + q.wrapped_at, b->n - p->wrapped_at);
}
/* The manifest of the other package is the same to the byte: only the DEK differs. */
static void payload_of_other_dek(struct buf *b, const struct parts *p)
{
    struct parts q = parts_of(&other_dek);
    assert_memory_equal(b->p, other_dek.p, p->wrapped_at);
    memcpy(b->p + p->layout.files[0].leaves_at, other_dek.p + q.layout.files[0].leaves_at,
           b->n - p->layout.files[0].leaves_at);
}
static void chunk_of_other_dek(struct buf *b, const struct parts *p)
{
    uint64_t at = layout_chunk_at(&p->layout.files[MODEL], 1);
    memcpy(b->p + at, other_dek.p + at, MIB + 16);
}
static void chunk_of_other_version(struct buf *b, const struct parts *p)
{
    struct parts q = parts_of(&other_version);
    memcpy(b->p + layout_chunk_at(&p->layout.files[MODEL], 1),
           other_version.p + layout_chunk_at(&q.layout.files[MODEL], 1), MIB + 16);
}
static void leaf_table_flipped(struct buf *b, const struct parts *p)
{
    b->p[p->layout.files[MODEL].leaves_at + 33] ^= 0x80;
}
static void leaf_tables_swapped(struct buf *b, const struct parts *p)
{
    swap(b->p + p->layout.files[CONFIG].leaves_at, b->p + p->layout.files[TOKENIZER].leaves_at, 48);
}
static void first_chunk_flipped(struct buf *b, const struct parts *p)
{
    b->p[layout_chunk_at(&p->layout.files[MODEL], 0)] ^= 1;
}
static void last_chunk_flipped(struct buf *b, const struct parts *p)
{
    b->p[layout_chunk_at(&p->layout.files[MODEL], 2) + 500] ^= 1;
}
static void chunk_tag_flipped(struct buf *b, const struct parts *p)
{
    b->p[layout_chunk_at(&p->layout.files[MODEL], 1) - 1] ^= 1;
}
static void chunks_reordered(struct buf *b, const struct parts *p)
{
    const struct layout_file *f = &p->layout.files[MODEL];
    swap(b->p + layout_chunk_at(f, 0), b->p + layout_chunk_at(f, 1), MIB + 16);
}
static void chunk_repeated(struct buf *b, const struct parts *p)
{
    const struct layout_file *f = &p->layout.files[MODEL];
    memcpy(b->p + layout_chunk_at(f, 1), b->p + layout_chunk_at(f, 0), MIB + 16);
}
static void chunk_zeroed(struct buf *b, const struct parts *p)
{
    memset(b->p + layout_chunk_at(&p->layout.files[MODEL], 1), 0, MIB + 16);
}
static void files_swapped(struct buf *b, const struct parts *p)
{
    const struct layout_file *c = &p->layout.files[CONFIG];
    const struct layout_file *t = &p->layout.files[TOKENIZER];
    assert_int_equal(c->n_bytes, t->n_bytes);
    swap(b->p + c->leaves_at, b->p + t->leaves_at, 48 + (size_t)c->n_bytes + 16);
}
static void chunk_of_one_file_in_another(struct buf *b, const struct parts *p)
{
    const struct layout_file *c = &p->layout.files[CONFIG];
    memcpy(b->p + c->chunks_at, b->p + p->layout.files[TOKENIZER].chunks_at,
           (size_t)c->n_bytes + 16);
}

struct attack {
    const char *name;
    mutate_fn mutate;
    enum stage stage;
    enum status_code code;
};
#define ATTACK(fn, stage, code) \
    {                           \
#fn, fn, stage, code    \
    }

static const struct attack ATTACKS[] = {
    ATTACK(empty, AT_OPEN, ST_TRUNCATED),
    ATTACK(cut_in_header, AT_OPEN, ST_TRUNCATED),
    ATTACK(cut_in_manifest, AT_OPEN, ST_TRUNCATED),
    ATTACK(cut_in_wrapped_key, AT_OPEN, ST_TRUNCATED),
    ATTACK(cut_one_byte, AT_OPEN, ST_TRUNCATED),
    ATTACK(cut_last_chunk, AT_OPEN, ST_TRUNCATED),
    ATTACK(trailing_byte, AT_OPEN, ST_FORMAT),
    ATTACK(trailing_copy, AT_OPEN, ST_FORMAT),
    ATTACK(no_magic, AT_OPEN, ST_FORMAT),
    ATTACK(magic_as_text, AT_OPEN, ST_FORMAT),
    ATTACK(newer_format, AT_OPEN, ST_UNSUPPORTED),
    ATTACK(no_wrapped_key, AT_OPEN, ST_LIMIT),
    ATTACK(huge_wrapped_key, AT_OPEN, ST_LIMIT),
    ATTACK(no_manifest, AT_OPEN, ST_LIMIT),
    ATTACK(huge_manifest, AT_OPEN, ST_LIMIT),
    ATTACK(manifest_one_shorter, AT_OPEN, ST_TRUNCATED),
    ATTACK(manifest_one_longer, AT_OPEN, ST_FORMAT),
    ATTACK(wrapped_key_one_longer, AT_OPEN, ST_TRUNCATED),
    ATTACK(signature_flipped, AT_OPEN, ST_AUTH),
    ATTACK(version_rewritten, AT_OPEN, ST_AUTH),
    ATTACK(wrapped_key_flipped, AT_UNLOCK, ST_AUTH),
    ATTACK(wrapped_key_of_other_version, AT_UNLOCK, ST_AUTH),
    ATTACK(payload_and_key_of_other_version, AT_UNLOCK, ST_AUTH),
    ATTACK(payload_of_other_dek, AT_UNLOCK, ST_AUTH),
    ATTACK(leaf_table_flipped, AT_UNLOCK, ST_AUTH),
    ATTACK(leaf_tables_swapped, AT_UNLOCK, ST_AUTH),
    ATTACK(files_swapped, AT_UNLOCK, ST_AUTH),
    ATTACK(first_chunk_flipped, AT_READ, ST_AUTH),
    ATTACK(last_chunk_flipped, AT_READ, ST_AUTH),
    ATTACK(chunk_tag_flipped, AT_READ, ST_AUTH),
    ATTACK(chunk_of_other_dek, AT_READ, ST_AUTH),
    ATTACK(chunk_of_other_version, AT_READ, ST_AUTH),
    ATTACK(chunks_reordered, AT_READ, ST_AUTH),
    ATTACK(chunk_repeated, AT_READ, ST_AUTH),
    ATTACK(chunk_zeroed, AT_READ, ST_AUTH),
    ATTACK(chunk_of_one_file_in_another, AT_READ, ST_AUTH),
};

static void every_attack_on_the_bytes(void **state)
{
    (void)state;
    struct reader r = usual();
    struct parts p = parts_of(&good);
    for (size_t i = 0; i < sizeof(ATTACKS) / sizeof(ATTACKS[0]); i++) {
        struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
        buf_put(&b, buf_view(&good));
        ATTACKS[i].mutate(&b, &p);
        want(ATTACKS[i].name, try_bytes(buf_view(&b), &r), ATTACKS[i].stage, ATTACKS[i].code);
    }
}

static void every_byte_of_a_small_package(void **state)
{
    (void)state;
    struct reader r = usual();
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    buf_put(&b, buf_view(&small_good));
    /* Signatures take long under valgrind: there every 37th byte. */
    size_t step = getenv("EML_UNDER_VALGRIND") != NULL ? 37 : 1;
    for (size_t i = 0; i < b.n; i += step) {
        uint8_t bit = (uint8_t)(1 << i % 8);
        b.p[i] ^= bit;
        if (try_bytes(buf_view(&b), &r).stage == ACCEPTED)
            fail_msg("byte %zu may be changed unseen", i);
        b.p[i] ^= bit;
    }
}

static void every_length_of_a_small_package(void **state)
{
    (void)state;
    struct reader r = usual();
    size_t step = getenv("EML_UNDER_VALGRIND") != NULL ? 37 : 1;
    for (size_t n = 0; n < small_good.n; n += step)
        want("cut", try_bytes(bytes_of(small_good.p, n), &r), AT_OPEN, ST_TRUNCATED);
}

/* ---- who reads ---- */

static void readers_that_must_refuse(void **state)
{
    (void)state;
    struct ed25519_secret stranger;
    const struct aead_key other_kek = {.alg = AEAD_AES_256_GCM, .b = {1}};
    assert_ok(ed25519_generate(&stranger));
    struct reader r = usual();
    r.publisher = stranger.public_key;
    want("wrong publisher", try_bytes(buf_view(&good), &r), AT_OPEN, ST_AUTH);
    r = usual();
    r.kek = &other_kek;
    want("wrong key", try_bytes(buf_view(&good), &r), AT_UNLOCK, ST_MISMATCH);
    r = usual();
    r.min_version = 8;
    want("rollback", try_bytes(buf_view(&good), &r), AT_OPEN, ST_ROLLBACK);
    want("newer is fine", try_bytes(buf_view(&other_version), &r), ACCEPTED, ST_OK);
    r = usual();
    r.at = FIXTURE_NOW + FIXTURE_DAY;
    want("expired", try_bytes(buf_view(&good), &r), AT_OPEN, ST_EXPIRED);
    r.at = FIXTURE_NOW - 301;
    want("made in the future", try_bytes(buf_view(&good), &r), AT_OPEN, ST_EXPIRED);
}

/* A release that hands out a key for another cipher must not choose the cipher. */
static status other_cipher(struct key_release *k, const struct key_request *q, struct aead_key *out)
{
    (void)k;
    (void)q;
    *out = (struct aead_key){.alg = AEAD_CHACHA20_POLY1305};
    return OK;
}

static void nothing_to_free(struct key_release *k)
{
    (void)k;
}

static void a_release_does_not_choose_the_cipher(void **state)
{
    (void)state;
    static const struct key_release_ops OPS = {other_cipher, nothing_to_free};
    struct key_release release = {.ops = &OPS};
    const struct manifest_expect e = {.at_unix_s = FIXTURE_NOW};
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct package *p CLEANUP(package_freep) = NULL;
    struct model_files *m = NULL;
    assert_ok(source_open_bytes(buf_view(&good), &src));
    assert_ok(package_open(src, fixture.sign_key.public_key, &e, &p));
    assert_code(package_unlock(p, &release, &m), ST_ALG);
}

/* ---- a source that fails, and one that changes its mind ---- */

struct moody {
    struct model_source base;
    int reads_left;
};

static status moody_read(struct model_source *s, uint64_t offset, uint8_t *out, size_t n)
{
    struct moody *self = (struct moody *)s;
    REQUIRE(__atomic_sub_fetch(&self->reads_left, 1, __ATOMIC_RELAXED) >= 0, ST_IO, "moody");
    memcpy(out, small_good.p + offset, n);
    return OK;
}

static void moody_free(struct model_source *s)
{
    (void)s;
}

static void every_read_may_fail(void **state)
{
    (void)state;
    static const struct model_source_ops OPS = {moody_read, moody_free};
    struct reader r = usual();
    int n = 0;
    for (;; n++) {
        struct moody src = {.base = {.ops = &OPS, .n_bytes = small_good.n}, .reads_left = n};
        struct outcome o = try_source(&src.base, &r);
        if (o.stage == ACCEPTED)
            break;
        assert_int_equal(o.code, ST_IO);
    }
    assert_int_equal(n, 3 + 4 + 4); /* head, leaf tables, chunks */
}

/* ---- a publisher who signs one thing and seals another ---- */

struct forgery {
    struct manifest manifest;
    uint8_t digest[SHA256_LEN];
    struct aead_key dek;
    struct aead *aead;
    struct buf out;
};

static void forge_piece(struct forgery *f, struct chunk_place at, struct bytes plain)
{
    uint8_t sealed[1024];
    at.manifest_digest = f->digest;
    assert_ok(chunk_seal(f->aead, &at, plain, sealed));
    buf_put(&f->out, bytes_of(sealed, plain.n + AEAD_TAG_LEN));
}

static void forge_head(struct forgery *f)
{
    struct buf m CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    struct buf w CLEANUP(buf_done) = BUF_MAX(KEYWRAP_BYTES);
    struct manifest back;
    assert_ok(key_file_id(&fixture.kek, f->manifest.key_id));
    assert_ok(manifest_sign(&f->manifest, &fixture.sign_key, &m));
    assert_ok(manifest_verify(buf_view(&m), fixture.sign_key.public_key, &back, f->digest));
    assert_ok(keywrap_seal(&fixture.kek, f->digest, &f->dek, &w));
    buf_put(&f->out, BYTES_LIT("\x89"
                               "EMLPKG\n\x00\x01"));
    buf_put_u16be(&f->out, (uint16_t)w.n);
    buf_put_u32be(&f->out, (uint32_t)m.n);
    buf_put(&f->out, buf_view(&m));
    buf_put(&f->out, buf_view(&w));
}

enum forged { FORGE_NOTHING, FORGE_ROOT, FORGE_CHUNK, FORGE_LAST_FLAG };

/* Each file has one chunk of 4 bytes. */
static struct outcome forge(enum forged what)
{
    static const char *const FILES[] = {CONTENT_CONFIG, CONTENT_WEIGHTS, CONTENT_TOKENIZER};
    struct reader r = usual();
    struct forgery f = {.dek = {.alg = AEAD_AES_256_GCM, .b = {1}}, .out = BUF_MAX(ROOM)};
    uint8_t weights[4];
    uint8_t leaf[SHA256_LEN];
    for (size_t i = 0; i < 4; i++)
        weights[i] = model_fixture_weight(i);
    assert_ok(merkle_leaf(BYTES_OF(weights), leaf));
    f.manifest = (struct manifest){.id = "x",
                                   .version = 1,
                                   .created_unix_s = FIXTURE_NOW,
                                   .expires_unix_s = FIXTURE_NOW + 1,
                                   .allowed_dtypes = 1,
                                   .n_files = 3};
    memcpy(f.manifest.publisher, fixture.sign_key.public_key, ED25519_PUBLIC_LEN);
    for (size_t i = 0; i < 3; i++) {
        memcpy(f.manifest.files[i].name, FILES[i], strlen(FILES[i]));
        f.manifest.files[i].n_bytes = 4;
        memcpy(f.manifest.files[i].root, leaf, SHA256_LEN); /* of one leaf */
    }
    f.manifest.files[1].root[0] ^= what == FORGE_ROOT;
    forge_head(&f);
    assert_ok(aead_new(&f.dek, &f.aead));
    for (uint16_t i = 1; i <= 3; i++) {
        forge_piece(&f, (struct chunk_place){.file = i, .kind = CHUNK_LEAVES, .is_last = true},
                    BYTES_OF(leaf));
        forge_piece(&f,
                    (struct chunk_place){.file = i,
                                         .kind = CHUNK_DATA,
                                         .is_last = what != FORGE_LAST_FLAG || i != 2},
                    what == FORGE_CHUNK && i == 2 ? BYTES_LIT("ABCD") : BYTES_OF(weights));
    }
    struct outcome o = try_bytes(buf_view(&f.out), &r);
    aead_freep(&f.aead);
    buf_done(&f.out);
    return o;
}

static void seals_must_match_what_is_signed(void **state)
{
    (void)state;
    want("nothing forged", forge(FORGE_NOTHING), ACCEPTED, ST_OK);
    want("root of other leaves", forge(FORGE_ROOT), AT_UNLOCK, ST_MISMATCH);
    want("chunk of another leaf", forge(FORGE_CHUNK), AT_READ, ST_MISMATCH);
    want("last chunk not marked", forge(FORGE_LAST_FLAG), AT_READ, ST_AUTH);
}

/* ---- without opening ---- */

static void peek_and_claimed_publisher(void **state)
{
    (void)state;
    struct model_source *src CLEANUP(source_freep) = NULL;
    uint8_t key[ED25519_PUBLIC_LEN];
    uint8_t digest[SHA256_LEN];
    struct manifest m;
    struct parts p = parts_of(&good);
    /* The payload is not there: peek does not care, open does (above). */
    assert_ok(source_open_bytes(bytes_of(good.p, p.wrapped_at), &src));
    assert_ok(package_claimed_publisher(src, key));
    assert_memory_equal(key, fixture.sign_key.public_key, sizeof(key));
    assert_ok(package_peek(src, key, &m, digest));
    assert_int_equal(m.version, 7);
    key[0] ^= 1;
    status s = package_peek(src, key, &m, digest);
    assert_true(s.code == ST_AUTH || s.code == ST_ALG);
}

static void peek_at_what_is_no_package(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "no package", "this is no package either, but longer"};
    static const enum status_code WANT[] = {ST_TRUNCATED, ST_TRUNCATED, ST_FORMAT};
    for (size_t i = 0; i < 3; i++) {
        struct model_source *src CLEANUP(source_freep) = NULL;
        uint8_t key[ED25519_PUBLIC_LEN] = {0};
        uint8_t digest[SHA256_LEN];
        struct manifest m;
        assert_ok(source_open_bytes(bytes_str(BAD[i]), &src));
        assert_code(package_claimed_publisher(src, key), WANT[i]);
        assert_code(package_peek(src, key, &m, digest), WANT[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),
        cmocka_unit_test(every_attack_on_the_bytes),
        cmocka_unit_test(every_byte_of_a_small_package),
        cmocka_unit_test(every_length_of_a_small_package),
        cmocka_unit_test(readers_that_must_refuse),
        cmocka_unit_test(a_release_does_not_choose_the_cipher),
        cmocka_unit_test(every_read_may_fail),
        cmocka_unit_test(seals_must_match_what_is_signed),
        cmocka_unit_test(peek_and_claimed_publisher),
        cmocka_unit_test(peek_at_what_is_no_package),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
