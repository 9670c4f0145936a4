/* fake_tsm - the kernel's tree of reports in memory, as Documentation/ABI/testing/configfs-tsm
 * describes it: an entry counts the writes to its attributes, outblob is made from what was written
 * last, and EINVAL answers whoever reads it before.
 *
 * `trouble` makes it misbehave in one way, `times` times. Header only: static functions, one user
 * each.
 */
#ifndef SUPPORT_FAKE_TSM_H
#define SUPPORT_FAKE_TSM_H

#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tee/tsm.h"

enum fake_tsm_trouble {
    FAKE_TSM_FINE,
    FAKE_TSM_NAME_TAKEN,
    FAKE_TSM_NO_PROVIDER,
    FAKE_TSM_MAKE_DENIED,
    FAKE_TSM_BUSY_MAKE,
    FAKE_TSM_BUSY_WRITE,
    FAKE_TSM_BUSY_READ,
    FAKE_TSM_INTERRUPTED_READ,
    FAKE_TSM_WOULD_BLOCK_READ,
    FAKE_TSM_IO_READ,
    FAKE_TSM_LOST_WRITE, /* the kernel swallows the failure of a write at close */
    FAKE_TSM_OTHER_WRITER,
    FAKE_TSM_OTHER_BLOB, /* a report over somebody else's bytes */
    FAKE_TSM_EMPTY_BLOB,
    FAKE_TSM_HUGE_BLOB,
    FAKE_TSM_TRUNCATED_BLOB,
    FAKE_TSM_HUGE_AUX,
    FAKE_TSM_BUSY_REMOVE,
    FAKE_TSM_STUCK_ENTRY,
};

enum { FAKE_TSM_ENTRIES = 4 };

struct fake_tsm_entry {
    char name[64];
    uint64_t generation;
    uint8_t inblob[TSM_INBLOB_LEN];
    size_t inblob_n;
    char privlevel;
};

struct fake_tsm {
    const char *provider;        /* with its line feed */
    const char *privlevel_floor; /* NULL: the attribute is not there */
    const char *generation;      /* NULL: as counted */
    struct bytes aux;            /* .p NULL: the attribute is not there */
    enum fake_tsm_trouble trouble;
    unsigned times; /* how often the trouble happens; 0 always */
    /* Makes the report over 64 bytes; NULL: a few bytes around them. */
    void (*make_blob)(void *ctx, const uint8_t *inblob, struct buf *out);
    void *ctx;

    struct fake_tsm_entry entries[FAKE_TSM_ENTRIES];
    unsigned n_made, n_removed, n_troubles, n_pauses, ms_paused, n_opened;
    char written_privlevel;
};

static inline bool fake_tsm_misbehaves(struct fake_tsm *f, enum fake_tsm_trouble t)
{
    if (f->trouble != t || (f->times > 0 && f->n_troubles >= f->times))
        return false;
    f->n_troubles++;
    return true;
}

static inline struct fake_tsm_entry *fake_tsm_find(struct fake_tsm *f, const char *name)
{
    for (size_t i = 0; i < FAKE_TSM_ENTRIES; i++) {
        if (strcmp(f->entries[i].name, name) == 0)
            return &f->entries[i];
    }
    return NULL;
}

static inline int fake_tsm_make(void *ctx, const char *name)
{
    struct fake_tsm *f = ctx;
    if (fake_tsm_misbehaves(f, FAKE_TSM_NAME_TAKEN))
        return EEXIST;
    if (fake_tsm_misbehaves(f, FAKE_TSM_NO_PROVIDER))
        return ENXIO;
    if (fake_tsm_misbehaves(f, FAKE_TSM_MAKE_DENIED))
        return EACCES;
    if (fake_tsm_misbehaves(f, FAKE_TSM_BUSY_MAKE))
        return EBUSY;
    if (fake_tsm_find(f, name) != NULL)
        return EEXIST;
    struct fake_tsm_entry *e = fake_tsm_find(f, "");
    assert_non_null(e);
    *e = (struct fake_tsm_entry){.generation = 0};
    (void)snprintf(e->name, sizeof(e->name), "%s", name);
    f->n_made++;
    return 0;
}

static inline int fake_tsm_remove(void *ctx, const char *name)
{
    struct fake_tsm *f = ctx;
    struct fake_tsm_entry *e = fake_tsm_find(f, name);
    if (e == NULL)
        return ENOENT;
    if (fake_tsm_misbehaves(f, FAKE_TSM_BUSY_REMOVE))
        return EBUSY;
    if (f->trouble == FAKE_TSM_STUCK_ENTRY)
        return EPERM;
    *e = (struct fake_tsm_entry){.generation = 0};
    f->n_removed++;
    return 0;
}

static inline void fake_tsm_blob(struct fake_tsm *f, struct fake_tsm_entry *e, struct buf *out)
{
    uint8_t other[TSM_INBLOB_LEN];
    memset(other, 0xee, sizeof(other));
    const uint8_t *in = fake_tsm_misbehaves(f, FAKE_TSM_OTHER_BLOB) ? other : e->inblob;
    if (f->make_blob != NULL) {
        f->make_blob(f->ctx, in, out);
        return;
    }
    buf_put_str(out, "report:");
    buf_put(out, bytes_of(in, f->trouble == FAKE_TSM_TRUNCATED_BLOB ? 63 : TSM_INBLOB_LEN));
    buf_put_str(out, f->trouble == FAKE_TSM_TRUNCATED_BLOB ? "" : ":end");
}

static inline int fake_tsm_outblob(struct fake_tsm *f, struct fake_tsm_entry *e, struct buf *out)
{
    if (e->inblob_n == 0)
        return EINVAL;
    if (fake_tsm_misbehaves(f, FAKE_TSM_BUSY_READ))
        return EBUSY;
    if (fake_tsm_misbehaves(f, FAKE_TSM_INTERRUPTED_READ))
        return EINTR;
    if (fake_tsm_misbehaves(f, FAKE_TSM_WOULD_BLOCK_READ))
        return EWOULDBLOCK;
    if (fake_tsm_misbehaves(f, FAKE_TSM_IO_READ))
        return EIO;
    if (fake_tsm_misbehaves(f, FAKE_TSM_HUGE_BLOB))
        return EFBIG;
    if (!fake_tsm_misbehaves(f, FAKE_TSM_EMPTY_BLOB))
        fake_tsm_blob(f, e, out);
    if (fake_tsm_misbehaves(f, FAKE_TSM_OTHER_WRITER))
        e->generation++;
    return 0;
}

static inline int fake_tsm_text(const char *text, struct buf *out)
{
    if (text == NULL)
        return ENOENT;
    buf_put_str(out, text);
    return failed(buf_status(out)) ? EFBIG : 0;
}

static inline int fake_tsm_read(void *ctx, const char *name, const char *attribute, struct buf *out)
{
    struct fake_tsm *f = ctx;
    struct fake_tsm_entry *e = fake_tsm_find(f, name);
    char number[32];
    assert_non_null(e);
    f->n_opened++;
    if (strcmp(attribute, "provider") == 0)
        return fake_tsm_text(f->provider, out);
    if (strcmp(attribute, "privlevel_floor") == 0)
        return fake_tsm_text(f->privlevel_floor, out);
    if (strcmp(attribute, "outblob") == 0)
        return fake_tsm_outblob(f, e, out);
    if (strcmp(attribute, "auxblob") == 0) {
        if (fake_tsm_misbehaves(f, FAKE_TSM_HUGE_AUX))
            return EFBIG;
        buf_put(out, f->aux);
        return f->aux.p != NULL ? 0 : ENOENT;
    }
    assert_string_equal(attribute, "generation");
    (void)snprintf(number, sizeof(number), "%llu\n", (unsigned long long)e->generation);
    return fake_tsm_text(f->generation ? f->generation : number, out);
}

static inline int fake_tsm_write(void *ctx, const char *name, const char *attribute,
                                 struct bytes in)
{
    struct fake_tsm *f = ctx;
    struct fake_tsm_entry *e = fake_tsm_find(f, name);
    assert_non_null(e);
    f->n_opened++;
    if (fake_tsm_misbehaves(f, FAKE_TSM_BUSY_WRITE))
        return EBUSY;
    if (fake_tsm_misbehaves(f, FAKE_TSM_LOST_WRITE))
        return 0;
    e->generation++;
    if (strcmp(attribute, "privlevel") == 0) {
        assert_int_equal(in.n, 1);
        f->written_privlevel = e->privlevel = (char)in.p[0];
        return 0;
    }
    assert_string_equal(attribute, "inblob");
    assert_int_equal(in.n, TSM_INBLOB_LEN);
    memcpy(e->inblob, in.p, in.n);
    e->inblob_n = in.n;
    return 0;
}

static inline void fake_tsm_pause(void *ctx, unsigned ms)
{
    struct fake_tsm *f = ctx;
    f->n_pauses++;
    f->ms_paused += ms;
}

static inline struct tsm_tree fake_tsm(struct fake_tsm *f)
{
    return (struct tsm_tree){
        .make = fake_tsm_make,
        .remove = fake_tsm_remove,
        .read = fake_tsm_read,
        .write = fake_tsm_write,
        .pause = fake_tsm_pause,
        .ctx = f,
    };
}

#endif
