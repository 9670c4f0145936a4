#include "receipt/air.h"

#include "formats/cose.h"
#include "receipt/air_claims.h"

static status take_hash(struct bytes v, uint8_t out[static AIR_HASH_LEN])
{
    REQUIRE(v.n == AIR_HASH_LEN, ST_FORMAT, "a hash of %zu bytes", v.n);
    memcpy(out, v.p, AIR_HASH_LEN);
    return OK;
}

status air_subject_unverified(struct bytes receipt, struct air_subject_unverified *out)
{
    struct cose_unverified message;
    struct air_unverified claims;
    struct air_subject_unverified subject;
    const char *code = NULL;
    REQUIRE(receipt.n <= AIR_RECEIPT_MAX, ST_LIMIT, "a receipt of %zu bytes", receipt.n);
    TRY(cose_parse(receipt, COSE_TAG_REQUIRED, CBOR_DETERMINISTIC, &message));
    REQUIRE(message.has_payload, ST_FORMAT, "the receipt has no payload");
    TRY(air_claims_decode(cose_payload_unverified(&message), &claims, &code));
    TRY(take_hash(claims.model_hash, subject.model_hash));
    TRY(take_hash(claims.request_hash, subject.request_hash));
    TRY(take_hash(claims.response_hash, subject.response_hash));
    *out = subject;
    return OK;
}
