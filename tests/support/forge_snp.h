/* forge_snp - makes SEV-SNP evidence with any one thing wrong, under roots of its own.
 *
 * A test or a fuzzer edits the plain data, then calls forge_snp_issue() and forge_snp_sign(). The
 * program that uses it defines snp_root() as forge_snp_root(), which takes the place of the pinned
 * roots in that program alone. forge_snp_policy() accepts what an unedited forge makes.
 *
 * Header only and without cmocka, so that fuzzers can use it: what cannot fail aborts.
 */
#ifndef SUPPORT_FORGE_SNP_H
#define SUPPORT_FORGE_SNP_H

#include <stdio.h>
#include <stdlib.h>

#include "crypto/ecdsa.h"
#include "crypto/rsa.h"
#include "crypto/x509_issue.h"
#include "tee/verify/snp/snp_cert.h"
#include "tee/verify/snp/snp_report.h"
#include "tee/verify/snp/snp_tcb.h"

#define FORGE_SNP_NOW INT64_C(1761955200)
#define FORGE_SNP_CSP "CN=forge.example"

#define FORGE_SNP_MUST(expr)                                                      \
    do {                                                                          \
        status forge_ = (expr);                                                   \
        if (failed(forge_)) {                                                     \
            (void)fprintf(stderr, "forge_snp: %s: %s\n", #expr, status_detail()); \
            abort();                                                              \
        }                                                                         \
    } while (0)

enum { FORGE_SNP_EXTRAS_MAX = 16, FORGE_SNP_EXTRA_BYTES = 80, FORGE_SNP_RSA_BITS = 2048 };

/* Keys are slow to make: one set serves a whole program. */
struct forge_snp_keys {
    struct rsa_secret *ark, *ask, *stranger;
    struct ecdsa_secret *vek, *other_vek;
};

/* An extension of the leaf, below 1.3.6.1.4.1.3704.1. */
struct forge_snp_extra {
    char oid[40];
    uint8_t value[FORGE_SNP_EXTRA_BYTES];
    size_t n;
};

struct forge_snp {
    struct forge_snp_keys *keys;
    enum snp_product product;
    enum snp_signing_key kind;
    uint8_t report[SNP_REPORT_LEN];
    struct forge_snp_extra extras[FORGE_SNP_EXTRAS_MAX];
    size_t n_extras;
    char ark_name[32], ask_name[32];
    const char *leaf_name;
    const char *leaf_issuer; /* the ASK's name, unless it is set */
    const struct rsa_secret *leaf_signer, *ask_signer, *crl_signer;
    bool is_ask_revoked;
    int64_t leaf_not_after, crl_this_update, crl_next_update;
    struct buf ark, ask, leaf, crl, certs;
};

static inline struct forge_snp_keys *forge_snp_keys(void)
{
    static struct forge_snp_keys k;
    if (k.ark == NULL) {
        FORGE_SNP_MUST(rsa_generate(FORGE_SNP_RSA_BITS, &k.ark));
        FORGE_SNP_MUST(rsa_generate(FORGE_SNP_RSA_BITS, &k.ask));
        FORGE_SNP_MUST(rsa_generate(FORGE_SNP_RSA_BITS, &k.stranger));
        FORGE_SNP_MUST(ecdsa_generate(ECDSA_ES384, &k.vek));
        FORGE_SNP_MUST(ecdsa_generate(ECDSA_ES384, &k.other_vek));
    }
    return &k;
}

static inline void forge_snp_keys_done(void)
{
    struct forge_snp_keys *k = forge_snp_keys();
    rsa_secret_freep(&k->ark);
    rsa_secret_freep(&k->ask);
    rsa_secret_freep(&k->stranger);
    ecdsa_secret_freep(&k->vek);
    ecdsa_secret_freep(&k->other_vek);
}

/* ---- fields of the report ---- */

static inline void forge_snp_le(struct forge_snp *f, size_t at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->report[at + i] = (uint8_t)(v >> (8 * i));
}

static inline void forge_snp_fill(struct forge_snp *f, size_t at, uint8_t v, size_t n)
{
    memset(f->report + at, v, n);
}

/* The byte of a TCB that holds a part. */
static inline size_t forge_snp_part_at(enum snp_product p, enum snp_part part)
{
    static const size_t at[2][SNP_PARTS] = {{0, 0, 1, 6, 7}, {0, 1, 2, 3, 7}};
    return at[p == SNP_TURIN][part];
}

static inline void forge_snp_tcb(struct forge_snp *f, size_t at, uint8_t level)
{
    forge_snp_le(f, at, 0, SNP_TCB_LEN);
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        if (snp_part_exists(f->product, (enum snp_part)part))
            f->report[at + forge_snp_part_at(f->product, (enum snp_part)part)] = level;
    }
}

/* ---- the leaf's extensions ---- */

static inline struct forge_snp_extra *forge_snp_extra(struct forge_snp *f, const char *suffix)
{
    char oid[40];
    (void)snprintf(oid, sizeof(oid), "1.3.6.1.4.1.3704.1.%s", suffix);
    for (size_t i = 0; i < f->n_extras; i++) {
        if (strcmp(f->extras[i].oid, oid) == 0)
            return &f->extras[i];
    }
    if (f->n_extras == FORGE_SNP_EXTRAS_MAX)
        abort();
    struct forge_snp_extra *e = &f->extras[f->n_extras++];
    memcpy(e->oid, oid, sizeof(oid));
    return e;
}

static inline void forge_snp_extra_drop(struct forge_snp *f, const char *suffix)
{
    struct forge_snp_extra *e = forge_snp_extra(f, suffix);
    *e = f->extras[--f->n_extras];
}

static inline void forge_snp_extra_raw(struct forge_snp *f, const char *suffix, struct bytes v)
{
    struct forge_snp_extra *e = forge_snp_extra(f, suffix);
    if (v.n > sizeof(e->value))
        abort();
    if (v.n > 0)
        memcpy(e->value, v.p, v.n);
    e->n = v.n;
}

static inline void forge_snp_extra_int(struct forge_snp *f, const char *suffix, uint8_t v)
{
    const uint8_t small[] = {0x02, 0x01, v}, large[] = {0x02, 0x02, 0x00, v};
    forge_snp_extra_raw(f, suffix, v < 0x80 ? BYTES_OF(small) : BYTES_OF(large));
}

static inline void forge_snp_extra_text(struct forge_snp *f, const char *suffix, const char *text)
{
    uint8_t der[FORGE_SNP_EXTRA_BYTES] = {0x16, (uint8_t)strlen(text)};
    memcpy(der + 2, text, strlen(text));
    forge_snp_extra_raw(f, suffix, bytes_of(der, 2 + strlen(text)));
}

static inline const char *forge_snp_part_oid(enum snp_part part)
{
    static const char *const oids[SNP_PARTS] = {"3.9", "3.1", "3.2", "3.3", "3.8"};
    return oids[part];
}

/* ---- what an unedited forge says ---- */

enum { FORGE_SNP_LEVEL = 0x95, FORGE_SNP_CHIP = 0xc1, FORGE_SNP_MEASURED = 0xa0 };

static inline void forge_snp_init_report(struct forge_snp *f)
{
    static const uint8_t cpus[SNP_PRODUCTS][2] = {{0x19, 0x01}, {0x19, 0x11}, {0x1a, 0x02}};
    bool is_vlek = f->kind == SNP_KEY_VLEK;
    forge_snp_le(f, 0x000, 5, 4);
    forge_snp_le(f, 0x004, 7, 4); /* GUEST_SVN */
    forge_snp_le(f, 0x008, UINT64_C(0x30000) | 0x0137, 8);
    forge_snp_fill(f, 0x010, 0xf1, SNP_ID_LEN);
    forge_snp_fill(f, 0x020, 0xf2, SNP_ID_LEN);
    forge_snp_le(f, 0x034, SNP_SIG_ECDSA_P384_SHA384, 4);
    forge_snp_le(f, 0x040, 0x25, 8);
    forge_snp_le(f, 0x048, (uint64_t)f->kind << 2 | 1, 4);
    forge_snp_fill(f, 0x050, 0xd0, SNP_DATA_LEN);
    forge_snp_fill(f, 0x090, FORGE_SNP_MEASURED, SNP_MEASUREMENT_LEN);
    forge_snp_fill(f, 0x0c0, 0xb0, SNP_HOST_DATA_LEN);
    forge_snp_fill(f, 0x0e0, 0xe1, SNP_KEY_DIGEST_LEN);
    forge_snp_fill(f, 0x110, 0xe2, SNP_KEY_DIGEST_LEN);
    forge_snp_fill(f, 0x140, 0x99, SNP_REPORT_ID_LEN);
    forge_snp_fill(f, 0x160, 0xff, SNP_REPORT_ID_LEN);
    forge_snp_le(f, 0x188, (uint64_t)cpus[f->product][0] | (uint64_t)cpus[f->product][1] << 8, 3);
    if (!is_vlek)
        forge_snp_fill(f, 0x1a0, FORGE_SNP_CHIP, f->product == SNP_TURIN ? 8 : SNP_CHIP_ID_LEN);
    forge_snp_le(f, 0x1e8, 0x013705, 4); /* 1.55 build 5 */
    forge_snp_le(f, 0x1ec, 0x013705, 4);
    forge_snp_le(f, 0x1f8, 0x3, 8);
    forge_snp_le(f, 0x200, 0x7, 8);
    forge_snp_tcb(f, 0x038, FORGE_SNP_LEVEL + 1);
    forge_snp_tcb(f, 0x180, FORGE_SNP_LEVEL);
    forge_snp_tcb(f, 0x1e0, FORGE_SNP_LEVEL);
    forge_snp_tcb(f, 0x1f0, FORGE_SNP_LEVEL);
}

static inline void forge_snp_init_leaf(struct forge_snp *f)
{
    uint8_t hwid[SNP_CHIP_ID_LEN];
    memset(hwid, FORGE_SNP_CHIP, sizeof(hwid));
    forge_snp_extra_int(f, "1", f->product == SNP_TURIN);
    forge_snp_extra_text(f, "2", snp_product_line(f->product));
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        if (snp_part_exists(f->product, (enum snp_part)part))
            forge_snp_extra_int(f, forge_snp_part_oid((enum snp_part)part), FORGE_SNP_LEVEL);
    }
    forge_snp_extra_int(f, "3.5", 0);
    if (f->kind == SNP_KEY_VLEK)
        forge_snp_extra_text(f, "5", FORGE_SNP_CSP);
    else
        forge_snp_extra_raw(f, "4", bytes_of(hwid, f->product == SNP_TURIN ? 8 : sizeof(hwid)));
}

static inline void forge_snp_init(struct forge_snp *f, enum snp_product product,
                                  enum snp_signing_key kind)
{
    const char *line = snp_product_line(product);
    *f = (struct forge_snp){.keys = forge_snp_keys(),
                            .product = product,
                            .kind = kind,
                            .leaf_name = kind == SNP_KEY_VLEK ? "SEV-VLEK" : "SEV-VCEK",
                            .leaf_not_after = FORGE_SNP_NOW + 3600,
                            .crl_this_update = FORGE_SNP_NOW - 3600,
                            .crl_next_update = FORGE_SNP_NOW + 3600,
                            .ark = BUF_MAX(1 << 14),
                            .ask = BUF_MAX(1 << 14),
                            .leaf = BUF_MAX(1 << 14),
                            .crl = BUF_MAX(1 << 14),
                            .certs = BUF_MAX(1 << 16)};
    f->ask_signer = f->crl_signer = f->keys->ark;
    f->leaf_signer = f->keys->ask;
    (void)snprintf(f->ark_name, sizeof(f->ark_name), "ARK-%s", line);
    (void)snprintf(f->ask_name, sizeof(f->ask_name), "SEV-%s%s",
                   kind == SNP_KEY_VLEK ? "VLEK-" : "", line);
    forge_snp_init_report(f);
    forge_snp_init_leaf(f);
}

static inline void forge_snp_done(struct forge_snp *f)
{
    buf_done(&f->ark);
    buf_done(&f->ask);
    buf_done(&f->leaf);
    buf_done(&f->crl);
    buf_done(&f->certs);
}

/* ---- issuing and signing ---- */

static inline void forge_snp_ca(const char *name, const char *issuer, const struct rsa_secret *key,
                                const struct rsa_secret *signer, struct buf *out)
{
    struct buf spki CLEANUP(buf_done) = BUF_MAX(RSA_SPKI_MAX_BYTES);
    FORGE_SNP_MUST(rsa_public_spki(key, &spki));
    struct x509_request r = {
        .common_name = name,
        .issuer_name = issuer,
        .is_ca = true,
        .path_len = key == signer ? -1 : 0,
        .not_before_unix_s = FORGE_SNP_NOW - 7200,
        .not_after_unix_s = FORGE_SNP_NOW + 7200,
        .subject_spki = buf_view(&spki),
        .signer = {.rsa = signer, .rsa_alg = RSA_PS384},
        .crl_url = "http://crl.invalid/crl",
    };
    buf_clear(out);
    FORGE_SNP_MUST(x509_issue(&r, out));
}

static inline void forge_snp_leaf(struct forge_snp *f)
{
    struct x509_extra extras[FORGE_SNP_EXTRAS_MAX];
    const uint8_t zero = 0;
    for (size_t i = 0; i < f->n_extras; i++)
        extras[i] = (struct x509_extra){.oid = f->extras[i].oid,
                                        .value = bytes_of(f->extras[i].value, f->extras[i].n)};
    struct x509_request r = {
        .common_name = f->leaf_name,
        .issuer_name = f->leaf_issuer != NULL ? f->leaf_issuer : f->ask_name,
        .path_len = -1,
        .not_before_unix_s = FORGE_SNP_NOW - 3600,
        .not_after_unix_s = f->leaf_not_after,
        .subject_key = f->keys->vek,
        .signer = {.rsa = f->leaf_signer, .rsa_alg = RSA_PS384},
        .serial = bytes_of(&zero, 1),
        .omits_key_ids = true,
        .omits_usage = true,
        .extras = extras,
        .n_extras = f->n_extras,
    };
    buf_clear(&f->leaf);
    FORGE_SNP_MUST(x509_issue(&r, &f->leaf));
}

static inline void forge_snp_list_revoked(struct forge_snp *f)
{
    struct bytes revoked = buf_view(&f->ask);
    struct x509_crl_request r = {
        .issuer_name = f->ark_name,
        .this_update_unix_s = f->crl_this_update,
        .next_update_unix_s = f->crl_next_update,
        .revoked = &revoked,
        .n_revoked = f->is_ask_revoked,
        .signer = {.rsa = f->crl_signer, .rsa_alg = RSA_PS384},
    };
    buf_clear(&f->crl);
    FORGE_SNP_MUST(x509_issue_crl(&r, &f->crl));
}

/* Makes the certificates and the CRL; f->certs is what comes beside the report. */
static inline void forge_snp_issue(struct forge_snp *f)
{
    forge_snp_ca(f->ark_name, f->ark_name, f->keys->ark, f->keys->ark, &f->ark);
    forge_snp_ca(f->ask_name, f->ark_name, f->keys->ask, f->ask_signer, &f->ask);
    forge_snp_leaf(f);
    forge_snp_list_revoked(f);
    buf_clear(&f->certs);
    buf_put(&f->certs, buf_view(&f->leaf));
    buf_put(&f->certs, buf_view(&f->ask));
    buf_put(&f->certs, buf_view(&f->ark));
}

/* Signs the report as the firmware does. */
static inline void forge_snp_sign_with(struct forge_snp *f, const struct ecdsa_secret *key)
{
    uint8_t sig[ECDSA_ES384_SIG_LEN];
    forge_snp_fill(f, SNP_SIGNED_LEN, 0, SNP_REPORT_LEN - SNP_SIGNED_LEN);
    FORGE_SNP_MUST(ecdsa_sign(key, bytes_of(f->report, SNP_SIGNED_LEN), sig));
    for (size_t i = 0; i < 48; i++) {
        f->report[SNP_SIGNED_LEN + i] = sig[47 - i];
        f->report[SNP_SIGNED_LEN + SNP_SIG_PART_LEN + i] = sig[95 - i];
    }
}

static inline void forge_snp_sign(struct forge_snp *f)
{
    forge_snp_sign_with(f, f->keys->vek);
}

/* ---- a policy ---- */

/* One product line with the same floor for every part: "\"genoa\":{\"min_tcb\":{...}}". */
static inline void forge_snp_put_floor(struct buf *out, enum snp_product p, const char *key,
                                       unsigned level)
{
    bool is_first = true;
    buf_printf(out, "\"%s\":{", key);
    for (unsigned part = 0; part < SNP_PARTS; part++) {
        if (!snp_part_exists(p, (enum snp_part)part))
            continue;
        buf_printf(out, "%s\"%s\":%u", is_first ? "" : ",", snp_part_name((enum snp_part)part),
                   level);
        is_first = false;
    }
    buf_put_str(out, "}");
}

static inline void forge_snp_put_hex(struct buf *out, const char *key, unsigned byte, size_t n)
{
    buf_printf(out, "\"%s\":\"", key);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%02x", byte);
    buf_put_str(out, "\"");
}

/* The member "snp" of a policy that accepts the forge; `extra` is JSON put before its closing
 * brace, `pins` the same for its one release: ",\"vmpl\":1". */
static inline void forge_snp_policy(struct buf *out, enum snp_product p, const char *extra,
                                    const char *pins)
{
    buf_printf(out, "\"snp\":{\"products\":{\"%s\":{", snp_product_name(p));
    forge_snp_put_floor(out, p, "min_tcb", FORGE_SNP_LEVEL);
    buf_put_str(out, "}},\"releases\":[{\"name\":\"r1\",");
    forge_snp_put_hex(out, "measurement", FORGE_SNP_MEASURED, SNP_MEASUREMENT_LEN);
    buf_printf(out, "%s}]%s}", pins, extra);
}

#endif
