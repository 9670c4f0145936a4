/* The fields of certificates and CRLs by their place, without libcrypto: views into the DER. */
#include "crypto/x509.h"

#include <time.h>

#include "crypto/der.h"

enum { TAG_ISSUER_UNIQUE_ID = 0x81, TAG_SUBJECT_UNIQUE_ID = 0x82 };

static const char COMMON_NAME[] = "2.5.4.3";
static const char CRL_NUMBER[] = "2.5.29.20";
static const char EXTENDED_KEY_USAGE[] = "2.5.29.37";

static status skip_if(struct rd *r, uint8_t tag)
{
    struct der_item item;
    return der_has(r, tag) ? der_next(r, &item) : OK;
}

/* [n] EXPLICIT SEQUENCE OF Extension, at the end of what it belongs to. */
static status read_extensions(struct rd *r, uint8_t tag, struct bytes *out)
{
    struct der_item outer;
    struct der_item list = {.content = {0}};
    if (der_has(r, tag)) {
        TRY(der_expect(r, tag, &outer));
        TRY(der_only(outer.content, DER_SEQUENCE, &list));
    }
    TRY(rd_end(r));
    *out = list.content;
    return OK;
}

struct signed_item {
    struct bytes content;   /* of what is signed */
    struct bytes algorithm; /* AlgorithmIdentifier beside it, which nobody signed */
};

/* RFC 5280 sections 4.1.1.2 and 5.1.1.2. libcrypto sees to it in certificates alone. */
static status check_same_algorithm(const struct signed_item *in, const struct der_item *inside)
{
    REQUIRE(bytes_equal(in->algorithm, inside->all), ST_FORMAT,
            "the algorithm beside what is signed is not the one inside");
    return OK;
}

/* TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject,
 * subjectPublicKeyInfo, [1], [2], [3] extensions } (RFC 5280 section 4.1). */
static status read_tbs(const struct signed_item *in, struct x509_fields *out)
{
    struct rd r = rd_over(in->content);
    struct der_item algorithm, issuer, validity, subject, spki;
    TRY(skip_if(&r, DER_CONTEXT_0));
    TRY(der_unsigned(&r, &out->serial));
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm));
    TRY(check_same_algorithm(in, &algorithm));
    TRY(der_expect(&r, DER_SEQUENCE, &issuer));
    TRY(der_expect(&r, DER_SEQUENCE, &validity));
    TRY(der_expect(&r, DER_SEQUENCE, &subject));
    TRY(der_expect(&r, DER_SEQUENCE, &spki));
    TRY(skip_if(&r, TAG_ISSUER_UNIQUE_ID));
    TRY(skip_if(&r, TAG_SUBJECT_UNIQUE_ID));
    TRY(read_extensions(&r, DER_CONTEXT_3, &out->extensions));
    out->issuer = issuer.all;
    out->subject = subject.all;
    out->spki = spki.all;
    return OK;
}

/* Certificate and CertificateList alike: SEQUENCE { what is signed, algorithm, signature }. */
static status open_signed(struct bytes der, struct signed_item *out)
{
    struct der_item outer, item, algorithm;
    struct bytes signature;
    TRY(der_check(der));
    TRY(der_only(der, DER_SEQUENCE, &outer));
    struct rd r = rd_over(outer.content);
    TRY(der_expect(&r, DER_SEQUENCE, &item));
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm));
    TRY(der_bits(&r, &signature));
    TRY(rd_end(&r));
    *out = (struct signed_item){.content = item.content, .algorithm = algorithm.all};
    return OK;
}

status x509_read(struct bytes der, struct x509_fields *out)
{
    struct signed_item item;
    struct x509_fields f = {0};
    REQUIRE(der.n <= X509_CERT_MAX_BYTES, ST_LIMIT, "a certificate of %zu bytes", der.n);
    TRY(status_context(open_signed(der, &item), "certificate"));
    TRY(status_context(read_tbs(&item, &f), "certificate"));
    *out = f;
    return OK;
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static status next_extension(struct rd *r, struct bytes *out_oid, struct bytes *out_value)
{
    struct der_item extension, oid, value;
    TRY(der_expect(r, DER_SEQUENCE, &extension));
    struct rd parts = rd_over(extension.content);
    TRY(der_expect(&parts, DER_OID, &oid));
    TRY(skip_if(&parts, DER_BOOLEAN));
    TRY(der_expect(&parts, DER_OCTET_STRING, &value));
    TRY(rd_end(&parts));
    *out_oid = oid.content;
    *out_value = value.content;
    return OK;
}

static status find_extension(struct bytes extensions, const char *oid, struct bytes *out_value)
{
    struct rd r = rd_over(extensions);
    struct bytes found = {0};
    bool is_found = false;
    while (rd_left(&r) > 0) {
        struct bytes name, value;
        TRY(status_context(next_extension(&r, &name, &value), "extension"));
        if (!der_oid_is(name, oid))
            continue;
        REQUIRE(!is_found, ST_FORMAT, "two extensions %s", oid);
        is_found = true;
        found = value;
    }
    REQUIRE(is_found, ST_NOTFOUND, "no extension %s", oid);
    *out_value = found;
    return OK;
}

status x509_extension(struct bytes der, const char *oid, struct bytes *out_value)
{
    struct x509_fields f;
    TRY(x509_read(der, &f));
    return find_extension(f.extensions, oid, out_value);
}

status x509_serial(struct bytes der, struct bytes *out)
{
    struct x509_fields f;
    TRY(x509_read(der, &f));
    *out = f.serial;
    return OK;
}

status x509_has_eku(struct bytes der, const char *oid, bool *out)
{
    struct bytes value;
    struct der_item purposes;
    struct der_item purpose;
    bool is_named = false;
    status s = x509_extension(der, EXTENDED_KEY_USAGE, &value);
    if (failed(s) && s.code != ST_NOTFOUND)
        return s;
    if (ok(s)) {
        TRY(der_only(value, DER_SEQUENCE, &purposes));
        struct rd r = rd_over(purposes.content);
        while (rd_left(&r) > 0) {
            TRY(der_expect(&r, DER_OID, &purpose));
            is_named = is_named || der_oid_is(purpose.content, oid);
        }
    }
    *out = is_named;
    return OK;
}

static bool is_text(uint8_t tag)
{
    return tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING;
}

/* RelativeDistinguishedName ::= SET OF SEQUENCE { type, value }. A commonName goes to out, which
 * must be empty until then. */
static status take_common_name(struct bytes rdn, struct bytes *out)
{
    struct rd set = rd_over(rdn);
    while (rd_left(&set) > 0) {
        struct der_item pair, type, value;
        TRY(der_expect(&set, DER_SEQUENCE, &pair));
        struct rd r = rd_over(pair.content);
        TRY(der_expect(&r, DER_OID, &type));
        TRY(der_next(&r, &value));
        TRY(rd_end(&r));
        if (!der_oid_is(type.content, COMMON_NAME))
            continue;
        REQUIRE(out->p == NULL, ST_FORMAT, "two common names");
        REQUIRE(is_text(value.tag), ST_FORMAT, "a common name of type 0x%02x", value.tag);
        *out = value.content;
    }
    return OK;
}

status x509_subject_cn(struct bytes der, struct bytes *out)
{
    struct x509_fields f;
    struct der_item name, rdn;
    struct bytes found = {0};
    TRY(x509_read(der, &f));
    TRY(der_only(f.subject, DER_SEQUENCE, &name));
    struct rd r = rd_over(name.content);
    while (rd_left(&r) > 0) {
        TRY(der_expect(&r, DER_SET, &rdn));
        TRY(status_context(take_common_name(rdn.content, &found), "subject"));
    }
    REQUIRE(found.p != NULL, ST_NOTFOUND, "the subject has no common name");
    *out = found;
    return OK;
}

static status take_number(struct rd *r, size_t digits, int *out)
{
    struct bytes text = rd_take(r, digits);
    int v = 0;
    REQUIRE(text.n == digits, ST_FORMAT, "a time that ends too early");
    for (size_t i = 0; i < digits; i++) {
        REQUIRE(text.p[i] >= '0' && text.p[i] <= '9', ST_FORMAT, "a time that cannot be read");
        v = v * 10 + (text.p[i] - '0');
    }
    *out = v;
    return OK;
}

/* Fields of struct tm are normalised by timegm(): a day that the month does not have comes back as
 * another one. */
static status to_unix(struct tm t, int64_t *out)
{
    struct tm copy = t;
    int64_t at = (int64_t)timegm(&copy);
    REQUIRE(copy.tm_year == t.tm_year && copy.tm_mon == t.tm_mon && copy.tm_mday == t.tm_mday &&
                copy.tm_hour == t.tm_hour && copy.tm_min == t.tm_min && copy.tm_sec == t.tm_sec,
            ST_FORMAT, "a time that no calendar has");
    *out = at;
    return OK;
}

/* RFC 5280 section 4.1.2.5: YYMMDDHHMMSSZ from 1950 to 2049, or YYYYMMDDHHMMSSZ. */
static status read_time(struct rd *r, int64_t *out)
{
    struct der_item item;
    struct tm t = {0};
    int year = 0;
    TRY(der_next(r, &item));
    REQUIRE(item.tag == DER_UTC_TIME || item.tag == DER_GENERALIZED_TIME, ST_FORMAT, "not a time");
    struct rd text = rd_over(item.content);
    bool is_short = item.tag == DER_UTC_TIME;
    TRY(take_number(&text, is_short ? 2 : 4, &year));
    TRY(take_number(&text, 2, &t.tm_mon));
    TRY(take_number(&text, 2, &t.tm_mday));
    TRY(take_number(&text, 2, &t.tm_hour));
    TRY(take_number(&text, 2, &t.tm_min));
    TRY(take_number(&text, 2, &t.tm_sec));
    REQUIRE(rd_u8(&text) == 'Z' && ok(rd_end(&text)), ST_FORMAT, "a time that is not in UTC");
    t.tm_mon -= 1;
    t.tm_year = is_short ? (year < 50 ? year + 100 : year) : year - 1900;
    return to_unix(t, out);
}

/* cRLNumber is not critical, and what it holds is an INTEGER. */
static status read_crl_number(struct bytes extensions, struct bytes *out)
{
    struct bytes value;
    status s = find_extension(extensions, CRL_NUMBER, &value);
    *out = (struct bytes){0};
    if (s.code == ST_NOTFOUND)
        return OK;
    TRY(s);
    struct rd r = rd_over(value);
    TRY(der_unsigned(&r, out));
    return rd_end(&r);
}

/* TBSCertList ::= SEQUENCE { version 1, signature, issuer, thisUpdate, nextUpdate,
 * revokedCertificates OPTIONAL, [0] extensions } (RFC 5280 section 5.1). */
static status read_tbs_crl(const struct signed_item *in, struct x509_crl *out)
{
    struct rd r = rd_over(in->content);
    uint64_t version = 0;
    struct der_item algorithm, issuer, revoked = {.content = {0}};
    struct bytes extensions;
    TRY(der_u64(&r, 1, &version));
    REQUIRE(version == 1, ST_FORMAT, "a CRL that is not of version 2");
    TRY(der_expect(&r, DER_SEQUENCE, &algorithm));
    TRY(check_same_algorithm(in, &algorithm));
    TRY(der_expect(&r, DER_SEQUENCE, &issuer));
    TRY(read_time(&r, &out->this_update_unix_s));
    TRY(status_context(read_time(&r, &out->next_update_unix_s), "nextUpdate"));
    if (der_has(&r, DER_SEQUENCE))
        TRY(der_expect(&r, DER_SEQUENCE, &revoked));
    TRY(read_extensions(&r, DER_CONTEXT_0, &extensions));
    TRY(read_crl_number(extensions, &out->number));
    out->issuer = issuer.all;
    out->revoked = revoked.content;
    return OK;
}

status x509_read_crl(struct bytes crl_der, struct x509_crl *out)
{
    struct signed_item item;
    struct x509_crl c = {0};
    REQUIRE(crl_der.n <= X509_CRL_MAX_BYTES, ST_LIMIT, "a CRL of %zu bytes", crl_der.n);
    TRY(status_context(open_signed(crl_der, &item), "CRL"));
    TRY(status_context(read_tbs_crl(&item, &c), "CRL"));
    *out = c;
    return OK;
}

status x509_crl_lists(const struct x509_crl *crl, struct bytes serial, bool *out)
{
    struct rd r = rd_over(crl->revoked);
    bool is_listed = false;
    while (rd_left(&r) > 0) {
        struct der_item entry;
        struct bytes number;
        TRY(der_expect(&r, DER_SEQUENCE, &entry));
        struct rd parts = rd_over(entry.content);
        TRY(der_unsigned(&parts, &number));
        is_listed = is_listed || bytes_equal(number, serial);
    }
    *out = is_listed;
    return OK;
}
