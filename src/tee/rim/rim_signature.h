/* rim_signature - XML-DSig of a RIM whose form rim_xml_parse() has checked, by libxmlsec1. Private
 * to tee/rim. */
#ifndef TEE_RIM_RIM_SIGNATURE_H
#define TEE_RIM_RIM_SIGNATURE_H

#include "tee/rim/rim_xml.h"

/* signer: the certificate, DER, whose key is to have signed; the caller has proven its chain.
 * ST_AUTH when the signature or the digest of the document does not hold. */
NODISCARD status rim_signature_verify(const struct rim_xml *x, struct bytes signer);

#endif
