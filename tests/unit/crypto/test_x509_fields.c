#include "crypto/x509.h"

#include "crypto/x509_issue.h"
#include "support/test.h"

enum { DER_MAX = 1 << 16 };

static struct ecdsa_secret *key;

static int set_up(void **state)
{
    (void)state;
    assert_ok(ecdsa_generate(ECDSA_ES256, &key));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ecdsa_secret_freep(&key);
    return 0;
}

static struct x509_request request(void)
{
    return (struct x509_request){.common_name = "leaf \xc3\xa9",
                                 .issuer_name = "ca",
                                 .not_after_unix_s = 1000,
                                 .subject_key = key,
                                 .issuer_key = key};
}

static struct buf issued(const struct x509_request *r)
{
    struct buf out = BUF_MAX(DER_MAX);
    assert_ok(x509_issue(r, &out));
    return out;
}

static void fields_are_read(void **state)
{
    (void)state;
    struct x509_fields f;
    struct bytes spki, cn, serial;
    struct x509_request r = request();
    r.serial = BYTES_LIT("\x80\x01");
    struct buf der = issued(&r);
    assert_ok(x509_read(buf_view(&der), &f));
    assert_bytes_equal(f.serial, r.serial); /* the sign's zero byte is not part of it */
    assert_ok(x509_serial(buf_view(&der), &serial));
    assert_bytes_equal(serial, r.serial);
    assert_ok(x509_spki(buf_view(&der), &spki));
    assert_bytes_equal(f.spki, spki);
    assert_ok(x509_subject_cn(buf_view(&der), &cn));
    assert_bytes_equal(cn, BYTES_LIT("leaf \xc3\xa9"));
    assert_true(f.issuer.n > 0 && f.extensions.n > 0);
    buf_done(&der);
}

static void each_truncation_is_refused(void **state)
{
    (void)state;
    struct x509_request r = request();
    struct buf der = issued(&r);
    for (size_t n = 0; n < der.n; n++) {
        struct x509_fields f;
        struct bytes in = test_exact(bytes_of(der.p, n));
        assert_code(x509_read(in, &f), ST_TRUNCATED);
        test_exact_free(in);
    }
    buf_done(&der);
}

static void a_time_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    int64_t from = 0, to = 0;
    struct x509_request r = request();
    struct buf der = issued(&r);
    size_t at = 0;
    while (der.p[at] != 0x17 || der.p[at + 1] != 0x0d) /* UTCTime of 13 characters */
        at++;
    der.p[at + 4] = 'x';
    assert_code(x509_validity(buf_view(&der), &from, &to), ST_FORMAT);
    buf_done(&der);
}

static void a_certificate_too_large_is_refused(void **state)
{
    (void)state;
    static uint8_t zeros[X509_CRL_MAX_BYTES + 1];
    struct x509_fields f;
    struct x509_crl c;
    assert_code(x509_read(bytes_of(zeros, X509_CERT_MAX_BYTES + 1), &f), ST_LIMIT);
    assert_code(x509_read_crl(BYTES_OF(zeros), &c), ST_LIMIT);
}

static void extensions_are_found_by_name(void **state)
{
    (void)state;
    struct bytes value;
    struct x509_extra extras[] = {
        {"1.3.6.1.4.1.3704.1.1", false, BYTES_LIT("\x02\x01\x07")},
        {"1.3.6.1.4.1.3704.1.3.8", true, BYTES_LIT("\x02\x02\x00\xff")},
        {"2.999.268435455", false, BYTES_LIT("")},
        {"1.2.3", false, BYTES_LIT("a")},
        {"1.2.3", false, BYTES_LIT("b")},
    };
    struct x509_request r = request();
    r.extras = extras;
    r.n_extras = 5;
    struct buf b = issued(&r);
    struct bytes der = buf_view(&b);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(x509_extension(der, extras[i].oid, &value));
        assert_bytes_equal(value, extras[i].value);
    }
    assert_code(x509_extension(der, "1.2.3", &value), ST_FORMAT); /* two */
    assert_code(x509_extension(der, "1.2.4", &value), ST_NOTFOUND);
    assert_code(x509_extension(der, "1.3.6.1.4.1.3704.1", &value), ST_NOTFOUND);
    assert_code(x509_extension(der, "1.3.6.1.4.1.3704.1.1.1", &value), ST_NOTFOUND);
    buf_done(&b);
}

static void a_certificate_without_extensions(void **state)
{
    (void)state;
    struct bytes value;
    bool has = true;
    struct x509_request r = request();
    r.omits_usage = r.omits_key_ids = true;
    struct buf b = issued(&r);
    assert_code(x509_extension(buf_view(&b), "2.5.29.15", &value), ST_NOTFOUND);
    assert_ok(x509_has_eku(buf_view(&b), "1.3.6.1.5.5.7.3.1", &has));
    assert_false(has);
    buf_done(&b);
}

struct eku_row {
    const char *value; /* hexadecimal */
    enum status_code code;
    bool has;
};

static const struct eku_row EKUS[] = {
    {"300a06082b06010505070303", ST_OK, true},
    {"301406082b0601050507030106082b06010505070303", ST_OK, true},
    {"300a06082b06010505070301", ST_OK, false},
    {"3000", ST_OK, false},
    {"30060604551d2500", ST_OK, false}, /* any purpose */
    {"300a04082b06010505070303", ST_FORMAT, false},
    {"300a06082b060105050703", ST_TRUNCATED, false},
    {"06082b06010505070303", ST_FORMAT, false},
};

static void purposes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(EKUS) / sizeof(EKUS[0]); i++) {
        struct buf value = test_hex(EKUS[i].value);
        struct x509_extra extra = {"2.5.29.37", false, buf_view(&value)};
        struct x509_request r = request();
        bool has = !EKUS[i].has;
        r.extras = &extra;
        r.n_extras = 1;
        struct buf b = issued(&r);
        assert_code(x509_has_eku(buf_view(&b), "1.3.6.1.5.5.7.3.3", &has), EKUS[i].code);
        assert_int_equal(has, EKUS[i].code == ST_OK ? EKUS[i].has : !EKUS[i].has);
        buf_done(&b);
        buf_done(&value);
    }
}

struct name_row {
    const char *rule, *name; /* hexadecimal */
    enum status_code code;
};

static const struct name_row NAMES[] = {
    {"UTF-8", "300e310c300a06035504030c03616263", ST_OK},
    {"printable", "300e310c300a06035504031303616263", ST_OK},
    {"IA5", "300e310c300a06035504031603616263", ST_OK},
    {"teletex", "300e310c300a06035504031403616263", ST_FORMAT},
    {"no name at all", "3000", ST_NOTFOUND},
    {"an organisation", "300e310c300a060355040a0c03616263", ST_NOTFOUND},
    {"two common names", "301c310c300a06035504030c03616263310c300a06035504030c03616263", ST_FORMAT},
    {"two in one set", "301a3118300a06035504030c03616263300a06035504030c03616263", ST_FORMAT},
    {"behind another", "301c310c300a060355040a0c03616263310c300a06035504030c03616263", ST_OK},
};

static void one_common_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        struct bytes cn = {0};
        struct buf name = test_hex(NAMES[i].name);
        struct x509_request r = request();
        r.subject_der = buf_view(&name);
        struct buf b = issued(&r);
        status s = x509_subject_cn(buf_view(&b), &cn);
        if (s.code != NAMES[i].code)
            fail_msg("%s: %s", NAMES[i].rule, status_name(s.code));
        if (ok(s))
            assert_bytes_equal(cn, BYTES_LIT("abc"));
        buf_done(&b);
        buf_done(&name);
    }
}

/* --- CRLs by their bytes
 * ---------------------------------------------------------------------------
 */

#define ALG "300a06082a8648ce3d040302"
#define SIG "030100"
struct crl_row {
    const char *rule, *tbs; /* what stands in the TBSCertList */
    enum status_code code;
    int64_t from;
};

#define FROM "170d3235303130313030303030305a"     /* 250101000000Z */
#define TO   "180f32303530303130313030303030305a" /* 20500101000000Z */
static const struct crl_row CRLS[] = {
    {"nothing revoked", "020101" ALG "3000" FROM TO, ST_OK, 1735689600},
    {"a list",
     "020101" ALG "3000" FROM TO "3014"
     "3012020105" FROM,
     ST_OK, 1735689600},
    {"an entry with the first byte of a sign",
     "020101" ALG "3000" FROM TO "3015"
     "301302020080" FROM,
     ST_OK, 1735689600},
    {"the first of 1950",
     "020101" ALG "3000"
     "170d3530303130313030303030305a" TO,
     ST_OK, -631152000},
    {"29 February",
     "020101" ALG "3000"
     "170d3234303232393030303030305a" TO,
     ST_OK, 1709164800},
    {"version 1", "020100" ALG "3000" FROM TO, ST_FORMAT, 0},
    {"version 3", "020102" ALG "3000" FROM TO, ST_LIMIT, 0},
    {"no version", ALG "3000" FROM TO, ST_FORMAT, 0},
    {"no end", "020101" ALG "3000" FROM, ST_TRUNCATED, 0},
    {"an end that is no time", "020101" ALG "3000" FROM "3000", ST_FORMAT, 0},
    {"an end of another type", "020101" ALG "3000" FROM "0c0f32303530303130313030303030305a",
     ST_FORMAT, 0},
    {"29 February of another year",
     "020101" ALG "3000"
     "170d3235303232393030303030305a" TO,
     ST_FORMAT, 0},
    {"month 13",
     "020101" ALG "3000"
     "170d3235313330313030303030305a" TO,
     ST_FORMAT, 0},
    {"hour 24",
     "020101" ALG "3000"
     "170d3235303130313234303030305a" TO,
     ST_FORMAT, 0},
    {"second 60",
     "020101" ALG "3000"
     "170d3235303130313030303036305a" TO,
     ST_FORMAT, 0},
    {"no seconds",
     "020101" ALG "3000"
     "170b323530313031303030305a" TO,
     ST_FORMAT, 0},
    {"an offset",
     "020101" ALG "3000"
     "17113235303130313030303030302b30313030" TO,
     ST_FORMAT, 0},
    {"a colon for the ten of October",
     "020101" ALG "3000"
     "170d3235303a30313030303030305a" TO,
     ST_FORMAT, 0},
    {"a sign in a number",
     "020101" ALG "3000"
     "170d32352b3130313030303030305a" TO,
     ST_FORMAT, 0},
    {"something behind",
     "020101" ALG "3000" FROM TO "3000"
     "020101",
     ST_FORMAT, 0},
    {"a number that is no integer", "020101" ALG "3000" FROM TO "a00e300c300a0603551d140403040105",
     ST_FORMAT, 0},
};

static struct buf crl_of(const char *tbs_hex)
{
    struct buf tbs = test_hex(tbs_hex), rest = test_hex(ALG SIG), out = BUF_MAX(DER_MAX);
    size_t head = tbs.n < 128 ? 2 : 3;
    size_t n = tbs.n + head + rest.n;
    assert_true(n < 256);
    buf_put(&out, BYTES_LIT("\x30\x81"));
    if (n < 128)
        out.n--;
    buf_put_u8(&out, (uint8_t)n);
    buf_put(&out, tbs.n < 128 ? BYTES_LIT("\x30") : BYTES_LIT("\x30\x81"));
    buf_put_u8(&out, (uint8_t)tbs.n);
    buf_put(&out, buf_view(&tbs));
    buf_put(&out, buf_view(&rest));
    buf_done(&tbs);
    buf_done(&rest);
    return out;
}

static void crls_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(CRLS) / sizeof(CRLS[0]); i++) {
        struct x509_crl c = {0};
        struct buf crl = crl_of(CRLS[i].tbs);
        struct bytes in = test_exact(buf_view(&crl));
        status s = x509_read_crl(in, &c);
        if (s.code != CRLS[i].code)
            fail_msg("%s: %s (%s)", CRLS[i].rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
        if (ok(s)) {
            assert_true(c.this_update_unix_s == CRLS[i].from);
            assert_true(c.next_update_unix_s == 2524608000);
        }
        test_exact_free(in);
        buf_done(&crl);
    }
}

static void entries_are_serials(void **state)
{
    (void)state;
    bool is_listed = false;
    struct x509_crl c = {.revoked = BYTES_LIT("\x30\x04\x02\x02\x00\x80\x30\x03\x02\x01\x05")};
    assert_ok(x509_crl_lists(&c, BYTES_LIT("\x80"), &is_listed));
    assert_true(is_listed);
    assert_ok(x509_crl_lists(&c, BYTES_LIT("\x05"), &is_listed));
    assert_true(is_listed);
    assert_ok(x509_crl_lists(&c, BYTES_LIT("\x06"), &is_listed));
    assert_false(is_listed);
    c.revoked = BYTES_LIT("\x30\x03\x04\x01\x05");
    assert_code(x509_crl_lists(&c, BYTES_LIT("\x05"), &is_listed), ST_FORMAT);
    c.revoked = BYTES_LIT("\x02\x01\x05");
    assert_code(x509_crl_lists(&c, BYTES_LIT("\x05"), &is_listed), ST_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(a_time_that_cannot_be_read_is_refused),
        cmocka_unit_test(a_certificate_too_large_is_refused),
        cmocka_unit_test(extensions_are_found_by_name),
        cmocka_unit_test(a_certificate_without_extensions),
        cmocka_unit_test(purposes_are_named),
        cmocka_unit_test(one_common_name),
        cmocka_unit_test(crls_are_read),
        cmocka_unit_test(entries_are_serials),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
