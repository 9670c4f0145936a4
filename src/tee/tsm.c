#include "tee/tsm.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/rand.h"

enum { ENTRY_MAX = 48, SHORT_MAX = 64, FIRST_PAUSE_MS = 10 };

/* One entry in the making. */
struct entry {
    const struct tsm_tree *tree;
    char name[ENTRY_MAX];
    uint64_t n_writes; /* ours */
};

static bool is_transient(int error)
{
    return error == EBUSY || error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

static status io_failure(int error, const char *what)
{
    if (is_transient(error))
        return FAIL(ST_BUSY, "configfs-tsm: %s stays busy, errno %d", what, error);
    if (error == ENXIO)
        return FAIL(ST_NOTFOUND, "configfs-tsm: no TSM provider in this guest");
    if (error == EFBIG)
        return FAIL(ST_LIMIT, "configfs-tsm: %s is too large", what);
    return FAIL(ST_IO, "configfs-tsm: %s: errno %d", what, error);
}

/* Doubling pauses: about 300 ms in all before it is given up. */
static void pause_before(const struct tsm_tree *t, unsigned attempt)
{
    t->pause(t->ctx, (unsigned)FIRST_PAUSE_MS << attempt);
}

static int read_patiently(const struct entry *e, const char *attribute, struct buf *out)
{
    size_t before = out->n;
    int error = 0;
    for (unsigned i = 0; i < TSM_TRIES; i++) {
        error = e->tree->read(e->tree->ctx, e->name, attribute, out);
        if (!is_transient(error))
            break;
        out->n = before;
        if (i + 1 < TSM_TRIES)
            pause_before(e->tree, i);
    }
    return error;
}

static status write_attribute(struct entry *e, const char *attribute, struct bytes in)
{
    int error = 0;
    for (unsigned i = 0; i < TSM_TRIES; i++) {
        error = e->tree->write(e->tree->ctx, e->name, attribute, in);
        if (!is_transient(error))
            break;
        if (i + 1 < TSM_TRIES)
            pause_before(e->tree, i);
    }
    if (error != 0)
        return io_failure(error, attribute);
    e->n_writes++;
    return OK;
}

/* A short text attribute without its line feed. */
static status read_text(const struct entry *e, const char *attribute, struct buf *out)
{
    int error = read_patiently(e, attribute, out);
    if (error != 0)
        return io_failure(error, attribute);
    TRY(buf_status(out));
    REQUIRE(out->n > 1 && out->p[out->n - 1] == '\n', ST_FORMAT,
            "configfs-tsm: %s is not a line of text", attribute);
    out->p[out->n - 1] = 0;
    REQUIRE(text_is_visible(bytes_of(out->p, out->n - 1)), ST_FORMAT,
            "configfs-tsm: %s is not a line of text", attribute);
    return OK;
}

static status read_number(const struct entry *e, const char *attribute, uint64_t *out)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(SHORT_MAX);
    TRY(read_text(e, attribute, &text));
    return status_context(text_parse_u64((const char *)text.p, UINT64_MAX, out), "configfs-tsm: %s",
                          attribute);
}

static status read_kind(const struct entry *e, enum tsm_kind *out)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(SHORT_MAX);
    TRY(read_text(e, "provider", &text));
    struct bytes name = bytes_of(text.p, text.n - 1);
    bool is_tdx = bytes_equal(name, BYTES_LIT("tdx_guest"));
    REQUIRE(is_tdx || bytes_equal(name, BYTES_LIT("sev_guest")), ST_UNSUPPORTED,
            "configfs-tsm: provider \"%.32s\" is neither tdx_guest nor sev_guest",
            (const char *)text.p);
    *out = is_tdx ? TSM_TDX : TSM_SNP;
    return OK;
}

/* Under a service module the guest does not run at VMPL 0 and may not ask for it; elsewhere the
 * attribute is absent or 0 and nothing is written. */
static status set_privlevel(struct entry *e)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(SHORT_MAX);
    int error = read_patiently(e, "privlevel_floor", &text);
    if (error == ENOENT)
        return OK;
    if (error != 0)
        return io_failure(error, "privlevel_floor");
    REQUIRE(text.n == 2 && text.p[0] >= '0' && text.p[0] <= '3' && text.p[1] == '\n', ST_FORMAT,
            "configfs-tsm: privlevel_floor is not 0 to 3");
    return text.p[0] == '0' ? OK : write_attribute(e, "privlevel", bytes_of(text.p, 1));
}

static status read_blob(const struct entry *e, const char *attribute, struct buf *out)
{
    int error = read_patiently(e, attribute, out);
    if (error == ENOENT && strcmp(attribute, "auxblob") == 0)
        return OK; /* Linux before 6.11 shows it to no one but SNP guests with certificates */
    return error ? io_failure(error, attribute) : buf_status(out);
}

/* Cheap and blunt: wherever the format puts the 64 bytes, they must be there. Clients check where.
 */
static bool carries(struct bytes blob, struct bytes inblob)
{
    return memmem(blob.p, blob.n, inblob.p, inblob.n) != NULL;
}

static status read_report(struct entry *e, struct bytes inblob, struct tsm_report *out)
{
    uint64_t before = 0;
    uint64_t after = 0;
    TRY(read_kind(e, &out->kind));
    TRY(read_number(e, "generation", &before));
    if (out->kind == TSM_SNP)
        TRY(set_privlevel(e));
    TRY(write_attribute(e, "inblob", inblob));
    TRY(read_blob(e, "outblob", &out->blob));
    if (out->kind == TSM_SNP)
        TRY(read_blob(e, "auxblob", &out->aux));
    TRY(read_number(e, "generation", &after));
    REQUIRE(after - before == e->n_writes, ST_SEQUENCE,
            "configfs-tsm: %llu writes to the entry, of which %llu are ours",
            (unsigned long long)(after - before), (unsigned long long)e->n_writes);
    REQUIRE(out->blob.n > 0 && carries(buf_view(&out->blob), inblob), ST_MISMATCH,
            "configfs-tsm: the report does not carry the bytes that were written");
    return OK;
}

/* Processes share the folder: the name is ours by the process and by chance. */
static status make_entry(struct entry *e)
{
    int error = 0;
    for (unsigned i = 0; i < TSM_ENTRY_TRIES; i++) {
        uint8_t chance[8];
        char hex[2 * sizeof(chance) + 1];
        TRY(rand_bytes(chance, sizeof(chance)));
        hex_encode(BYTES_OF(chance), hex);
        (void)snprintf(e->name, sizeof(e->name), "eml-%d-%s", (int)getpid(), hex);
        error = e->tree->make(e->tree->ctx, e->name);
        if (error != EEXIST && !is_transient(error))
            break;
    }
    if (error == EEXIST)
        return FAIL(ST_BUSY, "configfs-tsm: every name is taken");
    return error ? io_failure(error, "a new entry") : OK;
}

/* An entry that stays behind costs kernel memory and nothing else: the report holds. */
static void remove_entry(const struct entry *e)
{
    int error = EBUSY;
    for (unsigned i = 0; i < TSM_TRIES && is_transient(error); i++) {
        error = e->tree->remove(e->tree->ctx, e->name);
        if (is_transient(error))
            pause_before(e->tree, i);
    }
    if (error != 0)
        LOG(LOG_WARN, "tsm_entry_left", LOG_TEXT("entry", e->name), LOG_NUM("errno", error));
}

static status attempt(const struct tsm_tree *t, struct bytes inblob, struct tsm_report *out)
{
    struct entry e = {.tree = t};
    TRY(make_entry(&e));
    status s = read_report(&e, inblob, out);
    remove_entry(&e);
    return s;
}

status tsm_report_get(const struct tsm_tree *t, const uint8_t inblob[static TSM_INBLOB_LEN],
                      struct tsm_report *out)
{
    *out = (struct tsm_report){.blob = BUF_MAX(TSM_OUTBLOB_MAX), .aux = BUF_MAX(TSM_OUTBLOB_MAX)};
    for (unsigned i = 0; i < TSM_REPORT_TRIES; i++) {
        buf_clear(&out->blob);
        buf_clear(&out->aux);
        status s = attempt(t, bytes_of(inblob, TSM_INBLOB_LEN), out);
        if (s.code != ST_SEQUENCE)
            return s;
    }
    return FAIL(ST_BUSY, "configfs-tsm: somebody else writes into our entries");
}

void tsm_report_done(struct tsm_report *r)
{
    buf_done(&r->blob);
    buf_done(&r->aux);
}
