#include "model/package.h"

#include "model/chunk.h"
#include "model/merkle.h"
#include "model/model_files_impl.h"
#include "model/package_header.h"

#include <stdlib.h>

struct package {
    struct model_source *src; /* borrowed */
    struct manifest manifest;
    uint8_t digest[SHA256_LEN];
    struct layout layout;
    struct buf wrapped;
};

/* ---- header ---- */

void package_header_put(const struct package_header *h, struct buf *out)
{
    buf_put(out, BYTES_LIT(PACKAGE_MAGIC));
    buf_put_u16be(out, PACKAGE_VERSION);
    buf_put_u16be(out, h->wrapped_bytes);
    buf_put_u32be(out, h->manifest_bytes);
}

status package_header_parse(struct bytes in, struct package_header *out)
{
    struct rd r = rd_over(in);
    struct bytes magic = rd_take(&r, sizeof(PACKAGE_MAGIC) - 1);
    uint16_t version = rd_u16be(&r);
    struct package_header h = {.wrapped_bytes = rd_u16be(&r), .manifest_bytes = rd_u32be(&r)};
    TRY(rd_end(&r));
    REQUIRE(bytes_equal(magic, BYTES_LIT(PACKAGE_MAGIC)), ST_FORMAT,
            "this is no model package: make one with eml model pack");
    REQUIRE(version == PACKAGE_VERSION, ST_UNSUPPORTED, "package format version %u", version);
    REQUIRE(h.wrapped_bytes >= 1 && h.wrapped_bytes <= KEY_WRAPPED_MAX, ST_LIMIT,
            "wrapped key of %u bytes", h.wrapped_bytes);
    REQUIRE(h.manifest_bytes >= 1 && h.manifest_bytes <= MANIFEST_MAX_BYTES, ST_LIMIT,
            "manifest of %u bytes", h.manifest_bytes);
    *out = h;
    return OK;
}

static status read_header(struct model_source *src, struct package_header *out)
{
    uint8_t raw[PACKAGE_HEADER_BYTES];
    TRY(source_read_at(src, 0, raw, sizeof(raw)));
    return package_header_parse(BYTES_OF(raw), out);
}

static status read_manifest(struct model_source *src, const struct package_header *h,
                            struct buf *out)
{
    uint8_t *p = buf_extend(out, h->manifest_bytes);
    TRY(buf_status(out));
    return source_read_at(src, PACKAGE_HEADER_BYTES, p, h->manifest_bytes);
}

static uint64_t payload_at(const struct package_header *h)
{
    return (uint64_t)PACKAGE_HEADER_BYTES + h->manifest_bytes + h->wrapped_bytes;
}

/* ---- opening ---- */

static status read_wrapped(struct package *p, const struct package_header *h)
{
    p->wrapped = BUF_MAX(KEY_WRAPPED_MAX);
    uint8_t *to = buf_extend(&p->wrapped, h->wrapped_bytes);
    TRY(buf_status(&p->wrapped));
    return source_read_at(p->src, payload_at(h) - h->wrapped_bytes, to, h->wrapped_bytes);
}

static status check_size(const struct package *p)
{
    unsigned long long have = p->src->n_bytes;
    unsigned long long want = p->layout.end;
    REQUIRE(have >= want, ST_TRUNCATED, "the package has %llu of %llu bytes", have, want);
    REQUIRE(have == want, ST_FORMAT, "%llu bytes follow the package's end", have - want);
    return OK;
}

static status open_package(struct package *p, const uint8_t publisher[static ED25519_PUBLIC_LEN],
                           const struct manifest_expect *expect)
{
    struct package_header h = {0};
    struct buf raw CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    TRY(read_header(p->src, &h));
    TRY(read_manifest(p->src, &h, &raw));
    TRY(manifest_verify(buf_view(&raw), publisher, &p->manifest, p->digest));
    TRY(manifest_check(&p->manifest, expect));
    layout_of(&p->manifest, payload_at(&h), &p->layout);
    TRY(check_size(p));
    return read_wrapped(p, &h);
}

status package_open(struct model_source *src, const uint8_t publisher[static ED25519_PUBLIC_LEN],
                    const struct manifest_expect *expect, struct package **out)
{
    struct package *p CLEANUP(package_freep) = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "no memory for a package");
    p->src = src;
    TRY(open_package(p, publisher, expect));
    *out = p;
    p = NULL;
    return OK;
}

void package_freep(struct package **p)
{
    if (*p != NULL) {
        buf_done(&(*p)->wrapped);
        free(*p);
    }
    *p = NULL;
}

status package_claimed_publisher(struct model_source *src, uint8_t out[static ED25519_PUBLIC_LEN])
{
    struct package_header h = {0};
    struct buf raw CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    TRY(read_header(src, &h));
    TRY(read_manifest(src, &h, &raw));
    return manifest_claimed_publisher(buf_view(&raw), out);
}

status package_peek(struct model_source *src, const uint8_t publisher[static ED25519_PUBLIC_LEN],
                    struct manifest *out, uint8_t out_digest[static SHA256_LEN])
{
    struct package_header h = {0};
    struct buf raw CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    TRY(read_header(src, &h));
    TRY(read_manifest(src, &h, &raw));
    return manifest_verify(buf_view(&raw), publisher, out, out_digest);
}

const struct manifest *package_manifest(const struct package *p)
{
    return &p->manifest;
}

const uint8_t *package_manifest_digest(const struct package *p)
{
    return p->digest;
}

/* ---- unlocked ---- */

struct unlocked {
    struct model_files base;
    const struct package *package; /* borrowed */
};

static status unlocked_read_chunk(struct model_files *m, uint32_t file, uint64_t chunk,
                                  struct chunk_reader *r)
{
    const struct unlocked *self = (const struct unlocked *)m;
    const struct layout_file *f = &m->layout.files[file];
    const struct chunk_place at = {.manifest_digest = self->package->digest,
                                   .file = (uint16_t)(file + 1),
                                   .kind = CHUNK_DATA,
                                   .index = chunk,
                                   .is_last = chunk + 1 == f->n_chunks};
    size_t n = layout_chunk_bytes(f, chunk) + AEAD_TAG_LEN;
    TRY(source_read_at(self->package->src, layout_chunk_at(f, chunk), r->buf, n));
    return chunk_open(r->aead, &at, bytes_of(r->buf, n), r->buf);
}

static void unlocked_free(struct model_files *m)
{
    model_files_clear(m);
    free(m);
}

static const struct model_files_ops UNLOCKED_OPS = {.read_chunk = unlocked_read_chunk,
                                                    .free = unlocked_free};

static status release_dek(const struct package *p, struct key_release *release,
                          struct aead_key *out)
{
    struct key_request r = {.key_id = p->manifest.key_id,
                            .model_id = p->manifest.id,
                            .version = p->manifest.version,
                            .wrapped = buf_view(&p->wrapped)};
    memcpy(r.manifest_digest, p->digest, SHA256_LEN);
    TRY(key_release_unwrap(release, &r, out));
    /* The cipher is fixed by the format, whatever a release says. */
    REQUIRE(out->alg == AEAD_AES_256_GCM, ST_ALG, "the released key is for another cipher");
    return OK;
}

static status open_leaves(struct unlocked *u, struct aead *aead, uint32_t file)
{
    const struct package *p = u->package;
    const struct layout_file *f = &p->layout.files[file];
    const struct chunk_place at = {.manifest_digest = p->digest,
                                   .file = (uint16_t)(file + 1),
                                   .kind = CHUNK_LEAVES,
                                   .is_last = true};
    size_t n = layout_leaves_bytes(f);
    struct buf sealed CLEANUP(buf_done) = BUF_MAX(n + AEAD_TAG_LEN);
    uint8_t *to = buf_extend(&sealed, n + AEAD_TAG_LEN);
    TRY(buf_status(&sealed));
    TRY(source_read_at(p->src, f->leaves_at, to, sealed.n));
    return chunk_open(aead, &at, buf_view(&sealed), u->base.files[file].leaves);
}

static status check_root(struct unlocked *u, uint32_t file)
{
    const struct manifest_file *want = &u->package->manifest.files[file];
    const struct layout_file *f = &u->package->layout.files[file];
    uint8_t root[SHA256_LEN];
    TRY(merkle_root(bytes_of(u->base.files[file].leaves, layout_leaves_bytes(f)), root));
    REQUIRE(memcmp(root, want->root, SHA256_LEN) == 0, ST_MISMATCH,
            "the leaf table is not the one that the manifest names");
    memset(u->base.files[file].has_leaf, 1, f->n_chunks);
    return OK;
}

static status unlock_files(struct unlocked *u)
{
    struct aead *aead CLEANUP(aead_freep) = NULL;
    TRY(aead_new(&u->base.dek, &aead));
    for (uint32_t i = 0; i < u->package->manifest.n_files; i++) {
        const struct manifest_file *f = &u->package->manifest.files[i];
        TRY(model_files_add(&u->base, f->name, f->n_bytes));
        TRY(status_context(open_leaves(u, aead, i), "%s, leaf table", f->name));
        TRY(status_context(check_root(u, i), "%s", f->name));
    }
    u->base.layout = u->package->layout; /* now with the offsets */
    return OK;
}

status package_unlock(struct package *p, struct key_release *release, struct model_files **out)
{
    struct unlocked *u = calloc(1, sizeof(*u));
    REQUIRE(u != NULL, ST_NOMEM, "no memory for a package");
    struct model_files *m CLEANUP(model_files_freep) = &u->base;
    u->base.ops = &UNLOCKED_OPS;
    u->base.is_sealed = true;
    u->package = p;
    TRY(status_context(release_dek(p, release, &u->base.dek), "%s", p->manifest.id));
    TRY(unlock_files(u));
    *out = m;
    m = NULL;
    return OK;
}
