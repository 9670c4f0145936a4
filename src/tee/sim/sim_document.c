#include "tee/sim/sim_document.h"

#include "formats/cbor.h"
#include "formats/cose.h"

enum { PAYLOAD_KEYS = 9, PROTECTED_MAX = 16 };

static void put_pcrs(struct buf *b, const struct measurements *m)
{
    cbor_put_str(b, "pcrs");
    cbor_put_map(b, (uint64_t)__builtin_popcount(m->present_mask));
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (!measurements_has(m, i))
            continue;
        cbor_put_uint(b, i);
        cbor_put_bytes(b, measurements_at(m, i));
    }
}

static void put_cabundle(struct buf *b, const struct sim_document *d)
{
    cbor_put_str(b, "cabundle");
    cbor_put_array(b, d->n_cabundle);
    for (size_t i = 0; i < d->n_cabundle; i++)
        cbor_put_bytes(b, d->cabundle[i]);
}

static void put_field(struct buf *b, const char *key, struct bytes v)
{
    cbor_put_str(b, key);
    if (v.p == NULL)
        cbor_put_null(b);
    else
        cbor_put_bytes(b, v);
}

status sim_document_payload(const struct sim_document *d, struct buf *out)
{
    cbor_put_map(out, PAYLOAD_KEYS);
    cbor_put_str(out, "module_id");
    cbor_put_text(out, d->module_id);
    cbor_put_str(out, "digest");
    cbor_put_str(out, "SHA384");
    cbor_put_str(out, "timestamp");
    cbor_put_uint(out, d->timestamp_ms);
    put_pcrs(out, d->measurements);
    cbor_put_str(out, "certificate");
    cbor_put_bytes(out, d->certificate);
    put_cabundle(out, d);
    put_field(out, "public_key", d->public_key);
    put_field(out, "user_data", d->user_data);
    put_field(out, "nonce", d->nonce);
    return buf_status(out);
}

status sim_document_sign(struct bytes payload, const struct ecdsa_secret *key, struct buf *out)
{
    struct buf headers CLEANUP(buf_done) = BUF_MAX(PROTECTED_MAX);
    cbor_put_map(&headers, 1);
    cbor_put_int(&headers, 1);
    cbor_put_int(&headers, COSE_ALG_ES384);
    TRY(buf_status(&headers));
    return cose_sign_ecdsa(key, ECDSA_ES384, buf_view(&headers), payload, false, out);
}
