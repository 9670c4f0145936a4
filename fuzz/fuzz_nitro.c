/* Attestation documents: any bytes, judged under the root that they bring along, so that the
 * certificate code is reached too. Nothing that libFuzzer makes up may be accepted. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nitro/nitro.h"

enum { N_CHECKS = 19 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct bytes in, enum evidence_type type, const struct evidence_policy *policy)
{
    struct checks checks = {0};
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct evidence_expect expect = {.at_unix_s = 1750000000};
    status s = evidence_verify(in, type, policy, &expect, &checks, &claimed, &verified);
    if (ok(s) && type == EVIDENCE_NITRO)
        abort();
    if (checks.n < N_CHECKS || checks.n > N_CHECKS + 1) /* "devices" where a statement names some */
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct nitro_unverified d;
    struct policy_release release = {.name = "any", .want.present_mask = 1};
    struct evidence_policy policy = {
        .freshness_mask = 3,
        .trusts_simulated_root = true,
        .simulated = {.is_present = true, .releases = &release, .n_releases = 1},
    };
    status s = nitro_parse(in, &d);
    if (ok(s)) {
        release.want = d.claims_.measurements;
        if (failed(sha256(d.cabundle[0], policy.simulated_root_sha256)))
            abort();
    }
    judge(in, EVIDENCE_SIMULATED, &policy);
    judge(in, EVIDENCE_NITRO, NULL);
    return 0;
}
