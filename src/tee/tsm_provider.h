/* tsm_provider - the provider inside an Intel TDX or AMD SEV-SNP guest: reports of the kernel's
 * configfs-tsm (tsm.h).
 *
 * REPORTDATA or REPORT_DATA = the statement's binding. What is sent is a bundle
 * (tee/verify/bundle.h): the quote or report as the kernel gave it, the statement, and on SNP the
 * host's table of certificates, where it gives one. Collateral is the verifier's to bring.
 */
#ifndef TEE_TSM_PROVIDER_H
#define TEE_TSM_PROVIDER_H

#include "tee/provider.h"
#include "tee/tsm.h"

/* Over the kernel's tree at TSM_PATH. Asks for one report first, which tells the platform and its
 * measurements. As tsm_report_get(); ST_FORMAT for a report that does not parse. */
NODISCARD status tsm_provider_open(struct tee_provider **out);
/* The same over another tree; t is copied, its ctx borrowed. */
NODISCARD status tsm_provider_over(const struct tsm_tree *t, struct tee_provider **out);

#endif
