/* attested - the measurements of evidence in the form in which a receipt carries them.
 *
 * One conversion for the signer, which puts them in, and for everybody who compares a receipt with
 * evidence.
 */
#ifndef TEE_VERIFY_ATTESTED_H
#define TEE_VERIFY_ATTESTED_H

#include "receipt/air.h"
#include "tee/verify/measurements.h"

/* The registers that AIR v1 has a place for: 0 to 4, and on Nitro 8. Marked as attested when those
 * that it requires are there: call it with what came out of evidence, and with nothing else. AIR v1
 * has no place for what SEV-SNP, SGX or Confidential Space measure: nothing is attested then, and
 * no receipt can be signed. */
void attested_measurements(const struct measurements *m, struct air_measurements *out);

#endif
