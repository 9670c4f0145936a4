#include "model/folder.h"

#include <limits.h>
#include <stdlib.h>

#include "base/file.h"
#include "model/content.h"
#include "model/model_files_impl.h"
#include "model/source.h"

struct folder {
    struct model_files base;
    struct model_source *sources[MANIFEST_FILES_MAX];
};

static status folder_read_chunk(struct model_files *m, uint32_t file, uint64_t chunk,
                                struct chunk_reader *r)
{
    struct folder *self = (struct folder *)m;
    return source_read_at(self->sources[file], chunk * MANIFEST_CHUNK_BYTES, r->buf,
                          layout_chunk_bytes(&m->layout.files[file], chunk));
}

static void folder_free(struct model_files *m)
{
    struct folder *self = (struct folder *)m;
    for (uint32_t i = 0; i < MANIFEST_FILES_MAX; i++)
        source_freep(&self->sources[i]);
    model_files_clear(m);
    free(self);
}

static const struct model_files_ops FOLDER_OPS = {.read_chunk = folder_read_chunk,
                                                  .free = folder_free};

static status add(struct folder *self, const char *folder_path, const struct content_name *name)
{
    char path[PATH_MAX];
    struct model_source *src = NULL;
    TRY(file_join(folder_path, name->name, path, sizeof(path)));
    status s = source_open_file(path, &src);
    if (s.code == ST_NOTFOUND && !name->is_required)
        return OK;
    TRY(s);
    self->sources[self->base.layout.n_files] = src;
    return model_files_add(&self->base, name->name, src->n_bytes);
}

status folder_open(const char *path, struct model_files **out)
{
    struct folder *self = calloc(1, sizeof(*self));
    REQUIRE(self != NULL, ST_NOMEM, "no memory for a model folder");
    self->base.ops = &FOLDER_OPS;
    struct model_files *m CLEANUP(model_files_freep) = &self->base;
    for (size_t i = 0; i < CONTENT_NAMES; i++)
        TRY(add(self, path, &content_table[i]));
    *out = m;
    m = NULL;
    return OK;
}
