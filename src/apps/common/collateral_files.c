#include "apps/common/collateral_files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tee/verify/dcap/collateral.h"

struct pile {
    size_t n;
    char *names[COLLATERAL_FILES_MAX];
    struct buf content[COLLATERAL_FILES_MAX];
};

static void pile_done(struct pile *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->names[i]);
        buf_done(&p->content[i]);
    }
}

static void dir_close(DIR **d)
{
    if (*d != NULL)
        (void)closedir(*d);
}

static status add_file(struct pile *p, const char *path)
{
    REQUIRE(p->n < COLLATERAL_FILES_MAX, ST_LIMIT, "--collateral: more than %d files",
            COLLATERAL_FILES_MAX);
    char *name = strdup(path);
    REQUIRE(name != NULL, ST_NOMEM, "no memory for a name");
    p->names[p->n] = name;
    p->content[p->n] = BUF_MAX(COLLATERAL_MAX_BYTES);
    p->n++;
    return status_context(file_read(path, &p->content[p->n - 1]), "--collateral");
}

static bool is_collateral_name(const char *name)
{
    static const char *const ENDINGS[] = {".json", ".pem", ".der", ".crl", ".crt", ".cer"};
    const char *dot = strrchr(name, '.');
    if (name[0] == '.' || dot == NULL)
        return false;
    for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
        if (strcmp(dot, ENDINGS[i]) == 0)
            return true;
    }
    return false;
}

static status add_folder(struct pile *p, const char *path)
{
    char file[PATH_MAX];
    DIR *d CLEANUP(dir_close) = opendir(path);
    REQUIRE(d != NULL, ST_IO, "--collateral: %s cannot be read", path);
    errno = 0; /* tells the end from a failure */
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (!is_collateral_name(e->d_name))
            continue;
        TRY(file_join(path, e->d_name, file, sizeof(file)));
        TRY(add_file(p, file));
        errno = 0;
    }
    REQUIRE(errno == 0, ST_IO, "--collateral: %s cannot be listed", path);
    REQUIRE(p->n > 0, ST_NOTFOUND, "--collateral: no collateral in %s", path);
    return OK;
}

static status add_path(struct pile *p, const char *path)
{
    struct stat st;
    bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    return is_folder ? add_folder(p, path) : add_file(p, path);
}

/* One file goes through as it is, so that offsets shown for it are those in the file, and what is
 * wrong with it is the verifier's to say. */
static status merge(const struct pile *p, struct buf *out)
{
    struct collateral_file files[COLLATERAL_FILES_MAX];
    for (size_t i = 0; i < p->n; i++)
        files[i] = (struct collateral_file){p->names[i], buf_view(&p->content[i])};
    if (p->n > 1)
        return status_context(collateral_merge(files, p->n, out), "--collateral");
    buf_put(out, files[0].content);
    return buf_status(out);
}

status collateral_files_load(const struct cli *args, struct buf *out)
{
    struct pile p CLEANUP(pile_done) = {0};
    size_t n = cli_count(args, "collateral");
    for (size_t i = 0; i < n; i++)
        TRY(add_path(&p, cli_nth(args, "collateral", i)));
    return p.n > 0 ? merge(&p, out) : OK;
}
