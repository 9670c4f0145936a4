/* vectors - receipt vectors in the form of the published AIR v1 ones, for the tests of this folder.
 */
#ifndef UNIT_RECEIPT_VECTORS_H
#define UNIT_RECEIPT_VECTORS_H

#include "support/test.h"

#include "base/file.h"
#include "base/text.h"
#include "formats/json.h"
#include "receipt/air.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { VECTOR_FILE_MAX = 1 << 20, VECTORS_MAX = 512, VECTOR_NAME_MAX = 128 };

/* One vector and what it demands. Owns its document; `expect` and the views borrow from it. */
struct vector {
    struct json_doc *doc;
    struct buf receipt;
    struct buf nonce;
    uint8_t public_key[32];
    uint8_t model_hash[32], request_hash[32], response_hash[32], attestation_doc_hash[32];
    uint8_t seen_storage[2][AIR_CTI_LEN];
    struct air_seen seen;
    struct air_expect expect;
    int64_t layer; /* 0: must be accepted */
    const char *check;
    const char *code;
};

static inline void vector_hash(struct json_obj *o, const char *key, uint8_t out[static 32],
                               const uint8_t **expect)
{
    if (json_hex(o, key, false, out, 32))
        *expect = out;
}

static inline void vector_policy(struct vector *v, const json_t *node)
{
    uint8_t seen[AIR_CTI_LEN];
    struct json_obj o = json_obj_of(node, "verify_policy");
    struct air_expect *e = &v->expect;
    e->at_unix_s = json_int(&o, "at_unix", false, INT64_MIN, INT64_MAX, 0);
    e->max_age_s = json_int(&o, "max_age_secs", false, 0, INT64_MAX, 0);
    e->allow_evaluation = json_bool(&o, "allow_evaluation", false, false);
    e->platform = json_text(&o, "expected_platform", false);
    e->model_id = json_text(&o, "expected_model_id", false);
    e->mode = json_text(&o, "expected_security_mode", false);
    assert_ok(hex_decode_buf(json_text(&o, "expected_nonce_hex", false), &v->nonce));
    e->nonce = buf_view(&v->nonce);
    vector_hash(&o, "expected_model_hash_hex", v->model_hash, &e->model_hash);
    vector_hash(&o, "expected_request_hash_hex", v->request_hash, &e->request_hash);
    vector_hash(&o, "expected_response_hash_hex", v->response_hash, &e->response_hash);
    vector_hash(&o, "expected_attestation_doc_hash_hex", v->attestation_doc_hash,
                &e->attestation_doc_hash);
    if (json_has(&o, "public_key_hex"))
        (void)json_hex(&o, "public_key_hex", true, v->public_key, 32);
    if (json_hex(&o, "seen_cti_hex", false, seen, sizeof(seen))) {
        v->seen = air_seen_over(v->seen_storage, 2);
        assert_ok(air_seen_add(&v->seen, seen));
        e->seen = &v->seen;
    }
    assert_ok(json_obj_end(&o));
}

static inline void vector_failure(struct vector *v, const json_t *node)
{
    struct json_obj o = json_obj_of(node, "expected_failure");
    v->layer = json_int(&o, "layer", true, 1, 4, 0);
    v->check = json_str(&o, "check", true, NULL);
    v->code = json_str(&o, "code", true, NULL);
    assert_ok(json_obj_end_foreign(&o));
}

static inline void vector_load(const char *path, struct vector *v)
{
    struct buf file CLEANUP(buf_done) = BUF_MAX(VECTOR_FILE_MAX);
    *v = (struct vector){.receipt = BUF_MAX(VECTOR_FILE_MAX), .nonce = BUF_MAX(1024)};
    assert_ok(file_read(path, &file));
    assert_ok(json_parse(buf_view(&file), VECTOR_FILE_MAX, &v->doc));
    struct json_obj o = json_obj_of(json_root(v->doc), path);
    assert_ok(hex_decode_buf(json_text(&o, "receipt_hex", true), &v->receipt));
    bool is_wrong_key = json_has(&o, "wrong_public_key_hex");
    (void)json_hex(&o, is_wrong_key ? "wrong_public_key_hex" : "public_key_hex", true,
                   v->public_key, 32);
    v->expect.public_key = v->public_key;
    const json_t *policy = json_node(&o, "verify_policy", false);
    if (policy != NULL)
        vector_policy(v, policy);
    const json_t *failure = json_node(&o, "expected_failure", false);
    if (failure != NULL)
        vector_failure(v, failure);
    assert_ok(json_obj_end_foreign(&o));
}

static inline void vector_done(struct vector *v)
{
    json_doc_freep(&v->doc);
    buf_done(&v->receipt);
    buf_done(&v->nonce);
}

/* Calls fn with every *.json of a folder; returns how many there were. */
static inline size_t vectors_each(const char *folder, void (*fn)(const char *path, void *ctx),
                                  void *ctx)
{
    char path[PATH_MAX];
    size_t n = 0;
    DIR *d = opendir(folder);
    if (d == NULL)
        fail_msg("no folder %s", folder);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len < 6 || strcmp(e->d_name + len - 5, ".json") != 0)
            continue;
        assert_ok(file_join(folder, e->d_name, path, sizeof(path)));
        fn(path, ctx);
        n++;
    }
    (void)closedir(d);
    return n;
}

/* A folder of the source tree, or of the third-party vectors. */
static inline void vectors_own(const char *name, char out[static PATH_MAX])
{
    const char *dir = getenv("EML_SOURCE_DIR");
    assert_ok(file_join(dir ? dir : ".", name, out, PATH_MAX));
}

static inline void vectors_foreign(const char *name, char out[static PATH_MAX])
{
    assert_ok(file_join(test_vectors(), name, out, PATH_MAX));
}

#endif
