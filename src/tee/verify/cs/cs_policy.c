#include "tee/verify/cs/cs_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "formats/json.h"

enum { AGE_LIMIT_S = 24 * 3600, FUTURE_LIMIT_S = 3600, GPUS_MAX = 64 };

static bool copy(struct bytes v, char *out, size_t max)
{
    if (v.n == 0 || v.n > max || memchr(v.p, 0, v.n) != NULL)
        return false;
    memcpy(out, v.p, v.n);
    out[v.n] = 0;
    return true;
}

/* A text of its own, visible ASCII; empty when the key is absent. */
static void read_text(struct json_obj *o, const char *key, char *out, size_t max)
{
    struct bytes v = json_text(o, key, false);
    if (v.p != NULL && (!copy(v, out, max) || !text_is_visible(v)))
        json_error(o, ST_FORMAT, "\"%s\" is not 1..%zu visible ASCII characters", key, max);
}

static status make_texts(size_t n, struct cs_texts *out)
{
    out->is_given = true;
    out->v = calloc(n ? n : 1, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "policy texts");
    return OK;
}

static status read_texts(struct json_obj *o, const char *key, bool may_be_empty,
                         struct cs_texts *out)
{
    const json_t *list = json_list(o, key, false, CS_LIST_MAX);
    if (list == NULL)
        return OK;
    size_t n = json_len(list);
    REQUIRE(n > 0 || may_be_empty, ST_CONFIG, "%s.%s is empty: nothing would be accepted", o->path,
            key);
    TRY(make_texts(n, out));
    for (size_t i = 0; i < n; i++) {
        struct bytes v;
        REQUIRE(json_is_text(json_at(list, i), &v) && copy(v, out->v[i].value, CS_TEXT_MAX),
                ST_FORMAT, "%s.%s[%zu] is not a text of 1..%d bytes", o->path, key, i, CS_TEXT_MAX);
        out->n = i + 1;
    }
    return OK;
}

/* The default of a list that a policy does not give. */
static status default_text(const char *value, struct cs_texts *out)
{
    if (out->is_given)
        return OK;
    TRY(make_texts(1, out));
    (void)snprintf(out->v[0].value, sizeof(out->v[0].value), "%s", value);
    out->n = 1;
    return OK;
}

static status read_pair(struct bytes name, const json_t *value, bool may_be_any,
                        struct cs_text *out)
{
    struct bytes v = {0};
    REQUIRE(copy(name, out->name, CS_TEXT_MAX), ST_FORMAT, "a name is not 1..%d bytes",
            CS_TEXT_MAX);
    out->is_any = may_be_any && json_is_null(value);
    if (out->is_any || (json_is_text(value, &v) && v.n == 0))
        return OK;
    REQUIRE(v.p != NULL && copy(v, out->value, CS_TEXT_MAX), ST_FORMAT,
            "the value of %s is not a text of up to %d bytes", out->name, CS_TEXT_MAX);
    return OK;
}

static status read_pairs(struct json_obj *o, const char *key, bool may_be_any, struct cs_texts *out)
{
    void *it = NULL;
    struct bytes name;
    const json_t *value;
    const json_t *object = json_node(o, key, false);
    if (object == NULL)
        return OK;
    REQUIRE(json_is_object(object), ST_FORMAT, "%s.%s must be an object", o->path, key);
    TRY(make_texts(CS_LIST_MAX, out));
    while (json_member(object, &it, &name, &value)) {
        REQUIRE(out->n < CS_LIST_MAX, ST_LIMIT, "%s.%s holds more than %d names", o->path, key,
                CS_LIST_MAX);
        TRY(status_context(read_pair(name, value, may_be_any, &out->v[out->n]), "%s.%s", o->path,
                           key));
        out->n++;
    }
    return OK;
}

static status read_hashes(struct json_obj *o, const char *key, struct cs_hashes *out)
{
    const json_t *list = json_list(o, key, false, CS_LIST_MAX);
    if (list == NULL)
        return OK;
    size_t n = json_len(list);
    REQUIRE(n > 0, ST_CONFIG, "%s.%s is empty: nothing would be accepted", o->path, key);
    out->v = calloc(n, sizeof(*out->v));
    REQUIRE(out->v != NULL, ST_NOMEM, "policy digests");
    for (size_t i = 0; i < n; i++) {
        struct bytes v;
        REQUIRE(json_is_text(json_at(list, i), &v), ST_FORMAT, "%s.%s[%zu] is not a text", o->path,
                key, i);
        TRY(status_context(hex_decode(v, out->v[i], CS_HASH_LEN), "%s.%s[%zu]", o->path, key, i));
    }
    out->n = n;
    return OK;
}

/* "sha256:" and 64 digits in lower case: one text for each digest, so that texts are compared. */
static void read_digest(struct json_obj *o, const char *key, char *out)
{
    uint8_t digest[CS_HASH_LEN];
    char again[2 * CS_HASH_LEN + 1] = "";
    read_text(o, key, out, CS_DIGEST_TEXT_LEN);
    if (out[0] == 0)
        return;
    if (strncmp(out, "sha256:", 7) == 0 &&
        ok(hex_decode(bytes_str(out + 7), digest, sizeof(digest))))
        hex_encode(BYTES_OF(digest), again);
    if (again[0] == 0 || strcmp(again, out + 7) != 0)
        json_error(o, ST_FORMAT, "\"%s\" is not sha256: and 64 digits in lower case", key);
}

static status read_release(const json_t *node, const char *path, struct cs_release *out)
{
    struct json_obj o = json_obj_of(node, path);
    read_text(&o, "name", out->name, CS_NAME_MAX);
    read_digest(&o, "image_digest", out->image_digest);
    read_digest(&o, "image_id", out->image_id);
    read_text(&o, "image_reference", out->image_reference, CS_TEXT_MAX);
    TRY(read_hashes(&o, "signed_by", &out->signed_by));
    TRY(read_texts(&o, "args", true, &out->args));
    TRY(json_obj_end(&o));
    REQUIRE(out->name[0] != 0, ST_FORMAT, "%s: \"name\" is missing", path);
    REQUIRE(out->image_digest[0] != 0 || out->signed_by.n > 0, ST_CONFIG,
            "%s pins neither image_digest nor signed_by: any image would be accepted", path);
    return OK;
}

static status read_releases(struct json_obj *o, struct cs_policy *out)
{
    const json_t *list = json_list(o, "releases", true, CS_RELEASES_MAX);
    size_t n = list ? json_len(list) : 0;
    TRY(json_obj_end_foreign(o));
    REQUIRE(n > 0, ST_CONFIG, "%s.releases is empty: nothing would be accepted", o->path);
    out->releases = calloc(n, sizeof(*out->releases));
    REQUIRE(out->releases != NULL, ST_NOMEM, "policy releases");
    for (size_t i = 0; i < n; i++) {
        char at[JSON_PATH_MAX + 40];
        (void)snprintf(at, sizeof(at), "%s.releases[%zu]", o->path, i);
        out->n_releases = i + 1;
        TRY(read_release(json_at(list, i), at, &out->releases[i]));
        for (size_t k = 0; k < i; k++)
            REQUIRE(strcmp(out->releases[k].name, out->releases[i].name) != 0, ST_CONFIG,
                    "%s: the name %s is there twice", at, out->releases[i].name);
    }
    return OK;
}

static status read_token_types(struct json_obj *o, struct cs_policy *out)
{
    const json_t *list = json_list(o, "token_types", false, 2);
    out->accepts_oidc = out->accepts_pki = list == NULL;
    for (size_t i = 0; list != NULL && i < json_len(list); i++) {
        struct bytes v = {0};
        bool is_text = json_is_text(json_at(list, i), &v);
        REQUIRE(is_text && (bytes_equal(v, BYTES_LIT("OIDC")) || bytes_equal(v, BYTES_LIT("PKI"))),
                ST_FORMAT, "%s.token_types holds something else than OIDC or PKI", o->path);
        out->accepts_oidc |= bytes_equal(v, BYTES_LIT("OIDC"));
        out->accepts_pki |= bytes_equal(v, BYTES_LIT("PKI"));
    }
    REQUIRE(out->accepts_oidc || out->accepts_pki, ST_CONFIG,
            "%s.token_types is empty: nothing would be accepted", o->path);
    return OK;
}

static status read_gpu(struct json_obj *policy, struct cs_gpu_policy *out)
{
    if (!json_has(policy, "nvidia_gpu"))
        return OK;
    struct json_obj o = json_sub(policy, "nvidia_gpu");
    TRY(read_texts(&o, "hwmodels", false, &out->hwmodels));
    TRY(read_texts(&o, "vbios", false, &out->vbios));
    read_text(&o, "min_driver", out->min_driver, CS_NAME_MAX);
    out->count = json_int(&o, "count", false, 1, GPUS_MAX, 0);
    out->is_present = true;
    return json_obj_end(&o);
}

static void read_times(struct json_obj *o, struct cs_policy *out)
{
    out->has_max_age = json_has(o, "max_age_s");
    out->max_age_s = json_int(o, "max_age_s", false, 1, AGE_LIMIT_S, CS_DEFAULT_MAX_AGE_S);
    out->max_future_s =
        json_int(o, "max_future_s", false, 0, FUTURE_LIMIT_S, CS_DEFAULT_MAX_FUTURE_S);
    out->is_crl_required = json_bool(o, "crl_required", false, false);
}

static status read_machine(struct json_obj *o, struct cs_policy *out)
{
    TRY(read_texts(o, "hwmodels", false, &out->hwmodels));
    TRY(read_texts(o, "dbgstat", false, &out->dbgstat));
    TRY(read_texts(o, "support_attributes", true, &out->support_attributes));
    TRY(read_texts(o, "tdx_tcb_statuses", false, &out->tdx_tcb_statuses));
    TRY(default_text("disabled-since-boot", &out->dbgstat));
    TRY(default_text("STABLE", &out->support_attributes));
    TRY(default_text("UpToDate", &out->tdx_tcb_statuses));
    read_text(o, "min_swversion", out->min_swversion, CS_NAME_MAX);
    read_text(o, "min_tdx_tcb_date", out->min_tdx_tcb_date, CS_NAME_MAX);
    out->has_memory_monitoring = json_has(o, "memory_monitoring");
    out->memory_monitoring = json_bool(o, "memory_monitoring", false, false);
    return read_gpu(o, &out->gpu);
}

static status read_workload(struct json_obj *o, struct cs_policy *out)
{
    TRY(read_releases(o, out));
    TRY(read_hashes(o, "image_signers", &out->image_signers));
    TRY(read_pairs(o, "env", false, &out->env));
    TRY(read_pairs(o, "env_override", true, &out->env_override));
    TRY(read_texts(o, "cmd_override", true, &out->cmd_override));
    return read_texts(o, "restart_policies", false, &out->restart_policies);
}

static status read_place(struct json_obj *o, struct cs_policy *out)
{
    TRY(read_texts(o, "audiences", false, &out->audiences));
    TRY(read_texts(o, "projects", false, &out->projects));
    TRY(read_texts(o, "zones", false, &out->zones));
    TRY(read_texts(o, "instances", false, &out->instances));
    return read_texts(o, "service_accounts", false, &out->service_accounts);
}

/* A Shielded VM keeps no secret from its host. Nor does a token say that of itself: it names the
 * model, and the reader of the policy has to know it. */
static status check_whole(const struct json_obj *o, const struct cs_policy *p)
{
    REQUIRE(p->hwmodels.is_given, ST_CONFIG, "%s.hwmodels is missing: any machine would do",
            o->path);
    for (size_t i = 0; i < p->hwmodels.n; i++)
        REQUIRE(strcmp(p->hwmodels.v[i].value, "GCP_SHIELDED_VM") != 0, ST_CONFIG,
                "%s.hwmodels lists GCP_SHIELDED_VM, which is no confidential machine", o->path);
    REQUIRE(p->keys.n == 0 || p->accepts_oidc, ST_CONFIG,
            "%s.keys are of OIDC tokens, which token_types does not list", o->path);
    return OK;
}

status cs_policy_read(struct json_obj *policy, const char *key, struct cs_policy *out)
{
    *out = (struct cs_policy){0};
    if (!json_has(policy, key))
        return OK;
    struct json_obj o = json_sub(policy, key);
    TRY(json_obj_end_foreign(&o));
    TRY(read_token_types(&o, out));
    TRY(read_hashes(&o, "keys", &out->keys));
    read_times(&o, out);
    TRY(read_machine(&o, out));
    TRY(read_workload(&o, out));
    TRY(read_place(&o, out));
    TRY(json_obj_end(&o));
    TRY(check_whole(&o, out));
    out->is_present = true;
    return OK;
}

static void texts_done(struct cs_texts *t)
{
    free(t->v);
}

void cs_policy_done(struct cs_policy *p)
{
    struct cs_texts *const lists[] = {
        &p->audiences,    &p->hwmodels,
        &p->dbgstat,      &p->support_attributes,
        &p->env,          &p->env_override,
        &p->cmd_override, &p->restart_policies,
        &p->projects,     &p->zones,
        &p->instances,    &p->service_accounts,
        &p->gpu.hwmodels, &p->tdx_tcb_statuses,
        &p->gpu.vbios,
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        texts_done(lists[i]);
    for (size_t i = 0; i < p->n_releases; i++) {
        free(p->releases[i].signed_by.v);
        texts_done(&p->releases[i].args);
    }
    free(p->releases);
    free(p->keys.v);
    free(p->image_signers.v);
    *p = (struct cs_policy){0};
}
