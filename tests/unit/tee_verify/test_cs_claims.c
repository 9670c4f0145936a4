#include "support/test.h"

#include <string.h>

#include "tee/verify/cs/cs_claims.h"

struct row {
    const char *name;
    const char *text;
    enum status_code code;
};

#define SUBMOD(name, body) "{\"submods\":{\"" name "\":" body "}}"
#define TEN                "\"0123456789\""

static const struct row ROWS[] = {
    {"nothing", "{}", ST_OK},
    {"an empty text", "", ST_FORMAT},
    {"a list", "[]", ST_FORMAT},
    {"two objects", "{}{}", ST_FORMAT},
    {"a name twice", "{\"iss\":\"a\",\"iss\":\"b\"}", ST_FORMAT},
    {"a name twice below", "{\"submods\":{\"gce\":{\"zone\":\"a\",\"zone\":\"b\"}}}", ST_FORMAT},
    {"unknown claims", "{\"x\":1,\"submods\":{\"y\":[2],\"gce\":{\"z\":null}}}", ST_OK},
    {"iss a number", "{\"iss\":1}", ST_FORMAT},
    {"iss null", "{\"iss\":null}", ST_FORMAT},
    {"sub a list", "{\"sub\":[]}", ST_FORMAT},
    {"aud a text", "{\"aud\":\"a\"}", ST_OK},
    {"aud a list", "{\"aud\":[\"a\",\"b\"]}", ST_OK},
    {"aud a number", "{\"aud\":1}", ST_FORMAT},
    {"aud a list of numbers", "{\"aud\":[1]}", ST_FORMAT},
    {"exp a text", "{\"exp\":\"1\"}", ST_FORMAT},
    {"exp a fraction", "{\"exp\":1.5}", ST_FORMAT},
    {"exp negative", "{\"exp\":-1}", ST_FORMAT},
    {"exp after the year 9999", "{\"exp\":253402300800}", ST_FORMAT},
    {"exp at the end of 9999", "{\"exp\":253402300799}", ST_OK},
    {"iat a text", "{\"iat\":\"1\"}", ST_FORMAT},
    {"nbf a text", "{\"nbf\":\"1\"}", ST_FORMAT},
    {"secboot a text", "{\"secboot\":\"true\"}", ST_FORMAT},
    {"oemid a text", "{\"oemid\":\"11129\"}", ST_FORMAT},
    {"swname a list", "{\"swname\":[\"x\"]}", ST_FORMAT},
    {"swversion a text", "{\"swversion\":\"250301\"}", ST_FORMAT},
    {"dbgstat a boolean", "{\"dbgstat\":false}", ST_FORMAT},
    {"hwmodel a number", "{\"hwmodel\":1}", ST_FORMAT},
    {"accounts a text", "{\"google_service_accounts\":\"a\"}", ST_FORMAT},
    {"attester_tcb a text", "{\"attester_tcb\":\"INTEL\"}", ST_FORMAT},
    {"a nonce", "{\"eat_nonce\":" TEN "}", ST_OK},
    {"six nonces", "{\"eat_nonce\":[" TEN "," TEN "," TEN "," TEN "," TEN "," TEN "]}", ST_OK},
    {"seven nonces", "{\"eat_nonce\":[" TEN "," TEN "," TEN "," TEN "," TEN "," TEN "," TEN "]}",
     ST_LIMIT},
    {"a nonce of seven bytes", "{\"eat_nonce\":\"0123456\"}", ST_FORMAT},
    {"a nonce of 89 bytes",
     "{\"eat_nonce\":\"01234567890123456789012345678901234567890123456789012345678901234567890123456"
     "789012345678\"}",
     ST_FORMAT},
    {"a nonce that is a number", "{\"eat_nonce\":[12345678]}", ST_FORMAT},
    {"submods a list", "{\"submods\":[]}", ST_FORMAT},
    {"tdx a text", "{\"tdx\":\"UpToDate\"}", ST_FORMAT},
    {"tdx a list of two", "{\"tdx\":[{},{}]}", ST_FORMAT},
    {"tdx status a number", "{\"tdx\":{\"gcp_attester_tcb_status\":1}}", ST_FORMAT},
    {"confidential_space a text", SUBMOD("confidential_space", "\"x\""), ST_FORMAT},
    {"support_attributes a text",
     SUBMOD("confidential_space", "{\"support_attributes\":\"STABLE\"}"), ST_FORMAT},
    {"monitoring a boolean", SUBMOD("confidential_space", "{\"monitoring_enabled\":false}"),
     ST_FORMAT},
    {"memory a text", SUBMOD("confidential_space", "{\"monitoring_enabled\":{\"memory\":\"x\"}}"),
     ST_FORMAT},
    {"container a list", SUBMOD("container", "[]"), ST_FORMAT},
    {"image_digest a number", SUBMOD("container", "{\"image_digest\":1}"), ST_FORMAT},
    {"args a text", SUBMOD("container", "{\"args\":\"x\"}"), ST_FORMAT},
    {"args of numbers", SUBMOD("container", "{\"args\":[1]}"), ST_FORMAT},
    {"cmd_override a text", SUBMOD("container", "{\"cmd_override\":\"x\"}"), ST_FORMAT},
    {"env a list", SUBMOD("container", "{\"env\":[]}"), ST_FORMAT},
    {"env of numbers", SUBMOD("container", "{\"env\":{\"A\":1}}"), ST_FORMAT},
    {"env_override of null", SUBMOD("container", "{\"env_override\":{\"A\":null}}"), ST_FORMAT},
    {"signatures an object", SUBMOD("container", "{\"image_signatures\":{}}"), ST_FORMAT},
    {"a signature without key",
     SUBMOD("container",
            "{\"image_signatures\":[{\"signature\":\"x\",\"signature_algorithm\":\"y\"}]}"),
     ST_FORMAT},
    {"a signature that is a text", SUBMOD("container", "{\"image_signatures\":[\"x\"]}"),
     ST_FORMAT},
    {"gce a text", SUBMOD("gce", "\"x\""), ST_FORMAT},
    {"project_number a number", SUBMOD("gce", "{\"project_number\":42}"), ST_FORMAT},
    {"nvidia_gpu a list", SUBMOD("nvidia_gpu", "[]"), ST_FORMAT},
    {"cc_mode a boolean", SUBMOD("nvidia_gpu", "{\"cc_mode\":true}"), ST_FORMAT},
    {"gpus an object", SUBMOD("nvidia_gpu", "{\"gpus\":{}}"), ST_FORMAT},
    {"a GPU that is a text", SUBMOD("nvidia_gpu", "{\"gpus\":[\"x\"]}"), ST_FORMAT},
    {"seventeen GPUs",
     SUBMOD("nvidia_gpu", "{\"gpus\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}"),
     ST_LIMIT},
    {"driver_version a number", SUBMOD("nvidia_gpu", "{\"gpus\":[{\"driver_version\":550}]}"),
     ST_FORMAT},
};

static void test_rows(void **state)
{
    (void)state;
    struct cs_claims *c = malloc(sizeof(*c));
    assert_non_null(c);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct jwt_verified t = {.claims = test_exact(bytes_str(ROWS[i].text))};
        status s = cs_claims_parse(&t, c);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
        cs_claims_done(c);
        test_exact_free(t.claims);
    }
    free(c);
}

/* Lists and objects of more than CS_ITEMS_MAX, and the document as a whole. */
static void test_limits(void **state)
{
    (void)state;
    struct cs_claims *c = malloc(sizeof(*c));
    assert_non_null(c);
    for (size_t form = 0; form < 3; form++) {
        for (int n = CS_ITEMS_MAX; n <= CS_ITEMS_MAX + 1; n++) {
            struct buf items CLEANUP(buf_done) = BUF_MAX(1 << 12);
            struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 13);
            for (int i = 0; i < n; i++)
                buf_printf(&items, "%s\"a%d\"%s", i ? "," : "", i, form == 2 ? ":\"b\"" : "");
            buf_put_u8(&items, 0);
            if (form == 2)
                buf_printf(&text, "{\"submods\":{\"container\":{\"env\":{%s}}}}", items.p);
            else if (form == 1)
                buf_printf(&text, "{\"swversion\":[%s]}", items.p);
            else
                buf_printf(&text, "{\"aud\":[%s]}", items.p);
            const struct jwt_verified t = {.claims = buf_view(&text)};
            assert_code(cs_claims_parse(&t, c), n > CS_ITEMS_MAX ? ST_LIMIT : ST_OK);
            cs_claims_done(c);
        }
    }
    struct buf big CLEANUP(buf_done) = BUF_MAX(CS_CLAIMS_MAX_BYTES + 1);
    assert_non_null(buf_extend(&big, CS_CLAIMS_MAX_BYTES + 1));
    memset(big.p, ' ', big.n);
    const struct jwt_verified t = {.claims = buf_view(&big)};
    assert_code(cs_claims_parse(&t, c), ST_LIMIT);
    cs_claims_done(c);
    free(c);
}

static void test_values(void **state)
{
    (void)state;
    struct cs_claims *c = malloc(sizeof(*c));
    const struct jwt_verified t = {
        .claims = BYTES_LIT("{\"aud\":\"a\",\"eat_nonce\":[" TEN "],\"secboot\":false,\"exp\":7,"
                            "\"submods\":{\"container\":{\"env\":{\"A\":\"1\"},\"args\":[]}}}")};
    assert_non_null(c);
    assert_ok(cs_claims_parse(&t, c));
    assert_int_equal(c->aud.n, 1);
    assert_true(cs_list_has(&c->nonces, BYTES_LIT("0123456789")));
    assert_false(cs_list_has(&c->nonces, BYTES_LIT("012345678")));
    assert_true(c->secboot.is_present && !c->secboot.value);
    assert_true(c->exp.is_present && c->exp.unix_s == 7 && !c->iat.is_present);
    assert_bytes_equal(c->container.env.name[0], BYTES_LIT("A"));
    assert_bytes_equal(c->container.env.value[0], BYTES_LIT("1"));
    assert_true(c->container.args.is_present && c->container.args.n == 0);
    assert_null(c->iss.p);
    assert_false(c->gce.is_present);
    cs_claims_done(c);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
