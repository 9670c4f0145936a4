#include "apps/eml/client.h"

#include "apps/common/app.h"
#include "apps/common/state_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "net/stream.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    CRL_ROOM = 1 << 20,
    INPUT_ROOM = 1 << 20,
    DEFAULT_TIMEOUT_S = 120,
};

/* A file that the configuration names by `key`, or nothing. */
static status read_input(struct client *c, const char *key, struct buf *room, struct bytes *out)
{
    char path[PATH_MAX];
    const char *given = json_str(&c->file.root, key, false, NULL);
    if (given == NULL)
        return OK;
    *room = BUF_MAX(INPUT_ROOM);
    TRY(config_path(&c->file, given, path, sizeof(path)));
    TRY(status_context(file_read(path, room), "%s", key));
    *out = bytes_of(room->p != NULL ? room->p : (const uint8_t *)"", room->n);
    return OK;
}

static status read_inputs(struct client *c)
{
    TRY(read_input(c, "collateral", &c->collateral_bytes, &c->beside.collateral));
    TRY(read_input(c, "certs", &c->certs_bytes, &c->beside.certs));
    TRY(read_input(c, "jwks", &c->jwks_bytes, &c->beside.jwks));
    return read_input(c, "reference_values", &c->reference_bytes, &c->beside.reference_values);
}

static status read_state(struct client *c, const char *given)
{
    if (given == NULL)
        return OK;
    TRY(config_path(&c->file, given, c->state_path, sizeof(c->state_path)));
    TRY(evidence_memory_new(&c->memory));
    return status_context(state_file_read(c->state_path, c->memory), "state");
}

static status keep_state(const struct client *c)
{
    if (c->memory == NULL)
        return OK;
    return status_context(state_file_keep(c->state_path, c->memory), "state");
}

/* A serial is kept at once: evidence_policy_file.h says why. */
static status read_policy(struct client *c, const char *given)
{
    char path[PATH_MAX];
    const uint8_t *signer = c->has_policy_key ? c->policy_key : NULL;
    const struct evidence_policy_demand demand = {
        .signer = signer, .at_unix_s = clock_unix_s(), .memory = c->memory};
    TRY(config_path(&c->file, given, path, sizeof(path)));
    c->policy_file = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    TRY(status_context(file_read(path, &c->policy_file), "policy"));
    TRY(status_context(evidence_policy_file_open(buf_view(&c->policy_file), &demand, &c->policy),
                       "policy %s", path));
    return c->policy->is_signed ? keep_state(c) : OK;
}

static status read_crls(struct client *c, const json_t *list)
{
    char name[PATH_MAX];
    char path[PATH_MAX];
    c->beside.crls = c->crls;
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
        c->beside.n_crls = i + 1;
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
    out->has_policy_key =
        json_hex(root, "policy_key", false, out->policy_key, sizeof(out->policy_key));
    const char *suite = json_str(root, "suite", false, NULL);
    const json_t *crls = json_list(root, "crls", false, CLIENT_CRLS_MAX);
    out->timeout_ms =
        1000u * (uint64_t)json_int(root, "timeout_s", false, 1, 86400, DEFAULT_TIMEOUT_S);
    out->options.limits.pad_to_bytes =
        (uint32_t)json_int(root, "pad_to_bytes", false, 0, CHANNEL_PAD_MAX, 0);
    const char *state = json_str(root, "state", false, NULL);
    TRY(read_inputs(out));
    TRY(config_end(&out->file));
    TRY(parse_suite(&out->file, suite, &out->options.alg));
    TRY(read_crls(out, crls));
    TRY(read_state(out, state));
    return read_policy(out, policy);
}

status client_connect_another(const struct client *c, struct checks *out_checks,
                              struct session **out)
{
    struct stream *stream = NULL;
    struct channel_client_options o = c->options;
    o.policy = c->policy;
    o.at_unix_s = clock_unix_s();
    o.beside = &c->beside;
    o.memory = c->memory;
    TRY(stream_connect(c->connect, clock_deadline_ms(CONNECT_TIMEOUT_MS), &stream));
    return channel_connect(stream, &o, out_checks, out);
}

status client_connect(struct client *c)
{
    TRY(client_connect_another(c, &c->checks, &c->session));
    return keep_state(c);
}

bool client_has_verdict(const struct checks *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strncmp(c->v[i].id, "channel.", strlen("channel.")) != 0)
            return true;
    }
    return false;
}

int client_fail(const struct checks *c, status s)
{
    int code = app_fail(s);
    enum verdict v = checks_verdict(c);
    return client_has_verdict(c) && v != VERDICT_ACCEPT ? (int)v : code;
}

void client_done(struct client *c)
{
    session_freep(&c->session);
    evidence_policy_freep(&c->policy);
    buf_done(&c->policy_file);
    for (size_t i = 0; i < CLIENT_CRLS_MAX; i++)
        buf_done(&c->crl_bytes[i]);
    buf_done(&c->collateral_bytes);
    buf_done(&c->certs_bytes);
    buf_done(&c->jwks_bytes);
    buf_done(&c->reference_bytes);
    evidence_memory_freep(&c->memory);
    config_done(&c->file);
}
