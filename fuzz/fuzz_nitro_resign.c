/* Attestation documents with any of their fields or bytes edited and signed again under a test
 * root, so that fuzzing reaches what stands behind the signature. What is accepted keeps every rule
 * of the policy and of the caller; the rules are written down here a second time.
 *
 * The input is a list of edits: what, where, and a value. */
#include <stdlib.h>
#include <string.h>

#include "support/forge.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDITS_MAX = 12, EDIT_LEN = 4, N_KINDS = 10, MAX_AGE_S = 300, MAX_FUTURE_S = 60 };

static struct forge pristine;
static struct evidence_policy *policy;
static struct evidence_cache *cache;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    forge_init(&pristine);
    policy = forge_policy(&pristine);
    assert_ok(evidence_cache_new(&cache));
    return 0;
}

/* One byte of the statement's six fields. */
static void edit_statement(struct statement *s, uint8_t field, uint8_t at, uint8_t v)
{
    uint8_t *fields[] = {s->nonce,         s->identity_key, s->receipt_key,
                         s->config_digest, s->model_digest, s->device_digest};
    fields[field % 6][at % 32] = v;
}

static void edit_plain(struct forge *f, uint8_t what, uint8_t at, uint8_t v)
{
    static const char *const names[] = {"simulated", "aws-nitro", "forge.service", "x"};
    switch (what) {
    case 0:
    case 1:
        edit_statement(&f->statement, at, at / 8, v);
        break;
    case 2:
        f->statement.platform = bytes_str(names[v % 4]);
        break;
    case 3:
        f->statement.service = bytes_str(names[v % 4]);
        break;
    case 4:
        f->statement.freshness = v % 2 == 0 ? FRESH_SESSION : FRESH_EPOCH;
        break;
    case 5:
        f->measurements.pcr[at % 4][v % MEASUREMENT_LEN] ^= v;
        break;
    default:
        f->measurements.present_mask ^= 1u << at % 32;
        break;
    }
}

/* After the document was filled from the statement: what the hardware would not do. */
static void edit_document(struct sim_document *d, uint8_t what, uint8_t at, uint8_t v)
{
    static const uint8_t other[32] = {1};
    if (what == 7)
        d->timestamp_ms = ((uint64_t)FORGE_NOW + (uint64_t)(int64_t)(int8_t)v * 60) * 1000 + at;
    else if (at % 4 == 0)
        d->public_key = v % 2 == 0 ? BYTES_OF(other) : (struct bytes){0};
    else if (at % 4 == 1)
        d->nonce = v % 2 == 0 ? BYTES_OF(other) : (struct bytes){0};
    else if (at % 4 == 2)
        d->user_data = v % 2 == 0 ? BYTES_OF(other) : (struct bytes){0};
    else
        d->n_cabundle = v % FORGE_CERTS;
}

static void edit_payload(struct buf *payload, uint8_t at, uint8_t far, uint8_t v)
{
    size_t i = (size_t)at << 8 | far;
    if (payload->n > 0)
        payload->p[i % payload->n] = v;
}

static struct buf make(const uint8_t *data, size_t n)
{
    static struct forge f;
    struct buf payload CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct buf out = BUF_MAX(1 << 16);
    f = pristine;
    f.user_data = BUF_MAX(1 << 14);
    for (size_t i = 0; i < n; i++)
        if (data[4 * i] % N_KINDS < 7)
            edit_plain(&f, data[4 * i] % N_KINDS, data[4 * i + 1], data[4 * i + 2]);
    forge_fill(&f);
    for (size_t i = 0; i < n; i++)
        if (data[4 * i] % N_KINDS == 7 || data[4 * i] % N_KINDS == 8)
            edit_document(&f.document, data[4 * i] % N_KINDS, data[4 * i + 1], data[4 * i + 2]);
    assert_ok(sim_document_payload(&f.document, &payload));
    for (size_t i = 0; i < n; i++)
        if (data[4 * i] % N_KINDS == 9)
            edit_payload(&payload, data[4 * i + 1], data[4 * i + 2], data[4 * i + 3]);
    assert_ok(sim_document_sign(buf_view(&payload), f.certs[FORGE_CERTS - 1].key, &out));
    buf_done(&f.user_data);
    return out;
}

/* ---- the rules, once more ---- */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_accepted(const struct evidence_verified *v)
{
    const struct statement *s = &v->statement, *good = &pristine.statement;
    int64_t age = FORGE_NOW - (int64_t)(v->timestamp_ms / 1000);
    must(v->is_simulated && v->has_statement && v->type == EVIDENCE_SIMULATED);
    must(bytes_equal(s->platform, good->platform) && bytes_equal(s->service, good->service));
    must(s->freshness == FRESH_SESSION);
    must(memcmp(s->nonce, good->nonce, 32) == 0);
    must(memcmp(s->identity_key, good->identity_key, 32) == 0);
    must(bytes_equal(v->nonce, BYTES_OF(good->nonce)));
    must(bytes_equal(v->public_key, BYTES_OF(good->identity_key)));
    must(age <= MAX_AGE_S && age >= -MAX_FUTURE_S);
    for (unsigned i = 0; i < 3; i++)
        must(bytes_equal(measurements_at(&v->measurements, i),
                         BYTES_OF(pristine.measurements.pcr[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct evidence_claimed claimed;
    struct evidence_expect expect = forge_expect(&pristine);
    struct checks checks = {0};
    struct evidence_verified verified;
    size_t n = size / EDIT_LEN < EDITS_MAX ? size / EDIT_LEN : EDITS_MAX;
    struct buf document CLEANUP(buf_done) = make(data, n);
    expect.cache = cache;
    status s = evidence_verify(buf_view(&document), EVIDENCE_SIMULATED, policy, &expect, &checks,
                               &claimed, &verified);
    if (ok(s))
        check_accepted(&verified);
    must(ok(s) || n > 0);
    /* The same document is never the hardware's. */
    checks = (struct checks){0};
    must(failed(evidence_verify(buf_view(&document), EVIDENCE_NITRO, policy, &expect, &checks,
                                &claimed, &verified)));
    return 0;
}
