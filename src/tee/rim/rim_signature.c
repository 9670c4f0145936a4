#include "tee/rim/rim_signature.h"

#include <pthread.h>

#include <libxml/xmlerror.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_ready;

/* Both libraries print to stderr of their own accord; what matters comes back as a status. */
static void quiet(void *context, const char *message, ...)
{
    (void)context;
    (void)message;
}

static void prepare(void)
{
    xmlSetGenericErrorFunc(NULL, quiet);
    xmlSecErrorsSetCallback(NULL);
    if (xmlSecInit() < 0 || xmlSecCheckVersion() != 1)
        return;
    /* No transform may open anything: references to files and hosts have no handlers. */
    xmlSecIOCleanupCallbacks();
    is_ready = xmlSecOpenSSLAppInit(NULL) >= 0 && xmlSecOpenSSLInit() >= 0;
}

static void ctx_freep(xmlSecDSigCtxPtr *c)
{
    if (*c != NULL)
        xmlSecDSigCtxDestroy(*c);
}

/* What rim_xml_parse() has seen, and nothing that the library might find besides. */
static bool restrict_to_form(xmlSecDSigCtxPtr c)
{
    c->enabledReferenceUris = xmlSecTransformUriTypeEmpty;
    c->transformCtx.enabledUris = xmlSecTransformUriTypeEmpty;
    return xmlSecDSigCtxEnableReferenceTransform(c, xmlSecTransformEnvelopedId) >= 0 &&
           xmlSecDSigCtxEnableReferenceTransform(c, xmlSecTransformInclC14N11Id) >= 0 &&
           xmlSecDSigCtxEnableReferenceTransform(c, xmlSecOpenSSLTransformSha384Id) >= 0 &&
           xmlSecDSigCtxEnableSignatureTransform(c, xmlSecTransformInclC14N11Id) >= 0 &&
           xmlSecDSigCtxEnableSignatureTransform(c, xmlSecOpenSSLTransformEcdsaSha384Id) >= 0;
}

/* The key is given, so that KeyInfo is never looked at. */
static bool give_key(xmlSecDSigCtxPtr c, struct bytes signer)
{
    c->signKey = xmlSecOpenSSLAppKeyLoadMemory(signer.p, (xmlSecSize)signer.n,
                                               xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
    return c->signKey != NULL;
}

static status check_one_reference(xmlSecDSigCtxPtr c)
{
    REQUIRE(xmlSecPtrListGetSize(&c->signedInfoReferences) == 1, ST_AUTH,
            "RIM signature: not one reference was digested");
    xmlSecDSigReferenceCtxPtr r = xmlSecPtrListGetItem(&c->signedInfoReferences, 0);
    REQUIRE(r != NULL && r->status == xmlSecDSigStatusSucceeded, ST_AUTH,
            "RIM signature: the document was changed after it was signed");
    return OK;
}

status rim_signature_verify(const struct rim_xml *x, struct bytes signer)
{
    (void)pthread_once(&once, prepare);
    REQUIRE(is_ready, ST_INTERNAL, "libxmlsec1 does not start");
    xmlSecDSigCtxPtr c CLEANUP(ctx_freep) = xmlSecDSigCtxCreate(NULL);
    REQUIRE(c != NULL && restrict_to_form(c), ST_NOMEM, "RIM signature: no context");
    REQUIRE(give_key(c, signer), ST_CERT, "RIM signature: the signer's key cannot be read");
    /* Below zero is an error of the library's own; a signature that does not hold is a status. */
    int done = xmlSecDSigCtxVerify(c, x->signature);
    REQUIRE(done >= 0 && c->status == xmlSecDSigStatusSucceeded, ST_AUTH,
            "RIM signature: it does not hold");
    return check_one_reference(c);
}
