/* Packages: raw bytes; a good package with some bytes changed, which must be refused; and a
 * manifest of any content under a good signature, as a hostile publisher would make it. */
#include "formats/cose.h"
#include "model/content.h"
#include "model/local_key.h"
#include "model/model_files.h"
#include "model/package_write.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000, ROOM = 1 << 20, EDIT_BYTES = 3 };

static struct ed25519_secret sign_key;
static const struct aead_key KEK = {.alg = AEAD_AES_256_GCM, .b = {1, 2}};
static struct buf good = {.max = ROOM};

static void must(status s)
{
    if (failed(s)) {
        (void)fprintf(stderr, "%s: %s\n", status_name(s.code), status_detail());
        abort();
    }
}

static void make_good(void)
{
    static const char *const NAMES[] = {CONTENT_CONFIG, CONTENT_WEIGHTS, CONTENT_TOKENIZER, "p"};
    static const uint8_t SEED[ED25519_SEED_LEN] = {7};
    char folder[] = "/tmp/eml-fuzz-XXXXXX";
    char path[PATH_MAX];
    struct package_made made;
    must(ed25519_from_seed(SEED, &sign_key));
    if (mkdtemp(folder) == NULL)
        abort();
    for (int i = 0; i < 3; i++) {
        must(file_join(folder, NAMES[i], path, sizeof(path)));
        must(file_write(path, 0600, BYTES_LIT("some content of a file")));
    }
    must(file_join(folder, "p", path, sizeof(path)));
    const struct package_plan plan = {.folder = folder,
                                      .id = "m",
                                      .version = 1,
                                      .created_unix_s = NOW,
                                      .expires_unix_s = NOW + 9,
                                      .allowed_dtypes = 1,
                                      .sign_key = &sign_key,
                                      .kek = &KEK};
    must(package_write(path, &plan, NULL, NULL, &made));
    must(file_read(path, &good));
    for (int i = 0; i < 4; i++) {
        must(file_join(folder, NAMES[i], path, sizeof(path)));
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static status read_all(struct model_files *m)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    for (size_t i = 0; i < CONTENT_NAMES; i++)
        TRY(model_files_read_all(m, content_table[i].name, &b));
    return OK;
}

static status use(struct bytes in, const uint8_t *publisher)
{
    const struct manifest_expect e = {.at_unix_s = NOW};
    struct model_source *src CLEANUP(source_freep) = NULL;
    struct package *p CLEANUP(package_freep) = NULL;
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    struct model_files *m CLEANUP(model_files_freep) = NULL;
    uint8_t claimed[ED25519_PUBLIC_LEN];
    TRY(source_open_bytes(in, &src));
    TRY(package_claimed_publisher(src, claimed));
    TRY(package_open(src, publisher ? publisher : claimed, &e, &p));
    TRY(local_key_new(&KEK, &k));
    TRY(package_unlock(p, k, &m));
    return read_all(m);
}

/* Input: how much to cut off, then (offset, change) pairs. */
static void edited(struct bytes in)
{
    struct rd r = rd_over(in);
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    uint16_t cut = rd_u16be(&r);
    buf_put(&b, buf_view(&good));
    b.n -= cut % b.n;
    while (rd_left(&r) >= EDIT_BYTES) {
        size_t at = rd_u16be(&r) % b.n;
        b.p[at] ^= rd_u8(&r);
    }
    bool is_same = bytes_equal(buf_view(&b), buf_view(&good));
    if (ok(use(buf_view(&b), sign_key.public_key)) != is_same)
        abort();
}

static void hostile_publisher(struct bytes payload)
{
    static const uint8_t HEADER[] = "\xa2\x01\x27\x03\x78\x23"
                                    "application/eml-model-manifest+cbor";
    struct buf m CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf b CLEANUP(buf_done) = BUF_MAX(ROOM);
    must(cose_sign_ed25519(&sign_key, bytes_of(HEADER, sizeof(HEADER) - 1), payload, true, &m));
    buf_put(&b, bytes_of(good.p, 12));
    buf_put_u32be(&b, (uint32_t)m.n);
    buf_put(&b, buf_view(&m));
    buf_put(&b, bytes_of(good.p + good.n / 2, good.n / 2));
    if (ok(use(buf_view(&b), sign_key.public_key)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good.n == 0)
        make_good();
    if (size == 0)
        return 0;
    struct bytes in = {data + 1, size - 1};
    switch (data[0] % 3) {
    case 0:
        (void)!failed(use(in, NULL));
        break;
    case 1:
        edited(in);
        break;
    default:
        hostile_publisher(in);
    }
    return 0;
}
