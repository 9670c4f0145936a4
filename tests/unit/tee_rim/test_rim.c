/* RIM files under a test root: each rule of form, chain, signature and content has a row that
 * breaks it and is signed again. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/x509_issue.h"
#include "tee/rim/rim.h"
#include "tee/rim/rim_root.h"

enum { NOW = 1750000000, ROOM = 1 << 20, N_CERTS = 3 };

#define SWID  "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
#define HASH  "http://www.w3.org/2001/04/xmlenc#sha384"
#define DSIG  "http://www.w3.org/2000/09/xmldsig#"
#define C14N  "http://www.w3.org/2006/12/xml-c14n11"
#define ECDSA "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
#define ENV   DSIG "enveloped-signature"
#define SHA   "http://www.w3.org/2001/04/xmldsig-more#sha384"
#define H0                                                                                       \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c" \
    "2d2e2f"
#define H1                                                                                       \
    "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c" \
    "2d2e2f"

static struct authority {
    struct ecdsa_secret *keys[N_CERTS];
    struct buf ders[N_CERTS]; /* leaf, authority, root */
} good;

static struct buf wanted_root;

struct bytes rim_root(void)
{
    return buf_view(&wanted_root);
}

static void issue(struct authority *a, int64_t leaf_ends)
{
    static const char *const names[N_CERTS] = {"rim signer", "rim authority", "rim root"};
    for (int i = N_CERTS - 1; i >= 0; i--) {
        int issuer = i < N_CERTS - 1 ? i + 1 : i;
        assert_ok(ecdsa_generate(ECDSA_ES384, &a->keys[i]));
        struct x509_request r = {
            .common_name = names[i],
            .issuer_name = names[issuer],
            .is_ca = i > 0,
            .path_len = -1,
            .not_before_unix_s = NOW - 100,
            .not_after_unix_s = i == 0 ? leaf_ends : NOW + 5000,
            .subject_key = a->keys[i],
            .issuer_key = a->keys[issuer],
        };
        a->ders[i] = BUF_MAX(ROOM);
        assert_ok(x509_issue(&r, &a->ders[i]));
    }
}

static void authority_done(struct authority *a)
{
    for (int i = 0; i < N_CERTS; i++) {
        ecdsa_secret_freep(&a->keys[i]);
        buf_done(&a->ders[i]);
    }
}

static int setup(void **state)
{
    (void)state;
    issue(&good, NOW + 1000);
    wanted_root = BUF_MAX(ROOM);
    buf_put(&wanted_root, buf_view(&good.ders[N_CERTS - 1]));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    authority_done(&good);
    buf_done(&wanted_root);
    return 0;
}

/* ---- writing: the text is canonical as it stands, so that it can be signed without a library ----
 */

struct draft {
    const char *before; /* the document's first bytes */
    const char *root;   /* name of the root element */
    const char *entity, *meta, *payload;
    const char *c14n, *method, *uri, *transforms, *digest;
    const char *signed_more;   /* into SignedInfo, after the reference */
    const char *key_info_more; /* into X509Data */
    const char *value_more;    /* after KeyInfo */
    const char *end;           /* after the signature */
    const struct authority *authority;
    const struct ecdsa_secret *signer; /* NULL: the leaf's */
    unsigned omitted_certs;
    const char *replace, *with; /* in the finished text */
};

#define RESOURCE(index, active, more)                                   \
    "<Resource active=\"" active "\" alternatives=\"1\" index=\"" index \
    "\" name=\"m\" size=\"48\" type=\"Measurement\" h:Hash0=\"" H0 "\"" more "></Resource>"
#define META(version) \
    "<Meta colloquialVersion=\"" version "\" edition=\"GPU\" product=\"GH100\"></Meta>"
#define TRANSFORM(a) "<ds:Transform Algorithm=\"" a "\"></ds:Transform>"

static const struct draft PLAIN = {
    .before = "",
    .root = "SoftwareIdentity",
    .entity = "<Entity name=\"NVIDIA\"></Entity>",
    .meta = META("550.144.03"),
    .payload = "<Payload>" RESOURCE("0", "False", "") RESOURCE("7", "True", "") "</Payload>",
    .c14n = C14N,
    .method = ECDSA,
    .uri = "",
    .transforms = TRANSFORM(ENV) TRANSFORM(C14N),
    .digest = SHA,
    .signed_more = "",
    .key_info_more = "",
    .value_more = "",
    .end = "",
    .authority = &good,
};

static struct buf signed_info(const struct draft *d, const char *namespaces)
{
    uint8_t digest[SHA384_LEN];
    struct buf body CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf out = BUF_MAX(ROOM);
    buf_printf(&body, "<%s xmlns=\"" SWID "\" xmlns:h=\"" HASH "\" name=\"GH100\">", d->root);
    buf_put_str(&body, d->entity);
    buf_put_str(&body, d->meta);
    buf_put_str(&body, d->payload);
    buf_printf(&body, "%s</%s>", d->end, d->root);
    assert_ok(sha384(buf_view(&body), digest));
    buf_printf(&out, "<ds:SignedInfo%s>", namespaces);
    buf_printf(&out, "<ds:CanonicalizationMethod Algorithm=\"%s\"></ds:CanonicalizationMethod>",
               d->c14n);
    buf_printf(&out, "<ds:SignatureMethod Algorithm=\"%s\"></ds:SignatureMethod>", d->method);
    buf_printf(&out, "<ds:Reference URI=\"%s\"><ds:Transforms>%s</ds:Transforms>", d->uri,
               d->transforms);
    buf_printf(&out, "<ds:DigestMethod Algorithm=\"%s\"></ds:DigestMethod><ds:DigestValue>",
               d->digest);
    base64_put(&out, BYTES_OF(digest));
    buf_printf(&out, "</ds:DigestValue></ds:Reference>%s</ds:SignedInfo>", d->signed_more);
    return out;
}

static void put_signature(const struct draft *d, struct buf *out)
{
    uint8_t sig[96];
    struct buf canonical CLEANUP(buf_done) =
        signed_info(d, " xmlns=\"" SWID "\" xmlns:ds=\"" DSIG "\" xmlns:h=\"" HASH "\"");
    struct buf plain CLEANUP(buf_done) = signed_info(d, "");
    assert_ok(ecdsa_sign(d->signer ? d->signer : d->authority->keys[0], buf_view(&canonical), sig));
    buf_put_str(out, "<ds:Signature xmlns:ds=\"" DSIG "\">");
    buf_put(out, buf_view(&plain));
    buf_put_str(out, "<ds:SignatureValue>");
    base64_put(out, BYTES_OF(sig));
    buf_put_str(out, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>");
    for (int i = 0; i < N_CERTS; i++) {
        if ((d->omitted_certs >> i & 1u) != 0)
            continue;
        buf_put_str(out, "<ds:X509Certificate>\n");
        base64_put(out, buf_view(&d->authority->ders[i]));
        buf_put_str(out, "\n</ds:X509Certificate>");
    }
    buf_printf(out, "%s</ds:X509Data></ds:KeyInfo>%s</ds:Signature>", d->key_info_more,
               d->value_more);
}

static struct buf replaced(struct buf *text, const char *what, const char *with)
{
    struct buf out = BUF_MAX(ROOM);
    buf_put_u8(text, 0);
    char *at = strstr((char *)text->p, what);
    assert_non_null(at);
    size_t n = (size_t)(at - (char *)text->p);
    buf_put(&out, bytes_of(text->p, n));
    buf_put_str(&out, with);
    buf_put_str(&out, at + strlen(what));
    return out;
}

static struct buf write_rim(const struct draft *d)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(ROOM);
    buf_put_str(&out, d->before);
    buf_printf(&out, "<%s xmlns=\"" SWID "\" xmlns:h=\"" HASH "\" name=\"GH100\">", d->root);
    buf_put_str(&out, d->entity);
    buf_put_str(&out, d->meta);
    buf_put_str(&out, d->payload);
    put_signature(d, &out);
    buf_printf(&out, "%s</%s>", d->end, d->root);
    assert_ok(buf_status(&out));
    return d->replace != NULL ? replaced(&out, d->replace, d->with) : buf_take(&out);
}

static status open_draft(const struct draft *d, int64_t at, struct rim **out)
{
    struct buf text CLEANUP(buf_done) = write_rim(d);
    struct bytes in = test_exact(buf_view(&text));
    status s = rim_open(in, at, out);
    test_exact_free(in);
    return s;
}

/* ---- rows ---- */

static void signed_file_is_read(void **state)
{
    (void)state;
    struct rim *r CLEANUP(rim_freep) = NULL;
    struct draft d = PLAIN;
    d.payload = "<Payload>" RESOURCE("0", "False", "")
        RESOURCE("7", "True", "") "<Resource active=\"True\" alternatives=\"2\" index=\"9\" "
                                  "name=\"m\" size=\"48\" type=\"Measurement\" h:Hash0=\"" H1
                                  "\" h:Hash1=\"" H0 "\"></Resource></Payload>";
    assert_ok(open_draft(&d, NOW, &r));
    const struct gpu_reference_draft *got = rim_draft(r);
    assert_int_equal(got->kind, GPU_MANIFEST_DRIVER);
    assert_string_equal(got->product, "GH100");
    assert_string_equal(got->version, "550.144.03");
    assert_int_equal(got->not_after_unix_s, NOW + 1000);
    assert_int_equal(got->n_entries, 2);
    assert_int_equal(got->entries[0].index, 7);
    assert_int_equal(got->entries[1].index, 9);
    assert_int_equal(got->entries[1].n_values, 2);
    assert_int_equal(got->entries[1].values[0].p[0], 0xff);
    assert_int_equal(got->entries[1].values[1].p[47], 0x2f);
}

static void vbios_is_told_by_its_version(void **state)
{
    (void)state;
    struct rim *r CLEANUP(rim_freep) = NULL;
    struct draft d = PLAIN;
    d.meta = META("96.00.5e.00.01");
    assert_ok(open_draft(&d, NOW, &r));
    assert_int_equal(rim_draft(r)->kind, GPU_MANIFEST_VBIOS);
    assert_string_equal(rim_draft(r)->version, "96.00.5E.00.01");
}

static const struct row {
    const char *name;
    enum status_code code;
    struct draft d; /* what is not PLAIN's */
} ROWS[] = {
    {"changed after signing: version", ST_AUTH, {.replace = "550.144.03", .with = "550.144.04"}},
    {"changed after signing: a hash", ST_AUTH, {.replace = "Hash0=\"0001", .with = "Hash0=\"0002"}},
    {"changed after signing: active",
     ST_AUTH,
     {.replace = "active=\"False\"", .with = "active=\"True\""}},
    {"changed after signing: text", ST_AUTH, {.replace = "</Entity>", .with = " </Entity>"}},
    {"changed after signing: digest",
     ST_AUTH,
     {.replace = "<ds:DigestValue>", .with = "<ds:DigestValue>AAAA"}},
    {"another key signed", ST_AUTH, {.signer = NULL}}, /* set below */
    {"document type", ST_FORMAT, {.before = "<!DOCTYPE SoftwareIdentity>"}},
    {"entity",
     ST_FORMAT,
     {.before = "<!DOCTYPE SoftwareIdentity [<!ENTITY e \"x\">]>",
      .entity = "<Entity name=\"&e;\"></Entity>"}},
    {"external entity",
     ST_FORMAT,
     {.before = "<!DOCTYPE SoftwareIdentity [<!ENTITY e SYSTEM \"file:///etc/hostname\">]>",
      .entity = "<Entity name=\"N\">&e;</Entity>"}},
    {"comment", ST_FORMAT, {.entity = "<Entity name=\"N\"><!-- x --></Entity>"}},
    {"processing instruction", ST_FORMAT, {.entity = "<Entity name=\"N\"><?x y?></Entity>"}},
    {"CDATA", ST_FORMAT, {.entity = "<Entity name=\"N\"><![CDATA[x]]></Entity>"}},
    {"comment beside the root", ST_FORMAT, {.before = "<!-- x -->"}},
    {"not well-formed", ST_FORMAT, {.replace = "</Entity>", .with = "</entity>"}},
    {"another root", ST_FORMAT, {.root = "Wrapped"}},
    {"two Meta", ST_FORMAT, {.meta = META("550.144.03") META("550.144.04")}},
    {"two Entity", ST_FORMAT, {.entity = "<Entity></Entity><Entity></Entity>"}},
    {"no Entity", ST_FORMAT, {.entity = ""}},
    {"no Payload", ST_FORMAT, {.payload = ""}},
    {"unknown element", ST_FORMAT, {.entity = "<Entity></Entity><Link></Link>"}},
    {"element after the signature", ST_FORMAT, {.end = "<Entity></Entity>"}},
    {"two signatures",
     ST_FORMAT,
     {.entity = "<Entity><ds:Signature xmlns:ds=\"" DSIG "\"></ds:Signature></Entity>"}},
    {"exclusive canonical form", ST_ALG, {.c14n = "http://www.w3.org/2001/10/xml-exc-c14n#"}},
    {"RSA", ST_ALG, {.method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"}},
    {"HMAC", ST_ALG, {.method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha384"}},
    {"reference to a part", ST_ALG, {.uri = "#part"}},
    {"reference to a file", ST_ALG, {.uri = "file:///etc/hostname"}},
    {"no transform", ST_ALG, {.transforms = ""}},
    {"one transform", ST_ALG, {.transforms = TRANSFORM(ENV)}},
    {"transforms turned round", ST_ALG, {.transforms = TRANSFORM(C14N) TRANSFORM(ENV)}},
    {"third transform", ST_ALG, {.transforms = TRANSFORM(ENV) TRANSFORM(C14N) TRANSFORM(C14N)}},
    {"XSLT",
     ST_ALG,
     {.transforms = TRANSFORM(ENV) TRANSFORM("http://www.w3.org/TR/1999/REC-xslt-19991116")}},
    {"content inside a transform",
     ST_ALG,
     {.transforms = "<ds:Transform Algorithm=\"" ENV
                    "\"><ds:XPath></ds:XPath></ds:Transform>" TRANSFORM(C14N)}},
    {"SHA-256", ST_ALG, {.digest = "http://www.w3.org/2001/04/xmlenc#sha256"}},
    {"second reference", ST_ALG, {.signed_more = "<ds:Reference URI=\"\"></ds:Reference>"}},
    {"key name", ST_FORMAT, {.key_info_more = "<ds:X509SubjectName>x</ds:X509SubjectName>"}},
    {"object", ST_FORMAT, {.value_more = "<ds:Object></ds:Object>"}},
    {"certificate that is no base64",
     ST_FORMAT,
     {.replace = "<ds:X509Certificate>\n", .with = "<ds:X509Certificate>\n*"}},
    {"no certificates", ST_CERT, {.omitted_certs = 7}},
    {"leaf alone", ST_CERT, {.omitted_certs = 6}},
    {"no root", ST_CERT, {.omitted_certs = 4}},
    {"no authority", ST_CERT, {.omitted_certs = 2}},
    {"no version", ST_FORMAT, {.meta = "<Meta product=\"GH100\"></Meta>"}},
    {"version of words", ST_FORMAT, {.meta = META("latest")}},
    {"version of one part", ST_FORMAT, {.meta = META("550")}},
    {"version of six parts", ST_FORMAT, {.meta = META("1.2.3.4.5.6")}},
    {"no product", ST_FORMAT, {.meta = "<Meta colloquialVersion=\"1.2\"></Meta>"}},
    {"long product",
     ST_FORMAT,
     {.meta = "<Meta colloquialVersion=\"1.2\" product=\"GH10000000000000\"></Meta>"}},
    {"nothing active", ST_FORMAT, {.payload = "<Payload>" RESOURCE("0", "False", "") "</Payload>"}},
    {"another word for active",
     ST_FORMAT,
     {.payload = "<Payload>" RESOURCE("0", "true", "") "</Payload>"}},
    {"an index twice",
     ST_FORMAT,
     {.payload = "<Payload>" RESOURCE("7", "True", "") RESOURCE("7", "True", "") "</Payload>"}},
    {"indices turned round",
     ST_FORMAT,
     {.payload = "<Payload>" RESOURCE("8", "True", "") RESOURCE("7", "True", "") "</Payload>"}},
    {"index above 63", ST_LIMIT, {.payload = "<Payload>" RESOURCE("64", "True", "") "</Payload>"}},
    {"index with a sign",
     ST_FORMAT,
     {.payload = "<Payload>" RESOURCE("+7", "True", "") "</Payload>"}},
    {"one alternative, two hashes",
     ST_FORMAT,
     {.payload = "<Payload>" RESOURCE("7", "True", " h:Hash1=\"" H1 "\"") "</Payload>"}},
    {"hash of another kind",
     ST_FORMAT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"1\" index=\"7\" size=\"48\" "
                 "type=\"Measurement\" h:Hash1=\"" H0 "\"></Resource></Payload>"}},
    {"hash of 47 bytes",
     ST_FORMAT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"1\" index=\"7\" size=\"48\" "
                 "type=\"Measurement\" h:Hash0=\"00\"></Resource></Payload>"}},
    {"size 32",
     ST_FORMAT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"1\" index=\"7\" size=\"32\" "
                 "type=\"Measurement\" h:Hash0=\"" H0 "\"></Resource></Payload>"}},
    {"no alternatives",
     ST_FORMAT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"0\" index=\"7\" size=\"48\" "
                 "type=\"Measurement\"></Resource></Payload>"}},
    {"seventeen alternatives",
     ST_LIMIT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"17\" index=\"7\" size=\"48\" "
                 "type=\"Measurement\"></Resource></Payload>"}},
    {"another type",
     ST_FORMAT,
     {.payload = "<Payload><Resource active=\"True\" alternatives=\"1\" index=\"7\" size=\"48\" "
                 "type=\"File\" h:Hash0=\"" H0 "\"></Resource></Payload>"}},
    {"a file in the payload", ST_FORMAT, {.payload = "<Payload><File></File></Payload>"}},
};

#define OR_PLAIN(field)  \
    if (d.field == NULL) \
    d.field = PLAIN.field

static struct draft completed(struct draft d)
{
    OR_PLAIN(before);
    OR_PLAIN(root);
    OR_PLAIN(entity);
    OR_PLAIN(meta);
    OR_PLAIN(payload);
    OR_PLAIN(c14n);
    OR_PLAIN(method);
    OR_PLAIN(uri);
    OR_PLAIN(transforms);
    OR_PLAIN(digest);
    OR_PLAIN(signed_more);
    OR_PLAIN(key_info_more);
    OR_PLAIN(value_more);
    OR_PLAIN(end);
    OR_PLAIN(authority);
    return d;
}

static void each_rule_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct rim *r = NULL;
        struct draft d = completed(ROWS[i].d);
        if (strcmp(ROWS[i].name, "another key signed") == 0)
            d.signer = good.keys[1];
        status s = open_draft(&d, NOW, &r);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code), status_detail());
        assert_null(r);
    }
    print_message("%zu rows\n", sizeof(ROWS) / sizeof(ROWS[0]));
}

static void times_are_judged(void **state)
{
    (void)state;
    struct rim *r CLEANUP(rim_freep) = NULL;
    assert_code(open_draft(&PLAIN, NOW - 101, &r), ST_EXPIRED);
    assert_code(open_draft(&PLAIN, NOW + 1001, &r), ST_EXPIRED);
    assert_ok(open_draft(&PLAIN, NOW + 999, &r));
}

static void another_root_is_refused(void **state)
{
    (void)state;
    struct authority other = {0};
    struct rim *r = NULL;
    struct draft d = PLAIN;
    issue(&other, NOW + 1000);
    d.authority = &other;
    assert_code(open_draft(&d, NOW, &r), ST_CERT);
    authority_done(&other);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct rim *r = NULL;
    struct buf big CLEANUP(buf_done) = BUF_MAX(ROOM), deep CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf many CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct draft d = PLAIN;
    assert_code(rim_open((struct bytes){0}, NOW, &r), ST_LIMIT);
    memset(buf_extend(&big, RIM_MAX_BYTES + 1), ' ', RIM_MAX_BYTES + 1);
    assert_code(rim_open(buf_view(&big), NOW, &r), ST_LIMIT);
    for (int i = 0; i < 20; i++)
        buf_put_str(&deep, "<Entity>");
    for (int i = 0; i < 20; i++)
        buf_put_str(&deep, "</Entity>");
    buf_put_u8(&deep, 0);
    d.entity = (const char *)deep.p;
    assert_code(open_draft(&d, NOW, &r), ST_LIMIT);
    buf_put_str(&many, "<Entity>");
    for (int i = 0; i < 5000; i++)
        buf_put_str(&many, "<e></e>");
    buf_put_str(&many, "</Entity>");
    buf_put_u8(&many, 0);
    d.entity = (const char *)many.p;
    assert_code(open_draft(&d, NOW, &r), ST_LIMIT);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct rim *r = NULL;
    struct buf text CLEANUP(buf_done) = write_rim(&PLAIN);
    for (size_t n = 0; n < text.n; n++) {
        struct bytes in = test_exact(bytes_of(text.p, n));
        assert_true(failed(rim_open(in, NOW, &r)));
        test_exact_free(in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_file_is_read),
        cmocka_unit_test(vbios_is_told_by_its_version),
        cmocka_unit_test(each_rule_refuses),
        cmocka_unit_test(times_are_judged),
        cmocka_unit_test(another_root_is_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
