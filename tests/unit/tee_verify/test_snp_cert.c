/* The extensions of VCEK and VLEK certificates: each is there, once, in one form. */
#include "support/forge_snp.h"
#include "support/test.h"

#include <string.h>

#include "tee/verify/snp/snp_certs.h"

static void assert_read(struct forge_snp *f, const char *rule, enum status_code want)
{
    struct snp_cert c;
    forge_snp_issue(f);
    struct bytes exact = test_exact(buf_view(&f->leaf));
    status s = snp_cert_read(exact, &c);
    if (s.code != want)
        fail_msg("%s: %s (%s), expected %s", rule, status_name(s.code),
                 failed(s) ? status_detail() : "", status_name(want));
    test_exact_free(exact);
    forge_snp_done(f);
}

static void reads_what_amd_writes(void **state)
{
    (void)state;
    struct forge_snp f;
    struct snp_cert c;
    for (unsigned p = 0; p < SNP_PRODUCTS; p++) {
        for (unsigned kind = SNP_KEY_VCEK; kind <= SNP_KEY_VLEK; kind++) {
            forge_snp_init(&f, (enum snp_product)p, (enum snp_signing_key)kind);
            forge_snp_issue(&f);
            assert_ok(snp_cert_read(buf_view(&f.leaf), &c));
            assert_int_equal(c.product, p);
            assert_int_equal(c.kind, kind);
            assert_int_equal(c.tcb.spl[SNP_PART_MICROCODE], FORGE_SNP_LEVEL);
            assert_int_equal(c.tcb.spl[SNP_PART_FMC], p == SNP_TURIN ? FORGE_SNP_LEVEL : 0);
            assert_int_equal(c.hwid.n, kind == SNP_KEY_VLEK ? 0 : p == SNP_TURIN ? 8 : 64);
            assert_int_equal(c.csp_id.n, kind == SNP_KEY_VLEK ? strlen(FORGE_SNP_CSP) : 0);
            forge_snp_done(&f);
        }
    }
}

static void misses_each_extension(void **state)
{
    (void)state;
    static const struct {
        const char *oid;
        enum snp_product product;
        enum snp_signing_key kind;
    } rows[] = {
        {"1", SNP_GENOA, SNP_KEY_VCEK},   {"2", SNP_GENOA, SNP_KEY_VCEK},
        {"3.1", SNP_GENOA, SNP_KEY_VCEK}, {"3.2", SNP_GENOA, SNP_KEY_VCEK},
        {"3.3", SNP_GENOA, SNP_KEY_VCEK}, {"3.8", SNP_GENOA, SNP_KEY_VCEK},
        {"3.9", SNP_TURIN, SNP_KEY_VCEK}, {"4", SNP_GENOA, SNP_KEY_VCEK},
        {"4", SNP_TURIN, SNP_KEY_VCEK},   {"5", SNP_MILAN, SNP_KEY_VLEK},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_snp f;
        forge_snp_init(&f, rows[i].product, rows[i].kind);
        forge_snp_extra_drop(&f, rows[i].oid);
        assert_read(&f, rows[i].oid, ST_NOTFOUND);
    }
}

static void refuses_broken_values(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *oid;
        const char *value; /* hexadecimal */
        enum status_code code;
    } rows[] = {
        {"level above 255", "3.3", "02020100", ST_LIMIT},
        {"negative level", "3.3", "0201ff", ST_FORMAT},
        {"level with a leading zero", "3.3", "02020001", ST_FORMAT},
        {"empty level", "3.3", "0200", ST_FORMAT},
        {"no bytes", "3.3", "", ST_TRUNCATED},
        {"long length", "3.3", "02810101", ST_FORMAT},
        {"bytes after a level", "3.3", "02010100", ST_FORMAT},
        {"an octet string for a level", "3.3", "040101", ST_FORMAT},
        {"a boolean for a level", "3.1", "0101ff", ST_FORMAT},
        {"a level of a part that does not exist", "3.5", "020101", ST_LIMIT},
        {"FMC outside Turin", "3.9", "020100", ST_FORMAT},
        {"structure version 1 outside Turin", "1", "020101", ST_UNSUPPORTED},
        {"structure version 2", "1", "020102", ST_UNSUPPORTED},
        {"product as UTF8String", "2", "0c0547656e6f61", ST_FORMAT},
        {"product with bytes after it", "2", "160547656e6f6100", ST_FORMAT},
        {"empty product", "2", "1600", ST_FORMAT},
        {"product with a NUL", "2", "160647656e6f6100", ST_FORMAT},
        {"unknown product", "2", "160656656e696365", ST_UNSUPPORTED},
        {"hardware id of Turin's length", "4", "0102030405060708", ST_FORMAT},
        {"provider id beside a hardware id", "5", "1601", ST_FORMAT},
        {"provider id as well", "5", "160141", ST_FORMAT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct forge_snp f;
        struct buf value CLEANUP(buf_done) = test_hex(rows[i].value);
        forge_snp_init(&f, SNP_GENOA, SNP_KEY_VCEK);
        forge_snp_extra_raw(&f, rows[i].oid, buf_view(&value));
        assert_read(&f, rows[i].rule, rows[i].code);
    }
}

static void refuses_hardware_ids_of_another_length(void **state)
{
    (void)state;
    uint8_t id[65];
    memset(id, 0x77, sizeof(id));
    for (size_t n = 0; n <= sizeof(id); n++) {
        struct forge_snp f;
        forge_snp_init(&f, SNP_GENOA, SNP_KEY_VCEK);
        forge_snp_extra_raw(&f, "4", bytes_of(id, n));
        assert_read(&f, "hardware id", n == 64 ? ST_OK : ST_FORMAT);
    }
    struct forge_snp f;
    memset(id, 0, sizeof(id));
    forge_snp_init(&f, SNP_GENOA, SNP_KEY_VCEK);
    forge_snp_extra_raw(&f, "4", bytes_of(id, 64));
    assert_read(&f, "zeroes", ST_FORMAT);
}

static void a_vlek_names_no_chip(void **state)
{
    (void)state;
    struct forge_snp f;
    uint8_t id[64];
    memset(id, 0x77, sizeof(id));
    forge_snp_init(&f, SNP_GENOA, SNP_KEY_VLEK);
    forge_snp_extra_raw(&f, "4", BYTES_OF(id));
    assert_read(&f, "hardware id of a VLEK", ST_FORMAT);
}

static void goes_by_the_subjects_name(void **state)
{
    (void)state;
    static const char *const names[] = {"SEV-Genoa", "ARK-Genoa", "SEV-VCEK2", "sev-vcek", "SEV"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct forge_snp f;
        forge_snp_init(&f, SNP_GENOA, SNP_KEY_VCEK);
        f.leaf_name = names[i];
        assert_read(&f, names[i], ST_FORMAT);
    }
}

static void refuses_an_extension_that_is_there_twice(void **state)
{
    (void)state;
    struct forge_snp f;
    forge_snp_init(&f, SNP_GENOA, SNP_KEY_VCEK);
    struct forge_snp_extra twice = *forge_snp_extra(&f, "3.3");
    f.extras[f.n_extras++] = twice;
    assert_read(&f, "twice", ST_FORMAT);
}

static void a_cut_certificate_is_refused(void **state)
{
    (void)state;
    struct forge_snp f;
    struct snp_cert c;
    forge_snp_init(&f, SNP_TURIN, SNP_KEY_VCEK);
    forge_snp_issue(&f);
    for (size_t n = 0; n < f.leaf.n; n++) {
        struct bytes exact = test_exact(bytes_of(f.leaf.p, n));
        assert_true(failed(snp_cert_read(exact, &c)));
        test_exact_free(exact);
    }
    forge_snp_done(&f);
}

/* ---- lists ---- */

static void sorts_leaves_from_the_others(void **state)
{
    (void)state;
    struct forge_snp vcek, vlek;
    struct snp_certs c;
    struct buf all CLEANUP(buf_done) = BUF_MAX(1 << 16);
    forge_snp_init(&vcek, SNP_MILAN, SNP_KEY_VCEK);
    forge_snp_init(&vlek, SNP_MILAN, SNP_KEY_VLEK);
    forge_snp_issue(&vcek);
    forge_snp_issue(&vlek);
    buf_put(&all, buf_view(&vcek.ask));
    buf_put(&all, buf_view(&vlek.certs));
    buf_put(&all, buf_view(&vcek.leaf));
    assert_ok(snp_certs_read(buf_view(&all), &c));
    assert_int_equal(c.n_leaves, 2);
    assert_int_equal(c.n_others, 3);
    assert_bytes_equal(snp_certs_leaf(&c, SNP_KEY_VCEK), buf_view(&vcek.leaf));
    assert_bytes_equal(snp_certs_leaf(&c, SNP_KEY_VLEK), buf_view(&vlek.leaf));
    assert_null(snp_certs_leaf(&c, SNP_KEY_NONE).p); /* which of the two? */
    snp_certs_done(&c);

    assert_ok(snp_certs_read(buf_view(&vcek.leaf), &c));
    assert_bytes_equal(snp_certs_leaf(&c, SNP_KEY_VLEK), buf_view(&vcek.leaf));
    snp_certs_done(&c);
    assert_ok(snp_certs_read((struct bytes){0}, &c));
    assert_null(snp_certs_leaf(&c, SNP_KEY_VCEK).p);
    snp_certs_done(&c);

    buf_put(&all, buf_view(&vlek.leaf));
    assert_code(snp_certs_read(buf_view(&all), &c), ST_FORMAT);
    snp_certs_done(&c);
    forge_snp_done(&vcek);
    forge_snp_done(&vlek);
}

static int done_keys(void **state)
{
    (void)state;
    forge_snp_keys_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_amd_writes),
        cmocka_unit_test(misses_each_extension),
        cmocka_unit_test(refuses_broken_values),
        cmocka_unit_test(refuses_hardware_ids_of_another_length),
        cmocka_unit_test(a_vlek_names_no_chip),
        cmocka_unit_test(goes_by_the_subjects_name),
        cmocka_unit_test(refuses_an_extension_that_is_there_twice),
        cmocka_unit_test(a_cut_certificate_is_refused),
        cmocka_unit_test(sorts_leaves_from_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, done_keys);
}
