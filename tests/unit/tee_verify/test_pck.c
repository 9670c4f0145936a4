/* The SGX extension of a PCK certificate: each field there, once, in DER and nothing else. */
#include "support/test.h"

#include <string.h>

#include "support/forge_dcap.h"
#include "tee/verify/dcap/pck.h"

static struct forge_dcap forge;

static int set_up(void **state)
{
    (void)state;
    forge_dcap_init(&forge, QUOTE_TDX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_dcap_done(&forge);
    return 0;
}

static void fields(void **state)
{
    (void)state;
    struct forge_dcap f = forge;
    struct pck p;
    for (int i = 0; i < 16; i++)
        f.svn[i] = (uint8_t)(i * 17); /* 0 to 255: with and without a leading zero byte */
    f.pcesvn = 0xff01;
    struct buf b CLEANUP(buf_done) = forge_dcap_pck_extension(&f);
    struct bytes in = test_exact(buf_view(&b));
    assert_ok(pck_parse(in, &p));
    assert_memory_equal(p.svn, f.svn, sizeof(p.svn));
    assert_int_equal(p.pcesvn, 0xff01);
    assert_bytes_equal(p.fmspc, BYTES_OF(f.fmspc));
    assert_bytes_equal(p.ppid, BYTES_OF(f.ppid));
    assert_bytes_equal(p.pceid, BYTES_OF(f.pceid));
    assert_bytes_equal(p.cpusvn, BYTES_OF(f.cpusvn));
    assert_int_equal(p.sgx_type, 1);
    test_exact_free(in);
}

/* What is not there is not zero. */
static void a_missing_svn(void **state)
{
    (void)state;
    for (int i = 1; i <= 18; i++) {
        struct forge_dcap f = forge;
        struct pck p;
        f.omitted_field = i;
        struct buf b CLEANUP(buf_done) = forge_dcap_pck_extension(&f);
        assert_code(pck_parse(buf_view(&b), &p), ST_FORMAT);
        assert_non_null(strstr(status_detail(), "missing"));
    }
}

static void cut_and_lengthened(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = forge_dcap_pck_extension(&forge);
    struct pck p;
    for (size_t n = 0; n < b.n; n++) {
        struct bytes in = test_exact(bytes_of(b.p, n));
        assert_true(failed(pck_parse(in, &p)));
        test_exact_free(in);
    }
    buf_put_u8(&b, 0);
    assert_code(pck_parse(buf_view(&b), &p), ST_FORMAT);
}

/* Any changed tag, length or OID is refused; a changed value gives another value or is refused. */
static void every_byte_changed(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = forge_dcap_pck_extension(&forge);
    struct pck plain;
    assert_ok(pck_parse(buf_view(&b), &plain));
    unsigned n_refused = 0;
    for (size_t i = 0; i < b.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct pck p;
            b.p[i] ^= (uint8_t)(1u << bit);
            struct bytes in = test_exact(buf_view(&b));
            n_refused += failed(pck_parse(in, &p));
            test_exact_free(in);
            b.p[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_true(n_refused > b.n * 8 * 3 / 4);
}

/* A field twice, the second time with another value. */
static void a_doubled_field(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = forge_dcap_pck_extension(&forge);
    struct buf twice CLEANUP(buf_done) = BUF_MAX(1 << 12);
    struct pck p;
    size_t n_ppid = 2 + 12 + 18; /* SEQUENCE { OID, OCTET STRING 16 } */
    buf_put(&twice, bytes_of(b.p, 4));
    buf_put(&twice, bytes_of(b.p + 4, n_ppid));
    buf_put(&twice, bytes_of(b.p + 4, b.n - 4));
    put_u16be(twice.p + 2, (uint16_t)(twice.n - 4));
    assert_code(pck_parse(buf_view(&twice), &p), ST_FORMAT);
    assert_non_null(strstr(status_detail(), "twice"));
}

static void from_a_certificate(void **state)
{
    (void)state;
    struct pck p;
    assert_ok(pck_read(buf_view(&forge.certs[FORGE_DCAP_PCK].der), &p));
    assert_int_equal(p.pcesvn, 11);
    assert_code(pck_read(buf_view(&forge.certs[FORGE_DCAP_CA].der), &p), ST_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(a_missing_svn),
        cmocka_unit_test(cut_and_lengthened),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(a_doubled_field),
        cmocka_unit_test(from_a_certificate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
