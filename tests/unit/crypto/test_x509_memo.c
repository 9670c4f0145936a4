#include "crypto/x509_memo.h"

#include <pthread.h>

#include "crypto/x509.h"
#include "crypto/x509_issue.h"
#include "support/test.h"

static void digest_of(unsigned n, uint8_t out[static SHA256_LEN])
{
    assert_ok(sha256(bytes_of(&n, sizeof(n)), out));
}

static void what_is_kept_is_found_until_it_is_the_oldest(void **state)
{
    (void)state;
    uint8_t digest[SHA256_LEN];
    X509 *certs[X509_MEMO_CERTS + 1];
    x509_memo_clear();
    for (unsigned i = 0; i <= X509_MEMO_CERTS; i++) {
        certs[i] = X509_new();
        digest_of(i, digest);
        assert_null(x509_memo_find(digest));
        x509_memo_keep(digest, certs[i]);
        x509_memo_keep(digest, certs[i]); /* twice is once */
    }
    for (unsigned i = 0; i <= X509_MEMO_CERTS; i++) {
        digest_of(i, digest);
        X509 *found = x509_memo_find(digest);
        assert_ptr_equal(found, i == 0 ? NULL : certs[i]);
        X509_free(found);
        X509_free(certs[i]);
    }
    x509_memo_clear();
    for (unsigned i = 0; i <= X509_MEMO_CERTS; i++) {
        digest_of(i, digest);
        assert_null(x509_memo_find(digest));
    }
}

/* Parsed before, judged anew: the same bytes get the verdict of each call's own time and root. */
static void nothing_but_parsing_is_remembered(void **state)
{
    (void)state;
    struct ecdsa_secret *key = NULL, *other = NULL;
    struct buf root = BUF_MAX(4096), leaf = BUF_MAX(4096), stranger = BUF_MAX(4096);
    struct x509_verified v;
    assert_ok(ecdsa_generate(ECDSA_ES256, &key));
    assert_ok(ecdsa_generate(ECDSA_ES256, &other));
    struct x509_request req = {.common_name = "r",
                               .issuer_name = "r",
                               .is_ca = true,
                               .path_len = -1,
                               .not_after_unix_s = 1000,
                               .subject_key = key,
                               .issuer_key = key};
    assert_ok(x509_issue(&req, &root));
    req.subject_key = req.issuer_key = other;
    assert_ok(x509_issue(&req, &stranger));
    req.common_name = "l";
    req.is_ca = false;
    req.issuer_key = key;
    assert_ok(x509_issue(&req, &leaf));
    for (int round = 0; round < 3; round++) {
        struct x509_chain c = {.root = buf_view(&root), .leaf = buf_view(&leaf), .at_unix_s = 500};
        assert_ok(x509_verify_chain(&c, &v));
        c.at_unix_s = 1001;
        assert_code(x509_verify_chain(&c, &v), ST_EXPIRED);
        c.at_unix_s = 500;
        c.root = buf_view(&stranger);
        assert_code(x509_verify_chain(&c, &v), ST_CERT);
        c.root = buf_view(&root);
        leaf.p[leaf.n - 1] ^= 1; /* one bit off is another certificate */
        assert_code(x509_verify_chain(&c, &v), ST_CERT);
        leaf.p[leaf.n - 1] ^= 1;
    }
    ecdsa_secret_freep(&key);
    ecdsa_secret_freep(&other);
    buf_done(&root);
    buf_done(&leaf);
    buf_done(&stranger);
    x509_memo_clear();
}

/* --- threads -------------------------------------------------------------------------------------
 */

enum { THREADS = 4, ROUNDS = 25 };
static struct buf shared_root, shared_leaf;

static void *verify_often(void *refused)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct x509_verified v;
        struct x509_chain c = {.root = buf_view(&shared_root),
                               .leaf = buf_view(&shared_leaf),
                               .at_unix_s = i % 2 ? 500 : 1001};
        status s = x509_verify_chain(&c, &v);
        if (s.code != (i % 2 ? ST_OK : ST_EXPIRED))
            (*(unsigned *)refused)++;
        if (i % 7 == 0)
            x509_memo_clear();
    }
    return NULL;
}

static void threads_share_what_is_parsed(void **state)
{
    (void)state;
    struct ecdsa_secret *key = NULL;
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = {0};
    shared_root = shared_leaf = BUF_MAX(4096);
    assert_ok(ecdsa_generate(ECDSA_ES256, &key));
    struct x509_request req = {.common_name = "r",
                               .issuer_name = "r",
                               .is_ca = true,
                               .path_len = -1,
                               .not_after_unix_s = 1000,
                               .subject_key = key,
                               .issuer_key = key};
    assert_ok(x509_issue(&req, &shared_root));
    req.common_name = "l";
    req.is_ca = false;
    assert_ok(x509_issue(&req, &shared_leaf));
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &wrong[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
    ecdsa_secret_freep(&key);
    buf_done(&shared_root);
    buf_done(&shared_leaf);
    x509_memo_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found_until_it_is_the_oldest),
        cmocka_unit_test(nothing_but_parsing_is_remembered),
        cmocka_unit_test(threads_share_what_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
