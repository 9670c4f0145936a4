#include "tee/verify/cs/cs_claims.h"

/* The last second of year 9999. */
static const int64_t TIME_MAX = INT64_C(253402300799);

static status add(struct json_obj *o, const char *key, const json_t *node, struct cs_list *out)
{
    struct bytes v;
    REQUIRE(out->n < CS_ITEMS_MAX, ST_LIMIT, "%s.%s holds more than %d texts", o->path, key,
            CS_ITEMS_MAX);
    REQUIRE(json_is_text(node, &v), ST_FORMAT, "%s.%s holds something else than texts", o->path,
            key);
    out->v[out->n++] = v;
    return OK;
}

static status read_list(struct json_obj *o, const char *key, struct cs_list *out)
{
    const json_t *list = json_list(o, key, false, CS_ITEMS_MAX);
    out->is_present = list != NULL;
    for (size_t i = 0; list != NULL && i < json_len(list); i++)
        TRY(add(o, key, json_at(list, i), out));
    return OK;
}

/* RFC 7519 section 4.1.3 and EAT: one value may stand for a list of one. */
static status read_one_or_list(struct json_obj *o, const char *key, struct cs_list *out)
{
    struct bytes v;
    const json_t *node = json_node(o, key, false);
    if (node == NULL || !json_is_text(node, &v))
        return read_list(o, key, out);
    out->is_present = true;
    return add(o, key, node, out);
}

static status read_pairs(struct json_obj *o, const char *key, struct cs_pairs *out)
{
    void *it = NULL;
    struct bytes name;
    const json_t *value;
    const json_t *object = json_node(o, key, false);
    if (object == NULL)
        return OK;
    REQUIRE(json_is_object(object), ST_FORMAT, "%s.%s is not an object", o->path, key);
    out->is_present = true;
    while (json_member(object, &it, &name, &value)) {
        REQUIRE(out->n < CS_ITEMS_MAX, ST_LIMIT, "%s.%s holds more than %d members", o->path, key,
                CS_ITEMS_MAX);
        REQUIRE(json_is_text(value, &out->value[out->n]), ST_FORMAT,
                "%s.%s holds something else than texts", o->path, key);
        out->name[out->n++] = name;
    }
    return OK;
}

static struct cs_flag read_flag(struct json_obj *o, const char *key)
{
    bool is_present = json_has(o, key);
    return (struct cs_flag){is_present, json_bool(o, key, false, false)};
}

static struct cs_time read_time(struct json_obj *o, const char *key)
{
    bool is_present = json_has(o, key);
    return (struct cs_time){is_present, json_int(o, key, false, 0, TIME_MAX, 0)};
}

static status check_nonces(const struct cs_list *nonces)
{
    REQUIRE(nonces->n <= CS_NONCES_MAX, ST_LIMIT, "claims.eat_nonce holds more than %d texts",
            CS_NONCES_MAX);
    for (size_t i = 0; i < nonces->n; i++)
        REQUIRE(nonces->v[i].n >= CS_NONCE_MIN && nonces->v[i].n <= CS_NONCE_MAX, ST_FORMAT,
                "claims.eat_nonce holds a text of %zu bytes", nonces->v[i].n);
    return OK;
}

static status read_top(struct json_obj *o, struct cs_claims *c)
{
    c->iss = json_text(o, "iss", false);
    c->sub = json_text(o, "sub", false);
    c->swname = json_text(o, "swname", false);
    c->dbgstat = json_text(o, "dbgstat", false);
    c->hwmodel = json_text(o, "hwmodel", false);
    c->eat_profile = json_text(o, "eat_profile", false);
    c->exp = read_time(o, "exp");
    c->iat = read_time(o, "iat");
    c->nbf = read_time(o, "nbf");
    c->secboot = read_flag(o, "secboot");
    c->has_oemid = json_has(o, "oemid");
    c->oemid = json_int(o, "oemid", false, 0, INT64_MAX, 0);
    TRY(read_one_or_list(o, "aud", &c->aud));
    TRY(read_one_or_list(o, "eat_nonce", &c->nonces));
    TRY(read_list(o, "swversion", &c->swversion));
    TRY(read_list(o, "google_service_accounts", &c->service_accounts));
    TRY(read_list(o, "attester_tcb", &c->attester_tcb));
    TRY(json_obj_end_foreign(o));
    return check_nonces(&c->nonces);
}

/* The documentation calls it an array; tokens hold an object. A list of one is taken as that one.
 */
static status read_tdx(struct json_obj *o, struct cs_claims *c)
{
    const json_t *node = json_node(o, "tdx", false);
    if (node == NULL)
        return OK;
    if (!json_is_object(node) && json_len(node) == 1)
        node = json_at(node, 0);
    struct json_obj tdx = json_obj_of(node, "claims.tdx");
    c->tdx.is_present = true;
    c->tdx.tcb_status = json_text(&tdx, "gcp_attester_tcb_status", false);
    c->tdx.tcb_date = json_text(&tdx, "gcp_attester_tcb_date", false);
    return json_obj_end_foreign(&tdx);
}

static status read_space(struct json_obj *submods, struct cs_claims *c)
{
    if (!json_has(submods, "confidential_space"))
        return OK;
    struct json_obj o = json_sub(submods, "confidential_space");
    c->space.is_present = true;
    TRY(read_list(&o, "support_attributes", &c->space.support_attributes));
    if (json_has(&o, "monitoring_enabled")) {
        struct json_obj m = json_sub(&o, "monitoring_enabled");
        c->space.memory_monitoring = read_flag(&m, "memory");
        TRY(json_obj_end_foreign(&m));
    }
    return json_obj_end_foreign(&o);
}

static status read_signatures(struct json_obj *container, struct cs_claims *c)
{
    struct cs_list *ids = &c->container.signer_key_ids;
    const json_t *list = json_list(container, "image_signatures", false, CS_ITEMS_MAX);
    ids->is_present = list != NULL;
    for (size_t i = 0; list != NULL && i < json_len(list); i++) {
        struct json_obj o = json_obj_of(json_at(list, i), "image_signatures");
        struct bytes id = json_text(&o, "key_id", true);
        (void)json_text(&o, "signature", true);
        (void)json_text(&o, "signature_algorithm", true);
        TRY(json_obj_end_foreign(&o));
        ids->v[ids->n++] = id;
    }
    return OK;
}

static status read_container(struct json_obj *submods, struct cs_claims *c)
{
    if (!json_has(submods, "container"))
        return OK;
    struct json_obj o = json_sub(submods, "container");
    c->container.is_present = true;
    c->container.image_reference = json_text(&o, "image_reference", false);
    c->container.image_digest = json_text(&o, "image_digest", false);
    c->container.image_id = json_text(&o, "image_id", false);
    c->container.restart_policy = json_text(&o, "restart_policy", false);
    TRY(read_list(&o, "args", &c->container.args));
    TRY(read_list(&o, "cmd_override", &c->container.cmd_override));
    TRY(read_pairs(&o, "env", &c->container.env));
    TRY(read_pairs(&o, "env_override", &c->container.env_override));
    TRY(read_signatures(&o, c));
    return json_obj_end_foreign(&o);
}

static status read_gce(struct json_obj *submods, struct cs_claims *c)
{
    if (!json_has(submods, "gce"))
        return OK;
    struct json_obj o = json_sub(submods, "gce");
    c->gce.is_present = true;
    c->gce.zone = json_text(&o, "zone", false);
    c->gce.project_id = json_text(&o, "project_id", false);
    c->gce.project_number = json_text(&o, "project_number", false);
    c->gce.instance_name = json_text(&o, "instance_name", false);
    c->gce.instance_id = json_text(&o, "instance_id", false);
    return json_obj_end_foreign(&o);
}

static status read_gpu(const json_t *node, struct cs_gpu *out)
{
    struct json_obj o = json_obj_of(node, "nvidia_gpu.gpus");
    out->hwmodel = json_text(&o, "hwmodel", false);
    out->driver_version = json_text(&o, "driver_version", false);
    out->vbios_version = json_text(&o, "vbios_version", false);
    out->ueid = json_text(&o, "ueid", false);
    return json_obj_end_foreign(&o);
}

static status read_gpus(struct json_obj *submods, struct cs_claims *c)
{
    if (!json_has(submods, "nvidia_gpu"))
        return OK;
    struct json_obj o = json_sub(submods, "nvidia_gpu");
    c->nvidia_gpu.is_present = true;
    c->nvidia_gpu.cc_mode = json_text(&o, "cc_mode", false);
    c->nvidia_gpu.cc_feature = json_text(&o, "cc_feature", false);
    const json_t *list = json_list(&o, "gpus", false, CS_GPUS_MAX);
    for (size_t i = 0; list != NULL && i < json_len(list); i++)
        TRY(read_gpu(json_at(list, i), &c->nvidia_gpu.gpus[c->nvidia_gpu.n_gpus++]));
    return json_obj_end_foreign(&o);
}

static status read_submods(struct json_obj *claims, struct cs_claims *c)
{
    if (!json_has(claims, "submods"))
        return OK;
    struct json_obj o = json_sub(claims, "submods");
    TRY(read_space(&o, c));
    TRY(read_container(&o, c));
    TRY(read_gce(&o, c));
    TRY(read_gpus(&o, c));
    return json_obj_end_foreign(&o);
}

status cs_claims_parse(const struct jwt_verified *token, struct cs_claims *out)
{
    *out = (struct cs_claims){0};
    TRY(status_context(json_parse(token->claims, CS_CLAIMS_MAX_BYTES, &out->doc_), "claims"));
    struct json_obj o = json_obj_of(json_root(out->doc_), "claims");
    TRY(read_top(&o, out));
    TRY(read_tdx(&o, out));
    TRY(read_submods(&o, out));
    return json_obj_end_foreign(&o);
}

void cs_claims_done(struct cs_claims *c)
{
    json_doc_freep(&c->doc_);
    *c = (struct cs_claims){0};
}

bool cs_list_has(const struct cs_list *l, struct bytes text)
{
    for (size_t i = 0; i < l->n; i++) {
        if (bytes_equal(l->v[i], text))
            return true;
    }
    return false;
}
