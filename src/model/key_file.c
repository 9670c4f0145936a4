#include "model/key_file.h"

#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIGNING_TAG    "eml-signing-key-v1 "
#define ENCRYPTION_TAG "eml-encryption-key-v1 "
#define ID_DOMAIN      "eml-encryption-key-id-v1"

enum {
    SECRET_LEN = 32,
    LINE_MAX_BYTES = sizeof(ENCRYPTION_TAG) - 1 + 2 * SECRET_LEN + 1, /* the longer of the two */
    ID_BYTES = 8,
};

struct line {
    char text[LINE_MAX_BYTES + 1]; /* one more than the longest, so that a longer file shows */
    size_t n;
};

static void line_wipe(struct line *l)
{
    wipe(l, sizeof(*l));
}

static status check_mode(int fd, const char *path)
{
    struct stat st;
    REQUIRE(fstat(fd, &st) == 0, ST_IO, "cannot stat %s: %s", path, strerror(errno));
    REQUIRE(S_ISREG(st.st_mode), ST_FORMAT, "%s is not a regular file", path);
    REQUIRE((st.st_mode & 077) == 0, ST_POLICY,
            "key file %s is open to others (mode %03o): chmod 600 it, or make a new key", path,
            st.st_mode & 0777u);
    return OK;
}

static status read_line(const char *path, struct line *out)
{
    struct fd fd CLEANUP(fd_close) = {open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    REQUIRE(fd.v >= 0, errno == ENOENT ? ST_NOTFOUND : ST_IO, "cannot open key file %s: %s", path,
            strerror(errno));
    TRY(check_mode(fd.v, path));
    for (out->n = 0; out->n < sizeof(out->text);) {
        ssize_t got = read(fd.v, out->text + out->n, sizeof(out->text) - out->n);
        if (got < 0 && errno == EINTR)
            continue;
        REQUIRE(got >= 0, ST_IO, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            break;
        out->n += (size_t)got;
    }
    return OK;
}

/* "tag", 64 digits, newline; nothing else. */
static status read_secret(const char *path, const char *tag, uint8_t out[static SECRET_LEN])
{
    struct line line CLEANUP(line_wipe) = {0};
    size_t n_tag = strlen(tag);
    TRY(read_line(path, &line));
    REQUIRE(line.n >= n_tag && memcmp(line.text, tag, n_tag) == 0, ST_FORMAT,
            "%s does not begin with \"%s\": it is not the key file that is asked for", path, tag);
    REQUIRE(line.n == n_tag + 2 * SECRET_LEN + 1 && line.text[line.n - 1] == '\n', ST_FORMAT,
            "%s: want one line with %d hexadecimal digits", path, 2 * SECRET_LEN);
    status s = hex_decode(bytes_of(line.text + n_tag, 2 * SECRET_LEN), out, SECRET_LEN);
    return failed(s) ? FAIL(ST_FORMAT, "%s: the key is not hexadecimal", path) : OK;
}

static status put_all(int fd, const char *path, const struct line *line)
{
    for (size_t at = 0; at < line->n;) {
        ssize_t put = write(fd, line->text + at, line->n - at);
        if (put < 0 && errno == EINTR)
            continue;
        REQUIRE(put > 0, ST_IO, "cannot write %s: %s", path, strerror(errno));
        at += (size_t)put;
    }
    REQUIRE(fsync(fd) == 0, ST_IO, "cannot sync %s: %s", path, strerror(errno));
    return OK;
}

/* O_EXCL: a key that is overwritten is lost for good, so it never is. */
static status write_secret(const char *path, const char *tag, const uint8_t in[static SECRET_LEN])
{
    struct line line CLEANUP(line_wipe) = {0};
    line.n = strlen(tag);
    memcpy(line.text, tag, line.n);
    char hex[2 * SECRET_LEN + 1];
    hex_encode(bytes_of(in, SECRET_LEN), hex);
    memcpy(line.text + line.n, hex, 2 * SECRET_LEN);
    wipe(hex, sizeof(hex));
    line.n += 2 * SECRET_LEN;
    line.text[line.n++] = '\n';

    struct fd fd CLEANUP(fd_close) = {open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    REQUIRE(fd.v >= 0 || errno != EEXIST, ST_POLICY,
            "%s is there already and keys are never overwritten: move it away, or name another",
            path);
    REQUIRE(fd.v >= 0, ST_IO, "cannot create %s: %s", path, strerror(errno));
    status s = put_all(fd.v, path, &line);
    if (failed(s))
        (void)unlink(path);
    return s;
}

status key_file_read_signing(const char *path, struct ed25519_secret *out)
{
    uint8_t seed[SECRET_LEN] = {0};
    status s = read_secret(path, SIGNING_TAG, seed);
    if (ok(s))
        s = ed25519_from_seed(seed, out);
    wipe(seed, sizeof(seed));
    return s;
}

status key_file_read_encryption(const char *path, struct aead_key *out)
{
    struct aead_key key CLEANUP(aead_key_wipe) = {.alg = AEAD_AES_256_GCM};
    TRY(read_secret(path, ENCRYPTION_TAG, key.b));
    *out = key;
    return OK;
}

status key_file_write_signing(const char *path, const struct ed25519_secret *key)
{
    return write_secret(path, SIGNING_TAG, key->seed);
}

status key_file_write_encryption(const char *path, const struct aead_key *key)
{
    return write_secret(path, ENCRYPTION_TAG, key->b);
}

status key_file_id(const struct aead_key *kek, char out[static KEY_FILE_ID_MAX])
{
    uint8_t digest[SHA256_LEN];
    const struct bytes parts[2] = {BYTES_LIT(ID_DOMAIN), BYTES_OF(kek->b)};
    TRY(hash_parts(HASH_SHA256, parts, 2, digest));
    memcpy(out, "local:", 6);
    hex_encode(bytes_of(digest, ID_BYTES), out + 6);
    return OK;
}
