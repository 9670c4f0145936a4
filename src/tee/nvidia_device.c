#include "tee/nvidia_device.h"

#include "crypto/hash.h"
#include "formats/cert_list.h"
#include "tee/verify/nvidia/gpu_leaf.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/spdm.h"

struct answers {
    struct buf reports[GPU_DEVICES_MAX], chains[GPU_DEVICES_MAX];
    struct gpu_list_item items[GPU_DEVICES_MAX];
    size_t n;
};

static void answers_done(struct answers *a)
{
    for (size_t i = 0; i < GPU_DEVICES_MAX; i++) {
        buf_done(&a->reports[i]);
        buf_done(&a->chains[i]);
    }
}

static status check_state(const struct nvidia_device_api *api)
{
    struct nvidia_device_state s = {0};
    TRY(status_context(api->state(api->ctx, &s), "NVIDIA driver"));
    REQUIRE(s.is_confidential, ST_POLICY, "NVIDIA: confidential computing is off");
    REQUIRE(s.is_production, ST_POLICY, "NVIDIA: confidential computing is only simulated");
    REQUIRE(!s.has_developer_tools, ST_POLICY, "NVIDIA: developer tools are on");
    return OK;
}

/* The certificate says what the device is, not the library. The chain has to be one that a verifier
 * reads: PEM text from its first byte, and no longer than a device's. */
static status name_of(struct bytes chain_pem, const char **out)
{
    struct cert_list certs CLEANUP(cert_list_done) = {0};
    struct gpu_leaf leaf = {0};
    REQUIRE(chain_pem.n > 0 && chain_pem.p[0] == '-', ST_FORMAT, "the chain is no PEM text");
    TRY(cert_list_read(chain_pem, &certs));
    REQUIRE(certs.n <= GPU_CERTS_MAX, ST_LIMIT, "%zu certificates, at most %d", certs.n,
            GPU_CERTS_MAX);
    TRY(gpu_leaf_read(certs.der[0], &leaf));
    *out = gpu_leaf_arch_name(leaf.arch);
    return OK;
}

static status check_nonce(struct bytes report, struct bytes nonce)
{
    struct spdm_request request;
    TRY(spdm_request_parse(&report, &request));
    REQUIRE(bytes_equal(request.nonce, nonce), ST_MISMATCH, "it answered another nonce");
    return OK;
}

static status ask(const struct nvidia_device_api *api, size_t i,
                  const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN], struct answers *a)
{
    struct gpu_list_item *item = &a->items[i];
    a->reports[i] = BUF_MAX(SPDM_REPORT_MAX_BYTES);
    a->chains[i] = BUF_MAX(GPU_CHAIN_MAX_BYTES);
    TRY(api->report(api->ctx, i, nonce, &a->reports[i]));
    TRY(api->chain(api->ctx, i, &a->chains[i]));
    item->nonce = bytes_of(nonce, NVIDIA_DEVICE_NONCE_LEN);
    item->report = buf_view(&a->reports[i]);
    item->certs_pem = buf_view(&a->chains[i]);
    TRY(check_nonce(item->report, item->nonce));
    return name_of(item->certs_pem, &item->arch);
}

status nvidia_device_evidence(const struct nvidia_device_api *api,
                              const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN], struct buf *out)
{
    struct answers a CLEANUP(answers_done) = {0};
    TRY(check_state(api));
    TRY(status_context(api->count(api->ctx, &a.n), "NVIDIA driver"));
    REQUIRE(a.n > 0, ST_NOTFOUND, "NVIDIA: no device");
    REQUIRE(a.n <= GPU_DEVICES_MAX, ST_LIMIT, "NVIDIA: %zu devices, at most %d", a.n,
            GPU_DEVICES_MAX);
    for (size_t i = 0; i < a.n; i++)
        TRY(status_context(ask(api, i, nonce, &a), "NVIDIA device %zu", i));
    /* A mode that changed meanwhile would make the answers say less than they seem to. */
    TRY(check_state(api));
    return gpu_list_write(a.items, a.n, out);
}

status nvidia_device_attach(const struct nvidia_device_api *api, struct statement *s,
                            struct buf *out)
{
    uint8_t nonce[NVIDIA_DEVICE_NONCE_LEN];
    size_t from = out->n;
    TRY(statement_device_nonce(s, nonce));
    TRY(nvidia_device_evidence(api, nonce, out));
    return sha256(bytes_of(out->p + from, out->n - from), s->device_digest);
}
