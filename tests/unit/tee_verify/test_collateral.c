/* Collateral in one JSON object, and the service's own files merged into it. */
#include "support/forge_dcap.h"

#include <string.h>

#include "formats/pem.h"
#include "tee/verify/dcap/collateral.h"
#include "tee/verify/dcap/dcap_root.h"

static struct forge_dcap f;
static struct buf whole;
static struct collateral parsed;

struct bytes dcap_root(void)
{
    return forge_dcap_root(&f);
}

static int set_up(void **state)
{
    (void)state;
    forge_dcap_init(&f, QUOTE_TDX);
    whole = forge_dcap_collateral(&f);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forge_dcap_done(&f);
    buf_done(&whole);
    return 0;
}

static void parses(void **state)
{
    (void)state;
    struct buf tcb CLEANUP(buf_done) = forge_dcap_tcb_info(&f);
    struct bytes in = test_exact(buf_view(&whole));
    assert_ok(collateral_parse(in, &parsed));
    test_exact_free(in); /* the document keeps what it needs */
    assert_bytes_equal(parsed.tcb_info, buf_view(&tcb));
    assert_int_equal(parsed.tcb_info_chain.n, 2);
    assert_bytes_equal(parsed.qe_identity_chain.der[1], dcap_root());
    assert_int_equal(parsed.pck_chain.n, 0);
    assert_int_equal(parsed.root_crl.p[0], 0x30);
    collateral_done(&parsed);
}

static struct buf without(const char *from, const char *to)
{
    struct buf out = BUF_MAX(1 << 18);
    const uint8_t *at = memmem(whole.p, whole.n, from, strlen(from));
    assert_non_null(at);
    size_t before = (size_t)(at - whole.p);
    buf_put(&out, bytes_of(whole.p, before));
    buf_put_str(&out, to);
    buf_put(&out, bytes_of(at + strlen(from), whole.n - before - strlen(from)));
    return out;
}

static void refused(void **state)
{
    (void)state;
    const struct {
        const char *rule, *from, *to;
    } rows[] = {
        {"no TCB info", "\"tcb_info\":", "\"tcbinfo\":"},
        {"no signature", "\"tcb_info_signature\":", "\"signature\":"},
        {"a short signature", "\"tcb_info_signature\":\"",
         "\"tcb_info_signature\":\"00\",\"x\":\""},
        {"no QE identity", "\"qe_identity\":", "\"qeidentity\":"},
        {"no root CRL", "\"root_ca_crl\":", "\"root_crl\":"},
        {"no PCK CRL", "\"pck_crl\":", "\"pckcrl\":"},
        {"no chain", "\"tcb_info_issuer_chain\":", "\"chain\":"},
        {"a CRL with an odd digit", "\"pck_crl\":\"30", "\"pck_crl\":\"3"},
        {"a chain that is no PEM", "-----BEGIN CERTIFICATE-----", "-----BEGIN NOTHING-----"},
        {"TCB info that is an object", "\"tcb_info\":\"", "\"tcb_info\":{},\"x\":\""},
        {"an unknown key", "{\"root", "{\"x\":1,\"root"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text CLEANUP(buf_done) = without(rows[i].from, rows[i].to);
        if (ok(collateral_parse(buf_view(&text), &parsed)))
            fail_msg("%s: accepted", rows[i].rule);
        assert_null(parsed.doc);
    }
    for (size_t n = 0; n < whole.n; n += 37) {
        struct bytes in = test_exact(bytes_of(whole.p, n));
        assert_true(failed(collateral_parse(in, &parsed)));
        test_exact_free(in);
    }
}

static void too_large(void **state)
{
    (void)state;
    static uint8_t spaces[COLLATERAL_MAX_BYTES + 1];
    memset(spaces, ' ', sizeof(spaces));
    assert_code(collateral_parse(BYTES_OF(spaces), &parsed), ST_LIMIT);
}

/* ---- separate files ---- */

enum { TCB, QE, TCB_CHAIN, PCK_LEAF, PCK_CHAIN, ROOT_CRL, PCK_CRL, ROOT, PARTS };

struct folder {
    struct buf content[PARTS];
    struct collateral_file files[PARTS + 1];
};

/* As the service sends it, with spaces that JSON does not mind and a signature does. */
static void put_signed(struct buf *out, const char *key, struct bytes text, const uint8_t *sig)
{
    struct json_w w = {.out = out, .need_comma = true};
    buf_printf(out, " {\n \"%s\" : ", key);
    buf_put(out, text);
    buf_put_str(out, "\n ");
    json_w_hex(&w, "signature", bytes_of(sig, COLLATERAL_SIG_LEN));
    buf_put_str(out, " }\n");
}

static void folder_open(struct folder *d)
{
    static const char *const names[PARTS] = {"tcb.json", "qe.json",  "tcb.pem", "pck.pem",
                                             "ca.pem",   "root.crl", "pck.crl", "root.der"};
    assert_ok(collateral_parse(buf_view(&whole), &parsed));
    for (size_t i = 0; i < PARTS; i++)
        d->content[i] = BUF_MAX(1 << 16);
    put_signed(&d->content[TCB], "tcbInfo", parsed.tcb_info, parsed.tcb_info_signature);
    put_signed(&d->content[QE], "enclaveIdentity", parsed.qe_identity,
               parsed.qe_identity_signature);
    for (size_t i = 0; i < 2; i++)
        pem_put(&d->content[TCB_CHAIN], "CERTIFICATE", parsed.tcb_info_chain.der[i]);
    pem_put(&d->content[PCK_LEAF], "CERTIFICATE", buf_view(&f.certs[FORGE_DCAP_PCK].der));
    pem_put(&d->content[PCK_CHAIN], "CERTIFICATE", buf_view(&f.certs[FORGE_DCAP_CA].der));
    pem_put(&d->content[PCK_CHAIN], "CERTIFICATE", dcap_root());
    buf_put(&d->content[ROOT_CRL], buf_view(&parsed.root_crl));
    pem_put(&d->content[PCK_CRL], "X509 CRL", buf_view(&parsed.pck_crl));
    buf_put(&d->content[ROOT], dcap_root());
    for (size_t i = 0; i < PARTS; i++)
        d->files[i] = (struct collateral_file){names[i], buf_view(&d->content[i])};
}

static void folder_close(struct folder *d)
{
    for (size_t i = 0; i < PARTS; i++)
        buf_done(&d->content[i]);
    collateral_done(&parsed);
}

static void merged_byte_for_byte(void **state)
{
    (void)state;
    struct folder d;
    static struct collateral again;
    struct buf out CLEANUP(buf_done) = BUF_MAX(COLLATERAL_MAX_BYTES);
    folder_open(&d);
    assert_ok(collateral_merge(d.files, PARTS, &out));
    assert_ok(collateral_parse(buf_view(&out), &again));
    assert_bytes_equal(again.tcb_info, parsed.tcb_info);
    assert_bytes_equal(again.qe_identity, parsed.qe_identity);
    assert_memory_equal(again.tcb_info_signature, parsed.tcb_info_signature, 64);
    assert_memory_equal(again.qe_identity_signature, parsed.qe_identity_signature, 64);
    assert_bytes_equal(buf_view(&again.root_crl), buf_view(&parsed.root_crl));
    assert_bytes_equal(buf_view(&again.pck_crl), buf_view(&parsed.pck_crl));
    assert_int_equal(again.pck_chain.n, 3);
    assert_bytes_equal(again.pck_chain.der[0], buf_view(&f.certs[FORGE_DCAP_PCK].der));
    collateral_done(&again);
    folder_close(&d);
}

static void a_part_missing_or_twice(void **state)
{
    (void)state;
    static const size_t needed[] = {TCB, QE, TCB_CHAIN, ROOT_CRL, PCK_CRL};
    struct folder d;
    folder_open(&d);
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        struct buf out CLEANUP(buf_done) = BUF_MAX(COLLATERAL_MAX_BYTES);
        struct collateral_file last = d.files[PARTS - 1], here = d.files[needed[i]];
        d.files[needed[i]] = last; /* the root once more, which says nothing */
        assert_code(collateral_merge(d.files, PARTS, &out), ST_FORMAT);
        d.files[needed[i]] = here;
        d.files[PARTS] = here;
        assert_code(collateral_merge(d.files, PARTS + 1, &out), ST_FORMAT);
        assert_non_null(strstr(status_detail(), here.name));
    }
    folder_close(&d);
}

static void other_files(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",   "{}",    "{\"tcbInfo\":{}}",
        "[]", "hello", "{\"tcbInfo\":{},\"enclaveIdentity\":{},\"signature\":\"\"}"};
    struct collateral_file two[] = {{"a", buf_view(&whole)}, {"b", buf_view(&whole)}};
    struct buf out CLEANUP(buf_done) = BUF_MAX(COLLATERAL_MAX_BYTES);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct collateral_file one = {"x", bytes_str(texts[i])};
        assert_true(failed(collateral_merge(&one, 1, &out)));
    }
    assert_code(collateral_merge(two, 0, &out), ST_LIMIT);
    assert_code(collateral_merge(two, 2, &out), ST_FORMAT);
    assert_int_equal(out.n, 0);
    assert_ok(collateral_merge(two, 1, &out));
    assert_bytes_equal(buf_view(&out), buf_view(&whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refused),
        cmocka_unit_test(too_large),
        cmocka_unit_test(merged_byte_for_byte),
        cmocka_unit_test(a_part_missing_or_twice),
        cmocka_unit_test(other_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
