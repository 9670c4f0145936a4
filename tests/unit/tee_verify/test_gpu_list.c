/* Evidence of devices in its three forms. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "support/forge_gpu.h"
#include "tee/verify/nvidia/gpu_list.h"

enum { ROOM = 1 << 20 };

static status read_list(struct bytes in, struct bytes certs, struct gpu_list *out)
{
    struct bytes exact = test_exact(in);
    status s = gpu_list_read(exact, certs, out);
    /* A raw report borrows from its input: only what was decoded outlives it. */
    test_exact_free(exact);
    return s;
}

static void list_is_written_and_read(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_list l;
    forge_gpu_init(&f);
    forge_gpu_add(&f, "LS_10", "48B02DFE0092CDDB");
    forge_gpu_issue(&f);
    struct buf text CLEANUP(buf_done) = forge_gpu_list(&f);
    struct buf report CLEANUP(buf_done) = forge_gpu_report(&f.v[0]);
    assert_ok(read_list(buf_view(&text), (struct bytes){0}, &l));
    assert_int_equal(l.n, 2);
    assert_bytes_equal(l.v[0].arch, BYTES_LIT("HOPPER"));
    assert_bytes_equal(l.v[1].arch, BYTES_LIT("LS10"));
    assert_bytes_equal(l.v[0].nonce, BYTES_OF(f.v[0].list_nonce));
    assert_int_equal(l.v[0].report.n, report.n);
    assert_memory_equal(l.v[0].report.p, report.p, report.n - SPDM_SIGNATURE_LEN);
    assert_int_equal(l.v[0].certs.n, FORGE_GPU_CERTS);
    assert_bytes_equal(l.v[1].certs.der[FORGE_GPU_CERTS - 1], forge_gpu_root());
    gpu_list_done(&l);
    forge_gpu_done(&f);
}

static void raw_reports_have_three_forms(void **state)
{
    (void)state;
    struct forge_gpu f;
    struct gpu_list l;
    forge_gpu_init(&f);
    struct buf report CLEANUP(buf_done) = forge_gpu_report(&f.v[0]);
    struct buf chain CLEANUP(buf_done) = forge_gpu_chain(&f.v[0]);
    struct buf hex CLEANUP(buf_done) = BUF_MAX(ROOM), base64 CLEANUP(buf_done) = BUF_MAX(ROOM);
    hex_put(&hex, buf_view(&report));
    base64_put(&base64, buf_view(&report));
    buf_put_str(&base64, "\n");
    struct bytes forms[] = {buf_view(&report), buf_view(&hex), buf_view(&base64)};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(gpu_list_read(forms[i], buf_view(&chain), &l));
        assert_int_equal(l.n, 1);
        assert_null(l.v[0].arch.p);
        assert_null(l.v[0].nonce.p);
        assert_bytes_equal(l.v[0].report, buf_view(&report));
        assert_int_equal(l.v[0].certs.n, FORGE_GPU_CERTS);
        gpu_list_done(&l);
    }
    assert_ok(gpu_list_read(forms[1], (struct bytes){0}, &l));
    assert_int_equal(l.v[0].certs.n, 0);
    gpu_list_done(&l);
    forge_gpu_done(&f);
}

#define NONCE "0000000000000000000000000000000000000000000000000000000000000000"
/* PEM of one empty SEQUENCE, in base64. */
#define CERT "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define DEVICE(arch, nonce, evidence, certificate)                                 \
    "{\"arch\": \"" arch "\", \"nonce\": \"" nonce "\", \"evidence\": \"" evidence \
    "\", \"certificate\": \"" certificate "\"}"
#define GOOD DEVICE("HOPPER", NONCE, "EeAB", CERT)
#define FOUR GOOD "," GOOD "," GOOD "," GOOD

static const struct row {
    const char *name, *text;
    enum status_code code;
} ROWS[] = {
    {"one device", "[" GOOD "]", ST_OK},
    {"white space before", " \n[" GOOD "]", ST_OK},
    {"sixteen devices", "[" FOUR "," FOUR "," FOUR "," FOUR "]", ST_OK},
    {"seventeen devices", "[" FOUR "," FOUR "," FOUR "," FOUR "," GOOD "]", ST_FORMAT},
    {"no devices", "[]", ST_FORMAT},
    {"an object", GOOD, ST_FORMAT},
    {"something behind the list", "[" GOOD "] x", ST_FORMAT},
    {"a number in the list", "[1]", ST_FORMAT},
    {"unknown key",
     "[{\"more\": 1, \"arch\": \"HOPPER\", \"nonce\": \"" NONCE
     "\", \"evidence\": \"\", \"certificate\": \"" CERT "\"}]",
     ST_FORMAT},
    {"a key twice",
     "[{\"arch\": \"HOPPER\", \"arch\": \"HOPPER\", \"nonce\": \"" NONCE
     "\", \"evidence\": \"\", \"certificate\": \"" CERT "\"}]",
     ST_FORMAT},
    {"no certificate", "[{\"arch\": \"HOPPER\", \"nonce\": \"" NONCE "\", \"evidence\": \"\"}]",
     ST_FORMAT},
    {"nonce of 31 bytes", "[" DEVICE("HOPPER", "00", "EeAB", CERT) "]", ST_FORMAT},
    {"nonce that is no hexadecimal",
     "[" DEVICE("HOPPER", "zz00000000000000000000000000000000000000000000000000000000000000",
                "EeAB", CERT) "]",
     ST_FORMAT},
    {"evidence that is no base64", "[" DEVICE("HOPPER", NONCE, "E*AB", CERT) "]", ST_FORMAT},
    {"chain that is no base64", "[" DEVICE("HOPPER", NONCE, "EeAB", "*") "]", ST_FORMAT},
    {"chain that is no PEM", "[" DEVICE("HOPPER", NONCE, "EeAB", "MAA=") "]", ST_FORMAT},
    {"no chain", "[" DEVICE("HOPPER", NONCE, "EeAB", "") "]", ST_FORMAT},
    {"long name", "[" DEVICE("ABCDEFGHIJKLMNOPQ", NONCE, "EeAB", CERT) "]", ST_FORMAT},
    {"hexadecimal of odd length", "11e", ST_FORMAT},
    {"hexadecimal with a space", "11 e0", ST_FORMAT},
    {"words", "hello", ST_FORMAT},
    {"nothing", "", ST_TRUNCATED},
};

static void each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct gpu_list l;
        status s = read_list(bytes_str(ROWS[i].text), (struct bytes){0}, &l);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
        gpu_list_done(&l);
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct gpu_list l;
    struct buf big CLEANUP(buf_done) = BUF_MAX(ROOM), text CLEANUP(buf_done) = BUF_MAX(ROOM);
    memset(buf_extend(&big, GPU_LIST_MAX_BYTES + 1), '1', GPU_LIST_MAX_BYTES + 1);
    assert_code(gpu_list_read(buf_view(&big), (struct bytes){0}, &l), ST_LIMIT);
    gpu_list_done(&l);
    assert_code(
        gpu_list_read(bytes_of(big.p, 2 * SPDM_REPORT_MAX_BYTES + 2), (struct bytes){0}, &l),
        ST_LIMIT);
    gpu_list_done(&l);
    memset(big.p, 'A', big.n);
    assert_code(gpu_list_read(bytes_of(big.p, 2 * SPDM_REPORT_MAX_BYTES), (struct bytes){0}, &l),
                ST_LIMIT);
    gpu_list_done(&l);
    assert_code(gpu_list_read(BYTES_LIT("11e0"), bytes_of(big.p, GPU_CHAIN_MAX_BYTES + 1), &l),
                ST_LIMIT);
    gpu_list_done(&l);
    buf_printf(&text,
               "[{\"arch\": \"HOPPER\", \"nonce\": \"" NONCE "\", \"certificate\": \"" CERT
               "\", \"evidence\": \"%.*s\"}]",
               2 * SPDM_REPORT_MAX_BYTES, (const char *)big.p);
    assert_code(gpu_list_read(buf_view(&text), (struct bytes){0}, &l), ST_LIMIT);
    gpu_list_done(&l);
}

static void chains_are_bounded(void **state)
{
    (void)state;
    struct gpu_list l;
    static const uint8_t seven[] = {0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0, 0x30, 0};
    assert_ok(gpu_list_read(BYTES_LIT("11e0"), bytes_of(seven, 12), &l));
    assert_int_equal(l.v[0].certs.n, GPU_CERTS_MAX);
    gpu_list_done(&l);
    assert_code(gpu_list_read(BYTES_LIT("11e0"), BYTES_OF(seven), &l), ST_LIMIT);
    gpu_list_done(&l);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const char *text = "[" GOOD "]";
    for (size_t n = 0; n < strlen(text); n++) {
        struct gpu_list l;
        assert_true(failed(read_list(bytes_of(text, n), (struct bytes){0}, &l)));
        gpu_list_done(&l);
    }
}

static void nobody_writes_too_many(void **state)
{
    (void)state;
    static const struct gpu_list_item items[GPU_DEVICES_MAX + 1];
    struct buf out CLEANUP(buf_done) = BUF_MAX(ROOM);
    assert_code(gpu_list_write(items, 0, &out), ST_LIMIT);
    assert_code(gpu_list_write(items, GPU_DEVICES_MAX + 1, &out), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_is_written_and_read),
        cmocka_unit_test(raw_reports_have_three_forms),
        cmocka_unit_test(each_rule),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(chains_are_bounded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(nobody_writes_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
