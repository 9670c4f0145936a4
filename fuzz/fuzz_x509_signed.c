/* Behind the signature: the input alters the TBSCertificate of a leaf and of an intermediate, or
 * the TBSCertList of a CRL, and each is signed again with the key of a root made here. What
 * verifies then must keep the rules, by a reader of its own.
 *
 * Input: what to alter (1: leaf, 2: intermediate, 4: CRL), then runs of: offset in two bytes,
 * count, bytes that replace as many as there are at that offset.
 */
#include "crypto/x509.h"

#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/x509_issue.h"

enum { DER_MAX = 1 << 14, ALTER_LEAF = 1, ALTER_CA = 2, ALTER_CRL = 4 };
static const int64_t BEGIN = 1600000000, NOW = 1700000000, END = 1800000000;
static const uint8_t ES256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

static struct ecdsa_secret *root_key, *ca_key, *leaf_key;
static struct buf root, ca, leaf, crl;

static void must(status s)
{
    if (failed(s))
        abort();
}

static void issue(const char *name, const char *issuer, bool is_ca, const struct ecdsa_secret *key,
                  const struct ecdsa_secret *issuer_key, struct buf *out)
{
    struct x509_request req = {.common_name = name,
                               .issuer_name = issuer,
                               .is_ca = is_ca,
                               .path_len = -1,
                               .not_before_unix_s = BEGIN,
                               .not_after_unix_s = END,
                               .subject_key = key,
                               .issuer_key = issuer_key,
                               .crl_url = is_ca ? "http://crl.example/r" : NULL};
    must(x509_issue(&req, out));
}

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    root = ca = leaf = crl = BUF_MAX(DER_MAX);
    must(ecdsa_generate(ECDSA_ES256, &root_key));
    must(ecdsa_generate(ECDSA_ES256, &ca_key));
    must(ecdsa_generate(ECDSA_ES256, &leaf_key));
    issue("root", "root", true, root_key, root_key, &root);
    issue("ca", "root", true, ca_key, root_key, &ca);
    issue("leaf", "ca", false, leaf_key, ca_key, &leaf);
    struct bytes revoked = buf_view(&leaf); /* which is another issuer's: not revoked by this */
    struct x509_crl_request req = {.issuer_name = "root",
                                   .this_update_unix_s = BEGIN,
                                   .next_update_unix_s = END,
                                   .revoked = &revoked,
                                   .n_revoked = 1,
                                   .issuer_key = root_key};
    must(x509_issue_crl(&req, &crl));
    return 0;
}

static void alter(struct buf *tbs, struct bytes input)
{
    struct rd r = rd_over(input);
    while (rd_left(&r) > 3) {
        size_t at = rd_u16be(&r);
        struct bytes with = rd_take(&r, rd_u8(&r) % 32);
        for (size_t i = 0; i < with.n && at + i < tbs->n; i++)
            tbs->p[at + i] = with.p[i];
    }
}

static void put_head(struct buf *out, uint8_t tag, size_t n)
{
    buf_put_u8(out, tag);
    if (n >= 0x80) {
        buf_put_u8(out, n >= 0x100 ? 0x82 : 0x81);
        if (n >= 0x100)
            buf_put_u8(out, (uint8_t)(n >> 8));
    }
    buf_put_u8(out, (uint8_t)n);
}

static void put_number(struct buf *out, struct bytes v)
{
    while (v.n > 1 && v.p[0] == 0)
        v = bytes_of(v.p + 1, v.n - 1);
    put_head(out, DER_INTEGER, v.n + (v.p[0] >> 7));
    if (v.p[0] >> 7)
        buf_put_u8(out, 0);
    buf_put(out, v);
}

static void put_signature(struct buf *out, const struct ecdsa_secret *key, struct bytes tbs)
{
    uint8_t sig[ECDSA_ES256_SIG_LEN];
    struct buf pair CLEANUP(buf_done) = BUF_MAX(256);
    must(ecdsa_sign(key, tbs, sig));
    put_number(&pair, bytes_of(sig, 32));
    put_number(&pair, bytes_of(sig + 32, 32));
    put_head(out, DER_BIT_STRING, pair.n + 3);
    buf_put_u8(out, 0);
    put_head(out, DER_SEQUENCE, pair.n);
    buf_put(out, buf_view(&pair));
}

/* The same thing with an altered inside, under a good signature. */
static struct buf signed_again(const struct buf *der, const struct ecdsa_secret *key,
                               bool is_altered, struct bytes input)
{
    struct der_item outer, inner;
    must(der_only(buf_view(der), DER_SEQUENCE, &outer));
    struct rd r = rd_over(outer.content);
    must(der_expect(&r, DER_SEQUENCE, &inner));
    struct buf tbs CLEANUP(buf_done) = BUF_MAX(DER_MAX);
    struct buf body CLEANUP(buf_done) = BUF_MAX(DER_MAX);
    struct buf out = BUF_MAX(DER_MAX);
    buf_put(&tbs, inner.all);
    if (is_altered)
        alter(&tbs, input);
    buf_put(&body, buf_view(&tbs));
    buf_put(&body, BYTES_OF(ES256));
    put_signature(&body, key, buf_view(&tbs));
    put_head(&out, DER_SEQUENCE, body.n);
    buf_put(&out, buf_view(&body));
    must(buf_status(&out));
    return out;
}

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* What every certificate of a chain that held must say. */
static void check_cert(struct bytes der, struct bytes issuer_name)
{
    struct x509_fields f;
    int64_t from, to;
    must(x509_read(der, &f));
    must(x509_validity(der, &from, &to));
    check(from <= NOW && NOW <= to);
    check(f.serial.n > 0 && !bytes_all_zero(f.serial));
    check(bytes_equal(f.issuer, issuer_name));
}

static void check_accepted(struct bytes ca_der, struct bytes leaf_der,
                           const struct x509_verified *v)
{
    struct x509_fields root_fields, ca_fields, leaf_fields;
    struct bytes constraints;
    must(x509_read(buf_view(&root), &root_fields));
    must(x509_read(ca_der, &ca_fields));
    must(x509_read(leaf_der, &leaf_fields));
    check_cert(ca_der, root_fields.subject);
    check_cert(leaf_der, ca_fields.subject);
    check(bytes_equal(v->leaf_spki, leaf_fields.spki));
    check(v->not_before_unix_s <= NOW && NOW <= v->not_after_unix_s);
    must(x509_extension(ca_der, "2.5.29.19", &constraints));
    check(bytes_equal(constraints, BYTES_LIT("\x30\x03\x01\x01\xff")) || constraints.n > 5);
}

/* A CRL that held by itself does not list the intermediate when the chain holds with it. */
static void check_crl(struct bytes crl_der, struct bytes ca_der, bool chain_holds)
{
    struct x509_crl c;
    struct bytes serial;
    bool is_listed = false;
    if (failed(x509_verify_crl(crl_der, buf_view(&root), NOW, &c)))
        return;
    check(c.this_update_unix_s <= NOW && NOW <= c.next_update_unix_s);
    if (failed(x509_serial(ca_der, &serial)) || failed(x509_crl_lists(&c, serial, &is_listed)))
        return;
    check(!chain_holds || !is_listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct x509_verified v;
    if (n < 1)
        return 0;
    struct bytes input = bytes_of(data + 1, n - 1);
    struct buf a = signed_again(&ca, root_key, data[0] & ALTER_CA, input);
    struct buf b = signed_again(&leaf, ca_key, data[0] & ALTER_LEAF, input);
    struct buf c = signed_again(&crl, root_key, data[0] & ALTER_CRL, input);
    struct bytes between = buf_view(&a), list = buf_view(&c);
    struct x509_chain chain = {.root = buf_view(&root),
                               .intermediates = &between,
                               .n_intermediates = 1,
                               .leaf = buf_view(&b),
                               .crls = &list,
                               .n_crls = 1,
                               .is_crl_where_named = true,
                               .at_unix_s = NOW};
    bool holds = ok(x509_verify_chain(&chain, &v));
    if (holds)
        check_accepted(between, chain.leaf, &v);
    check_crl(list, between, holds);
    check(holds || (data[0] & 7) != 0);
    buf_done(&a);
    buf_done(&b);
    buf_done(&c);
    return 0;
}
