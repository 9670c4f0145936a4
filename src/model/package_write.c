#include "model/package_write.h"

#include "base/file.h"
#include "crypto/rand.h"
#include "model/chunk.h"
#include "model/content.h"
#include "model/folder.h"
#include "model/key_file.h"
#include "model/keywrap.h"
#include "model/merkle.h"
#include "model/model_files_impl.h"
#include "model/package_header.h"

#include <stdio.h>

struct writing {
    struct model_files *files;
    struct package_made made;
    struct aead_key dek;
    struct aead *aead;
    struct buf piece;  /* one chunk, plain */
    struct buf sealed; /* one chunk or leaf table, sealed */
    struct file_out out;
    package_progress_fn progress;
    void *progress_ctx;
    uint64_t done;
    uint64_t total;
};

static void writing_done(struct writing *w)
{
    file_out_close(&w->out);
    aead_freep(&w->aead);
    aead_key_wipe(&w->dek);
    buf_done(&w->piece);
    buf_done(&w->sealed);
    model_files_freep(&w->files);
}

static status tell(struct writing *w, uint64_t n)
{
    w->done += n;
    return w->progress ? w->progress(w->progress_ctx, w->done, w->total) : OK;
}

static status read_piece(struct writing *w, uint32_t file, uint64_t chunk)
{
    size_t n = layout_chunk_bytes(&w->files->layout.files[file], chunk);
    buf_clear(&w->piece);
    TRY(tell(w, n));
    return model_files_read(w->files, w->files->files[file].name, chunk * MANIFEST_CHUNK_BYTES, n,
                            &w->piece);
}

/* ---- first pass: digests ---- */

static status describe(struct writing *w, uint32_t i)
{
    struct manifest_file *f = &w->made.manifest.files[i];
    const struct layout_file *l = &w->files->layout.files[i];
    struct hash *h CLEANUP(hash_freep) = NULL;
    (void)snprintf(f->name, sizeof(f->name), "%s", w->files->files[i].name);
    f->n_bytes = l->n_bytes;
    TRY(hash_new(HASH_SHA256, &h));
    for (uint64_t c = 0; c < l->n_chunks; c++) {
        TRY(read_piece(w, i, c)); /* keeps the chunk's leaf */
        TRY(hash_update(h, buf_view(&w->piece)));
    }
    TRY(hash_final(h, f->sha256));
    return merkle_root(bytes_of(w->files->files[i].leaves, layout_leaves_bytes(l)), f->root);
}

static status describe_all(struct writing *w, const struct package_plan *plan)
{
    struct manifest *m = &w->made.manifest;
    int n = snprintf(m->id, sizeof(m->id), "%s", plan->id);
    REQUIRE(n >= 0 && (size_t)n < sizeof(m->id), ST_LIMIT, "model id is longer than %d characters",
            MANIFEST_ID_MAX);
    m->version = plan->version;
    m->created_unix_s = plan->created_unix_s;
    m->expires_unix_s = plan->expires_unix_s;
    m->max_tokens = plan->max_tokens;
    m->allowed_dtypes = plan->allowed_dtypes;
    m->n_files = w->files->layout.n_files;
    memcpy(m->publisher, plan->sign_key->public_key, sizeof(m->publisher));
    TRY(key_file_id(plan->kek, m->key_id));
    for (uint32_t i = 0; i < m->n_files; i++)
        TRY(describe(w, i));
    return OK;
}

static status check_content(const struct writing *w, const struct package_plan *plan)
{
    uint8_t digest[SHA256_LEN];
    if (plan->content_digest == NULL)
        return OK;
    TRY(content_digest(w->made.manifest.files, w->made.manifest.n_files, digest));
    REQUIRE(memcmp(digest, plan->content_digest, SHA256_LEN) == 0, ST_MISMATCH,
            "%s has changed since it was looked at", plan->folder);
    return OK;
}

/* ---- second pass: sealing. A chunk that is not what the first pass saw fails in read_piece ----
 */

static status seal_piece(struct writing *w, const struct chunk_place *at, struct bytes plain)
{
    buf_clear(&w->sealed);
    uint8_t *to = buf_extend(&w->sealed, plain.n + AEAD_TAG_LEN);
    TRY(buf_status(&w->sealed));
    TRY(chunk_seal(w->aead, at, plain, to));
    return file_out_put(&w->out, buf_view(&w->sealed));
}

static status seal_file(struct writing *w, uint32_t i)
{
    const struct layout_file *l = &w->files->layout.files[i];
    struct chunk_place at = {.manifest_digest = w->made.digest,
                             .file = (uint16_t)(i + 1),
                             .kind = CHUNK_LEAVES,
                             .is_last = true};
    TRY(seal_piece(w, &at, bytes_of(w->files->files[i].leaves, layout_leaves_bytes(l))));
    at.kind = CHUNK_DATA;
    for (uint64_t c = 0; c < l->n_chunks; c++) {
        TRY(read_piece(w, i, c));
        at.index = c;
        at.is_last = c + 1 == l->n_chunks;
        TRY(seal_piece(w, &at, buf_view(&w->piece)));
    }
    return OK;
}

/* Header, manifest, wrapped key; from the manifest's digest all that follows is bound to it. */
static status put_head(struct writing *w, const struct package_plan *plan)
{
    struct buf head CLEANUP(buf_done) = BUF_MAX(PACKAGE_HEADER_BYTES);
    struct buf manifest CLEANUP(buf_done) = BUF_MAX(MANIFEST_MAX_BYTES);
    struct buf wrapped CLEANUP(buf_done) = BUF_MAX(KEY_WRAPPED_MAX);
    struct manifest readback;
    TRY(manifest_sign(&w->made.manifest, plan->sign_key, &manifest));
    TRY(manifest_verify(buf_view(&manifest), plan->sign_key->public_key, &readback,
                        w->made.digest));
    TRY(keywrap_seal(plan->kek, w->made.digest, &w->dek, &wrapped));
    package_header_put(&(struct package_header){.wrapped_bytes = (uint16_t)wrapped.n,
                                                .manifest_bytes = (uint32_t)manifest.n},
                       &head);
    TRY(buf_status(&head));
    TRY(file_out_put(&w->out, buf_view(&head)));
    TRY(file_out_put(&w->out, buf_view(&manifest)));
    return file_out_put(&w->out, buf_view(&wrapped));
}

static status put_all(struct writing *w, const struct package_plan *plan)
{
    TRY(put_head(w, plan));
    for (uint32_t i = 0; i < w->made.manifest.n_files; i++)
        TRY(seal_file(w, i));
    w->made.n_bytes = w->out.n_bytes;
    return file_out_commit(&w->out);
}

static uint64_t sum_of_sizes(const struct model_files *m)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < m->layout.n_files; i++)
        sum += m->layout.files[i].n_bytes;
    return sum;
}

/* The largest leaf table, or one chunk. */
static size_t sealed_max(const struct model_files *m)
{
    size_t max = MANIFEST_CHUNK_BYTES;
    for (uint32_t i = 0; i < m->layout.n_files; i++) {
        size_t n = layout_leaves_bytes(&m->layout.files[i]);
        max = n > max ? n : max;
    }
    return max + AEAD_TAG_LEN;
}

status package_write(const char *path, const struct package_plan *plan,
                     package_progress_fn progress, void *progress_ctx, struct package_made *out)
{
    struct writing w CLEANUP(writing_done) = {.progress = progress,
                                              .progress_ctx = progress_ctx,
                                              .dek.alg = AEAD_AES_256_GCM,
                                              .piece = BUF_MAX(MANIFEST_CHUNK_BYTES),
                                              .out = FILE_OUT_NONE};
    TRY(folder_open(plan->folder, &w.files));
    w.sealed = BUF_MAX(sealed_max(w.files));
    w.total = 2 * sum_of_sizes(w.files);
    TRY(describe_all(&w, plan));
    TRY(check_content(&w, plan));
    TRY(rand_bytes(w.dek.b, sizeof(w.dek.b)));
    TRY(aead_new(&w.dek, &w.aead));
    TRY(file_out_open(path, 0644, &w.out));
    TRY(put_all(&w, plan));
    *out = w.made;
    return OK;
}
