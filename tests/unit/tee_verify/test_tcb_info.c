/* Intel's two tables: strict form, row by row; and the words in them. */
#include "support/forge_dcap.h"

#include <string.h>

#include "tee/verify/dcap/qe_identity.h"
#include "tee/verify/dcap/tcb_info.h"

static struct forge_dcap td, enclave;
static struct tcb_info table;
static struct qe_identity identity;

static int set_up(void **state)
{
    (void)state;
    forge_dcap_init(&td, QUOTE_TDX);
    forge_dcap_init(&enclave, QUOTE_SGX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_dcap_done(&td);
    forge_dcap_done(&enclave);
    return 0;
}

/* The first `from` becomes `to`. */
static struct buf edited(struct bytes text, const char *from, const char *to)
{
    struct buf out = BUF_MAX(1 << 18);
    size_t n = strlen(from);
    const uint8_t *at = memmem(text.p, text.n, from, n);
    if (at == NULL)
        fail_msg("%s is not there", from);
    size_t before = (size_t)(at - text.p);
    buf_put(&out, bytes_of(text.p, before));
    buf_put_str(&out, to);
    buf_put(&out, bytes_of(at + n, text.n - before - n));
    return out;
}

struct edit {
    const char *rule, *from, *to;
    enum status_code code;
};

static const struct edit TCB_EDITS[] = {
    {"no id", "\"id\":\"TDX\",", "", ST_FORMAT},
    {"id of another table", "\"id\":\"TDX\"", "\"id\":\"QE\"", ST_UNSUPPORTED},
    {"version 1", "\"version\":3", "\"version\":1", ST_UNSUPPORTED},
    {"version as a text", "\"version\":3", "\"version\":\"3\"", ST_FORMAT},
    {"TDX in version 2", "\"version\":3", "\"version\":2", ST_UNSUPPORTED},
    {"unknown key", "\"version\":3", "\"version\":3,\"extra\":1", ST_FORMAT},
    {"a key twice", "\"version\":3", "\"version\":3,\"version\":3", ST_FORMAT},
    {"another tcbType", "\"tcbType\":0", "\"tcbType\":1", ST_UNSUPPORTED},
    {"no tcbType", "\"tcbType\":0,", "", ST_FORMAT},
    {"a time with a fraction", "2025-06-10T00:00:00Z", "2025-06-10T00:00:00.5Z", ST_FORMAT},
    {"a day that does not exist", "2025-06-10T00:00:00Z", "2025-06-31T00:00:00Z", ST_FORMAT},
    {"an hour that does not exist", "2025-06-10T00:00:00Z", "2025-06-10T24:00:00Z", ST_FORMAT},
    {"a time of another zone", "2025-06-10T00:00:00Z", "2025-06-10T00:00:00+", ST_FORMAT},
    {"nextUpdate before issueDate", "2025-07-10T00:00:00Z", "2025-06-09T00:00:00Z", ST_FORMAT},
    {"FMSPC of five bytes", "\"fmspc\":\"909000000000\"", "\"fmspc\":\"9090000000\"", ST_FORMAT},
    {"negative evaluation number", "\"tcbEvaluationDataNumber\":17",
     "\"tcbEvaluationDataNumber\":-1", ST_FORMAT},
    {"no module", "\"tdxModule\":{", "\"tdxmodule\":{", ST_FORMAT},
    {"a short module mask", "\"attributesMask\":\"ffffffffffffffff\"", "\"attributesMask\":\"ff\"",
     ST_FORMAT},
    {"a module id that is long", "\"TDX_01\"", "\"TDX_01_and_more\"", ST_FORMAT},
    {"a module status of no meaning",
     "\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\","
     "\"tcbStatus\":\"UpToDate\"",
     "\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\","
     "\"tcbStatus\":\"SWHardeningNeeded\"",
     ST_FORMAT},
    {"an SVN above 255", "{\"svn\":3}", "{\"svn\":256}", ST_FORMAT},
    {"an SVN below 0", "{\"svn\":3}", "{\"svn\":-1}", ST_FORMAT},
    {"15 components", "{\"svn\":3},", "", ST_FORMAT},
    {"17 components", "{\"svn\":3},", "{\"svn\":3},{\"svn\":3},", ST_LIMIT},
    {"a component without SVN", "{\"svn\":3}", "{}", ST_FORMAT},
    {"no PCESVN", ",\"pcesvn\":11", "", ST_FORMAT},
    {"an unknown status", "\"OutOfDate\"", "\"Outdated\"", ST_FORMAT},
    {"an advisory of another form", "INTEL-SA-00837", "INTEL-SA-837", ST_FORMAT},
    {"no levels", "\"tcbLevels\":[{\"tcb\":{\"sgx", "\"tcbLevels\":[],\"more\":[{\"tcb\":{\"sgx",
     ST_FORMAT},
    {"something after it", "\"OutOfDate\"", "\"OutOfDate\"}]} {\"a\":[{\"b\":1", ST_FORMAT},
};

static void refused_tcb_info(void **state)
{
    (void)state;
    struct buf plain CLEANUP(buf_done) = forge_dcap_tcb_info(&td);
    assert_ok(tcb_info_parse(buf_view(&plain), &table));
    tcb_info_done(&table);
    for (size_t i = 0; i < sizeof(TCB_EDITS) / sizeof(TCB_EDITS[0]); i++) {
        const struct edit *e = &TCB_EDITS[i];
        struct buf text CLEANUP(buf_done) = edited(buf_view(&plain), e->from, e->to);
        struct bytes in = test_exact(buf_view(&text));
        status s = tcb_info_parse(in, &table);
        test_exact_free(in);
        if (s.code != e->code)
            fail_msg("%s: %s (%s)", e->rule, status_name(s.code), status_detail());
        assert_null(table.doc);
    }
}

static const struct edit QE_EDITS[] = {
    {"version 1", "\"version\":2", "\"version\":1", ST_UNSUPPORTED},
    {"the verifying enclave's identity", "\"TD_QE\"", "\"QVE\"", ST_UNSUPPORTED},
    {"unknown key", "\"version\":2", "\"version\":2,\"extra\":1", ST_FORMAT},
    {"a short mask", "fbffffffffffffff0000000000000000", "fbffffffffffffff00000000000000",
     ST_FORMAT},
    {"no mask", "\"attributesMask\":\"fbffffffffffffff0000000000000000\",", "", ST_FORMAT},
    {"an empty MISCSELECT mask", "\"miscselectMask\":\"ffffffff\"", "\"miscselectMask\":\"\"",
     ST_FORMAT},
    {"a short MRSIGNER", "\"mrsigner\":\"d1d1", "\"mrsigner\":\"d1", ST_FORMAT},
    {"no product", "\"isvprodid\":2,", "", ST_FORMAT},
    {"no levels", "\"tcbLevels\":[{\"tcb\"", "\"tcbLevels\":[],\"more\":[{\"tcb\"", ST_FORMAT},
    {"a status of no meaning", "\"UpToDate\"", "\"ConfigurationNeeded\"", ST_FORMAT},
    {"nextUpdate before issueDate", "2025-07-10T00:00:00Z", "2025-06-09T00:00:00Z", ST_FORMAT},
};

static void refused_qe_identity(void **state)
{
    (void)state;
    struct buf plain CLEANUP(buf_done) = forge_dcap_qe_identity(&td);
    assert_ok(qe_identity_parse(buf_view(&plain), &identity));
    qe_identity_done(&identity);
    for (size_t i = 0; i < sizeof(QE_EDITS) / sizeof(QE_EDITS[0]); i++) {
        const struct edit *e = &QE_EDITS[i];
        struct buf text CLEANUP(buf_done) = edited(buf_view(&plain), e->from, e->to);
        status s = qe_identity_parse(buf_view(&text), &identity);
        if (s.code != e->code)
            fail_msg("%s: %s (%s)", e->rule, status_name(s.code), status_detail());
        assert_null(identity.doc);
    }
}

static void cut_at_every_length(void **state)
{
    (void)state;
    struct buf tcb CLEANUP(buf_done) = forge_dcap_tcb_info(&enclave);
    struct buf qe CLEANUP(buf_done) = forge_dcap_qe_identity(&enclave);
    for (size_t n = 0; n < tcb.n; n += 1 + n / 100) {
        struct bytes in = test_exact(bytes_of(tcb.p, n));
        assert_true(failed(tcb_info_parse(in, &table)));
        test_exact_free(in);
    }
    for (size_t n = 0; n < qe.n; n++) {
        struct bytes in = test_exact(bytes_of(qe.p, n));
        assert_true(failed(qe_identity_parse(in, &identity)));
        test_exact_free(in);
    }
}

static void both_versions_say_the_same(void **state)
{
    (void)state;
    struct forge_dcap f = enclave;
    static struct tcb_info other;
    struct buf three CLEANUP(buf_done) = forge_dcap_tcb_info(&f);
    f.tcb_version = 2;
    struct buf two CLEANUP(buf_done) = forge_dcap_tcb_info(&f);
    assert_ok(tcb_info_parse(buf_view(&three), &table));
    assert_ok(tcb_info_parse(buf_view(&two), &other));
    assert_int_equal(table.n_levels, other.n_levels);
    for (size_t i = 0; i < table.n_levels; i++)
        assert_memory_equal(table.levels[i].sgx, other.levels[i].sgx, 16);
    assert_int_equal(other.tee, QUOTE_SGX);
    tcb_info_done(&table);
    tcb_info_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_tcb_info),
        cmocka_unit_test(refused_qe_identity),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(both_versions_say_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
