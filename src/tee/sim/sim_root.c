#include "tee/sim/sim_root.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "formats/pem.h"

enum { FILE_MAX = 16 << 10, DER_MAX = 4 << 10 };

#define DIGEST_LABEL "SIMULATED ROOT SHA256"
#define LIFE_S       ((int64_t)20 * 365 * 24 * 3600)

void sim_root_done(struct sim_root *r)
{
    ecdsa_secret_freep(&r->key);
    buf_done(&r->certificate);
}

/* Over both parts, so that damage anywhere is noticed here and not by clients that find a root with
 * another digest. */
static status digest_of(const struct sim_root *r, const struct buf *key,
                        uint8_t out[static SHA256_LEN])
{
    struct bytes parts[] = {buf_view(&r->certificate), buf_view(key)};
    return hash_parts(HASH_SHA256, parts, 2, out);
}

static status write_root(const char *path, const struct sim_root *r)
{
    struct buf key CLEANUP(buf_done) = BUF_MAX(DER_MAX);
    struct buf text CLEANUP(buf_done) = BUF_MAX(FILE_MAX);
    uint8_t digest[SHA256_LEN];
    TRY(ecdsa_secret_to_der(r->key, &key));
    TRY(digest_of(r, &key, digest));
    pem_put(&text, "CERTIFICATE", buf_view(&r->certificate));
    pem_put(&text, "PRIVATE KEY", buf_view(&key));
    pem_put(&text, DIGEST_LABEL, BYTES_OF(digest));
    TRY(buf_status(&text));
    return file_write(path, 0600, buf_view(&text));
}

static status make_root(const char *path)
{
    struct sim_root r CLEANUP(sim_root_done) = {.certificate = BUF_MAX(DER_MAX)};
    int64_t now = clock_unix_s();
    TRY(ecdsa_generate(ECDSA_ES384, &r.key));
    struct x509_request request = {
        .common_name = SIM_ROOT_NAME,
        .issuer_name = SIM_ROOT_NAME,
        .is_ca = true,
        .path_len = -1,
        .not_before_unix_s = now - 60,
        .not_after_unix_s = now + LIFE_S,
        .subject_key = r.key,
        .issuer_key = r.key,
    };
    TRY(x509_issue(&request, &r.certificate));
    return write_root(path, &r);
}

static status read_pair(struct bytes text, struct sim_root *r)
{
    struct buf key CLEANUP(buf_done) = BUF_MAX(DER_MAX);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(DER_MAX);
    struct buf stored CLEANUP(buf_done) = BUF_MAX(SHA256_LEN);
    struct bytes certified;
    uint8_t digest[SHA256_LEN];
    TRY(pem_next(&text, "CERTIFICATE", &r->certificate));
    TRY(pem_next(&text, "PRIVATE KEY", &key));
    TRY(pem_next(&text, DIGEST_LABEL, &stored));
    REQUIRE(text.n == 0, ST_FORMAT, "something follows the digest");
    TRY(digest_of(r, &key, digest));
    REQUIRE(bytes_equal(BYTES_OF(digest), buf_view(&stored)), ST_MISMATCH, "the digest differs");
    TRY(ecdsa_secret_from_der(buf_view(&key), &r->key));
    TRY(ecdsa_public_spki(r->key, &spki));
    TRY(x509_spki(buf_view(&r->certificate), &certified));
    REQUIRE(bytes_equal(buf_view(&spki), certified), ST_MISMATCH,
            "the certificate is of another key");
    return OK;
}

static status read_root(const char *path, struct sim_root *out)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(FILE_MAX);
    struct sim_root r CLEANUP(sim_root_done) = {.certificate = BUF_MAX(DER_MAX)};
    TRY(file_read(path, &text));
    status s = read_pair(buf_view(&text), &r);
    if (s.code == ST_NOMEM)
        return s;
    if (failed(s)) {
        char why[160];
        (void)snprintf(why, sizeof(why), "%s", status_detail());
        return FAIL(ST_CONFIG, "%s is damaged (%s): restore it, or delete it to make a new root",
                    path, why);
    }
    *out = r;
    r = (struct sim_root){0};
    return OK;
}

status sim_root_open(const char *path, struct sim_root *out)
{
    if (!file_exists(path))
        TRY(make_root(path));
    return read_root(path, out);
}
