#include "tee/rim/rim.h"

#include <stdio.h>
#include <stdlib.h>

#include <libxml/tree.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "tee/rim/rim_root.h"
#include "tee/rim/rim_signature.h"
#include "tee/rim/rim_xml.h"

enum {
    CERTS_MIN = 2,
    N_INDICES = GPU_REFERENCE_INDEX_MAX + 1,
};

struct rim {
    struct gpu_reference_draft draft;
    uint8_t values[N_INDICES][GPU_REFERENCE_VALUES_MAX][GPU_REFERENCE_VALUE_LEN];
};

void rim_freep(struct rim **r)
{
    free(*r);
    *r = NULL;
}

const struct gpu_reference_draft *rim_draft(const struct rim *r)
{
    return &r->draft;
}

/* ---- who signed ---- */

static status verify_chain(const struct rim_xml *x, int64_t at_unix_s, int64_t *out_not_after)
{
    struct bytes ders[RIM_CERTS_MAX];
    struct x509_verified proven = {0};
    REQUIRE(x->n_certs >= CERTS_MIN, ST_CERT, "RIM: a chain of %zu certificates", x->n_certs);
    for (size_t i = 0; i < x->n_certs; i++)
        ders[i] = buf_view(&x->certs[i]);
    REQUIRE(bytes_equal(ders[x->n_certs - 1], rim_root()), ST_CERT,
            "RIM: the chain does not end in the NVIDIA CoRIM signing Root CA");
    struct x509_chain chain = {
        .root = rim_root(),
        .intermediates = ders + 1,
        .n_intermediates = x->n_certs - 2,
        .leaf = ders[0],
        .at_unix_s = at_unix_s,
    };
    TRY(status_context(x509_verify_chain(&chain, &proven), "RIM chain"));
    *out_not_after = proven.not_after_unix_s;
    return OK;
}

/* ---- what it says ---- */

static status copy_text(struct bytes text, const char *what, char *out, size_t max)
{
    bool is_plain = text.p != NULL && text.n > 0 && text.n <= max;
    for (size_t i = 0; is_plain && i < text.n; i++)
        is_plain = text.p[i] > 0x20 && text.p[i] < 0x7f;
    REQUIRE(is_plain, ST_FORMAT, "RIM: %s is missing or too long", what);
    memcpy(out, text.p, text.n);
    out[text.n] = 0;
    return OK;
}

/* A VBIOS's version has five hexadecimal parts, a driver's two to four decimal ones; the file
 * itself does not say which of the two it is about. */
static status read_version(struct bytes text, struct gpu_reference_draft *d)
{
    struct gpu_version v;
    d->kind = GPU_MANIFEST_VBIOS;
    if (failed(gpu_version_parse(text, GPU_VERSION_HEX, &v))) {
        d->kind = GPU_MANIFEST_DRIVER;
        TRY(status_context(gpu_version_parse(text, GPU_VERSION_DECIMAL, &v), "RIM version"));
        REQUIRE(v.n_parts >= 2 && v.n_parts <= 4, ST_FORMAT, "RIM: a version of %zu parts",
                v.n_parts);
    }
    return copy_text(bytes_str(v.text), "version", d->version, sizeof(d->version) - 1);
}

static status read_meta(xmlNodePtr meta, struct gpu_reference_draft *d)
{
    TRY(copy_text(rim_xml_attribute(meta, NULL, "product"), "product", d->product,
                  sizeof(d->product) - 1));
    return read_version(rim_xml_attribute(meta, NULL, "colloquialVersion"), d);
}

static status read_number(xmlNodePtr node, const char *name, uint64_t max, uint64_t *out)
{
    char text[8] = "";
    struct bytes v = rim_xml_attribute(node, NULL, name);
    REQUIRE(v.p != NULL && v.n > 0 && v.n < sizeof(text), ST_FORMAT, "RIM: %s of a Resource", name);
    memcpy(text, v.p, v.n);
    return status_context(text_parse_u64(text, max, out), "RIM: %s of a Resource", name);
}

static status read_active(xmlNodePtr node, bool *out)
{
    struct bytes v = rim_xml_attribute(node, NULL, "active");
    *out = bytes_equal(v, BYTES_LIT("True"));
    REQUIRE(*out || bytes_equal(v, BYTES_LIT("False")), ST_FORMAT,
            "RIM: active is neither True nor False");
    return OK;
}

static size_t count_hashes(xmlNodePtr node)
{
    size_t n = 0;
    for (xmlAttrPtr a = node->properties; a != NULL; a = a->next)
        n += a->ns != NULL;
    return n;
}

static status read_values(xmlNodePtr node, size_t n, uint8_t (*values)[GPU_REFERENCE_VALUE_LEN],
                          struct gpu_reference_entry *e)
{
    REQUIRE(n > 0 && count_hashes(node) == n, ST_FORMAT,
            "RIM: index %u has %zu alternatives and %zu hashes", e->index, n, count_hashes(node));
    for (size_t i = 0; i < n; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "Hash%zu", i);
        struct bytes hex = rim_xml_attribute(node, RIM_NS_SHA384, name);
        TRY(status_context(hex_decode(hex, values[i], sizeof(values[i])), "RIM: index %u, %s",
                           e->index, name));
        e->values[i] = BYTES_OF(values[i]);
    }
    e->n_values = n;
    return OK;
}

static status read_resource(xmlNodePtr node, uint64_t *next_index, struct rim *r)
{
    uint64_t index = 0, size = 0, n = 0;
    bool is_active = false;
    REQUIRE(rim_xml_is(node, RIM_NS_SWID, "Resource") &&
                bytes_equal(rim_xml_attribute(node, NULL, "type"), BYTES_LIT("Measurement")),
            ST_FORMAT, "RIM: the Payload holds something else than measurements");
    TRY(read_number(node, "index", GPU_REFERENCE_INDEX_MAX, &index));
    TRY(read_number(node, "size", GPU_REFERENCE_VALUE_LEN, &size));
    TRY(read_number(node, "alternatives", GPU_REFERENCE_VALUES_MAX, &n));
    TRY(read_active(node, &is_active));
    REQUIRE(index >= *next_index && size == GPU_REFERENCE_VALUE_LEN, ST_FORMAT,
            "RIM: index %u is out of its order or not of 48 bytes", (unsigned)index);
    *next_index = index + 1;
    struct gpu_reference_entry entry = {.index = (unsigned)index};
    TRY(read_values(node, (size_t)n, r->values[index], &entry));
    if (is_active)
        r->draft.entries[r->draft.n_entries++] = entry;
    return OK;
}

static status read_payload(xmlNodePtr payload, struct rim *r)
{
    uint64_t next_index = 0;
    for (xmlNodePtr node = rim_xml_element(payload->children); node != NULL;
         node = rim_xml_element(node->next))
        TRY(read_resource(node, &next_index, r));
    REQUIRE(r->draft.n_entries > 0, ST_FORMAT, "RIM: no active measurement");
    return OK;
}

status rim_open(struct bytes xml, int64_t at_unix_s, struct rim **out)
{
    struct rim_xml x CLEANUP(rim_xml_done) = {0};
    struct rim *r CLEANUP(rim_freep) = calloc(1, sizeof(*r));
    REQUIRE(r != NULL, ST_NOMEM, "RIM");
    TRY(rim_xml_parse(xml, &x));
    TRY(verify_chain(&x, at_unix_s, &r->draft.not_after_unix_s));
    TRY(rim_signature_verify(&x, buf_view(&x.certs[0])));
    TRY(read_meta(x.meta, &r->draft));
    TRY(read_payload(x.payload, r));
    TRY(sha256(xml, r->draft.source_sha256));
    *out = r;
    r = NULL;
    return OK;
}
