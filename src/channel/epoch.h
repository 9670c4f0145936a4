/* epoch - evidence: one statement for one session, or one that many sessions share for a while. */
#ifndef CHANNEL_EPOCH_H
#define CHANNEL_EPOCH_H

#include "channel/channel.h"
#include "tee/verify/statement.h"

/* Evidence over the identity's statement with that freshness and nonce. */
NODISCARD status channel_attest(const struct channel_identity *identity, enum freshness freshness,
                                const uint8_t nonce[static 32], struct buf *out);
/* The current epoch's evidence, made first when there is none or it is too old. */
NODISCARD status channel_epoch_evidence(struct channel_epoch *e,
                                        const struct channel_identity *identity, struct buf *out);

#endif
