/* bench_receipt - what a receipt costs: encode and sign, verify, and the execution record.
 *
 *     bench_receipt
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "receipt/air.h"
#include "receipt/record.h"

enum { ROUNDS = 2000, N_TEXTS = 64 };

struct subject {
    struct ed25519_secret key;
    struct ed25519_signer *signer;
    struct air_claims claims;
    struct buf receipt;
    struct record record;
    struct record_text texts[N_TEXTS];
    struct buf record_bytes;
};

typedef status (*step_fn)(struct subject *s);

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static status measure(struct subject *s, const char *name, step_fn step)
{
    static uint64_t ns[ROUNDS];
    for (int i = -10; i < ROUNDS; i++) {
        uint64_t from = clock_mono_ns();
        TRY(step(s));
        if (i >= 0)
            ns[i] = clock_mono_ns() - from;
    }
    qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
    (void)printf("%-22s median %7.1f us, least %7.1f us, 95%% %7.1f us\n", name,
                 (double)ns[ROUNDS / 2] / 1e3, (double)ns[0] / 1e3,
                 (double)ns[ROUNDS * 95 / 100] / 1e3);
    return OK;
}

static status sign(struct subject *s)
{
    buf_clear(&s->receipt);
    return air_sign(&s->claims, &s->key, &s->receipt);
}

/* As the enclave does it: the key is made ready at its start. */
static status sign_prepared(struct subject *s)
{
    buf_clear(&s->receipt);
    return air_sign_prepared(&s->claims, s->signer, &s->receipt);
}

static status verify(struct subject *s)
{
    struct checks checks = {0};
    struct air_claims claims;
    const struct air_expect e = {
        .public_key = s->key.public_key,
        .at_unix_s = (int64_t)s->claims.iat_unix_s,
        .max_age_s = 60,
        .model_hash = s->claims.model_hash,
        .request_hash = s->claims.request_hash,
        .response_hash = s->claims.response_hash,
        .attestation_doc_hash = s->claims.attestation_doc_hash,
        .measurements = &s->claims.measurements,
    };
    return air_verify(buf_view(&s->receipt), &e, &checks, &claims);
}

static status encode_record(struct subject *s)
{
    buf_clear(&s->record_bytes);
    return record_encode(&s->record, &s->record_bytes);
}

static status parse_record(struct subject *s)
{
    struct record_text texts[N_TEXTS];
    struct record r;
    return record_parse(buf_view(&s->record_bytes), texts, N_TEXTS, &r);
}

static status fill(struct subject *s)
{
    s->claims = (struct air_claims){
        .iss = BYTES_LIT("embeddings.example.org"),
        .iat_unix_s = 1740500000,
        .nonce = BYTES_LIT("0123456789abcdef0123456789abcdef"),
        .model_id = BYTES_LIT("all-MiniLM-L6-v2"),
        .model_version = BYTES_LIT("1"),
        .policy_version = BYTES_LIT("policy-1"),
        .scheme = AIR_SHA256_MANIFEST,
        .measurements = {.present = AIR_PCR_REQUIRED, .is_attested = true},
    };
    memset(s->claims.measurements.pcr, 0x11, sizeof(s->claims.measurements.pcr));
    memset(s->claims.model_hash, 0x22, sizeof(s->claims.model_hash));
    TRY(air_cti_generate(s->claims.cti));
    for (size_t i = 0; i < N_TEXTS; i++)
        s->texts[i] = (struct record_text){.n_tokens = 16 + (uint32_t)i};
    s->record = (struct record){
        .profile = BYTES_LIT("eml-n1"),
        .engine_version = BYTES_LIT("eml 0.1.0"),
        .texts = s->texts,
        .n_texts = N_TEXTS,
    };
    TRY(ed25519_generate(&s->key));
    return ed25519_signer_new(&s->key, &s->signer);
}

static status run(void)
{
    struct subject s = {.receipt = BUF_MAX(AIR_RECEIPT_MAX), .record_bytes = BUF_MAX(1 << 16)};
    TRY(fill(&s));
    TRY(measure(&s, "encode and sign", sign));
    TRY(measure(&s, "the same, key ready", sign_prepared));
    TRY(measure(&s, "verify, 26 checks", verify));
    TRY(measure(&s, "encode record (64)", encode_record));
    TRY(measure(&s, "parse record (64)", parse_record));
    (void)printf("receipt %zu bytes, record of 64 texts %zu bytes\n", s.receipt.n,
                 s.record_bytes.n);
    buf_done(&s.receipt);
    buf_done(&s.record_bytes);
    ed25519_secret_wipe(&s.key);
    ed25519_signer_freep(&s.signer);
    return OK;
}

int main(void)
{
    status s = run();
    if (failed(s))
        (void)fprintf(stderr, "bench_receipt: %s\n", status_detail());
    return status_exit_code(s.code);
}
