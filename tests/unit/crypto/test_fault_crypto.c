/* Every allocation of the crypto layer fails once, and then every allocation of libcrypto. No
 * failure may look like a verdict: memory that runs out is not a bad signature, and never a good
 * one. */
#include "crypto/aes_cbc.h"
#include "crypto/cms.h"
#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "crypto/rand.h"
#include "crypto/rsa.h"
#include "crypto/x509.h"
#include "crypto/x509_issue.h"
#include "crypto/x509_memo.h"
#include "support/fault_walk.h"
#include "support/test.h"

static status digest(void)
{
    struct hash *h CLEANUP(hash_freep) = NULL;
    uint8_t out[HASH_MAX_LEN];
    TRY(sha256(BYTES_LIT("abc"), out));
    TRY(hash_new(HASH_SHA384, &h));
    TRY(hash_update(h, BYTES_LIT("abc")));
    TRY(hash_peek(h, out));
    TRY(hash_final(h, out));
    return hmac(HASH_SHA512, BYTES_LIT("key"), BYTES_LIT("abc"), out);
}

static status derive(void)
{
    uint8_t prk[SHA256_LEN], out[100];
    TRY(hkdf_extract(HASH_SHA256, BYTES_LIT("salt"), BYTES_LIT("ikm"), prk));
    return hkdf_expand(HASH_SHA256, BYTES_OF(prk), BYTES_LIT("info"), out, sizeof(out));
}

static status seal_and_open(enum aead_alg alg)
{
    struct aead_key key CLEANUP(aead_key_wipe) = {.alg = alg};
    struct aead *a CLEANUP(aead_freep) = NULL;
    uint8_t nonce[AEAD_NONCE_LEN] = {0}, sealed[21], plain[5];
    TRY(aead_new(&key, &a));
    TRY(aead_seal(a, nonce, BYTES_LIT("aad"), BYTES_LIT("hello"), sealed));
    return aead_open(a, nonce, BYTES_LIT("aad"), BYTES_OF(sealed), plain);
}

static status aes(void)
{
    return seal_and_open(AEAD_AES_256_GCM);
}

static status chacha(void)
{
    return seal_and_open(AEAD_CHACHA20_POLY1305);
}

static status x25519(void)
{
    struct x25519_secret s CLEANUP(x25519_secret_wipe) = {{0}};
    struct x25519_secret shared CLEANUP(x25519_secret_wipe) = {{0}};
    uint8_t public_key[X25519_LEN];
    TRY(x25519_generate(&s, public_key));
    return x25519_shared(&s, public_key, &shared);
}

static status ed25519(void)
{
    struct ed25519_secret s CLEANUP(ed25519_secret_wipe) = {.seed = {0}};
    struct ed25519_signer *signer CLEANUP(ed25519_signer_freep) = NULL;
    uint8_t sig[ED25519_SIG_LEN];
    TRY(ed25519_generate(&s));
    TRY(ed25519_sign(&s, BYTES_LIT("m"), sig));
    TRY(ed25519_signer_new(&s, &signer));
    TRY(ed25519_signer_sign(signer, BYTES_LIT("m"), sig));
    return ed25519_verify(s.public_key, BYTES_LIT("m"), BYTES_OF(sig));
}

static status ecdsa(void)
{
    struct ecdsa_secret *s CLEANUP(ecdsa_secret_freep) = NULL;
    struct ecdsa_secret *again CLEANUP(ecdsa_secret_freep) = NULL;
    struct buf der CLEANUP(buf_done) = BUF_MAX(512);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(256);
    uint8_t sig[ECDSA_SIG_MAX];
    TRY(ecdsa_generate(ECDSA_ES256, &s));
    TRY(ecdsa_secret_to_der(s, &der));
    TRY(ecdsa_secret_from_der(buf_view(&der), &again));
    TRY(ecdsa_public_spki(again, &spki));
    TRY(ecdsa_sign(again, BYTES_LIT("m"), sig));
    return ecdsa_verify_spki(ECDSA_ES256, buf_view(&spki), BYTES_LIT("m"), bytes_of(sig, 64));
}

/* Made once: only what is done with it is walked. */
static struct rsa_secret *rsa_key;

static status rsa(void)
{
    struct rsa_secret *again CLEANUP(rsa_secret_freep) = NULL;
    struct buf der CLEANUP(buf_done) = BUF_MAX(4096);
    struct buf spki CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf sig CLEANUP(buf_done) = BUF_MAX(1024);
    TRY(rsa_secret_to_der(rsa_key, &der));
    TRY(rsa_secret_from_der(buf_view(&der), &again));
    TRY(rsa_public_spki(again, &spki));
    TRY(rsa_sign(again, RSA_PS384, BYTES_LIT("m"), &sig));
    return rsa_verify_spki(RSA_PS384, buf_view(&spki), BYTES_LIT("m"), buf_view(&sig));
}

static status rsa_from_numbers(void)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(1024);
    uint8_t n[256];
    memset(n, 0xff, sizeof(n));
    return rsa_spki_from_ne(BYTES_OF(n), BYTES_LIT("\x01\x00\x01"), &spki);
}

static status oaep_and_cbc(void)
{
    static const uint8_t iv[AES_CBC_BLOCK] = {0};
    struct aes_cbc_key key CLEANUP(aes_cbc_key_wipe) = {{1}};
    struct buf spki CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf wrapped CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf sealed CLEANUP(buf_done) = BUF_MAX(1024);
    struct buf plain CLEANUP(buf_done) = BUF_MAX(1024);
    TRY(rsa_public_spki(rsa_key, &spki));
    TRY(rsa_oaep_seal(buf_view(&spki), BYTES_OF(key.b), &wrapped));
    TRY(rsa_oaep_open(rsa_key, buf_view(&wrapped), &plain));
    TRY(aes_cbc_seal(&key, iv, BYTES_LIT("hello"), &sealed));
    return aes_cbc_open(&key, iv, buf_view(&sealed), &plain);
}

static struct buf cms_message;

static void put_item(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    buf_put_u8(out, 0x82);
    buf_put_u16be(out, (uint16_t)content.n);
    buf_put(out, content);
}

/* KeyTransRecipientInfo around a key of zero bytes. */
static void put_recipient(struct buf *out)
{
    static const uint8_t zeros[AES_CBC_KEY_LEN];
    struct buf spki = BUF_MAX(1024), wrapped = BUF_MAX(1024), set = BUF_MAX(1024);
    struct buf one =
        test_hex("0201028001aa303c06092a864886f70d010107302fa00f300d060960864801650304"
                 "02010500a11c301a06092a864886f70d010108300d06096086480165030402010500");
    assert_ok(rsa_public_spki(rsa_key, &spki));
    assert_ok(rsa_oaep_seal(buf_view(&spki), BYTES_OF(zeros), &wrapped));
    put_item(&one, 0x04, buf_view(&wrapped));
    put_item(&set, 0x30, buf_view(&one));
    put_item(out, 0x31, buf_view(&set));
    buf_done(&spki);
    buf_done(&wrapped);
    buf_done(&set);
    buf_done(&one);
}

static void make_cms(void)
{
    static const uint8_t iv[AES_CBC_BLOCK];
    static const struct aes_cbc_key key;
    struct buf sealed = BUF_MAX(64);
    struct buf tail = test_hex("308006092a864886f70d010701301d060960864801650304012a0410"
                               "00000000000000000000000000000000a080");
    cms_message = test_hex("308006092a864886f70d010703a0803080020102");
    assert_ok(aes_cbc_seal(&key, iv, BYTES_LIT("hello"), &sealed));
    put_recipient(&cms_message);
    buf_put(&cms_message, buf_view(&tail));
    put_item(&cms_message, 0x04, buf_view(&sealed));
    buf_put(&cms_message, BYTES_LIT("\0\0\0\0\0\0\0\0\0\0"));
    assert_ok(buf_status(&cms_message));
    buf_done(&sealed);
    buf_done(&tail);
}

static status decrypt_cms(void)
{
    struct buf plain CLEANUP(buf_done) = BUF_MAX(1024);
    return cms_decrypt(rsa_key, buf_view(&cms_message), &plain);
}

static status hpke(void)
{
    struct hpke *a CLEANUP(hpke_freep) = NULL;
    struct hpke *b CLEANUP(hpke_freep) = NULL;
    struct x25519_secret s CLEANUP(x25519_secret_wipe) = {{0}};
    uint8_t public_key[X25519_LEN], enc[HPKE_ENC_LEN], sealed[21], plain[5], out[32];
    TRY(hpke_derive_key_pair(BYTES_LIT("0123456789abcdef0123456789abcdef"), &s, public_key));
    TRY(hpke_setup_sender(AEAD_AES_256_GCM, public_key, BYTES_LIT("info"), enc, &a));
    TRY(hpke_setup_receiver(AEAD_AES_256_GCM, &s, BYTES_LIT("info"), enc, &b));
    TRY(hpke_seal(a, BYTES_LIT("aad"), BYTES_LIT("hello"), sealed));
    TRY(hpke_open(b, BYTES_LIT("aad"), BYTES_OF(sealed), plain));
    return hpke_export(a, BYTES_LIT("context"), out, sizeof(out));
}

static status issue(void)
{
    struct ecdsa_secret *key CLEANUP(ecdsa_secret_freep) = NULL;
    struct buf cert CLEANUP(buf_done) = BUF_MAX(4096);
    struct buf crl CLEANUP(buf_done) = BUF_MAX(4096);
    TRY(ecdsa_generate(ECDSA_ES256, &key));
    struct x509_request req = {.common_name = "r",
                               .issuer_name = "r",
                               .is_ca = true,
                               .path_len = 1,
                               .not_after_unix_s = 1000,
                               .subject_key = key,
                               .issuer_key = key,
                               .crl_url = "http://crl.example/r"};
    TRY(x509_issue(&req, &cert));
    struct bytes revoked = buf_view(&cert);
    struct x509_crl_request crl_req = {.issuer_name = "r",
                                       .next_update_unix_s = 1000,
                                       .revoked = &revoked,
                                       .n_revoked = 1,
                                       .issuer_key = key};
    return x509_issue_crl(&crl_req, &crl);
}

/* A chain made once: only its verification is walked. */
static struct buf root_der, leaf_der, crl_der;

static void make_chain(void)
{
    struct ecdsa_secret *root = NULL, *leaf = NULL;
    root_der = leaf_der = crl_der = BUF_MAX(4096);
    assert_ok(ecdsa_generate(ECDSA_ES256, &root));
    assert_ok(ecdsa_generate(ECDSA_ES256, &leaf));
    struct x509_request req = {.common_name = "r",
                               .issuer_name = "r",
                               .is_ca = true,
                               .path_len = -1,
                               .not_after_unix_s = 1000,
                               .subject_key = root,
                               .issuer_key = root};
    assert_ok(x509_issue(&req, &root_der));
    req.common_name = "l";
    req.is_ca = false;
    req.subject_key = leaf;
    assert_ok(x509_issue(&req, &leaf_der));
    struct x509_crl_request crl = {
        .issuer_name = "r", .next_update_unix_s = 1000, .issuer_key = root};
    assert_ok(x509_issue_crl(&crl, &crl_der));
    ecdsa_secret_freep(&root);
    ecdsa_secret_freep(&leaf);
}

static status verify_chain(void)
{
    struct bytes crl = buf_view(&crl_der), between = buf_view(&root_der);
    struct x509_chain chain = {.root = buf_view(&root_der),
                               .intermediates = &between,
                               .n_intermediates = 1,
                               .leaf = buf_view(&leaf_der),
                               .crls = &crl,
                               .n_crls = 1,
                               .is_crl_where_named = true,
                               .at_unix_s = 500};
    struct x509_verified v;
    struct bytes spki;
    int64_t from, to;
    x509_memo_clear();
    TRY(x509_spki(chain.leaf, &spki));
    TRY(x509_validity(chain.leaf, &from, &to));
    return x509_verify_chain(&chain, &v);
}

static status verify_crl(void)
{
    struct x509_crl c;
    x509_memo_clear();
    return x509_verify_crl(buf_view(&crl_der), buf_view(&root_der), 500, &c);
}

static status random_bytes(void)
{
    uint8_t out[32];
    return rand_bytes(out, sizeof(out));
}

static const struct fault_row ROWS[] = {
    {"digest", digest},
    {"hkdf", derive},
    {"aes-256-gcm", aes},
    {"chacha20", chacha},
    {"x25519", x25519},
    {"ed25519", ed25519},
    {"ecdsa", ecdsa},
    {"hpke", hpke},
    {"random bytes", random_bytes},
    {"issue", issue},
    {"verify a chain", verify_chain},
    {"verify a CRL", verify_crl},
    {"rsa", rsa},
    {"rsa from numbers", rsa_from_numbers},
    {"OAEP and AES-CBC", oaep_and_cbc},
    {"CMS", decrypt_cms},
};

static void own_allocations(void **state)
{
    (void)state;
    make_chain();
    assert_ok(rsa_generate(2048, &rsa_key));
    make_cms();
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_own(&ROWS[i]);
}

static void allocations_of_libcrypto(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++)
        fault_walk_all(&ROWS[i]);
    rsa_secret_freep(&rsa_key);
    buf_done(&cms_message);
    buf_done(&root_der);
    buf_done(&leaf_der);
    buf_done(&crl_der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_allocations),
        cmocka_unit_test(allocations_of_libcrypto),
    };
    return cmocka_run_group_tests(tests, fault_walk_set_up, NULL);
}
