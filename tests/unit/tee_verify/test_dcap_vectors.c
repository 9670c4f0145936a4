/* Real quotes and collateral of vectors/intel-dcap: each file of quotes/ and root/ gives the
 * verdict of the folder's README at its time, and every field equals its *.expected.json. The other
 * folder, intel-sample-sgx, is in test_dcap_sample.c, because it has a root of its own. */
/* First: jansson's macros have the names of some functions of formats/json.h. */
#include "tee/verify/dcap/dcap_job.h"

#include "sample_sgx.h"
#include "support/vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/der.h"
#include "crypto/x509.h"
#include "tee/verify/dcap/dcap_root.h"

#define FOLDER "intel-dcap/quotes/"

struct row {
    const char *quote;
    const char *collateral; /* NULL: none is given */
    int64_t at_unix_s;
    const char *policy_extra; /* of the policy that pins this very quote; NULL: no policy */
    enum verdict verdict;
    const char *id, *code; /* first failure; NULL none */
};

enum {
    IN_2023 = 1687651200,    /* 2023-06-25 */
    IN_2025 = 1750809600,    /* 2025-06-25 */
    LATE_2025 = 1752969600,  /* 2025-07-20, a day after that collateral */
    EARLY_2025 = 1750291200, /* 2025-06-19T00:00, hours before it */
    IN_2026 = 1770681600,    /* 2026-02-10 */
    LATER_2026 = 1771977600, /* 2026-02-25 */
};

#define SGX_ACCEPTING                                                     \
    ",\"statuses\":[\"UpToDate\",\"ConfigurationAndSWHardeningNeeded\"]," \
    "\"advisories\":[\"INTEL-SA-00289\",\"INTEL-SA-00615\"]"
#define SGX_ONE_ADVISORY                                                  \
    ",\"statuses\":[\"UpToDate\",\"ConfigurationAndSWHardeningNeeded\"]," \
    "\"advisories\":[\"INTEL-SA-00289\"]"

static const struct row ROWS[] = {
    {"tdx-v4-uptodate", "tdx-v4-uptodate", IN_2025, "", VERDICT_ACCEPT, NULL, NULL},
    {"tdx-v4-uptodate", "tdx-v4-uptodate", IN_2025, NULL, VERDICT_INCOMPLETE, NULL, NULL},
    {"tdx-v4-uptodate", NULL, IN_2025, "", VERDICT_INCOMPLETE, NULL, NULL},
    {"tdx-v4-uptodate", "tdx-v4-uptodate", LATE_2025, "", VERDICT_REJECT, "tcb_info.time",
     "DCAP_TCB_INFO_EXPIRED"},
    {"tdx-v4-uptodate", "tdx-v4-uptodate", EARLY_2025, "", VERDICT_REJECT, "tcb_info.time",
     "DCAP_TCB_INFO_NOT_YET"},
    {"tdx-v4-uptodate", "tdx-v5-no-tcb-level", LATER_2026, "", VERDICT_REJECT, "tcb_info.platform",
     "DCAP_FMSPC_MISMATCH"},
    {"sgx-v3", "sgx-v3", IN_2025, "", VERDICT_REJECT, "tcb.status", "DCAP_TCB_STATUS_REFUSED"},
    {"sgx-v3", "sgx-v3", IN_2025, SGX_ACCEPTING, VERDICT_ACCEPT, NULL, NULL},
    {"sgx-v3", "sgx-v3", IN_2025, SGX_ONE_ADVISORY, VERDICT_REJECT, "tcb.advisories",
     "DCAP_ADVISORY_REFUSED"},
    {"tdx-v5-no-tcb-level", "tdx-v5-no-tcb-level", LATER_2026, "", VERDICT_REJECT, "tcb.level",
     "DCAP_TCB_NO_LEVEL"},
    {"tdx-v4-spr-e4", "tdx-v4-spr-e4", IN_2023, "", VERDICT_REJECT, "td.attributes",
     "TDX_SEPT_VE_ENABLED"},
    {"tdx-v5-google", "tdx-v5-no-tcb-level", LATER_2026, "", VERDICT_ACCEPT, NULL, NULL},
    {"tdx-v5-google", "tdx-v5-google", IN_2026, "", VERDICT_REJECT, "tcb_info.chain",
     "DCAP_TCB_INFO_CHAIN_EXPIRED"},
    {"tdx-v5-google", "tdx-v5-google", IN_2023, "", VERDICT_REJECT, "pck.time",
     "DCAP_PCK_TIME_INVALID"},
    {"tdx-v5-google", NULL, IN_2026, "", VERDICT_INCOMPLETE, NULL, NULL},
    {"tdx-v4-dstack", NULL, IN_2025, "", VERDICT_INCOMPLETE, NULL, NULL},
    {"tdx-v4-dstack", "tdx-v4-uptodate", IN_2025, "", VERDICT_REJECT, "tcb.level",
     "DCAP_TCB_NO_LEVEL"},
    {"tdx-v4-cos113", NULL, IN_2025, "", VERDICT_INCOMPLETE, NULL, NULL},
    {"tdx-v5-coco", NULL, IN_2025, NULL, VERDICT_INCOMPLETE, NULL, NULL},
    {"sgx-v3-occlum", NULL, IN_2025, "", VERDICT_REJECT, "enclave.debug", "SGX_DEBUG"},
    {"synthetic-unsigned-tdx-v4", NULL, IN_2025, NULL, VERDICT_REJECT, "quote.certification",
     "DCAP_CERTIFICATION_MALFORMED"},
};

static struct buf read_vector(const char *stem, const char *suffix)
{
    char name[128];
    (void)snprintf(name, sizeof(name), FOLDER "%.60s%s", stem, suffix);
    return test_vector(name);
}

static enum evidence_type type_of(const char *stem)
{
    return strncmp(stem, "sgx", 3) == 0 ? EVIDENCE_SGX : EVIDENCE_TDX;
}

static void put_pin(struct buf *out, const char *name, struct bytes v)
{
    buf_printf(out, ",\"%s\":\"", name);
    hex_put(out, v);
    buf_put_str(out, "\"");
}

/* A policy that pins what this quote measures. */
static struct evidence_policy *policy_of(struct bytes quote, const char *extra)
{
    struct evidence_policy *p = NULL;
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
    struct quote q;
    if (extra == NULL)
        return NULL;
    assert_ok(quote_parse(quote, &q));
    buf_printf(&text, "{\"version\":1,\"%s\":{\"releases\":[{\"name\":\"r1\"",
               q.tee == QUOTE_TDX ? "tdx" : "sgx");
    if (q.tee == QUOTE_SGX) {
        put_pin(&text, "mrenclave", q.enclave.mrenclave);
    } else {
        put_pin(&text, "mrtd", q.td.mrtd);
        put_pin(&text, "rtmr0", q.td.rtmr[0]);
        put_pin(&text, "rtmr1", q.td.rtmr[1]);
        put_pin(&text, "rtmr2", q.td.rtmr[2]);
        put_pin(&text, "rtmr3", q.td.rtmr[3]);
    }
    buf_printf(&text, "}]%s}}", extra);
    assert_ok(evidence_policy_parse(buf_view(&text), &p));
    return p;
}

struct outcome {
    struct checks checks;
    struct evidence_claimed claimed;
    status s;
};

static void judge(const struct row *row, struct outcome *o)
{
    struct buf quote CLEANUP(buf_done) = read_vector(row->quote, ".quote");
    struct buf collateral CLEANUP(buf_done) =
        row->collateral ? read_vector(row->collateral, ".collateral.json") : BUF_MAX(1);
    struct bytes exact = test_exact(buf_view(&quote));
    struct bytes exact_collateral = test_exact(buf_view(&collateral));
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) =
        policy_of(exact, row->policy_extra);
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = row->at_unix_s};
    if (row->collateral != NULL)
        expect.beside.collateral = exact_collateral;
    *o = (struct outcome){0};
    o->s = evidence_verify(exact, type_of(row->quote), policy, &expect, &o->checks, &o->claimed,
                           &verified);
    test_exact_free(exact);
    test_exact_free(exact_collateral);
}

static bool passed(const struct checks *c, const char *id)
{
    const struct check *found = checks_find(c, id);
    return found != NULL && found->result == CHECK_PASS;
}

static void verdicts(void **state)
{
    (void)state;
    static struct outcome o;
    test_vectors_or_skip(FOLDER);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct row *row = &ROWS[i];
        judge(row, &o);
        const struct check *first = checks_first_failure(&o.checks);
        if (checks_verdict(&o.checks) != row->verdict)
            fail_msg("%s with %s: %s (%s: %s)", row->quote,
                     row->collateral ? row->collateral : "nothing",
                     verdict_name(checks_verdict(&o.checks)), first ? first->id : "",
                     first ? first->reason : "");
        assert_true(ok(o.s) == (row->verdict == VERDICT_ACCEPT));
        if (row->id == NULL) {
            assert_null(first);
            continue;
        }
        assert_non_null(first);
        assert_string_equal(first->id, row->id);
        assert_string_equal(first->code, row->code);
    }
    print_message("%zu verdicts over quotes and collateral\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

/* ---- *.expected.json: the quote's fields ---- */

static unsigned n_fields;

static void same(const char *file, const char *field, const char *got, const char *want)
{
    n_fields++;
    if (got == NULL || strcmp(got, want) != 0)
        fail_msg("%s: %s is %s, not %s", file, field, got ? got : "absent", want);
}

static void same_number(const char *file, const char *field, const char *got, int64_t want)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)want);
    same(file, field, got, text);
}

/* [5, 1, 2, ...] to hexadecimal */
static void same_numbers(const char *file, const char *field, const char *got, const json_t *want)
{
    char text[2 * 16 + 1];
    assert_int_equal(json_array_size(want), 16);
    for (size_t i = 0; i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x",
                       (unsigned)json_integer_value(json_array_get(want, i)));
    same(file, field, got, text);
}

/* "2024-08-02T11:15:37+00:00" to "2024-08-02T11:15:37Z" */
static void same_time(const char *file, const char *field, const char *got, const json_t *want)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.19sZ", json_string_value(want));
    same(file, field, got, text);
}

static const struct {
    const char *key, *fact;
} TEXTS[] =
    {
        {"mrseam", "mrseam"},
        {"mrsignerseam", "mrsignerseam"},
        {"seamattr", "seam_attributes"},
        {"tdattr", "td_attributes"},
        {"xfam", "xfam"},
        {"mrtd", "mrtd"},
        {"mrconfig", "mrconfigid"},
        {"reportdata", "report_data"},
        {"mrservicetd", "mrservicetd"},
        {"mrenclave", "mrenclave"},
        {"mrsigner", "mrsigner"},
        {"attr", "attributes"},
        {"fmspc", "fmspc"},
        {"pck_cpusvn", "pck_cpusvn"},
},
  NUMBERS[] =
      {
          {"ver", "quote_version"},
          {"btype", "body_type"},
          {"pck_pcesvn", "pck_pcesvn"},
          {"trailing_bytes", "trailing_bytes"},
},
  SVNS[] =
      {
          {"tcbsvn", "tee_tcb_svn"},
          {"tcbsvn2", "tee_tcb_svn2"},
},
  CHECKS[] = {
      {"quote_sig", "quote.signature"},
      {"qe_rd", "qe.binding"},
      {"qe_sig", "qe.signature"},
      {"pck_chain", "pck.chain"},
};

#define N_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *text_fact(const char *key)
{
    for (size_t i = 0; i < N_OF(TEXTS); i++) {
        if (strcmp(TEXTS[i].key, key) == 0)
            return TEXTS[i].fact;
    }
    return NULL;
}

static const char *number_fact(const char *key)
{
    for (size_t i = 0; i < N_OF(NUMBERS); i++) {
        if (strcmp(NUMBERS[i].key, key) == 0)
            return NUMBERS[i].fact;
    }
    return NULL;
}

static const char *svn_fact(const char *key)
{
    for (size_t i = 0; i < N_OF(SVNS); i++) {
        if (strcmp(SVNS[i].key, key) == 0)
            return SVNS[i].fact;
    }
    return NULL;
}

static void same_checks(const char *file, const struct checks *c, const json_t *want)
{
    assert_int_equal(json_object_size(want), N_OF(CHECKS));
    for (size_t i = 0; i < N_OF(CHECKS); i++) {
        n_fields++;
        if (json_is_true(json_object_get(want, CHECKS[i].key)) != passed(c, CHECKS[i].fact))
            fail_msg("%s: check %s", file, CHECKS[i].fact);
    }
}

static void same_rtmrs(const char *file, const struct evidence_facts *f, const json_t *want)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    for (size_t i = 0; i < N_OF(names); i++)
        same(file, names[i], evidence_facts_find(f, names[i]),
             json_string_value(json_array_get(want, i)));
}

static void compare_collateral(const char *file, const char *stem, const json_t *want);

/* Every key must be known here: a field that nobody compares fails the test. */
static void compare_key(const char *file, const char *stem, const struct outcome *o,
                        const char *key, const json_t *want)
{
    const struct evidence_facts *f = &o->claimed.facts;
    if (text_fact(key) != NULL)
        same(file, key, evidence_facts_find(f, text_fact(key)), json_string_value(want));
    else if (number_fact(key) != NULL)
        same_number(file, key, evidence_facts_find(f, number_fact(key)), json_integer_value(want));
    else if (svn_fact(key) != NULL)
        same_numbers(file, key, evidence_facts_find(f, svn_fact(key)), want);
    else if (strcmp(key, "tee") == 0)
        same(file, key, evidence_facts_find(f, "tee"),
             json_integer_value(want) == QUOTE_TDX ? "tdx" : "sgx");
    else if (strcmp(key, "rtmr") == 0)
        same_rtmrs(file, f, want);
    else if (strcmp(key, "checks") == 0)
        same_checks(file, &o->checks, want);
    else if (strcmp(key, "collateral") == 0)
        compare_collateral(file, stem, want);
    else if (strcmp(key, "pck_window") == 0) {
        same_time(file, key, evidence_facts_find(f, "pck_not_before"), json_array_get(want, 0));
        same_time(file, key, evidence_facts_find(f, "pck_not_after"), json_array_get(want, 1));
    } else {
        fail_msg("%s: nobody compares %s", file, key);
    }
}

/* ---- *.expected.json: the collateral's fields, read without a clock ---- */

struct tables {
    struct buf quote, json;
    struct quote q;
    struct quote_certification c;
    struct cert_list certs;
    struct pck pck;
    struct collateral collateral;
    struct tcb_info tcb;
    struct qe_identity qe;
};

static void tables_open(struct tables *t, const char *stem)
{
    t->quote = read_vector(stem, ".quote");
    t->json = read_vector(stem, ".collateral.json");
    assert_ok(quote_parse(buf_view(&t->quote), &t->q));
    assert_ok(quote_read_certification(&t->q, &t->c));
    assert_ok(cert_list_read(t->c.pem, &t->certs));
    assert_ok(pck_read(t->certs.der[0], &t->pck));
    assert_ok(collateral_parse(buf_view(&t->json), &t->collateral));
    assert_ok(tcb_info_parse(t->collateral.tcb_info, &t->tcb));
    assert_ok(qe_identity_parse(t->collateral.qe_identity, &t->qe));
}

static void tables_done(struct tables *t)
{
    qe_identity_done(&t->qe);
    tcb_info_done(&t->tcb);
    collateral_done(&t->collateral);
    cert_list_done(&t->certs);
    buf_done(&t->json);
    buf_done(&t->quote);
}

static bool holds(const struct cert_list *chain, struct bytes text, const uint8_t *sig)
{
    struct bytes spki;
    return ok(x509_spki(chain->der[0], &spki)) &&
           ok(dcap_proof_signature(spki, text, bytes_of(sig, COLLATERAL_SIG_LEN), NULL));
}

static void same_text(const char *file, const char *field, struct bytes got, const json_t *want)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%.*s", (int)got.n, (const char *)got.p);
    same(file, field, text, json_string_value(want));
}

static void same_flag(const char *file, const char *field, bool got, const json_t *want)
{
    same(file, field, got ? "true" : "false", json_is_true(want) ? "true" : "false");
}

static void same_unix(const char *file, const char *field, int64_t got, const json_t *want)
{
    char text[CLOCK_TEXT_LEN];
    clock_text(got, text);
    same_time(file, field, text, want);
}

static void same_tcb(const char *file, const struct tables *t, const json_t *want)
{
    char number[16];
    uint8_t fmspc[6];
    (void)snprintf(number, sizeof(number), "%u", t->tcb.version);
    same_number(file, "tcb[0]", number, json_integer_value(json_array_get(want, 0)));
    same(file, "tcb[1]", t->tcb.tee == QUOTE_TDX ? "TDX" : "SGX",
         json_string_value(json_array_get(want, 1)));
    assert_ok(hex_decode(bytes_str(json_string_value(json_array_get(want, 2))), fmspc, 6));
    assert_memory_equal(fmspc, t->tcb.fmspc, sizeof(fmspc));
    same_text(file, "tcb[3]", t->tcb.issue_text, json_array_get(want, 3));
    same_text(file, "tcb[4]", t->tcb.next_text, json_array_get(want, 4));
    (void)snprintf(number, sizeof(number), "%u", (unsigned)t->tcb.evaluation);
    same_number(file, "tcb[5]", number, json_integer_value(json_array_get(want, 5)));
}

static void same_qe(const char *file, const struct tables *t, const json_t *want)
{
    same(file, "qe[0]", t->qe.tee == QUOTE_TDX ? "TD_QE" : "QE",
         json_string_value(json_array_get(want, 0)));
    same_text(file, "qe[1]", t->qe.issue_text, json_array_get(want, 1));
    same_text(file, "qe[2]", t->qe.next_text, json_array_get(want, 2));
}

static void same_advisories(const char *file, const json_t *got, const json_t *want)
{
    n_fields++;
    if (json_array_size(got) == 0 && json_array_size(want) == 0)
        return;
    if (!json_equal(got, want))
        fail_msg("%s: advisories differ", file);
}

static void same_level(const char *file, const struct tables *t, const json_t *want)
{
    const struct quote_td *td = t->q.tee == QUOTE_TDX ? &t->q.td : NULL;
    const struct tcb_info_level *level = tcb_match_level(&t->tcb, &t->pck, td);
    n_fields++;
    if (json_is_null(want)) {
        assert_null(level);
        return;
    }
    assert_non_null(level);
    same(file, "tcbstatus", tcb_status_name(level->word.status),
         json_string_value(json_array_get(want, 0)));
    same_advisories(file, level->word.advisories, json_array_get(want, 1));
    same_text(file, "tcbstatus date", level->word.date, json_array_get(want, 2));
}

static void same_module(const char *file, const struct tables *t, const json_t *want)
{
    char id[8];
    const struct tcb_info_module *m = tcb_match_module(&t->tcb, &t->q.td);
    (void)snprintf(id, sizeof(id), "TDX_%02X", t->q.td.tee_tcb_svn.p[1]);
    same(file, "module[0]", id, json_string_value(json_array_get(want, 0)));
    if (json_array_size(want) == 1) {
        assert_false(tcb_match_has_module_levels(&t->q.td));
        return;
    }
    assert_non_null(m);
    const struct tcb_info_module_level *level = tcb_match_module_level(m, &t->q.td);
    assert_non_null(level);
    same(file, "module[1]", tcb_status_name(level->word.status),
         json_string_value(json_array_get(want, 1)));
    same_advisories(file, level->word.advisories, json_array_get(want, 2));
    same_flag(file, "module[3]", ok(tcb_match_check_module(m, &t->q.td)), json_array_get(want, 3));
}

static void same_qe_identity(const char *file, const struct tables *t, const json_t *want)
{
    const struct qe_identity_level *level = qe_identity_level(&t->qe, t->c.qe.isvsvn);
    bool matches = ok(qe_identity_check(&t->qe, &t->c.qe));
    char svn[16];
    same_flag(file, "qeid.mrsigner", matches, json_object_get(want, "mrsigner"));
    same_flag(file, "qeid.prodid", matches, json_object_get(want, "prodid"));
    same_flag(file, "qeid.misc", matches, json_object_get(want, "misc"));
    same_flag(file, "qeid.attr", matches, json_object_get(want, "attr"));
    (void)snprintf(svn, sizeof(svn), "%u", t->c.qe.isvsvn);
    same_number(file, "qeid.svn", svn, json_integer_value(json_object_get(want, "svn")));
    assert_non_null(level);
    same(file, "qeid.status", tcb_status_name(level->word.status),
         json_string_value(json_object_get(want, "status")));
}

/* [holds, certificates, not before, not after], of the leaf */
static void same_chain(const char *file, const struct cert_list *chain, const json_t *want)
{
    int64_t from = 0, to = 0;
    struct dcap_proof proof;
    assert_ok(x509_validity(chain->der[0], &from, &to));
    assert_bytes_equal(chain->der[chain->n - 1], dcap_root());
    dcap_proof_chain(chain->der, chain->n, from + 1, NULL, &proof);
    same_flag(file, "chain[0]", proof.is_proven, json_array_get(want, 0));
    assert_int_equal(chain->n, json_integer_value(json_array_get(want, 1)));
    same_unix(file, "chain[2]", from, json_array_get(want, 2));
    same_unix(file, "chain[3]", to, json_array_get(want, 3));
}

/* A Name as RFC 4514 writes it: the last comes first. */
static void name_text(struct bytes name, char *out, size_t cap)
{
    static const struct {
        uint8_t arc;
        const char *key;
    } keys[] = {{3, "CN"}, {6, "C"}, {7, "L"}, {8, "ST"}, {10, "O"}};
    struct der_item item, set, pair, oid, value;
    struct rd r = rd_over(name);
    assert_ok(der_expect(&r, DER_SEQUENCE, &item));
    out[0] = 0;
    for (struct rd rdns = rd_over(item.content); rd_left(&rdns) > 0;) {
        char before[128];
        assert_ok(der_expect(&rdns, DER_SET, &set));
        struct rd in_set = rd_over(set.content);
        assert_ok(der_expect(&in_set, DER_SEQUENCE, &pair));
        struct rd in_pair = rd_over(pair.content);
        assert_ok(der_expect(&in_pair, DER_OID, &oid));
        assert_ok(der_next(&in_pair, &value));
        (void)snprintf(before, sizeof(before), "%.100s", out);
        for (size_t i = 0; i < N_OF(keys); i++) {
            if (keys[i].arc == oid.content.p[2])
                (void)snprintf(out, cap, "%s=%.*s%s%s", keys[i].key, (int)value.content.n,
                               (const char *)value.content.p, before[0] ? "," : "", before);
        }
    }
}

/* [issuer's first 40 characters, this update, next update, entries, holds] */
static void same_crl(const char *file, const struct buf *der, struct bytes issuer,
                     const json_t *want)
{
    struct x509_crl crl;
    char name[256], number[16];
    size_t n_entries = 0;
    assert_ok(x509_read_crl(buf_view(der), &crl));
    name_text(crl.issuer, name, sizeof(name));
    name[40] = 0;
    same(file, "crl[0]", name, json_string_value(json_array_get(want, 0)));
    same_unix(file, "crl[1]", crl.this_update_unix_s, json_array_get(want, 1));
    same_unix(file, "crl[2]", crl.next_update_unix_s, json_array_get(want, 2));
    for (struct rd r = rd_over(crl.revoked); rd_left(&r) > 0; n_entries++) {
        struct der_item item;
        assert_ok(der_expect(&r, DER_SEQUENCE, &item));
    }
    (void)snprintf(number, sizeof(number), "%zu", n_entries);
    same_number(file, "crl[3]", number, json_integer_value(json_array_get(want, 3)));
    bool is_good = ok(dcap_proof_crl(buf_view(der), issuer, crl.this_update_unix_s, NULL, &crl));
    same_flag(file, "crl[4]", is_good, json_array_get(want, 4));
}

static void compare_collateral_key(const char *file, const struct tables *t, const char *key,
                                   const json_t *want)
{
    const struct collateral *c = &t->collateral;
    if (strcmp(key, "tcbsig") == 0)
        same_flag(file, key, holds(&c->tcb_info_chain, c->tcb_info, c->tcb_info_signature), want);
    else if (strcmp(key, "qesig") == 0)
        same_flag(file, key, holds(&c->qe_identity_chain, c->qe_identity, c->qe_identity_signature),
                  want);
    else if (strcmp(key, "tcb") == 0)
        same_tcb(file, t, want);
    else if (strcmp(key, "qe") == 0)
        same_qe(file, t, want);
    else if (strcmp(key, "fmspc_ok") == 0)
        same_flag(file, key, bytes_equal(t->pck.fmspc, BYTES_OF(t->tcb.fmspc)), want);
    else if (strcmp(key, "tcbstatus") == 0)
        same_level(file, t, want);
    else if (strcmp(key, "module") == 0)
        same_module(file, t, want);
    else if (strcmp(key, "qeid") == 0)
        same_qe_identity(file, t, want);
    else if (strcmp(key, "tcbchain") == 0)
        same_chain(file, &c->tcb_info_chain, want);
    else if (strcmp(key, "qechain") == 0)
        same_chain(file, &c->qe_identity_chain, want);
    else if (strcmp(key, "pck_crl") == 0)
        same_crl(file, &c->pck_crl, t->certs.der[DCAP_PCK_CA], want);
    else if (strcmp(key, "root_ca_crl") == 0)
        same_crl(file, &c->root_crl, dcap_root(), want);
    else
        fail_msg("%s: nobody compares collateral.%s", file, key);
}

/* jansson's iterators do not write but are declared as if they did. */
static json_t *unconst(const json_t *node)
{
    union {
        const json_t *in;
        json_t *out;
    } p = {.in = node};
    return p.out;
}

static void compare_collateral(const char *file, const char *stem, const json_t *want)
{
    static struct tables t;
    const char *key;
    json_t *value;
    t = (struct tables){0};
    tables_open(&t, stem);
    json_object_foreach(unconst(want), key, value) compare_collateral_key(file, &t, key, value);
    tables_done(&t);
}

/* The first row of ROWS for the quote has a time at which its PCK is valid. */
static const struct row *row_of(const char *stem)
{
    for (size_t i = 0; i < N_OF(ROWS); i++) {
        if (strcmp(ROWS[i].quote, stem) == 0)
            return &ROWS[i];
    }
    return NULL;
}

static void compare_expected(const char *stem)
{
    static struct outcome o;
    char file[128];
    const char *key;
    json_t *value;
    (void)snprintf(file, sizeof(file), FOLDER "%.60s.quote.expected.json", stem);
    struct vectors v CLEANUP(vectors_close) = vectors_open(file);
    judge(row_of(stem), &o);
    json_object_foreach(v.root, key, value) compare_key(file, stem, &o, key, value);
}

/* ---- coverage ---- */

static bool ends_in(const char *name, const char *suffix, char *stem, size_t cap)
{
    size_t n = strlen(name), k = strlen(suffix);
    if (n <= k || strcmp(name + n - k, suffix) != 0)
        return false;
    (void)snprintf(stem, cap, "%.*s", (int)(n - k), name);
    return true;
}

static bool is_collateral_used(const char *stem)
{
    for (size_t i = 0; i < N_OF(ROWS); i++) {
        if (ROWS[i].collateral != NULL && strcmp(ROWS[i].collateral, stem) == 0)
            return true;
    }
    return false;
}

/* The nonce that stands beside a quote is its report data. */
static void compare_nonce(const char *stem)
{
    struct buf nonce CLEANUP(buf_done) = read_vector(stem, ".nonce.bin");
    struct buf quote CLEANUP(buf_done) = read_vector(stem, ".quote");
    struct checks checks = {0};
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = IN_2025, .report_data = buf_view(&nonce)};
    status s =
        evidence_verify(buf_view(&quote), type_of(stem), NULL, &expect, &checks, NULL, &verified);
    assert_true(failed(s));
    assert_true(passed(&checks, "report_data"));
}

static void every_file(void **state)
{
    (void)state;
    char folder[512], stem[256];
    unsigned n_files = 0;
    test_vectors_or_skip(FOLDER);
    (void)snprintf(folder, sizeof(folder), "%s/" FOLDER, test_vectors());
    DIR *d = opendir(folder);
    assert_non_null(d);
    n_fields = 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        n_files++;
        if (ends_in(e->d_name, ".quote.expected.json", stem, sizeof(stem)))
            compare_expected(stem);
        else if (ends_in(e->d_name, ".collateral.json", stem, sizeof(stem)))
            assert_true(is_collateral_used(stem));
        else if (ends_in(e->d_name, ".nonce.bin", stem, sizeof(stem)))
            compare_nonce(stem);
        else if (!ends_in(e->d_name, ".quote", stem, sizeof(stem)) || row_of(stem) == NULL)
            fail_msg("%s is not covered", e->d_name);
    }
    (void)closedir(d);
    print_message("%u files, %u fields equal to *.expected.json\n", n_files, n_fields);
    assert_true(n_files >= 25 && n_fields > 300);
}

/* The other folders, so that a file that comes later is noticed. */
static void no_other_file(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        unsigned n_files;
    } FOLDERS[] = {{"intel-dcap/", 4}, {"intel-dcap/root/", 2}, {SAMPLE_FOLDER, 9}};
    test_vectors_or_skip(FOLDER);
    for (size_t i = 0; i < N_OF(FOLDERS); i++) {
        char path[512];
        unsigned n = 0;
        (void)snprintf(path, sizeof(path), "%s/%s", test_vectors(), FOLDERS[i].folder);
        DIR *d = opendir(path);
        assert_non_null(d);
        for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
            n += e->d_name[0] != '.';
        (void)closedir(d);
        if (n != FOLDERS[i].n_files)
            fail_msg("%s has %u entries, %u are covered", path, n, FOLDERS[i].n_files);
    }
}

/* A root of Intel's name is not Intel's root. */
static void sample_set_is_refused(void **state)
{
    (void)state;
    static struct sample s;
    test_vectors_or_skip(SAMPLE_FOLDER);
    sample_open(&s);
    sample_judge(&s, SAMPLE_AT);
    assert_int_equal(checks_verdict(&s.checks), VERDICT_REJECT);
    assert_string_equal(checks_first_failure(&s.checks)->id, "pck.root");
    assert_string_equal(checks_first_failure(&s.checks)->code, "DCAP_ROOT_UNTRUSTED");
    sample_close(&s);
}

static void pinned_root(void **state)
{
    (void)state;
    test_vectors_or_skip(FOLDER);
    struct buf der CLEANUP(buf_done) = test_vector("intel-dcap/root/intel-sgx-root-ca.der");
    struct buf pem CLEANUP(buf_done) = test_vector("intel-dcap/root/intel-sgx-root-ca.pem");
    struct cert_list list CLEANUP(cert_list_done) = {0};
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    assert_bytes_equal(buf_view(&der), dcap_root());
    assert_ok(cert_list_read(buf_view(&pem), &list));
    assert_int_equal(list.n, 1);
    assert_bytes_equal(list.der[0], dcap_root());
    assert_ok(sha256(dcap_root(), digest));
    hex_encode(BYTES_OF(digest), hex);
    assert_string_equal(hex, "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),      cmocka_unit_test(every_file),
        cmocka_unit_test(no_other_file), cmocka_unit_test(sample_set_is_refused),
        cmocka_unit_test(pinned_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
