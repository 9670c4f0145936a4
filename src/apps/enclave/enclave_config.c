#include "apps/enclave/enclave_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static status take_path(const struct config *c, struct json_obj *o, const char *key, bool required,
                        char out[static PATH_MAX])
{
    const char *given = json_str(o, key, required, NULL);
    out[0] = 0;
    return given ? config_path(c, given, out, PATH_MAX) : OK;
}

static uint32_t read_u32(struct json_obj *o, const char *key, uint32_t max)
{
    return (uint32_t)json_int(o, key, false, 0, max, 0);
}

static status read_model(struct enclave_config *c)
{
    struct json_obj o = json_sub(&c->file.root, "model");
    TRY(take_path(&c->file, &o, "package", true, c->package));
    TRY(take_path(&c->file, &o, "key_file", true, c->key_file));
    (void)json_hex(&o, "publisher_key", true, c->publisher, sizeof(c->publisher));
    c->min_version = (uint64_t)json_int(&o, "min_version", false, 0, INT64_MAX, 0);
    return config_end_sub(&c->file, &o);
}

static status read_limits(struct enclave_config *c)
{
    if (!json_has(&c->file.root, "limits"))
        return OK;
    struct json_obj o = json_sub(&c->file.root, "limits");
    struct service_options *s = &c->service;
    s->max_sessions = read_u32(&o, "max_sessions", 4096);
    s->max_batch_tokens = read_u32(&o, "max_batch_tokens", 1 << 20);
    s->max_batch_texts = read_u32(&o, "max_batch_texts", 1 << 16);
    s->max_queued = read_u32(&o, "max_queued_requests", 1 << 20);
    s->max_request_tokens = read_u32(&o, "max_request_tokens", 1 << 24);
    s->max_open_texts = read_u32(&o, "max_open_texts", 1 << 24);
    s->limits.handshake_timeout_ms = read_u32(&o, "handshake_timeout_ms", 600000);
    s->limits.idle_timeout_ms = read_u32(&o, "idle_timeout_ms", 86400000);
    s->limits.message_timeout_ms = read_u32(&o, "message_timeout_ms", 3600000);
    s->limits.write_timeout_ms = read_u32(&o, "write_timeout_ms", 3600000);
    s->limits.total_timeout_ms = read_u32(&o, "session_timeout_ms", UINT32_MAX);
    s->limits.max_message_bytes = read_u32(&o, "max_message_bytes", CHANNEL_MESSAGE_MAX);
    s->limits.max_streams = read_u32(&o, "max_streams", CHANNEL_STREAMS_MAX);
    s->limits.pad_to_bytes = read_u32(&o, "pad_to_bytes", CHANNEL_PAD_MAX);
    return config_end_sub(&c->file, &o);
}

/* The token's audience goes with its platform and with no other. */
static status read_confidential_space(struct enclave_config *c)
{
    bool is_wanted = c->platform != NULL && strcmp(c->platform, "confidential-space") == 0;
    bool is_given = json_has(&c->file.root, "confidential_space");
    REQUIRE(is_wanted == is_given, ST_CONFIG,
            "platform \"confidential-space\" and confidential_space need each other");
    if (!is_given)
        return OK;
    struct json_obj o = json_sub(&c->file.root, "confidential_space");
    const char *type = json_str(&o, "token_type", false, "PKI");
    c->audience = json_str(&o, "audience", true, NULL);
    TRY(config_end_sub(&c->file, &o));
    c->asks_for_oidc = strcmp(type, "OIDC") == 0;
    REQUIRE(c->asks_for_oidc || strcmp(type, "PKI") == 0, ST_CONFIG,
            "confidential_space.token_type is neither PKI nor OIDC");
    return OK;
}

static uint32_t online_cpus(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > POOL_THREADS_MAX ? POOL_THREADS_MAX : (uint32_t)n;
}

static status read_all(struct enclave_config *c)
{
    struct json_obj *root = &c->file.root;
    c->listen = json_str(root, "listen", true, NULL);
    c->service.name = json_str(root, "service", true, NULL);
    c->kernels = json_str(root, "kernels", false, "auto");
    c->platform = json_str(root, "platform", false, NULL);
    c->threads = (uint32_t)json_int(root, "threads", false, 1, POOL_THREADS_MAX, online_cpus());
    c->service.epoch_s = (uint32_t)json_int(root, "epoch_s", false, 0, 86400, 0);
    TRY(take_path(&c->file, root, "state_dir", false, c->state_dir));
    TRY(read_confidential_space(c));
    TRY(read_model(c));
    TRY(read_limits(c));
    return config_end(&c->file);
}

status enclave_config_open(const char *path, struct enclave_config *out)
{
    *out = (struct enclave_config){0};
    TRY(config_open(path, &out->file));
    TRY(sha256(buf_view(&out->file.text), out->service.config_digest));
    return read_all(out);
}

void enclave_config_done(struct enclave_config *c)
{
    config_done(&c->file);
}
