/* rim_xml - the XML of a RIM: parsed without any look outside, and checked against its one form.
 *
 *     SoftwareIdentity                       root; what is signed and what is read
 *       Entity, Meta, Payload                in any order, each once
 *         Resource ...                       of Payload: 1 to 64
 *       ds:Signature                         last, once, nowhere else in the document
 *         SignedInfo { c14n 1.1, ecdsa-sha384, Reference URI="" { enveloped, c14n 1.1, sha384 } }
 *         SignatureValue, KeyInfo { X509Data { X509Certificate 2..6 } }
 *
 * Elements and text only: a document with a DTD, an entity, a processing instruction, a comment or
 * a CDATA section is refused. Private to tee/rim.
 */
#ifndef TEE_RIM_RIM_XML_H
#define TEE_RIM_RIM_XML_H

#include "base/buf.h"

/* libxml2's xmlNodePtr and xmlDocPtr point at these. */
struct _xmlDoc;
struct _xmlNode;

enum { RIM_CERTS_MAX = 6, RIM_CERT_MAX_BYTES = 4 << 10 };

struct rim_xml {
    struct _xmlDoc *doc;
    struct _xmlNode *meta, *payload, *signature;
    struct buf certs[RIM_CERTS_MAX]; /* DER */
    size_t n_certs;
};

/* ST_FORMAT, ST_LIMIT; ST_ALG when the signature is of another form. */
NODISCARD status rim_xml_parse(struct bytes in, struct rim_xml *out);
void rim_xml_done(struct rim_xml *x);

/* An attribute of no namespace (ns NULL) or of that one, borrowed from the document; .p NULL when
 * it is absent. */
struct bytes rim_xml_attribute(struct _xmlNode *node, const char *ns, const char *name);
bool rim_xml_is(struct _xmlNode *node, const char *ns, const char *name);
/* The next element from here on, text between skipped; NULL at the end. */
struct _xmlNode *rim_xml_element(struct _xmlNode *node);

#define RIM_NS_SWID   "http://standards.iso.org/iso/19770/-2/2015/schema.xsd"
#define RIM_NS_SHA384 "http://www.w3.org/2001/04/xmlenc#sha384"
#define RIM_NS_DSIG   "http://www.w3.org/2000/09/xmldsig#"

#endif
