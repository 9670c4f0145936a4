/* rsa_pki - chains of AMD's shape under keys of our own, for the tests of chains and of CRLs. */
#ifndef UNIT_CRYPTO_RSA_PKI_H
#define UNIT_CRYPTO_RSA_PKI_H

#include "crypto/x509.h"
#include "crypto/x509_issue.h"
#include "support/test.h"

enum { DER_MAX = 1 << 16 };
static const int64_t BEGIN = 1600000000, NOW = 1700000000, END = 1800000000;
static const int64_t NEVER = INT64_C(253402300799);

/* AMD's shape: an RSA root and intermediate, an EC leaf with the serial number zero. */
struct pki {
    struct rsa_secret *root_key, *ca_key;
    struct ecdsa_secret *leaf_key;
    struct buf root_spki, ca_spki, leaf_spki, root, ca, leaf;
};

static struct pki pki;

static int set_up(void **state)
{
    (void)state;
    pki.root_spki = pki.ca_spki = pki.leaf_spki = BUF_MAX(DER_MAX);
    assert_ok(rsa_generate(2048, &pki.root_key));
    assert_ok(rsa_generate(2048, &pki.ca_key));
    assert_ok(ecdsa_generate(ECDSA_ES384, &pki.leaf_key));
    assert_ok(rsa_public_spki(pki.root_key, &pki.root_spki));
    assert_ok(rsa_public_spki(pki.ca_key, &pki.ca_spki));
    assert_ok(ecdsa_public_spki(pki.leaf_key, &pki.leaf_spki));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rsa_secret_freep(&pki.root_key);
    rsa_secret_freep(&pki.ca_key);
    ecdsa_secret_freep(&pki.leaf_key);
    buf_done(&pki.root_spki);
    buf_done(&pki.ca_spki);
    buf_done(&pki.leaf_spki);
    return 0;
}

static struct x509_request request(const char *name, const char *issuer, bool is_ca,
                                   const struct buf *spki, struct x509_signer signer)
{
    return (struct x509_request){.common_name = name,
                                 .issuer_name = issuer,
                                 .is_ca = is_ca,
                                 .path_len = -1,
                                 .not_before_unix_s = BEGIN,
                                 .not_after_unix_s = END,
                                 .subject_spki = buf_view(spki),
                                 .signer = signer};
}

static struct x509_signer by_root(enum rsa_alg alg)
{
    return (struct x509_signer){.rsa = pki.root_key, .rsa_alg = alg};
}

static struct x509_signer by_ca(enum rsa_alg alg)
{
    return (struct x509_signer){.rsa = pki.ca_key, .rsa_alg = alg};
}

static struct buf issued(const struct x509_request *r)
{
    struct buf out = BUF_MAX(DER_MAX);
    assert_ok(x509_issue(r, &out));
    return out;
}

static int chain_new(void **state)
{
    (void)state;
    struct x509_request root = request("root", "root", true, &pki.root_spki, by_root(RSA_PS384));
    struct x509_request ca = request("ca", "root", true, &pki.ca_spki, by_root(RSA_PS384));
    struct x509_request leaf = request("leaf", "ca", false, &pki.leaf_spki, by_ca(RSA_PS384));
    root.crl_url = ca.crl_url = "http://crl.example/root";
    leaf.serial = BYTES_LIT("\0");
    leaf.not_after_unix_s = NEVER;
    leaf.omits_key_ids = leaf.omits_usage = true;
    pki.root = issued(&root);
    pki.ca = issued(&ca);
    pki.leaf = issued(&leaf);
    return 0;
}

static int chain_free(void **state)
{
    (void)state;
    buf_done(&pki.root);
    buf_done(&pki.ca);
    buf_done(&pki.leaf);
    return 0;
}

static struct bytes between[1];

static struct x509_chain chain(void)
{
    between[0] = buf_view(&pki.ca);
    return (struct x509_chain){.root = buf_view(&pki.root),
                               .intermediates = between,
                               .n_intermediates = 1,
                               .leaf = buf_view(&pki.leaf),
                               .is_zero_serial_allowed = true,
                               .at_unix_s = NOW};
}

static enum status_code verify(const struct x509_chain *c)
{
    struct x509_verified v;
    return x509_verify_chain(c, &v).code;
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, chain_new, chain_free)

#endif
