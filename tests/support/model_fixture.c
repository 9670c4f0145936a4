#include "support/model_fixture.h"

#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACKAGE_ROOM = 64 << 20 };

static const char *const NAMES[] = {"model.safetensors", "tokenizer.json", "config.json",
                                    "1_Pooling/config.json"};

uint8_t model_fixture_weight(uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 8) * 17 + (offset >> 20));
}

void model_fixture_put(const struct model_fixture *f, const char *name, struct bytes content)
{
    char path[PATH_MAX];
    assert_ok(file_join(f->folder, name, path, sizeof(path)));
    assert_ok(file_write(path, 0644, content));
}

static void put_weights(const struct model_fixture *f)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(f->weight_bytes);
    uint8_t *p = buf_extend(&b, f->weight_bytes);
    for (size_t i = 0; i < f->weight_bytes; i++)
        p[i] = model_fixture_weight(i);
    model_fixture_put(f, "model.safetensors", buf_view(&b));
}

void model_fixture_make(struct model_fixture *f, size_t weight_bytes)
{
    static const uint8_t SEED[ED25519_SEED_LEN] = {1, 2, 3};
    char sub[PATH_MAX];
    *f = (struct model_fixture){.folder = "/tmp/eml-test-XXXXXX",
                                .kek = {.alg = AEAD_AES_256_GCM, .b = {9, 8, 7}},
                                .weight_bytes = weight_bytes};
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->package, sizeof(f->package), "%s/test.pkg", f->folder);
    assert_ok(ed25519_from_seed(SEED, &f->sign_key));
    assert_ok(file_join(f->folder, "1_Pooling", sub, sizeof(sub)));
    assert_int_equal(mkdir(sub, 0755), 0);
    put_weights(f);
    model_fixture_put(f, "tokenizer.json", BYTES_LIT("{\"tokenizer\":\"test\"}"));
    model_fixture_put(f, "config.json", BYTES_LIT("{\"config\":\"testtes\"}"));
    model_fixture_put(f, "1_Pooling/config.json", BYTES_LIT("{}"));
}

void model_fixture_remove(struct model_fixture *f)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        assert_ok(file_join(f->folder, NAMES[i], path, sizeof(path)));
        (void)unlink(path);
    }
    assert_ok(file_join(f->folder, "1_Pooling", path, sizeof(path)));
    (void)rmdir(path);
    (void)unlink(f->package);
    assert_int_equal(rmdir(f->folder), 0); /* nothing else was left behind */
}

struct package_plan model_fixture_plan(const struct model_fixture *f, uint64_t version)
{
    return (struct package_plan){.folder = f->folder,
                                 .id = "test/model",
                                 .version = version,
                                 .created_unix_s = FIXTURE_NOW,
                                 .expires_unix_s = FIXTURE_NOW + FIXTURE_DAY,
                                 .allowed_dtypes = MANIFEST_DTYPES_ALL,
                                 .sign_key = &f->sign_key,
                                 .kek = &f->kek};
}

struct buf model_fixture_pack(const struct model_fixture *f, uint64_t version)
{
    struct package_plan plan = model_fixture_plan(f, version);
    struct package_made made;
    struct buf b = BUF_MAX(PACKAGE_ROOM);
    assert_ok(package_write(f->package, &plan, NULL, NULL, &made));
    assert_ok(file_read(f->package, &b));
    assert_int_equal(b.n, made.n_bytes);
    return b;
}
