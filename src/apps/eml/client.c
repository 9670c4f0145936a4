#include "apps/eml/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "net/stream.h"
#include "tee/verify/attested.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    REQUEST_ROOM = 64 << 20,
    CRL_ROOM = 1 << 20,
    POLICY_ROOM = 1 << 20,
    DEFAULT_TIMEOUT_S = 120,
};

static status read_policy(struct client *c, const char *given)
{
    char path[PATH_MAX];
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_ROOM);
    TRY(config_path(&c->file, given, path, sizeof(path)));
    TRY(status_context(file_read(path, &text), "policy"));
    return status_context(evidence_policy_parse(buf_view(&text), &c->policy), "policy %s", path);
}

static status read_crls(struct client *c, const json_t *list)
{
    char name[PATH_MAX];
    char path[PATH_MAX];
    for (size_t i = 0; i < json_len(list); i++) {
        struct bytes given;
        REQUIRE(json_is_text(json_at(list, i), &given) && given.n < sizeof(name), ST_CONFIG,
                "%s: crls must be a list of files", c->file.path);
        memcpy(name, given.p, given.n);
        name[given.n] = 0;
        TRY(config_path(&c->file, name, path, sizeof(path)));
        c->crl_bytes[i] = BUF_MAX(CRL_ROOM);
        TRY(file_read(path, &c->crl_bytes[i]));
        c->crls[i] = buf_view(&c->crl_bytes[i]);
        c->options.n_crls = i + 1;
    }
    return OK;
}

static status parse_suite(const struct config *file, const char *name, enum aead_alg *out)
{
    if (name == NULL)
        return OK;
    bool is_aes = strcmp(name, "aes-256-gcm") == 0;
    REQUIRE(is_aes || strcmp(name, "chacha20-poly1305") == 0, ST_CONFIG,
            "%s: suite must be aes-256-gcm or chacha20-poly1305, not %.40s", file->path, name);
    *out = is_aes ? AEAD_AES_256_GCM : AEAD_CHACHA20_POLY1305;
    return OK;
}

status client_open(const char *config_path, struct client *out)
{
    *out = (struct client){0};
    TRY(config_open(config_path, &out->file));
    struct json_obj *root = &out->file.root;
    out->connect = json_str(root, "connect", true, NULL);
    const char *policy = json_str(root, "policy", true, NULL);
    const char *suite = json_str(root, "suite", false, NULL);
    const json_t *crls = json_list(root, "crls", false, CLIENT_CRLS_MAX);
    out->timeout_ms =
        1000u * (uint64_t)json_int(root, "timeout_s", false, 1, 86400, DEFAULT_TIMEOUT_S);
    out->options.limits.pad_to_bytes =
        (uint32_t)json_int(root, "pad_to_bytes", false, 0, CHANNEL_PAD_MAX, 0);
    TRY(config_end(&out->file));
    TRY(parse_suite(&out->file, suite, &out->options.alg));
    TRY(read_crls(out, crls));
    return read_policy(out, policy);
}

status client_connect_another(const struct client *c, struct checks *out_checks,
                              struct session **out)
{
    struct stream *stream = NULL;
    struct channel_client_options o = c->options;
    o.policy = c->policy;
    o.at_unix_s = clock_unix_s();
    o.crls = c->crls;
    TRY(stream_connect(c->connect, clock_deadline_ms(CONNECT_TIMEOUT_MS), &stream));
    return channel_connect(stream, &o, out_checks, out);
}

status client_connect(struct client *c)
{
    return client_connect_another(c, &c->checks, &c->session);
}

void client_done(struct client *c)
{
    session_freep(&c->session);
    evidence_policy_freep(&c->policy);
    for (size_t i = 0; i < CLIENT_CRLS_MAX; i++)
        buf_done(&c->crl_bytes[i]);
    config_done(&c->file);
}

void client_exchange_done(struct client_exchange *x)
{
    buf_done(&x->request);
    buf_done(&x->response);
    buf_done(&x->receipt);
    *x = (struct client_exchange){0};
}

static status encode_request(const struct embed_request *r, struct client_exchange *x)
{
    embed_request_encode(r, &x->request);
    return buf_status(&x->request);
}

status client_send(struct session *s, const struct bytes *texts, size_t n_texts, bool normalize,
                   bool allow_truncation, const uint8_t *nonce, struct client_exchange *out)
{
    *out = (struct client_exchange){.n_texts = n_texts, .request = BUF_MAX(REQUEST_ROOM)};
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

static status file_message(struct client_exchange *x, struct message *m)
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

status client_receive(struct session *s, uint64_t timeout_ms, struct client_exchange *const *open,
                      size_t n_open, struct client_exchange **out_completed)
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

status client_verify(const struct session *s, const struct client_exchange *x,
                     struct checks *out_checks, struct embed_response *out)
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
