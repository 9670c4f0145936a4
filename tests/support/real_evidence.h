/* real_evidence - genuine evidence of every platform with what belongs to it, from the third-party
 * vectors, for tests and benchmarks that go over all platforms. Header only.
 */
#ifndef SUPPORT_REAL_EVIDENCE_H
#define SUPPORT_REAL_EVIDENCE_H

#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "tee/verify/evidence.h"

struct real_case {
    const char *name;
    enum evidence_type type;
    int64_t at_unix_s;
    const char *evidence, *collateral, *leaf, *certs, *crl, *jwks; /* files, or NULL */
    enum verdict verdict;                                          /* without a policy */
};

#define REAL_QUOTES "intel-dcap/quotes/"
#define REAL_SNP    "sev-snp/"
#define REAL_GPU    "nvidia-gpu/evidence/"
#define REAL_CS     "gcp-confidential-space/"

static const struct real_case REAL_CASES[] = {
    {"AWS Nitro", EVIDENCE_NITRO, 1708930921, "nitro/docs/marlin-production-1.cose",
     .verdict = VERDICT_INCOMPLETE},
    {"AWS Nitro, largest fields", EVIDENCE_NITRO, 1725719859,
     "nitro/docs/blocky-production-max-fields.cose", .verdict = VERDICT_INCOMPLETE},
    {"Intel TDX", EVIDENCE_TDX, 1751000000, REAL_QUOTES "tdx-v4-uptodate.quote",
     .collateral = REAL_QUOTES "tdx-v4-uptodate.collateral.json", .verdict = VERDICT_INCOMPLETE},
    {"Intel SGX", EVIDENCE_SGX, 1751000000, REAL_QUOTES "sgx-v3.quote",
     .collateral = REAL_QUOTES "sgx-v3.collateral.json", .verdict = VERDICT_REJECT},
    {"AMD SEV-SNP, Genoa", EVIDENCE_SNP, 1770000000, REAL_SNP "reports/genoa-v5-oak.report.bin",
     .leaf = REAL_SNP "reports/genoa-v5-oak.leaf.der", .certs = REAL_SNP "amd/genoa/cert_chain.pem",
     .crl = REAL_SNP "amd/genoa/crl.der", .verdict = VERDICT_INCOMPLETE},
    {"AMD SEV-SNP, Turin", EVIDENCE_SNP, 1770000000, REAL_SNP "reports/turin-v5-oak.report.bin",
     .leaf = REAL_SNP "reports/turin-v5-oak.leaf.der", .certs = REAL_SNP "amd/turin/cert_chain.pem",
     .crl = REAL_SNP "amd/turin/crl.der", .verdict = VERDICT_INCOMPLETE},
    {"NVIDIA Hopper", EVIDENCE_NVIDIA_GPU, 1770000000, REAL_GPU "json/hopper_evidence.json",
     .verdict = VERDICT_INCOMPLETE},
    {"Confidential Space, PKI", EVIDENCE_CS_TOKEN, 1750690000, REAL_CS "pki/sev-debug.jwt",
     .verdict = VERDICT_REJECT},
    {"Confidential Space, OIDC", EVIDENCE_CS_TOKEN, 1764710000, REAL_CS "oidc/sev-debug-nonce.jwt",
     .jwks = REAL_CS "oidc/jwks.json", .verdict = VERDICT_REJECT},
};

enum {
    REAL_CASES_N = sizeof(REAL_CASES) / sizeof(REAL_CASES[0]),
    REAL_FILE_MAX = 1 << 20,
};

/* A case in memory; expect borrows from the buffers. */
struct real_evidence {
    const struct real_case *c;
    struct buf evidence, collateral, certs, crl, jwks;
    struct bytes crl_view;
    struct evidence_expect expect;
};

static inline void real_evidence_done(struct real_evidence *r)
{
    buf_done(&r->evidence);
    buf_done(&r->collateral);
    buf_done(&r->certs);
    buf_done(&r->crl);
    buf_done(&r->jwks);
}

static inline status real_read(const char *folder, const char *name, struct buf *out)
{
    char path[4096];
    *out = BUF_MAX(REAL_FILE_MAX);
    if (name == NULL)
        return OK;
    TRY(file_join(folder, name, path, sizeof(path)));
    return file_read(path, out);
}

/* A leaf stands in a file of its own, as DER; the list wants one form. */
static inline status real_read_certs(const char *folder, const struct real_case *c, struct buf *out)
{
    struct buf der CLEANUP(buf_done) = BUF_MAX(REAL_FILE_MAX);
    struct buf rest CLEANUP(buf_done) = BUF_MAX(REAL_FILE_MAX);
    *out = BUF_MAX(REAL_FILE_MAX);
    if (c->leaf != NULL) {
        TRY(real_read(folder, c->leaf, &der));
        buf_put_str(out, "-----BEGIN CERTIFICATE-----\n");
        struct buf text CLEANUP(buf_done) = BUF_MAX(REAL_FILE_MAX);
        base64_put(&text, buf_view(&der));
        for (size_t at = 0; at < text.n; at += 64) {
            buf_put(out, bytes_of(text.p + at, text.n - at < 64 ? text.n - at : 64));
            buf_put_str(out, "\n");
        }
        buf_put_str(out, "-----END CERTIFICATE-----\n");
    }
    TRY(real_read(folder, c->certs, &rest));
    buf_put(out, buf_view(&rest));
    return buf_status(out);
}

static inline struct bytes real_view(const struct buf *b)
{
    return b->n > 0 ? buf_view(b) : (struct bytes){0};
}

/* Free with real_evidence_done() also after a failure. */
static inline status real_evidence_open(const char *folder, const struct real_case *c,
                                        struct real_evidence *r)
{
    *r = (struct real_evidence){.c = c};
    TRY(real_read(folder, c->evidence, &r->evidence));
    TRY(real_read(folder, c->collateral, &r->collateral));
    TRY(real_read_certs(folder, c, &r->certs));
    TRY(real_read(folder, c->crl, &r->crl));
    TRY(real_read(folder, c->jwks, &r->jwks));
    r->crl_view = buf_view(&r->crl);
    r->expect = (struct evidence_expect){
        .at_unix_s = c->at_unix_s,
        .beside = {.collateral = real_view(&r->collateral),
                   .certs = real_view(&r->certs),
                   .jwks = real_view(&r->jwks),
                   .crls = &r->crl_view,
                   .n_crls = c->crl != NULL},
    };
    return OK;
}

#endif
