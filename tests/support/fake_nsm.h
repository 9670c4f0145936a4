/* fake_nsm - a device behind the narrow function of tee/nsm.h that behaves as the NSM API
 * documents.
 *
 * Sixteen PCRs, documents with whatever chain the forge has, and the documented errors. `trouble`
 * makes it misbehave in one way. Header only: static functions, one user each.
 */
#ifndef SUPPORT_FAKE_NSM_H
#define SUPPORT_FAKE_NSM_H

#include "support/forge.h"

#include "formats/cbor.h"
#include "tee/nsm.h"

enum fake_trouble { FAKE_FINE, FAKE_RAW, FAKE_IO, FAKE_HUGE, FAKE_OTHER_PCR, FAKE_STUCK_RANDOM };

struct fake_nsm {
    struct forge *forge; /* documents' chain and measurements */
    enum fake_trouble trouble;
    struct bytes raw; /* FAKE_RAW: the answer to everything */
    unsigned n_requests;
};

static inline void fake_answer_error(struct buf *out, const char *name)
{
    cbor_put_map(out, 1);
    cbor_put_str(out, "Error");
    cbor_put_str(out, name);
}

static inline struct bytes fake_field(struct cbor_rd *r, const char *key)
{
    assert_bytes_equal(cbor_text(r), bytes_str(key));
    if (cbor_peek(r) != CBOR_NULL)
        return cbor_bytes(r);
    cbor_null(r);
    return (struct bytes){0};
}

static inline status fake_attestation(struct fake_nsm *f, struct cbor_rd *r, struct buf *out)
{
    struct cbor_iter it = cbor_map(r);
    assert_int_equal(it.left, 3);
    struct bytes user_data = fake_field(r, "user_data");
    struct bytes nonce = fake_field(r, "nonce");
    struct bytes public_key = fake_field(r, "public_key");
    assert_ok(cbor_status(r));
    assert_int_equal(r->at, r->in.n);
    if (user_data.n > 1024 || nonce.n > 1024 || public_key.n > 1024) {
        fake_answer_error(out, "InputTooLarge");
        return OK;
    }
    forge_fill(f->forge);
    f->forge->document.user_data = user_data;
    f->forge->document.nonce = nonce;
    f->forge->document.public_key = public_key;
    struct buf document CLEANUP(buf_done) = forge_sign(f->forge);
    cbor_put_map(out, 1);
    cbor_put_str(out, "Attestation");
    cbor_put_map(out, 1);
    cbor_put_str(out, "document");
    cbor_put_bytes(out, buf_view(&document));
    return buf_status(out);
}

static inline status fake_describe_pcr(struct fake_nsm *f, struct cbor_rd *r, struct buf *out)
{
    struct cbor_iter it = cbor_map(r);
    assert_int_equal(it.left, 1);
    assert_bytes_equal(cbor_text(r), BYTES_LIT("index"));
    uint64_t index = cbor_uint(r);
    assert_ok(cbor_status(r));
    if (index >= 32) {
        fake_answer_error(out, "InvalidIndex");
        return OK;
    }
    uint8_t value[MEASUREMENT_LEN];
    memcpy(value, f->forge->measurements.pcr[index], sizeof(value));
    if (f->trouble == FAKE_OTHER_PCR)
        value[0] ^= 1;
    cbor_put_map(out, 1);
    cbor_put_str(out, "DescribePCR");
    cbor_put_map(out, 2);
    cbor_put_str(out, "lock");
    cbor_put_bool(out, index < 16);
    cbor_put_str(out, "data");
    cbor_put_bytes(out, BYTES_OF(value));
    return buf_status(out);
}

static inline status fake_random(struct fake_nsm *f, struct buf *out)
{
    uint8_t random[256];
    for (unsigned i = 0; i < sizeof(random); i++)
        random[i] = f->trouble == FAKE_STUCK_RANDOM ? 0 : (uint8_t)(i * 7 + f->n_requests);
    cbor_put_map(out, 1);
    cbor_put_str(out, "GetRandom");
    cbor_put_map(out, 1);
    cbor_put_str(out, "random");
    cbor_put_bytes(out, BYTES_OF(random));
    return buf_status(out);
}

static inline status fake_describe(struct buf *out)
{
    static const char *const numbers[] = {"version_major", "version_minor", "version_patch"};
    cbor_put_map(out, 1);
    cbor_put_str(out, "DescribeNSM");
    cbor_put_map(out, 7);
    for (unsigned i = 0; i < 3; i++) {
        cbor_put_str(out, numbers[i]);
        cbor_put_uint(out, i + 1);
    }
    cbor_put_str(out, "module_id");
    cbor_put_str(out, "i-0-enc0");
    cbor_put_str(out, "max_pcrs");
    cbor_put_uint(out, 32);
    cbor_put_str(out, "locked_pcrs");
    cbor_put_array(out, 2);
    cbor_put_uint(out, 0);
    cbor_put_uint(out, 15);
    cbor_put_str(out, "digest");
    cbor_put_str(out, "SHA384");
    return buf_status(out);
}

static inline status fake_request_map(struct fake_nsm *f, struct cbor_rd *r, struct buf *out)
{
    struct cbor_iter it = cbor_map(r);
    assert_int_equal(it.left, 1);
    struct bytes name = cbor_text(r);
    if (bytes_equal(name, BYTES_LIT("Attestation")))
        return fake_attestation(f, r, out);
    if (bytes_equal(name, BYTES_LIT("DescribePCR")))
        return fake_describe_pcr(f, r, out);
    fake_answer_error(out, "InvalidOperation");
    return OK;
}

static inline status fake_request(void *ctx, struct bytes request, struct buf *out)
{
    struct fake_nsm *f = ctx;
    struct cbor_rd r = cbor_rd_over(request, CBOR_DETERMINISTIC);
    f->n_requests++;
    assert_true(request.n <= NSM_REQUEST_MAX);
    if (f->trouble == FAKE_IO)
        return FAIL(ST_IO, "fake: no device");
    if (f->trouble == FAKE_RAW) {
        buf_put(out, f->raw);
        return buf_status(out);
    }
    if (f->trouble == FAKE_HUGE) {
        (void)buf_extend(out, NSM_RESPONSE_MAX + 1);
        return OK;
    }
    if (cbor_peek(&r) == CBOR_MAP)
        return fake_request_map(f, &r, out);
    struct bytes name = cbor_text(&r);
    assert_ok(cbor_end(&r));
    if (bytes_equal(name, BYTES_LIT("GetRandom")))
        return fake_random(f, out);
    assert_bytes_equal(name, BYTES_LIT("DescribeNSM"));
    return fake_describe(out);
}

static inline struct nsm fake_nsm(struct fake_nsm *f)
{
    return (struct nsm){.request = fake_request, .ctx = f};
}

#endif
