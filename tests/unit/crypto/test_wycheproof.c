/* Project Wycheproof, test by test: every file of the folder is run, or named as not covered with
 * the reason; a file in neither list fails the test. */
#include <stdio.h>

#include "crypto/aead.h"
#include "crypto/aes_cbc.h"
#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "crypto/rsa.h"
#include "crypto/x25519.h"
#include "support/test.h"
#include "support/vectors.h"

enum { OUT_MAX = 1 << 17 };

struct file_row;

/* One test with its group: true when it was judged, false when it asks for what there is not (the
 * row says what). Fails the test run when the verdict is another. */
typedef bool (*run_fn)(struct vectors *v, const struct file_row *row, const json_t *group,
                       const json_t *test);

struct file_row {
    const char *file;
    run_fn run;
    int alg;
    unsigned n_judged, n_out_of_scope;
    const char *out_of_scope; /* what those ask for */
};

static bool is_valid(const json_t *test)
{
    return strcmp(vector_str(test, "result"), "valid") == 0;
}

/* An "acceptable" test may go either way; no runner below leaves one undecided. */
static void judge(const struct file_row *row, const json_t *test, bool accepted)
{
    bool may_be_either = strcmp(vector_str(test, "result"), "acceptable") == 0;
    if (accepted != is_valid(test) && !may_be_either)
        fail_msg("%s, test %d: %s", row->file, (int)vector_int(test, "tcId"),
                 accepted ? "accepted" : "refused");
}

/* --- AEAD, MAC, key derivation, key agreement ----------------------------------------------------
 */

static void aead_sealing(struct vectors *v, struct aead *a, const uint8_t *nonce,
                         const json_t *test, struct bytes sealed)
{
    struct bytes msg = vector_hex(v, test, "msg");
    uint8_t *out = malloc(sealed.n);
    assert_non_null(out);
    assert_ok(aead_seal(a, nonce, vector_hex(v, test, "aad"), msg, out));
    assert_bytes_equal(bytes_of(out, sealed.n), sealed);
    assert_ok(aead_open(a, nonce, vector_hex(v, test, "aad"), sealed, out));
    assert_bytes_equal(bytes_of(out, msg.n), msg);
    free(out);
}

static bool run_aead(struct vectors *v, const struct file_row *row, const json_t *group,
                     const json_t *test)
{
    (void)group;
    struct aead_key key = {.alg = (enum aead_alg)row->alg};
    struct aead *a = NULL;
    struct bytes raw = vector_hex(v, test, "key"), nonce = vector_hex(v, test, "iv");
    struct bytes ct = vector_hex(v, test, "ct"), tag = vector_hex(v, test, "tag");
    if (raw.n != AEAD_KEY_LEN || nonce.n != AEAD_NONCE_LEN || tag.n != AEAD_TAG_LEN)
        return false;
    struct buf sealed = BUF_MAX(OUT_MAX);
    uint8_t out[4096];
    buf_put(&sealed, ct);
    buf_put(&sealed, tag);
    assert_true(sealed.n <= sizeof(out));
    memcpy(key.b, raw.p, AEAD_KEY_LEN);
    assert_ok(aead_new(&key, &a));
    if (is_valid(test))
        aead_sealing(v, a, nonce.p, test, buf_view(&sealed));
    judge(row, test, ok(aead_open(a, nonce.p, vector_hex(v, test, "aad"), buf_view(&sealed), out)));
    aead_freep(&a);
    buf_done(&sealed);
    return true;
}

/* A tag may be cut short in these files; a valid one is then a prefix of ours. */
static bool run_hmac(struct vectors *v, const struct file_row *row, const json_t *group,
                     const json_t *test)
{
    (void)group;
    uint8_t out[HASH_MAX_LEN];
    enum hash_alg alg = (enum hash_alg)row->alg;
    struct bytes tag = vector_hex(v, test, "tag");
    assert_ok(hmac(alg, vector_hex(v, test, "key"), vector_hex(v, test, "msg"), out));
    judge(row, test, tag.n <= hash_len(alg) && ct_equal(out, tag.p, tag.n));
    return true;
}

static bool run_hkdf(struct vectors *v, const struct file_row *row, const json_t *group,
                     const json_t *test)
{
    (void)group;
    enum hash_alg alg = (enum hash_alg)row->alg;
    uint8_t prk[HASH_MAX_LEN];
    size_t n = (size_t)vector_int(test, "size");
    uint8_t *out = malloc(n ? n : 1);
    assert_non_null(out);
    assert_ok(hkdf_extract(alg, vector_hex(v, test, "salt"), vector_hex(v, test, "ikm"), prk));
    status s = hkdf_expand(alg, bytes_of(prk, hash_len(alg)), vector_hex(v, test, "info"), out, n);
    judge(row, test, ok(s));
    if (ok(s))
        assert_bytes_equal(bytes_of(out, n), vector_hex(v, test, "okm"));
    free(out);
    return true;
}

/* "acceptable" here means odd but defined inputs; the all-zero secret alone is refused. */
static bool run_x25519(struct vectors *v, const struct file_row *row, const json_t *group,
                       const json_t *test)
{
    (void)group;
    struct x25519_secret secret, shared;
    struct bytes want = vector_hex(v, test, "shared");
    struct bytes peer = vector_hex(v, test, "public"), mine = vector_hex(v, test, "private");
    assert_int_equal(peer.n, X25519_LEN);
    assert_int_equal(mine.n, X25519_LEN);
    memcpy(secret.b, mine.p, X25519_LEN);
    status s = x25519_shared(&secret, peer.p, &shared);
    judge(row, test, ok(s));
    assert_int_equal(s.code, bytes_all_zero(want) ? ST_AUTH : ST_OK);
    if (ok(s))
        assert_bytes_equal(BYTES_OF(shared.b), want);
    return true;
}

/* --- signatures ----------------------------------------------------------------------------------
 */

static bool run_ed25519(struct vectors *v, const struct file_row *row, const json_t *group,
                        const json_t *test)
{
    struct bytes key = vector_hex(v, vector_at(group, "publicKey"), "pk");
    assert_int_equal(key.n, ED25519_PUBLIC_LEN);
    judge(row, test,
          ok(ed25519_verify(key.p, vector_hex(v, test, "msg"), vector_hex(v, test, "sig"))));
    return true;
}

static bool run_ecdsa(struct vectors *v, const struct file_row *row, const json_t *group,
                      const json_t *test)
{
    enum ecdsa_alg alg = (enum ecdsa_alg)row->alg;
    struct bytes sig = vector_hex(v, test, "sig"), message = vector_hex(v, test, "msg");
    struct bytes point = vector_hex(v, vector_at(group, "publicKey"), "uncompressed");
    struct bytes spki = vector_hex(v, group, "publicKeyDer");
    judge(row, test, ok(ecdsa_verify_spki(alg, spki, message, sig)));
    judge(row, test, ok(ecdsa_verify_point(alg, point, message, sig)));
    return true;
}

static bool run_ecdsa_der(struct vectors *v, const struct file_row *row, const json_t *group,
                          const json_t *test)
{
    enum ecdsa_alg alg = (enum ecdsa_alg)row->alg;
    uint8_t sig[ECDSA_SIG_MAX];
    struct bytes spki = vector_hex(v, group, "publicKeyDer");
    struct bytes message = vector_hex(v, test, "msg");
    status s = ecdsa_sig_from_der(alg, vector_hex(v, test, "sig"), sig);
    if (ok(s))
        s = ecdsa_verify_spki(alg, spki, message, bytes_of(sig, ecdsa_sig_len(alg)));
    judge(row, test, ok(s));
    return true;
}

/* The one test with exponent 3 is out of scope: such a key is refused whatever it signs. */
static bool run_rsa(struct vectors *v, const struct file_row *row, const json_t *group,
                    const json_t *test)
{
    enum rsa_alg alg = (enum rsa_alg)row->alg;
    struct bytes spki = vector_hex(v, group, "publicKeyDer"), sig = vector_hex(v, test, "sig");
    status s = rsa_verify_spki(alg, spki, vector_hex(v, test, "msg"), sig);
    if (strcmp(vector_str(vector_at(group, "publicKey"), "publicExponent"), "03") == 0) {
        assert_int_equal(s.code, ST_LIMIT);
        return false;
    }
    judge(row, test, ok(s));
    return true;
}

/* --- what a key service wraps with
 * -----------------------------------------------------------------
 */

static bool run_oaep(struct vectors *v, const struct file_row *row, const json_t *group,
                     const json_t *test)
{
    struct rsa_secret *key = NULL;
    struct buf plain = BUF_MAX(OUT_MAX);
    assert_ok(rsa_secret_from_der(vector_hex(v, group, "privateKeyPkcs8"), &key));
    status s = rsa_oaep_open(key, vector_hex(v, test, "ct"), &plain);
    bool has_label = vector_str(test, "label")[0] != '\0';
    if (has_label)
        assert_int_equal(s.code, ST_AUTH);
    else
        judge(row, test, ok(s));
    if (ok(s))
        assert_bytes_equal(buf_view(&plain), vector_hex(v, test, "msg"));
    rsa_secret_freep(&key);
    buf_done(&plain);
    return !has_label;
}

static bool run_aes_cbc(struct vectors *v, const struct file_row *row, const json_t *group,
                        const json_t *test)
{
    (void)group;
    struct aes_cbc_key key;
    struct bytes raw = vector_hex(v, test, "key"), iv = vector_hex(v, test, "iv");
    struct buf plain = BUF_MAX(OUT_MAX), sealed = BUF_MAX(OUT_MAX);
    if (raw.n != AES_CBC_KEY_LEN)
        return false;
    memcpy(key.b, raw.p, raw.n);
    status s = aes_cbc_open(&key, iv.p, vector_hex(v, test, "ct"), &plain);
    judge(row, test, ok(s));
    if (ok(s)) {
        assert_bytes_equal(buf_view(&plain), vector_hex(v, test, "msg"));
        assert_ok(aes_cbc_seal(&key, iv.p, buf_view(&plain), &sealed));
        assert_bytes_equal(buf_view(&sealed), vector_hex(v, test, "ct"));
    }
    buf_done(&plain);
    buf_done(&sealed);
    return true;
}

/* --- the folder
 * --------------------------------------------------------------------------------------
 */

#define OTHER_SIZES "a key, nonce or tag of another size than the one in use"

static const struct file_row FILES[] = {
    {"aes_gcm_test.json", run_aead, AEAD_AES_256_GCM, 44, 167, OTHER_SIZES},
    {"chacha20_poly1305_test.json", run_aead, AEAD_CHACHA20_POLY1305, 211, 6, OTHER_SIZES},
    {"hmac_sha256_test.json", run_hmac, HASH_SHA256, 116, 0, NULL},
    {"hmac_sha384_test.json", run_hmac, HASH_SHA384, 116, 0, NULL},
    {"hkdf_sha256_test.json", run_hkdf, HASH_SHA256, 58, 0, NULL},
    {"hkdf_sha384_test.json", run_hkdf, HASH_SHA384, 56, 0, NULL},
    {"x25519_test.json", run_x25519, 0, 346, 0, NULL},
    {"ed25519_test.json", run_ed25519, 0, 101, 0, NULL},
    {"ecdsa_secp256r1_sha256_p1363_test.json", run_ecdsa, ECDSA_ES256, 175, 0, NULL},
    {"ecdsa_secp384r1_sha384_p1363_test.json", run_ecdsa, ECDSA_ES384, 187, 0, NULL},
    {"ecdsa_secp256r1_sha256_test.json", run_ecdsa_der, ECDSA_ES256, 323, 0, NULL},
    {"ecdsa_secp384r1_sha384_test.json", run_ecdsa_der, ECDSA_ES384, 336, 0, NULL},
    {"rsa_signature_2048_sha256_test.json", run_rsa, RSA_RS256, 172, 1,
     "exponent 3, which is refused"},
    {"rsa_signature_4096_sha256_test.json", run_rsa, RSA_RS256, 172, 0, NULL},
    {"rsa_pss_4096_sha384_mgf1_48_test.json", run_rsa, RSA_PS384, 94, 0, NULL},
    {"rsa_oaep_2048_sha256_mgf1sha256_test.json", run_oaep, 0, 20, 5, "a label: none is in use"},
    {"aes_cbc_pkcs5_test.json", run_aes_cbc, 0, 48, 96, "keys of 128 and 192 bits"},
};

struct not_covered {
    const char *file, *reason;
};

static const struct not_covered NOT_COVERED[] = {
    {"mlkem_768_test.json", "ML-KEM is a reserved suite of the channel and not implemented"},
    {"mlkem_768_encaps_test.json", "as mlkem_768_test.json"},
    {"mlkem_768_keygen_seed_test.json", "as mlkem_768_test.json"},
};

static void run_file(const struct file_row *row)
{
    char name[128];
    size_t i, j;
    json_t *group, *test;
    (void)snprintf(name, sizeof(name), "wycheproof/%s", row->file);
    struct vectors v = vectors_open(name);
    VECTOR_EACH(i, group, vector_at(v.root, "testGroups"))
    {
        VECTOR_EACH(j, test, vector_at(group, "tests"))
        {
            bool judged = row->run(&v, row, group, test);
            v.n_run += judged;
            v.n_out_of_scope += !judged;
        }
    }
    vectors_report(&v, name);
    assert_int_equal(v.n_run, row->n_judged);
    assert_int_equal(v.n_out_of_scope, row->n_out_of_scope);
    assert_int_equal(v.n_run + v.n_out_of_scope, vector_int(v.root, "numberOfTests"));
    if (v.n_out_of_scope > 0)
        print_message("    out of scope: %s\n", row->out_of_scope);
    vectors_close(&v);
}

static void every_test_has_its_verdict(void **state)
{
    (void)state;
    test_vectors_or_skip("wycheproof");
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
        run_file(&FILES[i]);
    for (size_t i = 0; i < sizeof(NOT_COVERED) / sizeof(NOT_COVERED[0]); i++)
        print_message("%s: not covered: %s\n", NOT_COVERED[i].file, NOT_COVERED[i].reason);
}

static bool is_listed(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++)
        found = found || strcmp(name, FILES[i].file) == 0;
    for (size_t i = 0; i < sizeof(NOT_COVERED) / sizeof(NOT_COVERED[0]); i++)
        found = found || strcmp(name, NOT_COVERED[i].file) == 0;
    return found;
}

static void every_file_is_in_a_list(void **state)
{
    (void)state;
    test_vectors_or_skip("wycheproof");
    test_vectors_covered("wycheproof", is_listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_test_has_its_verdict),
        cmocka_unit_test(every_file_is_in_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
