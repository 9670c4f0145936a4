#include "formats/cert_list.h"

#include "support/test.h"

#define DER_A "\x30\x03\x02\x01\x05"
#define DER_B "\x30\x00"
#define PEM_A "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"
#define PEM_B "-----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----\r\n"
#define CRL_A "-----BEGIN X509 CRL-----\nMAMCAQU=\n-----END X509 CRL-----\n"

struct row {
    const char *rule;
    struct bytes in;
    enum status_code code;
    size_t n;
};

static const struct row ROWS[] = {
    {"nothing", {NULL, 0}, ST_OK, 0},
    {"white space", {(const uint8_t *)" \n", 2}, ST_OK, 0},
    {"one in DER", {(const uint8_t *)DER_A, 5}, ST_OK, 1},
    {"two in DER", {(const uint8_t *)DER_A DER_B, 7}, ST_OK, 2},
    {"one in PEM", {(const uint8_t *)PEM_A, sizeof(PEM_A) - 1}, ST_OK, 1},
    {"two in PEM", {(const uint8_t *)PEM_A PEM_B, sizeof(PEM_A PEM_B) - 1}, ST_OK, 2},
    {"a C string of PEM", {(const uint8_t *)PEM_A, sizeof(PEM_A)}, ST_OK, 1},
    {"two NUL bytes", {(const uint8_t *)PEM_A "\0", sizeof(PEM_A) + 1}, ST_FORMAT, 0},
    {"a NUL byte inside", {(const uint8_t *)PEM_A "\0" PEM_A, 2 * sizeof(PEM_A) - 1}, ST_FORMAT, 0},
    {"space before PEM", {(const uint8_t *)"\n " PEM_A, sizeof(PEM_A) + 1}, ST_OK, 1},
    {"text between blocks",
     {(const uint8_t *)PEM_A "text\n" PEM_B, sizeof(PEM_A PEM_B) + 4},
     ST_FORMAT,
     0},
    {"DER after PEM", {(const uint8_t *)PEM_A DER_A, sizeof(PEM_A) + 4}, ST_FORMAT, 0},
    {"another label", {(const uint8_t *)CRL_A, sizeof(CRL_A) - 1}, ST_FORMAT, 0},
    {"no sequence", {(const uint8_t *)"\x02\x01\x05", 3}, ST_FORMAT, 0},
    {"a tail of one byte", {(const uint8_t *)DER_A "\x30", 6}, ST_TRUNCATED, 0},
    {"indefinite length", {(const uint8_t *)"\x30\x80\0\0", 4}, ST_FORMAT, 0},
    {"two items in one block",
     {(const uint8_t *)"-----BEGIN CERTIFICATE-----\nMAAwAA==\n-----END CERTIFICATE-----\n", 64},
     ST_FORMAT,
     0},
    {"an integer in a block",
     {(const uint8_t *)"-----BEGIN CERTIFICATE-----\nAgEF\n-----END CERTIFICATE-----\n", 60},
     ST_FORMAT,
     0},
};

static void lists_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct cert_list l = {.n = 77};
        struct bytes in = test_exact(ROWS[i].in);
        status s = cert_list_read(in, &l);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].rule, status_name(s.code), status_detail());
        assert_int_equal(l.n, ok(s) ? ROWS[i].n : 77);
        if (ok(s))
            cert_list_done(&l);
        test_exact_free(in);
    }
}

static void views_are_the_certificates(void **state)
{
    (void)state;
    struct cert_list l;
    assert_ok(cert_list_read(BYTES_LIT(DER_A DER_B), &l));
    assert_bytes_equal(l.der[0], BYTES_LIT(DER_A));
    assert_bytes_equal(l.der[1], BYTES_LIT(DER_B));
    cert_list_done(&l);
    assert_ok(cert_list_read(BYTES_LIT(PEM_B PEM_A), &l));
    assert_bytes_equal(l.der[0], BYTES_LIT(DER_B));
    assert_bytes_equal(l.der[1], BYTES_LIT(DER_A));
    cert_list_done(&l);
    assert_int_equal(l.n, 0);
    assert_ok(cert_list_read_crls(BYTES_LIT(CRL_A), &l));
    assert_bytes_equal(l.der[0], BYTES_LIT(DER_A));
    cert_list_done(&l);
    assert_code(cert_list_read_crls(BYTES_LIT(PEM_A), &l), ST_FORMAT);
}

static void the_count_is_limited(void **state)
{
    (void)state;
    for (int is_pem = 0; is_pem < 2; is_pem++) {
        struct cert_list l;
        struct buf in = BUF_MAX(1 << 16);
        for (int i = 0; i < CERT_LIST_ITEMS_MAX; i++)
            buf_put(&in, is_pem ? BYTES_LIT(PEM_A) : BYTES_LIT(DER_A));
        assert_ok(cert_list_read(buf_view(&in), &l));
        assert_int_equal(l.n, CERT_LIST_ITEMS_MAX);
        cert_list_done(&l);
        buf_put(&in, is_pem ? BYTES_LIT(PEM_A) : BYTES_LIT(DER_A));
        assert_code(cert_list_read(buf_view(&in), &l), ST_LIMIT);
        buf_done(&in);
    }
}

static void the_size_is_limited(void **state)
{
    (void)state;
    static uint8_t zeros[CERT_LIST_MAX_BYTES + 1];
    struct cert_list l;
    assert_code(cert_list_read(BYTES_OF(zeros), &l), ST_LIMIT);
}

static void each_truncation_is_no_list_of_two(void **state)
{
    (void)state;
    struct bytes all[] = {BYTES_LIT(DER_A DER_A), BYTES_LIT(PEM_A PEM_A)};
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 0; n < all[i].n; n++) {
            struct cert_list l;
            struct bytes in = test_exact(bytes_of(all[i].p, n));
            status s = cert_list_read(in, &l);
            if (ok(s)) { /* the end of the last line is not missed */
                assert_true(l.n < 2 || n == all[i].n - 1);
                cert_list_done(&l);
            }
            test_exact_free(in);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_whole_or_not_at_all),
        cmocka_unit_test(views_are_the_certificates),
        cmocka_unit_test(the_count_is_limited),
        cmocka_unit_test(the_size_is_limited),
        cmocka_unit_test(each_truncation_is_no_list_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
