/* Replies of NVIDIA's library: this program is the library (it exports the names, see
 * cmake/tests.cmake), and each reply is the next bytes of the input. What is handed out over them
 * can be read by a verifier, answers the nonce that was asked, and stands on modes that were right
 * before and after; what is refused leaves nothing.
 *
 * Each reply begins with its error code. Then the settings: multi GPU mode, developer tools; the
 * state: environment, feature, developer tools; the count; a report: whether it answers the nonce,
 * its length in two bytes, its bytes; a chain: its length, its bytes. */
#include <stdlib.h>

#include "crypto/hash.h"
#include "tee/nvidia_nvml.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/spdm.h"

enum { NONCE_AT = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *out);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out);
int nvmlSystemGetConfComputeState(struct nvidia_nvml_state *out);
int nvmlSystemGetConfComputeSettings(struct nvidia_nvml_settings *inout);
int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, struct nvidia_nvml_report *inout);
int nvmlDeviceGetConfComputeGpuCertificate(void *device, struct nvidia_nvml_certificate *out);

static struct rd input;
static unsigned n_started, n_devices, n_states;
static bool is_pcie, has_tools; /* as the last settings say */
static bool is_unsafe;          /* a state was told that must not be vouched for */

int nvmlInit_v2(void)
{
    int code = rd_u8(&input);
    n_started += code == NVIDIA_NVML_SUCCESS;
    return code;
}

int nvmlShutdown(void)
{
    n_started--;
    return NVIDIA_NVML_SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *out)
{
    int code = rd_u8(&input);
    *out = n_devices = rd_u8(&input);
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out)
{
    *out = (void *)(uintptr_t)(index + 1);
    return rd_u8(&input);
}

int nvmlSystemGetConfComputeState(struct nvidia_nvml_state *out)
{
    int code = rd_u8(&input);
    out->environment = rd_u8(&input);
    out->feature = rd_u8(&input);
    out->developer_tools = rd_u8(&input);
    is_unsafe |= code != NVIDIA_NVML_SUCCESS || out->developer_tools != 0 || has_tools ||
                 out->environment != NVIDIA_NVML_ENVIRONMENT_PRODUCTION ||
                 (out->feature != 1 && !is_pcie);
    n_states++;
    return code;
}

int nvmlSystemGetConfComputeSettings(struct nvidia_nvml_settings *inout)
{
    int code = rd_u8(&input);
    inout->multi_gpu = rd_u8(&input);
    inout->developer_tools = rd_u8(&input);
    is_pcie =
        code == NVIDIA_NVML_SUCCESS && inout->multi_gpu == NVIDIA_NVML_MULTI_GPU_PROTECTED_PCIE;
    has_tools = code == NVIDIA_NVML_SUCCESS && inout->developer_tools != 0;
    return code;
}

/* As much of what the library says as there is room for. */
static unsigned put_reply(uint8_t *place, size_t room)
{
    unsigned n = rd_u16be(&input);
    rd_copy(&input, place, n < room ? n : room);
    return n;
}

int nvmlDeviceGetConfComputeGpuAttestationReport(void *device, struct nvidia_nvml_report *inout)
{
    int code = rd_u8(&input);
    bool is_answer = rd_u8(&input) != 0;
    (void)device;
    inout->n = put_reply(inout->bytes, sizeof(inout->bytes));
    if (is_answer)
        memcpy(inout->bytes + NONCE_AT, inout->nonce, sizeof(inout->nonce));
    return code;
}

int nvmlDeviceGetConfComputeGpuCertificate(void *device, struct nvidia_nvml_certificate *out)
{
    int code = rd_u8(&input);
    (void)device;
    out->n_attestation = put_reply(out->attestation, sizeof(out->attestation));
    return code;
}

/* ---- what must hold ---- */

static bool answers(const struct gpu_evidence *e, const uint8_t nonce[static GPU_NONCE_LEN])
{
    struct bytes report = e->report, want = bytes_of(nonce, GPU_NONCE_LEN);
    struct spdm_request request;
    return bytes_equal(e->nonce, want) && ok(spdm_request_parse(&report, &request)) &&
           bytes_equal(request.nonce, want) && e->certs.n > 0;
}

static void check_evidence(const struct statement *s, struct bytes evidence)
{
    uint8_t nonce[STATEMENT_FIELD_LEN], digest[SHA256_LEN];
    struct gpu_list list;
    if (is_unsafe || n_states != 2)
        abort();
    if (failed(statement_device_nonce(s, nonce)) || failed(sha256(evidence, digest)) ||
        memcmp(digest, s->device_digest, sizeof(digest)) != 0)
        abort();
    if (failed(gpu_list_read(evidence, (struct bytes){0}, &list)) || list.n != n_devices)
        abort();
    for (size_t i = 0; i < list.n; i++) {
        if (!answers(&list.v[i], nonce))
            abort();
    }
    gpu_list_done(&list);
}

static void attest(struct nvidia_nvml *nvml)
{
    struct statement s = {.platform = BYTES_LIT("intel-tdx"), .service = BYTES_LIT("x")};
    struct nvidia_device_api api = nvidia_nvml_api(nvml);
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_LIST_MAX_BYTES);
    if (ok(nvidia_device_attach(&api, &s, &out)))
        check_evidence(&s, buf_view(&out));
    else if ((out.n > 0 && ok(buf_status(&out))) || !bytes_all_zero(BYTES_OF(s.device_digest)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nvidia_nvml *nvml = NULL;
    input = rd_over(bytes_of(data, size));
    n_states = 0;
    is_unsafe = false;
    if (ok(nvidia_nvml_open(NULL, &nvml)))
        attest(nvml);
    nvidia_nvml_closep(&nvml);
    if (n_started != 0)
        abort();
    return 0;
}
