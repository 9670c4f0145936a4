/* SEV-SNP reports and what comes beside them: the first two bytes say how many bytes are the
 * report, the rest are the certificates. Under AMD's real roots nothing that libFuzzer makes up may
 * be accepted, nor signed. */
#include <stdlib.h>

#include "tee/verify/bundle.h"
#include "tee/verify/evidence.h"
#include "tee/verify/snp/snp_certs.h"
#include "tee/verify/snp/snp_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Real reports are in the corpus, so some do hold; a policy that accepts nobody is never met. */
static void judge(struct bytes report, struct bytes certs)
{
    struct snp_release release = {.name = "none", .pinned_mask = 1};
    struct evidence_policy policy = {
        .freshness_mask = 3,
        .snp = {.is_present = true, .releases = &release, .n_releases = 1},
    };
    struct evidence_expect expect = {.at_unix_s = 1761955200, .beside.certs = certs};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct checks checks = {0};
    status s =
        evidence_verify(report, EVIDENCE_SNP, &policy, &expect, &checks, &claimed, &verified);
    if (ok(s) || checks_verdict(&checks) == VERDICT_ACCEPT)
        abort();
    if (checks.n != 45 && !bundle_is(report))
        abort();
}

static void sort_certificates(struct bytes in)
{
    struct snp_certs c;
    status s = snp_certs_read(in, &c);
    if (ok(s) && c.n_leaves > SNP_LEAVES_MAX)
        abort();
    snp_certs_done(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t n = (size_t)data[0] << 8 | data[1];
    n = n > size - 2 ? size - 2 : n;
    struct bytes certs = bytes_of(data + 2 + n, size - 2 - n);
    sort_certificates(certs);
    judge(bytes_of(data + 2, n), certs);
    return 0;
}
