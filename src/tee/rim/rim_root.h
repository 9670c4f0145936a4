/* rim_root - the one root of NVIDIA's reference values. Alone in its file, so that a test program
 * can stand another in this place when it is linked. */
#ifndef TEE_RIM_RIM_ROOT_H
#define TEE_RIM_RIM_ROOT_H

#include "base/bytes.h"

/* "NVIDIA CoRIM signing Root CA", P-384, DER; SHA-256 12977b5115acb038... */
struct bytes rim_root(void);

#endif
