/* A receipt through the whole verifier. The first byte chooses what is expected. Random bytes never
 * carry a good signature, so the claims are also judged by themselves, and whatever is well-formed
 * must encode to the bytes that it was decoded from. */
#include <stdlib.h>
#include <string.h>

#include "formats/verdict.h"
#include "receipt/air_claims.h"
#include "receipt/air_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct air_expect expectation(uint8_t choice, struct air_seen *seen)
{
    static const uint8_t KEY[ED25519_PUBLIC_LEN] = {0x19, 0x7f, 0x6b, 0x23, 0xe1, 0x6c, 0x85, 0x32,
                                                    0xc6, 0xab, 0xc8, 0x38, 0xfa, 0xcd, 0x5e, 0xa7,
                                                    0x89, 0xbe, 0x0c, 0x76, 0xb2, 0x92, 0x03, 0x34,
                                                    0x03, 0x9b, 0xfa, 0x8b, 0x3d, 0x36, 0x8d, 0x61};
    static const uint8_t HASH[AIR_HASH_LEN] = {0xaa};
    struct air_expect e = {.public_key = choice & 1 ? KEY : NULL};
    if (choice & 2) {
        e.at_unix_s = 1740500100;
        e.max_age_s = 3600;
    }
    if (choice & 4)
        e.model_hash = e.request_hash = e.response_hash = e.attestation_doc_hash = HASH;
    if (choice & 8)
        e.nonce = BYTES_LIT("01234567");
    if (choice & 16)
        e.platform = BYTES_LIT("nitro-pcr");
    e.seen = choice & 32 ? seen : NULL;
    return e;
}

static void verify(struct bytes in, uint8_t choice)
{
    uint8_t storage[1][AIR_CTI_LEN];
    struct air_seen seen = air_seen_over(storage, 1);
    struct air_expect e = expectation(choice, &seen);
    struct checks checks = {0};
    struct air_claims claims;
    struct buf text = BUF_MAX(1 << 20);
    status s = air_verify(in, &e, &checks, &claims);
    must(ok(s) == (checks_verdict(&checks) == VERDICT_ACCEPT));
    must(checks.n == 26);
    verdict_put_text(&text, &checks, false);
    verdict_put_json(&text, &checks);
    must(ok(buf_status(&text)));
    for (size_t i = 0; i < text.n; i++)
        must(text.p[i] == '\n' || text.p[i] >= 0x20);
    buf_done(&text);
}

static void judge(struct bytes payload)
{
    struct checks checks = {0};
    struct air_expect e = {0};
    struct air_judge j = {.expect = &e, .out = &checks};
    const char *code = NULL;
    struct air_claims c;
    struct buf again = BUF_MAX(AIR_RECEIPT_MAX);
    if (failed(air_claims_decode(payload, &j.claims, &code))) {
        must(code != NULL);
        return;
    }
    air_judge_claims(&j);
    if (checks_first_failure(&checks) != NULL ||
        !bytes_equal(j.claims.profile, BYTES_LIT(AIR_PROFILE)))
        return;
    air_claims_publish(&j.claims, &c);
    air_claims_encode(&c, &again);
    must(bytes_equal(buf_view(&again), payload));
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    verify(in, data[0]);
    judge(in);
    return 0;
}
