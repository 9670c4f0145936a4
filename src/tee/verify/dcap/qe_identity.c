#include "tee/verify/dcap/qe_identity.h"

static status read_level(const json_t *node, struct qe_identity_level *out)
{
    struct json_obj o = json_obj_of(node, "enclaveIdentity.tcbLevels");
    struct json_obj tcb = json_sub(&o, "tcb");
    out->word = tcb_status_read_part(&o);
    TRY(json_obj_end(&o));
    out->isvsvn = (uint16_t)json_int(&tcb, "isvsvn", true, 0, UINT16_MAX, 0);
    return json_obj_end(&tcb);
}

static status read_kind(struct json_obj *o, struct qe_identity *q)
{
    struct bytes id = json_text(o, "id", true);
    q->version = (unsigned)json_int(o, "version", true, 0, UINT16_MAX, 0);
    TRY(json_obj_end_foreign(o));
    REQUIRE(q->version == 2, ST_UNSUPPORTED, "enclaveIdentity of version %u: not 2", q->version);
    bool is_tdx = bytes_equal(id, BYTES_LIT("TD_QE"));
    REQUIRE(is_tdx || bytes_equal(id, BYTES_LIT("QE")), ST_UNSUPPORTED,
            "enclaveIdentity of an id other than QE and TD_QE");
    q->tee = is_tdx ? QUOTE_TDX : QUOTE_SGX;
    return OK;
}

static void read_head(struct json_obj *o, struct qe_identity *q)
{
    q->issue_unix_s = tcb_status_read_time(o, "issueDate", &q->issue_text);
    q->next_unix_s = tcb_status_read_time(o, "nextUpdate", &q->next_text);
    q->evaluation = (uint32_t)json_int(o, "tcbEvaluationDataNumber", true, 0, UINT32_MAX, 0);
    (void)json_hex(o, "miscselect", true, q->miscselect, sizeof(q->miscselect));
    (void)json_hex(o, "miscselectMask", true, q->miscselect_mask, sizeof(q->miscselect_mask));
    (void)json_hex(o, "attributes", true, q->attributes, sizeof(q->attributes));
    (void)json_hex(o, "attributesMask", true, q->attributes_mask, sizeof(q->attributes_mask));
    (void)json_hex(o, "mrsigner", true, q->mrsigner, sizeof(q->mrsigner));
    q->isvprodid = (uint16_t)json_int(o, "isvprodid", true, 0, UINT16_MAX, 0);
}

static status read_all(struct qe_identity *q)
{
    struct json_obj o = json_obj_of(json_root(q->doc), "enclaveIdentity");
    TRY(read_kind(&o, q));
    read_head(&o, q);
    const json_t *levels = json_list(&o, "tcbLevels", true, QE_IDENTITY_LEVELS_MAX);
    TRY(json_obj_end(&o));
    REQUIRE(q->issue_unix_s < q->next_unix_s, ST_FORMAT,
            "enclaveIdentity: nextUpdate before issueDate");
    REQUIRE(json_len(levels) > 0, ST_FORMAT, "enclaveIdentity.tcbLevels is empty");
    for (size_t i = 0; i < json_len(levels); i++)
        TRY(read_level(json_at(levels, i), &q->levels[i]));
    q->n_levels = json_len(levels);
    return OK;
}

status qe_identity_parse(struct bytes json, struct qe_identity *out)
{
    *out = (struct qe_identity){0};
    TRY(json_parse(json, QE_IDENTITY_MAX_BYTES, &out->doc));
    status s = read_all(out);
    if (failed(s))
        qe_identity_done(out);
    return s;
}

void qe_identity_done(struct qe_identity *q)
{
    json_doc_freep(&q->doc);
    *q = (struct qe_identity){0};
}

static bool is_equal_masked(const uint8_t *got, const uint8_t *want, const uint8_t *mask, size_t n)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < n; i++)
        difference |= (uint8_t)((got[i] & mask[i]) ^ want[i]);
    return difference == 0;
}

status qe_identity_check(const struct qe_identity *q, const struct quote_enclave *qe)
{
    uint8_t miscselect[4];
    for (unsigned i = 0; i < sizeof(miscselect); i++)
        miscselect[i] = (uint8_t)(qe->miscselect >> (8 * i));
    REQUIRE(bytes_equal(qe->mrsigner, BYTES_OF(q->mrsigner)), ST_MISMATCH,
            "the quoting enclave's MRSIGNER is another");
    REQUIRE(qe->isvprodid == q->isvprodid, ST_MISMATCH,
            "the quoting enclave's ISVPRODID is %u, not %u", qe->isvprodid, q->isvprodid);
    REQUIRE(is_equal_masked(miscselect, q->miscselect, q->miscselect_mask, sizeof(miscselect)),
            ST_MISMATCH, "the quoting enclave's MISCSELECT is another");
    REQUIRE(
        is_equal_masked(qe->attributes.p, q->attributes, q->attributes_mask, sizeof(q->attributes)),
        ST_MISMATCH, "the quoting enclave's ATTRIBUTES are others");
    return OK;
}

const struct qe_identity_level *qe_identity_level(const struct qe_identity *q, uint16_t isvsvn)
{
    for (size_t i = 0; i < q->n_levels; i++) {
        if (q->levels[i].isvsvn <= isvsvn)
            return &q->levels[i];
    }
    return NULL;
}
