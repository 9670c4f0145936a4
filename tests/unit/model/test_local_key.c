#include "support/test.h"

#include "model/key_file.h"
#include "model/keywrap.h"
#include "model/local_key.h"

#include <stdio.h>
#include <unistd.h>

static const struct aead_key KEK = {.alg = AEAD_AES_256_GCM, .b = {1}};
static const struct aead_key DEK = {.alg = AEAD_AES_256_GCM, .b = {2}};

struct request {
    struct key_request r;
    struct buf wrapped;
    char id[KEY_FILE_ID_MAX];
};

static void request_done(struct request *q)
{
    buf_done(&q->wrapped);
}

static void request_make(struct request *q)
{
    *q = (struct request){.wrapped = BUF_MAX(KEY_WRAPPED_MAX + 1)};
    assert_ok(key_file_id(&KEK, q->id));
    assert_ok(keywrap_seal(&KEK, q->r.manifest_digest, &DEK, &q->wrapped));
    q->r.key_id = q->id;
    q->r.model_id = "m";
    q->r.wrapped = buf_view(&q->wrapped);
}

static enum status_code ask(const struct aead_key *kek, const struct request *q)
{
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    struct aead_key out CLEANUP(aead_key_wipe) = {0};
    assert_ok(local_key_new(kek, &k));
    status s = key_release_unwrap(k, &q->r, &out);
    if (ok(s))
        assert_memory_equal(out.b, DEK.b, AEAD_KEY_LEN);
    return s.code;
}

static void releases_its_key(void **state)
{
    (void)state;
    struct request q CLEANUP(request_done);
    request_make(&q);
    assert_int_equal(ask(&KEK, &q), ST_OK);
}

static void another_key_says_so(void **state)
{
    (void)state;
    const struct aead_key other = {.alg = AEAD_AES_256_GCM, .b = {3}};
    struct request q CLEANUP(request_done);
    request_make(&q);
    assert_int_equal(ask(&other, &q), ST_MISMATCH);
    q.r.key_id = "arn:aws:kms:eu-central-1:1:key/1";
    assert_int_equal(ask(&KEK, &q), ST_MISMATCH);
}

static void wrapped_for_another_manifest(void **state)
{
    (void)state;
    struct request q CLEANUP(request_done);
    request_make(&q);
    q.r.manifest_digest[5] ^= 1;
    assert_int_equal(ask(&KEK, &q), ST_AUTH);
}

static void wrapped_of_no_or_too_many_bytes(void **state)
{
    (void)state;
    struct request q CLEANUP(request_done);
    request_make(&q);
    q.r.wrapped.n = 0;
    assert_int_equal(ask(&KEK, &q), ST_LIMIT);
    (void)buf_extend(&q.wrapped, KEY_WRAPPED_MAX + 1 - q.wrapped.n);
    q.r.wrapped = buf_view(&q.wrapped);
    assert_int_equal(ask(&KEK, &q), ST_LIMIT);
}

static void from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/eml-local-XXXXXX";
    struct key_release *k CLEANUP(key_release_freep) = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)unlink(path);
    assert_code(local_key_open(path, &k), ST_NOTFOUND);
    assert_ok(key_file_write_encryption(path, &KEK));
    assert_ok(local_key_open(path, &k));
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(releases_its_key),
        cmocka_unit_test(another_key_says_so),
        cmocka_unit_test(wrapped_for_another_manifest),
        cmocka_unit_test(wrapped_of_no_or_too_many_bytes),
        cmocka_unit_test(from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
