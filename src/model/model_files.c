#include "model/model_files.h"

#include "model/content.h"
#include "model/merkle.h"
#include "model/model_files_impl.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

status model_files_add(struct model_files *m, const char *name, uint64_t n_bytes)
{
    REQUIRE(m->layout.n_files < MANIFEST_FILES_MAX, ST_LIMIT, "too many files");
    REQUIRE(n_bytes >= 1, ST_FORMAT, "%s is empty", name);
    REQUIRE(n_bytes <= MANIFEST_FILE_MAX_BYTES, ST_LIMIT, "%s has %llu bytes", name,
            (unsigned long long)n_bytes);
    uint32_t i = m->layout.n_files++; /* counted first, so that a failure below is freed */
    struct layout_file *l = &m->layout.files[i];
    struct model_file *f = &m->files[i];
    l->n_bytes = n_bytes;
    l->n_chunks = layout_n_chunks(n_bytes);
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    f->leaves = calloc(l->n_chunks, SHA256_LEN);
    f->has_leaf = calloc(l->n_chunks, 1);
    REQUIRE(f->leaves != NULL && f->has_leaf != NULL, ST_NOMEM, "no memory for the leaves of %s",
            name);
    return OK;
}

void model_files_clear(struct model_files *m)
{
    for (uint32_t i = 0; i < m->layout.n_files; i++) {
        free(m->files[i].leaves);
        free(m->files[i].has_leaf);
    }
    aead_key_wipe(&m->dek);
    m->layout.n_files = 0;
}

void model_files_freep(struct model_files **m)
{
    if (*m != NULL)
        (*m)->ops->free(*m);
    *m = NULL;
}

static bool find(const struct model_files *m, const char *name, uint32_t *out)
{
    for (uint32_t i = 0; i < m->layout.n_files; i++) {
        if (strcmp(m->files[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool model_files_find(const struct model_files *m, const char *name, uint64_t *out_n_bytes)
{
    uint32_t i;
    if (!find(m, name, &i))
        return false;
    *out_n_bytes = m->layout.files[i].n_bytes;
    return true;
}

/* ---- one chunk ---- */

struct readers {
    struct chunk_reader *v;
    uint32_t n;
    struct arena *arena; /* holds the buffers: left out of core dumps, wiped */
};

static void readers_done(struct readers *r)
{
    for (uint32_t i = 0; r->v != NULL && i < r->n; i++)
        aead_freep(&r->v[i].aead);
    free(r->v);
    arena_freep(&r->arena);
    *r = (struct readers){0};
}

static status readers_init(const struct model_files *m, uint32_t n, struct readers *r)
{
    r->v = calloc(n, sizeof(*r->v));
    REQUIRE(r->v != NULL, ST_NOMEM, "no memory for %u readers", n);
    r->n = n;
    TRY(arena_new((size_t)n * (SEALED_CHUNK_MAX + 64), 0, &r->arena));
    for (uint32_t i = 0; i < n; i++) {
        void *buf = NULL;
        TRY(arena_alloc(r->arena, SEALED_CHUNK_MAX, &buf));
        r->v[i].buf = buf;
        if (m->is_sealed)
            TRY(aead_new(&m->dek, &r->v[i].aead));
    }
    return OK;
}

/* A leaf is known beforehand (package) or kept from the first reading (folder). */
static status check_leaf(struct model_files *m, uint32_t file, uint64_t chunk, struct bytes plain)
{
    struct model_file *f = &m->files[file];
    uint8_t *known = f->leaves + chunk * SHA256_LEN;
    uint8_t leaf[SHA256_LEN];
    TRY(merkle_leaf(plain, leaf));
    if (!f->has_leaf[chunk]) {
        memcpy(known, leaf, SHA256_LEN);
        f->has_leaf[chunk] = 1;
        return OK;
    }
    REQUIRE(memcmp(known, leaf, SHA256_LEN) == 0, ST_MISMATCH,
            m->is_sealed ? "%s: chunk %llu is not the one that the manifest names"
                         : "%s: chunk %llu changed while it was read",
            f->name, (unsigned long long)chunk);
    return OK;
}

static status read_chunk(struct model_files *m, uint32_t file, uint64_t chunk,
                         struct chunk_reader *r, struct bytes *out)
{
    TRY(status_context(m->ops->read_chunk(m, file, chunk, r), "%s, chunk %llu", m->files[file].name,
                       (unsigned long long)chunk));
    struct bytes plain = bytes_of(r->buf, layout_chunk_bytes(&m->layout.files[file], chunk));
    TRY(check_leaf(m, file, chunk, plain));
    *out = plain;
    return OK;
}

/* ---- pieces for one thread ---- */

static status read_range(struct model_files *m, uint32_t file, uint64_t offset, size_t n,
                         struct chunk_reader *r, struct buf *out)
{
    while (n > 0) {
        struct bytes plain;
        uint64_t chunk = offset / MANIFEST_CHUNK_BYTES;
        size_t skip = (size_t)(offset % MANIFEST_CHUNK_BYTES);
        TRY(read_chunk(m, file, chunk, r, &plain));
        size_t take = plain.n - skip < n ? plain.n - skip : n;
        buf_put(out, bytes_of(plain.p + skip, take));
        offset += take;
        n -= take;
    }
    return buf_status(out);
}

status model_files_read(struct model_files *m, const char *name, uint64_t offset, size_t n,
                        struct buf *out)
{
    uint32_t file;
    REQUIRE(find(m, name, &file), ST_NOTFOUND, "the model has no %s", name);
    uint64_t size = m->layout.files[file].n_bytes;
    REQUIRE(offset <= size && n <= size - offset, ST_TRUNCATED, "%s ends at byte %llu", name,
            (unsigned long long)size);
    REQUIRE(n <= out->max - out->n, ST_LIMIT, "%s is larger than %zu bytes", name, out->max);
    struct readers r CLEANUP(readers_done) = {0};
    TRY(readers_init(m, 1, &r));
    return read_range(m, file, offset, n, &r.v[0], out);
}

status model_files_read_all(struct model_files *m, const char *name, struct buf *out)
{
    uint64_t n = 0;
    if (!model_files_find(m, name, &n))
        return OK;
    REQUIRE(n <= out->max - out->n, ST_LIMIT, "%s is larger than %zu bytes", name, out->max);
    return model_files_read(m, name, 0, (size_t)n, out);
}

/* ---- many threads ---- */

struct streaming {
    struct model_files *m;
    uint32_t file;
    struct readers readers;
    model_sink_fn sink;
    void *ctx;
    pthread_mutex_t lock; /* guards: code, failed_chunk, detail */
    enum status_code code;
    uint64_t failed_chunk;
    char detail[256];
};

/* The detail of a status belongs to the thread that failed: carry it over. Of several failures
 * that of the lowest chunk is told, so that the same file gives the same error. */
static void note_failure(struct streaming *s, uint64_t chunk, status why)
{
    pthread_mutex_lock(&s->lock);
    if (s->code == ST_OK || chunk < s->failed_chunk) {
        s->code = why.code;
        s->failed_chunk = chunk;
        (void)snprintf(s->detail, sizeof(s->detail), "%s", status_detail());
    }
    pthread_mutex_unlock(&s->lock);
}

static bool has_failed(struct streaming *s)
{
    pthread_mutex_lock(&s->lock);
    bool is_failed = s->code != ST_OK;
    pthread_mutex_unlock(&s->lock);
    return is_failed;
}

static void stream_chunk(void *ctx, uint32_t task, uint32_t worker)
{
    struct streaming *s = ctx;
    if (has_failed(s))
        return;
    struct bytes plain = {0};
    status st = read_chunk(s->m, s->file, task, &s->readers.v[worker], &plain);
    if (ok(st) && s->sink != NULL)
        st = s->sink(s->ctx, (uint64_t)task * MANIFEST_CHUNK_BYTES, plain);
    if (failed(st))
        note_failure(s, task, st);
}

static void streaming_done(struct streaming *s)
{
    readers_done(&s->readers);
    pthread_mutex_destroy(&s->lock);
}

static status stream(struct model_files *m, uint32_t file, struct pool *pool, model_sink_fn sink,
                     void *ctx)
{
    struct streaming s CLEANUP(streaming_done) = {
        .m = m, .file = file, .sink = sink, .ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER};
    TRY(readers_init(m, pool_size(pool), &s.readers));
    pool_run(pool, (uint32_t)m->layout.files[file].n_chunks, stream_chunk, &s);
    REQUIRE(s.code == ST_OK, s.code, "%s", s.detail);
    return OK;
}

status model_files_stream(struct model_files *m, const char *name, struct pool *pool,
                          model_sink_fn sink, void *ctx)
{
    uint32_t file;
    REQUIRE(find(m, name, &file), ST_NOTFOUND, "the model has no %s", name);
    return stream(m, file, pool, sink, ctx);
}

static bool has_all_leaves(const struct model_files *m, uint32_t file)
{
    return memchr(m->files[file].has_leaf, 0, m->layout.files[file].n_chunks) == NULL;
}

status model_files_content_digest(struct model_files *m, struct pool *pool,
                                  uint8_t out[static SHA256_LEN])
{
    struct manifest_file files[MANIFEST_FILES_MAX] = {0};
    for (uint32_t i = 0; i < m->layout.n_files; i++) {
        if (!has_all_leaves(m, i))
            TRY(stream(m, i, pool, NULL, NULL));
        const struct layout_file *l = &m->layout.files[i];
        memcpy(files[i].name, m->files[i].name, sizeof(files[i].name));
        files[i].n_bytes = l->n_bytes;
        TRY(merkle_root(bytes_of(m->files[i].leaves, layout_leaves_bytes(l)), files[i].root));
    }
    return content_digest(files, m->layout.n_files, out);
}
