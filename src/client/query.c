#include "client/query.h"

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "receipt/air.h"
#include "tee/verify/attested.h"
#include "tee/verify/evidence.h"

enum { REQUEST_ROOM = 64 << 20 };

void query_done(struct query *x)
{
    buf_done(&x->request);
    buf_done(&x->response);
    buf_done(&x->receipt);
    *x = (struct query){0};
}

static status encode_request(const struct embed_request *r, struct query *x)
{
    embed_request_encode(r, &x->request);
    return buf_status(&x->request);
}

status query_send(struct session *s, const struct bytes *texts, size_t n_texts, bool normalize,
                  bool allow_truncation, const uint8_t *nonce, struct query *out)
{
    *out = (struct query){.n_texts = n_texts, .request = BUF_MAX(REQUEST_ROOM)};
    if (nonce != NULL)
        memcpy(out->nonce, nonce, sizeof(out->nonce));
    else
        TRY(rand_bytes(out->nonce, sizeof(out->nonce)));
    struct embed_request r = {
        .texts = texts,
        .n_texts = n_texts,
        .normalize = normalize,
        .allow_truncation = allow_truncation,
        .nonce = BYTES_OF(out->nonce),
    };
    TRY(rand_bytes(r.salt, sizeof(r.salt)));
    TRY(encode_request(&r, out));
    out->stream_id = session_next_stream(s);
    return session_send(s, out->stream_id, MSG_REQUEST, true, buf_view(&out->request));
}

static status file_message(struct query *x, struct message *m)
{
    bool is_response = m->type == MSG_RESPONSE && x->response.p == NULL && !m->is_last;
    bool is_receipt = m->type == MSG_RECEIPT && x->response.p != NULL && m->is_last;
    REQUIRE(is_response || is_receipt, ST_PROTOCOL, "an answer is one response and one receipt");
    if (is_response)
        x->response = buf_take(&m->body);
    else
        x->receipt = buf_take(&m->body);
    x->is_complete = is_receipt;
    return OK;
}

status query_receive(struct session *s, uint64_t timeout_ms, struct query *const *open,
                     size_t n_open, struct query **out_completed)
{
    struct message m CLEANUP(message_done) = {0};
    *out_completed = NULL;
    TRY(session_recv(s, clock_deadline_ms(timeout_ms), &m));
    for (size_t i = 0; i < n_open; i++) {
        if (open[i]->stream_id != m.stream_id || open[i]->is_complete)
            continue;
        TRY(file_message(open[i], &m));
        *out_completed = open[i]->is_complete ? open[i] : NULL;
        return OK;
    }
    return FAIL(ST_PROTOCOL, "an answer on stream %u, which is not open", m.stream_id);
}

status query_verify(const struct session *s, const struct query *x, struct checks *out_checks,
                    struct embed_response *out)
{
    const struct evidence_verified *ev = session_evidence(s);
    uint8_t request_hash[SHA256_LEN];
    uint8_t response_hash[SHA256_LEN];
    struct air_measurements attested;
    attested_measurements(&ev->measurements, &attested);
    TRY(sha256(buf_view(&x->request), request_hash));
    TRY(sha256(buf_view(&x->response), response_hash));
    const struct air_expect expect = {
        .public_key = ev->statement.receipt_key,
        .at_unix_s = clock_unix_s(),
        .model_hash = ev->statement.model_digest,
        .request_hash = request_hash,
        .response_hash = response_hash,
        .attestation_doc_hash = ev->evidence_sha256,
        .measurements = &attested,
        .nonce = BYTES_OF(x->nonce),
        /* The policy that accepted a simulated platform has decided this already. */
        .allow_evaluation = ev->is_simulated,
    };
    TRY(status_context(air_verify(buf_view(&x->receipt), &expect, out_checks, NULL), "receipt"));
    struct embed_response r;
    TRY(embed_response_parse(buf_view(&x->response), x->n_texts, &r));
    REQUIRE(!r.is_refusal, r.refusal, "the enclave refused the request: %s",
            status_public(r.refusal));
    *out = r;
    return OK;
}
