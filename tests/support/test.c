#include "support/test.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

enum { FILE_LIMIT = 64 << 20 };

static const char *source_dir(void)
{
    const char *dir = getenv("EML_SOURCE_DIR");
    return dir ? dir : ".";
}

const char *test_vectors(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("EML_VECTORS");
    int n = given ? snprintf(path, sizeof(path), "%s", given)
                  : snprintf(path, sizeof(path), "%s/../shared/vectors", source_dir());
    if (n < 0 || (size_t)n >= sizeof(path) || !file_exists(path))
        return NULL;
    return path;
}

void test_vectors_or_skip(const char *folder)
{
    if (test_vectors() != NULL)
        return;
    print_message("SKIP: no third-party vectors (%s): set EML_VECTORS to their folder\n", folder);
    skip();
}

static struct buf read_or_fail(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct buf b = BUF_MAX(FILE_LIMIT);
    assert_ok(file_join(folder, name, path, sizeof(path)));
    assert_ok(file_read(path, &b));
    return b;
}

struct buf test_vector(const char *name)
{
    return read_or_fail(test_vectors(), name);
}

void test_vectors_covered(const char *folder, bool (*is_listed)(const char *name))
{
    char path[PATH_MAX];
    assert_ok(file_join(test_vectors(), folder, path, sizeof(path)));
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        bool is_file = e->d_name[0] != '.' && strcmp(e->d_name, "README.md") != 0;
        if (is_file && !is_listed(e->d_name))
            fail_msg("%s/%s is neither run nor named as not covered", folder, e->d_name);
    }
    (void)closedir(dir);
}

struct buf test_file(const char *name)
{
    return read_or_fail(source_dir(), name);
}

struct buf test_hex(const char *text)
{
    struct buf b = BUF_MAX(FILE_LIMIT);
    assert_ok(hex_decode_buf(bytes_str(text), &b));
    return b;
}

struct bytes test_exact(struct bytes in)
{
    uint8_t *p = malloc(in.n ? in.n : 1);
    assert_non_null(p);
    if (in.n > 0)
        memcpy(p, in.p, in.n);
    return bytes_of(p, in.n);
}

void test_exact_free(struct bytes in)
{
    union {
        const uint8_t *in;
        void *out;
    } p = {.in = in.p};
    free(p.out);
}
