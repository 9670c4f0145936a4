/* sim_root - the simulated platform's root: a P-384 key and its self-signed certificate in one
 * file.
 */
#ifndef TEE_SIM_SIM_ROOT_H
#define TEE_SIM_SIM_ROOT_H

#include "base/buf.h"
#include "crypto/ecdsa.h"
#include "crypto/x509_issue.h"

#define SIM_ROOT_NAME "simulated platform root (no hardware)"

struct sim_root {
    struct ecdsa_secret *key;
    struct buf certificate; /* DER */
};

/* Reads the file, or makes it when it is not there. ST_CONFIG when it is damaged; ST_IO. */
NODISCARD status sim_root_open(const char *path, struct sim_root *out);
void sim_root_done(struct sim_root *r);

#endif
