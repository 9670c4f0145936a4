#include "tee/rim/rim_xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/text.h"
#include "tee/rim/rim.h"

#define C14N_1_1     "http://www.w3.org/2006/12/xml-c14n11"
#define ECDSA_SHA384 "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
#define ENVELOPED    "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define SHA384       "http://www.w3.org/2001/04/xmldsig-more#sha384"

enum { NODES_MAX = 4096, DEPTH_MAX = 12, BASE64_MAX = RIM_CERT_MAX_BYTES / 3 * 4 + 256 };

static struct bytes text_of(const xmlChar *s)
{
    return bytes_of(s, strlen((const char *)s));
}

bool rim_xml_is(xmlNodePtr node, const char *ns, const char *name)
{
    return node != NULL && node->type == XML_ELEMENT_NODE && node->ns != NULL &&
           bytes_equal(text_of(node->ns->href), bytes_str(ns)) &&
           bytes_equal(text_of(node->name), bytes_str(name));
}

xmlNodePtr rim_xml_element(xmlNodePtr node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

static xmlNodePtr first(xmlNodePtr parent)
{
    return rim_xml_element(parent->children);
}

static xmlNodePtr next(xmlNodePtr node)
{
    return rim_xml_element(node->next);
}

struct bytes rim_xml_attribute(xmlNodePtr node, const char *ns, const char *name)
{
    for (xmlAttrPtr a = node->properties; a != NULL; a = a->next) {
        bool is_ns = ns == NULL ? a->ns == NULL
                                : a->ns != NULL && bytes_equal(text_of(a->ns->href), bytes_str(ns));
        if (!is_ns || !bytes_equal(text_of(a->name), bytes_str(name)))
            continue;
        /* One text node or none: rim_xml_parse() has refused everything else. */
        return a->children != NULL ? text_of(a->children->content) : BYTES_LIT("");
    }
    return (struct bytes){0};
}

/* ---- nothing but elements and text ---- */

static status check_attributes(xmlNodePtr node)
{
    for (xmlAttrPtr a = node->properties; a != NULL; a = a->next) {
        xmlNodePtr c = a->children;
        REQUIRE(c == NULL || (c->type == XML_TEXT_NODE && c->next == NULL && c->content != NULL),
                ST_FORMAT, "RIM: an attribute that is no plain text");
    }
    return OK;
}

/* The node behind this one in document order, without recursion. */
static xmlNodePtr after(xmlNodePtr node, xmlNodePtr root, size_t *depth)
{
    if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
        (*depth)++;
        return node->children;
    }
    while (node != root && node->next == NULL) {
        node = node->parent;
        (*depth)--;
    }
    return node == root ? NULL : node->next;
}

static status check_nodes(xmlNodePtr root)
{
    size_t n = 0, n_signatures = 0, depth = 0;
    for (xmlNodePtr node = root; node != NULL; node = after(node, root, &depth)) {
        REQUIRE(++n <= NODES_MAX && depth <= DEPTH_MAX, ST_LIMIT,
                "RIM: too many nodes or too deep");
        REQUIRE(node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE, ST_FORMAT,
                "RIM: a node of kind %d, neither element nor text", (int)node->type);
        n_signatures += rim_xml_is(node, RIM_NS_DSIG, "Signature");
        if (node->type == XML_ELEMENT_NODE)
            TRY(check_attributes(node));
    }
    REQUIRE(n_signatures == 1, ST_FORMAT, "RIM: %zu signatures", n_signatures);
    return OK;
}

static status check_document(xmlDocPtr doc, xmlNodePtr root)
{
    REQUIRE(doc->intSubset == NULL && doc->extSubset == NULL, ST_FORMAT, "RIM: a document type");
    REQUIRE(rim_xml_is(root, RIM_NS_SWID, "SoftwareIdentity"), ST_FORMAT,
            "RIM: the root element is not SoftwareIdentity");
    REQUIRE(root->prev == NULL && root->next == NULL, ST_FORMAT, "RIM: nodes beside the root");
    return check_nodes(root);
}

/* ---- the one form ---- */

/* Keeps the child in the place for its name; each name once. */
static status keep_child(xmlNodePtr node, struct rim_xml *x, bool *has_entity)
{
    xmlNodePtr *place = NULL;
    REQUIRE(x->signature == NULL, ST_FORMAT, "RIM: an element after the signature");
    if (rim_xml_is(node, RIM_NS_SWID, "Entity")) {
        REQUIRE(!*has_entity, ST_FORMAT, "RIM: two Entity elements");
        *has_entity = true;
        return OK;
    }
    if (rim_xml_is(node, RIM_NS_SWID, "Meta"))
        place = &x->meta;
    if (rim_xml_is(node, RIM_NS_SWID, "Payload"))
        place = &x->payload;
    if (rim_xml_is(node, RIM_NS_DSIG, "Signature"))
        place = &x->signature;
    REQUIRE(place != NULL && *place == NULL, ST_FORMAT,
            "RIM: element %.32s is unknown or there twice", (const char *)node->name);
    *place = node;
    return OK;
}

static status find_parts(xmlNodePtr root, struct rim_xml *x)
{
    bool has_entity = false;
    for (xmlNodePtr node = first(root); node != NULL; node = next(node))
        TRY(keep_child(node, x, &has_entity));
    REQUIRE(has_entity && x->meta != NULL && x->payload != NULL && x->signature != NULL, ST_FORMAT,
            "RIM: an element is missing");
    return OK;
}

/* node is this element with this algorithm and nothing inside; *node then is what follows. */
static status take_algorithm(xmlNodePtr *node, const char *name, const char *algorithm)
{
    REQUIRE(rim_xml_is(*node, RIM_NS_DSIG, name), ST_ALG, "RIM signature: %s is missing", name);
    struct bytes is = rim_xml_attribute(*node, NULL, "Algorithm");
    REQUIRE(bytes_equal(is, bytes_str(algorithm)) && first(*node) == NULL, ST_ALG,
            "RIM signature: %s is not %s", name, algorithm);
    *node = next(*node);
    return OK;
}

/* The whole document, whose Signature is left out: any other reference could point at something
 * that is not what is read afterwards. */
static status check_reference(xmlNodePtr reference)
{
    REQUIRE(rim_xml_is(reference, RIM_NS_DSIG, "Reference") && next(reference) == NULL, ST_ALG,
            "RIM signature: not exactly one Reference");
    struct bytes uri = rim_xml_attribute(reference, NULL, "URI");
    REQUIRE(uri.p != NULL && uri.n == 0, ST_ALG, "RIM signature: not of the whole document");
    xmlNodePtr transforms = first(reference);
    REQUIRE(rim_xml_is(transforms, RIM_NS_DSIG, "Transforms"), ST_ALG,
            "RIM signature: no Transforms");
    xmlNodePtr node = first(transforms);
    TRY(take_algorithm(&node, "Transform", ENVELOPED));
    TRY(take_algorithm(&node, "Transform", C14N_1_1));
    REQUIRE(node == NULL, ST_ALG, "RIM signature: a third Transform");
    node = next(transforms);
    TRY(take_algorithm(&node, "DigestMethod", SHA384));
    REQUIRE(rim_xml_is(node, RIM_NS_DSIG, "DigestValue") && next(node) == NULL, ST_ALG,
            "RIM signature: no DigestValue, or more after it");
    return OK;
}

static status check_signed_info(xmlNodePtr info)
{
    REQUIRE(rim_xml_is(info, RIM_NS_DSIG, "SignedInfo"), ST_ALG, "RIM signature: no SignedInfo");
    xmlNodePtr node = first(info);
    TRY(take_algorithm(&node, "CanonicalizationMethod", C14N_1_1));
    TRY(take_algorithm(&node, "SignatureMethod", ECDSA_SHA384));
    return check_reference(node);
}

/* Base64 with white space between, as XML writers break their lines. */
static status read_cert(xmlNodePtr node, struct buf *out)
{
    xmlNodePtr content = node->children;
    REQUIRE(content != NULL && content->type == XML_TEXT_NODE && content->next == NULL, ST_FORMAT,
            "RIM: a certificate that is no text");
    struct bytes in = text_of(content->content);
    struct buf text CLEANUP(buf_done) = BUF_MAX(BASE64_MAX);
    for (size_t i = 0; i < in.n; i++) {
        if (strchr(" \t\r\n", in.p[i]) == NULL)
            buf_put_u8(&text, in.p[i]);
    }
    TRY(buf_status(&text));
    *out = BUF_MAX(RIM_CERT_MAX_BYTES);
    return status_context(base64_decode(buf_view(&text), out), "RIM: certificate");
}

static status read_certs(xmlNodePtr info, struct rim_xml *x)
{
    REQUIRE(rim_xml_is(info, RIM_NS_DSIG, "KeyInfo") && next(info) == NULL, ST_FORMAT,
            "RIM: no KeyInfo, or more after it");
    xmlNodePtr data = first(info);
    REQUIRE(rim_xml_is(data, RIM_NS_DSIG, "X509Data") && next(data) == NULL, ST_FORMAT,
            "RIM: KeyInfo is not one X509Data");
    for (xmlNodePtr node = first(data); node != NULL; node = next(node)) {
        REQUIRE(rim_xml_is(node, RIM_NS_DSIG, "X509Certificate"), ST_FORMAT,
                "RIM: X509Data holds more than certificates");
        REQUIRE(x->n_certs < RIM_CERTS_MAX, ST_LIMIT, "RIM: more than %d certificates",
                RIM_CERTS_MAX);
        TRY(read_cert(node, &x->certs[x->n_certs++]));
    }
    return OK;
}

static status read_signature(struct rim_xml *x)
{
    xmlNodePtr info = first(x->signature);
    TRY(check_signed_info(info));
    xmlNodePtr value = next(info);
    REQUIRE(rim_xml_is(value, RIM_NS_DSIG, "SignatureValue"), ST_ALG,
            "RIM signature: no SignatureValue");
    return read_certs(next(value), x);
}

static status parse(struct bytes in, struct rim_xml *x)
{
    enum { OPTIONS = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING };
    x->doc = xmlReadMemory((const char *)in.p, (int)in.n, NULL, NULL, OPTIONS);
    REQUIRE(x->doc != NULL, ST_FORMAT, "RIM: not well-formed XML");
    xmlNodePtr root = xmlDocGetRootElement(x->doc);
    TRY(check_document(x->doc, root));
    TRY(find_parts(root, x));
    return read_signature(x);
}

status rim_xml_parse(struct bytes in, struct rim_xml *out)
{
    struct rim_xml x CLEANUP(rim_xml_done) = {0};
    REQUIRE(in.n > 0 && in.n <= RIM_MAX_BYTES, ST_LIMIT, "RIM: %zu bytes, not 1 to %d", in.n,
            RIM_MAX_BYTES);
    TRY(parse(in, &x));
    *out = x;
    x = (struct rim_xml){0};
    return OK;
}

void rim_xml_done(struct rim_xml *x)
{
    xmlFreeDoc(x->doc);
    for (size_t i = 0; i < RIM_CERTS_MAX; i++)
        buf_done(&x->certs[i]);
    *x = (struct rim_xml){0};
}
