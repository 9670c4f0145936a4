#include "apps/common/state_file.h"

#include "base/file.h"

enum { STATE_MODE = 0600 };

/* An empty file is no absent one: it has lost what it knew, and that is not passed over. */
static status read_into(const char *path, struct evidence_memory *m, struct buf *out_text)
{
    status s = file_read(path, out_text);
    if (s.code == ST_NOTFOUND)
        return OK;
    TRY(s);
    return status_context(evidence_memory_read(buf_view(out_text), m), "%s", path);
}

status state_file_read(const char *path, struct evidence_memory *m)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    return read_into(path, m, &text);
}

status state_file_keep(const char *path, struct evidence_memory *m)
{
    struct fd held CLEANUP(fd_close) = FD_NONE;
    struct buf was CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    struct buf now CLEANUP(buf_done) = BUF_MAX(EVIDENCE_MEMORY_MAX_BYTES);
    TRY(file_lock(path, &held));
    TRY(read_into(path, m, &was));
    evidence_memory_put(m, &now);
    TRY(buf_status(&now));
    return bytes_equal(buf_view(&was), buf_view(&now))
               ? OK
               : file_write(path, STATE_MODE, buf_view(&now));
}
