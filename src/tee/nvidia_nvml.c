#include "tee/nvidia_nvml.h"

#include <dlfcn.h>
#include <stdlib.h>

typedef void *device_ref;

/* One member for each function of the library; the last is missing from older ones. */
struct functions {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *out);
    int (*handle)(unsigned index, device_ref *out);
    int (*state)(struct nvidia_nvml_state *out);
    int (*report)(device_ref device, struct nvidia_nvml_report *inout);
    int (*certificate)(device_ref device, struct nvidia_nvml_certificate *out);
    int (*settings)(struct nvidia_nvml_settings *inout);
};

struct nvidia_nvml {
    void *library;
    struct functions f;
    bool is_started;
};

/* dlsym() gives an object's address for a function's: the sizes are the same on Linux (POSIX). */
static bool find(void *library, const char *name, void *out_function)
{
    void *address = dlsym(library, name);
    memcpy(out_function, &address, sizeof(address));
    return address != NULL;
}

static status find_all(void *library, struct functions *f)
{
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        {"nvmlInit_v2", &f->init},
        {"nvmlShutdown", &f->shutdown},
        {"nvmlDeviceGetCount_v2", &f->count},
        {"nvmlDeviceGetHandleByIndex_v2", &f->handle},
        {"nvmlSystemGetConfComputeState", &f->state},
        {"nvmlDeviceGetConfComputeGpuAttestationReport", &f->report},
        {"nvmlDeviceGetConfComputeGpuCertificate", &f->certificate},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        REQUIRE(find(library, wanted[i].name, wanted[i].place), ST_UNSUPPORTED,
                "NVML has no %s: the driver is too old", wanted[i].name);
    (void)find(library, "nvmlSystemGetConfComputeSettings", &f->settings);
    return OK;
}

void nvidia_nvml_closep(struct nvidia_nvml **n)
{
    if (*n == NULL)
        return;
    if ((*n)->is_started)
        (void)(*n)->f.shutdown();
    if ((*n)->library != NULL)
        (void)dlclose((*n)->library);
    free(*n);
    *n = NULL;
}

status nvidia_nvml_open(const char *library, struct nvidia_nvml **out)
{
    struct nvidia_nvml *n CLEANUP(nvidia_nvml_closep) = calloc(1, sizeof(*n));
    REQUIRE(n != NULL, ST_NOMEM, "NVML");
    n->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    REQUIRE(n->library != NULL, ST_NOTFOUND, "NVML: %s is not there: no NVIDIA driver", library);
    TRY(find_all(n->library, &n->f));
    int code = n->f.init();
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO, "NVML does not start: error %d", code);
    n->is_started = true;
    *out = n;
    n = NULL;
    return OK;
}

/* Protected PCIe is a mode of its own, in which the old question is answered with "off": what is on
 * in it, and whether developer tools are, is told by the new one. All zero where it is not. */
static struct nvidia_nvml_settings get_settings(const struct nvidia_nvml *n)
{
    struct nvidia_nvml_settings s = {.version = NVIDIA_NVML_SETTINGS_V1};
    bool is_told = n->f.settings != NULL && n->f.settings(&s) == NVIDIA_NVML_SUCCESS;
    return is_told ? s : (struct nvidia_nvml_settings){0};
}

static status get_state(void *ctx, struct nvidia_device_state *out)
{
    const struct nvidia_nvml *n = ctx;
    struct nvidia_nvml_state s = {.developer_tools = 1};
    struct nvidia_nvml_settings more = get_settings(n);
    int code = n->f.state(&s);
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO,
            "NVML: no state of confidential computing: error %d", code);
    *out = (struct nvidia_device_state){
        .is_production = s.environment == NVIDIA_NVML_ENVIRONMENT_PRODUCTION,
        .is_confidential = s.feature == 1 || more.multi_gpu == NVIDIA_NVML_MULTI_GPU_PROTECTED_PCIE,
        .has_developer_tools = s.developer_tools != 0 || more.developer_tools != 0,
    };
    return OK;
}

static status get_count(void *ctx, size_t *out)
{
    const struct nvidia_nvml *n = ctx;
    unsigned count = 0;
    int code = n->f.count(&count);
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO, "NVML: no count of devices: error %d", code);
    *out = count;
    return OK;
}

static status get_handle(const struct nvidia_nvml *n, size_t i, device_ref *out)
{
    int code = n->f.handle((unsigned)i, out);
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO, "NVML: no handle: error %d", code);
    return OK;
}

static status ask_report(const struct nvidia_nvml *n, size_t i, struct nvidia_nvml_report *r,
                         struct buf *out)
{
    device_ref device = NULL;
    TRY(get_handle(n, i, &device));
    int code = n->f.report(device, r);
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO, "NVML: no attestation report: error %d", code);
    REQUIRE(r->n > 0 && r->n <= sizeof(r->bytes), ST_LIMIT, "NVML: a report of %u bytes", r->n);
    buf_put(out, bytes_of(r->bytes, r->n));
    return buf_status(out);
}

static status get_report(void *ctx, size_t i, const uint8_t nonce[static NVIDIA_DEVICE_NONCE_LEN],
                         struct buf *out)
{
    struct nvidia_nvml_report *r = calloc(1, sizeof(*r));
    REQUIRE(r != NULL, ST_NOMEM, "NVML report");
    memcpy(r->nonce, nonce, sizeof(r->nonce));
    status s = ask_report(ctx, i, r, out);
    free(r);
    return s;
}

static status ask_chain(const struct nvidia_nvml *n, size_t i, struct nvidia_nvml_certificate *c,
                        struct buf *out)
{
    device_ref device = NULL;
    TRY(get_handle(n, i, &device));
    int code = n->f.certificate(device, c);
    REQUIRE(code == NVIDIA_NVML_SUCCESS, ST_IO, "NVML: no certificates: error %d", code);
    REQUIRE(c->n_attestation > 0 && c->n_attestation <= sizeof(c->attestation), ST_LIMIT,
            "NVML: a chain of %u bytes", c->n_attestation);
    buf_put(out, bytes_of(c->attestation, c->n_attestation));
    return buf_status(out);
}

static status get_chain(void *ctx, size_t i, struct buf *out_pem)
{
    struct nvidia_nvml_certificate *c = calloc(1, sizeof(*c));
    REQUIRE(c != NULL, ST_NOMEM, "NVML certificates");
    status s = ask_chain(ctx, i, c, out_pem);
    free(c);
    return s;
}

struct nvidia_device_api nvidia_nvml_api(struct nvidia_nvml *n)
{
    return (struct nvidia_device_api){
        .ctx = n,
        .state = get_state,
        .count = get_count,
        .report = get_report,
        .chain = get_chain,
    };
}
