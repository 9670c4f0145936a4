/* evidence_out - what a client shows and keeps of the evidence that it verified. */
#ifndef APPS_EML_EVIDENCE_OUT_H
#define APPS_EML_EVIDENCE_OUT_H

#include "apps/eml/client.h"

/* Facts out of verified evidence: platform, release, keys, measurements. Says SIMULATED first where
 * it is so. */
void evidence_put_text(struct buf *out, const struct evidence_verified *ev);
void evidence_json_members(struct json_w *w, const struct evidence_verified *ev);

/* Writes evidence.bin, receipt-key.hex and the policy as it was read (policy.json, a signed one as
 * policy.cose) into a folder, which is made when it is missing. */
NODISCARD status evidence_save(const char *folder, const struct client *c);
/* Writes request-NNNN.cbor, response-NNNN.cbor and receipt-NNNN.cbor. */
NODISCARD status evidence_save_exchange(const char *folder, unsigned number, const struct query *x);

#endif
