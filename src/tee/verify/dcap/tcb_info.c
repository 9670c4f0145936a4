#include "tee/verify/dcap/tcb_info.h"

#include <stdio.h>

/* The JSON reader keeps the names that were asked for, so they live here. */
static const char *const COMPONENT_KEYS[PCK_COMPONENTS] = {
    "sgxtcbcomp01svn", "sgxtcbcomp02svn", "sgxtcbcomp03svn", "sgxtcbcomp04svn",
    "sgxtcbcomp05svn", "sgxtcbcomp06svn", "sgxtcbcomp07svn", "sgxtcbcomp08svn",
    "sgxtcbcomp09svn", "sgxtcbcomp10svn", "sgxtcbcomp11svn", "sgxtcbcomp12svn",
    "sgxtcbcomp13svn", "sgxtcbcomp14svn", "sgxtcbcomp15svn", "sgxtcbcomp16svn",
};

static uint8_t read_svn(struct json_obj *o, const char *key)
{
    return (uint8_t)json_int(o, key, true, 0, UINT8_MAX, 0);
}

static status read_component(const json_t *node, uint8_t *out)
{
    struct json_obj o = json_obj_of(node, "tcbInfo.tcbLevels.tcb.components");
    *out = read_svn(&o, "svn");
    (void)json_text(&o, "category", false); /* for people */
    (void)json_text(&o, "type", false);
    return json_obj_end(&o);
}

static status read_components(const json_t *list, uint8_t out[static PCK_COMPONENTS])
{
    REQUIRE(json_len(list) == PCK_COMPONENTS, ST_FORMAT, "tcbInfo: %zu components, not 16",
            json_len(list));
    for (size_t i = 0; i < PCK_COMPONENTS; i++)
        TRY(read_component(json_at(list, i), &out[i]));
    return OK;
}

static status read_tcb_2(struct json_obj *tcb, struct tcb_info_level *out)
{
    for (size_t i = 0; i < PCK_COMPONENTS; i++)
        out->sgx[i] = read_svn(tcb, COMPONENT_KEYS[i]);
    return json_obj_end(tcb);
}

static status read_tcb_3(struct json_obj *tcb, bool is_tdx, struct tcb_info_level *out)
{
    const json_t *sgx = json_list(tcb, "sgxtcbcomponents", true, PCK_COMPONENTS);
    const json_t *tdx = is_tdx ? json_list(tcb, "tdxtcbcomponents", true, PCK_COMPONENTS) : NULL;
    TRY(json_obj_end(tcb));
    TRY(read_components(sgx, out->sgx));
    return is_tdx ? read_components(tdx, out->tdx) : OK;
}

static status read_level(const json_t *node, const struct tcb_info *t, struct tcb_info_level *out)
{
    struct json_obj o = json_obj_of(node, "tcbInfo.tcbLevels");
    struct json_obj tcb = json_sub(&o, "tcb");
    out->word = tcb_status_read(&o);
    TRY(json_obj_end(&o));
    out->pcesvn = (uint16_t)json_int(&tcb, "pcesvn", true, 0, UINT16_MAX, 0);
    return t->version == 2 ? read_tcb_2(&tcb, out) : read_tcb_3(&tcb, t->tee == QUOTE_TDX, out);
}

static status read_levels(const json_t *list, struct tcb_info *t)
{
    REQUIRE(json_len(list) > 0, ST_FORMAT, "tcbInfo.tcbLevels is empty");
    for (size_t i = 0; i < json_len(list); i++)
        TRY(read_level(json_at(list, i), t, &t->levels[i]));
    t->n_levels = json_len(list);
    return OK;
}

/* ---- TDX modules ---- */

static void read_identity(struct json_obj *o, struct tcb_info_module *out)
{
    (void)json_hex(o, "mrsigner", true, out->mrsigner, sizeof(out->mrsigner));
    (void)json_hex(o, "attributes", true, out->attributes, sizeof(out->attributes));
    (void)json_hex(o, "attributesMask", true, out->mask, sizeof(out->mask));
}

static status read_module_level(const json_t *node, struct tcb_info_module_level *out)
{
    struct json_obj o = json_obj_of(node, "tcbInfo.tdxModuleIdentities.tcbLevels");
    struct json_obj tcb = json_sub(&o, "tcb");
    out->word = tcb_status_read_part(&o);
    TRY(json_obj_end(&o));
    out->isvsvn = read_svn(&tcb, "isvsvn");
    return json_obj_end(&tcb);
}

static status read_module(const json_t *node, struct tcb_info_module *out)
{
    struct json_obj o = json_obj_of(node, "tcbInfo.tdxModuleIdentities");
    out->id = json_text(&o, "id", true);
    read_identity(&o, out);
    const json_t *levels = json_list(&o, "tcbLevels", true, TCB_INFO_MODULE_LEVELS_MAX);
    TRY(json_obj_end(&o));
    REQUIRE(out->id.n > 0 && out->id.n <= TCB_INFO_MODULE_ID_MAX, ST_FORMAT,
            "tcbInfo: a TDX module's id of %zu characters", out->id.n);
    for (size_t i = 0; i < json_len(levels); i++)
        TRY(read_module_level(json_at(levels, i), &out->levels[i]));
    out->n_levels = json_len(levels);
    return OK;
}

static status read_modules(const json_t *list, struct tcb_info *t)
{
    for (size_t i = 0; i < json_len(list); i++) {
        TRY(read_module(json_at(list, i), &t->modules[i]));
        for (size_t k = 0; k < i; k++)
            REQUIRE(!bytes_equal(t->modules[k].id, t->modules[i].id), ST_FORMAT,
                    "tcbInfo: a TDX module's identity is there twice");
    }
    t->n_modules = json_len(list);
    return OK;
}

static status read_tdx(struct json_obj *o, const json_t **out_modules, struct tcb_info *t)
{
    struct json_obj module = json_sub(o, "tdxModule");
    read_identity(&module, &t->module);
    *out_modules = json_list(o, "tdxModuleIdentities", false, TCB_INFO_MODULES_MAX);
    return json_obj_end(&module);
}

/* ---- head ---- */

static status read_kind(struct json_obj *o, struct tcb_info *t)
{
    t->version = (unsigned)json_int(o, "version", true, 0, UINT16_MAX, 0);
    struct bytes id = json_text(o, "id", t->version != 2);
    TRY(json_obj_end_foreign(o));
    REQUIRE(t->version == 2 || t->version == 3, ST_UNSUPPORTED, "tcbInfo of version %u: not 2 or 3",
            t->version);
    bool is_sgx = bytes_equal(id, BYTES_LIT("SGX")) || (t->version == 2 && id.p == NULL);
    bool is_tdx = t->version == 3 && bytes_equal(id, BYTES_LIT("TDX"));
    REQUIRE(is_sgx || is_tdx, ST_UNSUPPORTED, "tcbInfo of an unknown id");
    t->tee = is_tdx ? QUOTE_TDX : QUOTE_SGX;
    return OK;
}

static status read_head(struct json_obj *o, struct tcb_info *t)
{
    t->issue_unix_s = tcb_status_read_time(o, "issueDate", &t->issue_text);
    t->next_unix_s = tcb_status_read_time(o, "nextUpdate", &t->next_text);
    (void)json_hex(o, "fmspc", true, t->fmspc, sizeof(t->fmspc));
    (void)json_hex(o, "pceId", true, t->pceid, sizeof(t->pceid));
    int64_t type = json_int(o, "tcbType", true, 0, UINT16_MAX, 0);
    t->evaluation = (uint32_t)json_int(o, "tcbEvaluationDataNumber", true, 0, UINT32_MAX, 0);
    TRY(json_obj_end_foreign(o));
    REQUIRE(type == 0, ST_UNSUPPORTED, "tcbInfo of tcbType %d", (int)type);
    REQUIRE(t->issue_unix_s < t->next_unix_s, ST_FORMAT, "tcbInfo: nextUpdate before issueDate");
    return OK;
}

static status read_all(struct tcb_info *t)
{
    const json_t *modules = NULL;
    struct json_obj o = json_obj_of(json_root(t->doc), "tcbInfo");
    TRY(read_kind(&o, t));
    TRY(read_head(&o, t));
    if (t->tee == QUOTE_TDX)
        TRY(read_tdx(&o, &modules, t));
    const json_t *levels = json_list(&o, "tcbLevels", true, TCB_INFO_LEVELS_MAX);
    TRY(json_obj_end(&o));
    TRY(read_modules(modules, t));
    return read_levels(levels, t);
}

status tcb_info_parse(struct bytes json, struct tcb_info *out)
{
    *out = (struct tcb_info){0};
    TRY(json_parse(json, TCB_INFO_MAX_BYTES, &out->doc));
    status s = read_all(out);
    if (failed(s))
        tcb_info_done(out);
    return s;
}

void tcb_info_done(struct tcb_info *t)
{
    json_doc_freep(&t->doc);
    *t = (struct tcb_info){0};
}
