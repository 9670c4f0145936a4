/* Quotes: the form of tee/verify/dcap/quote.h, row by row, cut at every length, and real ones. */
#include "support/test.h"

#include <string.h>

#include "support/forge_dcap.h"
#include "tee/verify/dcap/quote.h"

static struct forge_dcap td, enclave;

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

static void check_parts(const struct forge_dcap *f)
{
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(f);
    struct bytes in = test_exact(buf_view(&b));
    struct quote q;
    struct quote_certification c;
    assert_ok(quote_parse(in, &q));
    assert_ok(quote_read_certification(&q, &c));
    assert_int_equal(q.version, f->version);
    assert_int_equal(q.tee, f->tee);
    assert_int_equal(q.n_trailing, f->trailing.n);
    assert_true(quote_is_intel_qe(&q));
    assert_int_equal(c.qe.isvprodid, 2);
    assert_int_equal(c.qe.isvsvn, 6);
    assert_int_equal(c.qe_auth.n, 32);
    assert_int_equal(quote_report_data(&q).n, QUOTE_REPORT_DATA_LEN);
    assert_int_equal(quote_report_data(&q).p[0], 0x5a);
    assert_int_equal(c.pem.p[c.pem.n - 1], '\n');
    test_exact_free(in);
}

static void every_version_and_body(void **state)
{
    (void)state;
    static const uint8_t padding[7] = {0xff};
    struct forge_dcap f = td;
    check_parts(&f);
    f.trailing = BYTES_OF(padding);
    check_parts(&f);
    f.version = 5;
    check_parts(&f);
    f.body_type = QUOTE_BODY_TD10;
    check_parts(&f);
    f = enclave;
    check_parts(&f);
    f.version = 4;
    check_parts(&f);
    f.version = 5;
    check_parts(&f);
}

static void fields_of_a_td(void **state)
{
    (void)state;
    struct forge_dcap f = td;
    f.version = 5;
    for (size_t i = 0; i < QUOTE_TD15_LEN; i++)
        f.body[i] = (uint8_t)(i % 251);
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(&f);
    struct quote q;
    assert_ok(quote_parse(buf_view(&b), &q));
    const struct {
        struct bytes got;
        size_t at, n;
    } fields[] = {
        {q.td.tee_tcb_svn, 0, 16},      {q.td.mrseam, 16, 48},
        {q.td.mrsignerseam, 64, 48},    {q.td.seam_attributes_view, 112, 8},
        {q.td.attributes_view, 120, 8}, {q.td.xfam_view, 128, 8},
        {q.td.mrtd, 136, 48},           {q.td.mrconfigid, 184, 48},
        {q.td.mrowner, 232, 48},        {q.td.mrownerconfig, 280, 48},
        {q.td.rtmr[0], 328, 48},        {q.td.rtmr[3], 472, 48},
        {q.td.report_data, 520, 64},    {q.td.tee_tcb_svn2, 584, 16},
        {q.td.mrservicetd, 600, 48},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        assert_bytes_equal(fields[i].got, bytes_of(f.body + fields[i].at, fields[i].n));
    assert_true(q.td.attributes == 0x7f7e7d7c7b7a7978u);
}

/* Every cut is noticed: in the header and body by one reader, in the signature data by the other.
 * Cut input and cut length field are two things. */
static void cut_at_every_length(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(&td);
    for (size_t n = 0; n < b.n; n++) {
        struct bytes in = test_exact(bytes_of(b.p, n));
        struct quote q;
        assert_code(quote_parse(in, &q), ST_TRUNCATED);
        test_exact_free(in);
    }
    struct quote whole;
    assert_ok(quote_parse(buf_view(&b), &whole));
    for (size_t n = 0; n < whole.signature_data.n; n++) {
        struct bytes in = test_exact(bytes_of(whole.signature_data.p, n));
        struct quote cut = {.version = 4, .signature_data = in};
        struct quote_certification c;
        status s = quote_read_certification(&cut, &c);
        assert_true(s.code == ST_TRUNCATED || s.code == ST_FORMAT);
        test_exact_free(in);
    }
}

static void poke(struct buf *b, size_t at, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        b->p[at + i] = (uint8_t)(v >> (8 * i));
}

static void refused_headers(void **state)
{
    (void)state;
    const struct {
        const char *rule;
        uint16_t version; /* of the quote that is edited */
        size_t at, n;
        uint32_t v;
        enum status_code code;
    } rows[] = {
        {"version 2", 4, 0, 2, 2, ST_UNSUPPORTED},
        {"version 6", 4, 0, 2, 6, ST_UNSUPPORTED},
        {"key type P-384", 4, 2, 2, 3, ST_UNSUPPORTED},
        {"key type 0", 4, 2, 2, 0, ST_UNSUPPORTED},
        {"unknown TEE", 4, 4, 4, 1, ST_UNSUPPORTED},
        {"TEE with a high bit", 4, 4, 4, 0x80000081, ST_UNSUPPORTED},
        {"version 3 of a TD", 4, 0, 2, 3, ST_FORMAT},
        {"body type 0", 5, 48, 2, 0, ST_UNSUPPORTED},
        {"body type 4", 5, 48, 2, 4, ST_UNSUPPORTED},
        {"enclave's body in a TD's quote", 5, 48, 2, 1, ST_FORMAT},
        {"body size of the other type", 5, 50, 4, 584, ST_FORMAT},
        {"body size huge", 5, 50, 4, 0xffffffff, ST_FORMAT},
        {"signature data longer than the input", 4, 632, 4, 0xffffffff, ST_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_dcap f = td;
        struct quote q;
        f.version = rows[i].version;
        struct buf b CLEANUP(buf_done) = forge_dcap_quote(&f);
        poke(&b, rows[i].at, rows[i].v, rows[i].n);
        status s = quote_parse(buf_view(&b), &q);
        if (s.code != rows[i].code)
            fail_msg("%s: %s", rows[i].rule, status_name(s.code));
    }
}

/* Every other kind of certification data is refused, and called by its name. */
static void refused_certifications(void **state)
{
    (void)state;
    const struct {
        const char *named;
        bool is_outer;
        uint16_t type;
    } rows[] = {
        {"PPID encrypted with RSA-2048", false, 2},
        {"PPID encrypted with RSA-3072", false, 3},
        {"PCK leaf certificate alone", false, 4},
        {"QE report", false, 6},
        {"platform manifest", false, 7},
        {"unknown", false, 0},
        {"unknown", false, 8},
        {"PCK certificate chain", true, 5},
        {"unknown", true, 0xffff},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_dcap f = td;
        struct quote q;
        struct quote_certification c;
        *(rows[i].is_outer ? &f.outer_type : &f.cert_type) = rows[i].type;
        struct buf b CLEANUP(buf_done) = forge_dcap_quote(&f);
        assert_ok(quote_parse(buf_view(&b), &q));
        assert_code(quote_read_certification(&q, &c), ST_UNSUPPORTED);
        if (strstr(status_detail(), rows[i].named) == NULL)
            fail_msg("%s is not in: %s", rows[i].named, status_detail());
    }
}

static void sizes_inside_the_signature_data(void **state)
{
    (void)state;
    const struct {
        size_t at, n; /* in the signature data */
        uint32_t v;
    } rows[] = {
        {130, 4, 0},      {130, 4, 100}, {130, 4, 0xffffffff}, /* outer size */
        {582, 2, 0xffff}, {582, 2, 31},  {582, 2, 33},         /* authentication data */
        {618, 4, 0},      {618, 4, 1},   {618, 4, 0xffffffff}, /* chain */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b CLEANUP(buf_done) = forge_dcap_quote(&td);
        struct quote q;
        struct quote_certification c;
        poke(&b, 48 + QUOTE_TD10_LEN + 4 + rows[i].at, rows[i].v, rows[i].n);
        assert_ok(quote_parse(buf_view(&b), &q));
        assert_true(failed(quote_read_certification(&q, &c)));
    }
}

static void ppid_in_clear(void **state)
{
    (void)state;
    struct forge_dcap f = enclave;
    struct quote q;
    struct quote_certification c;
    f.cert_type = QUOTE_CERT_PPID;
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(&f);
    assert_ok(quote_parse(buf_view(&b), &q));
    assert_ok(quote_read_certification(&q, &c));
    assert_bytes_equal(c.ppid, BYTES_OF(f.ppid));
    q.signature_data.n -= 1;
    b.p[b.n - 34 - 4] = 33;
    assert_code(quote_read_certification(&q, &c), ST_FORMAT);
}

/* The padding is not read: its bytes may be missing from memory for all the reader knows. */
static void padding_is_never_read(void **state)
{
    (void)state;
    static const uint8_t a[9] = {1, 2, 3};
    struct forge_dcap f = td;
    f.trailing = BYTES_OF(a);
    struct buf b CLEANUP(buf_done) = forge_dcap_quote(&f);
    struct quote q;
    assert_ok(quote_parse(buf_view(&b), &q));
    assert_int_equal(q.n_trailing, sizeof(a));
    assert_ptr_equal(q.signature_data.p + q.signature_data.n + sizeof(a), b.p + b.n);
}

static void too_large(void **state)
{
    (void)state;
    static uint8_t zero[QUOTE_MAX_BYTES + 1];
    struct quote q;
    assert_code(quote_parse(BYTES_OF(zero), &q), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_and_body),
        cmocka_unit_test(fields_of_a_td),
        cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(refused_headers),
        cmocka_unit_test(refused_certifications),
        cmocka_unit_test(sizes_inside_the_signature_data),
        cmocka_unit_test(ppid_in_clear),
        cmocka_unit_test(padding_is_never_read),
        cmocka_unit_test(too_large),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
