/* GPU evidence with any of its fields edited and signed again under a test root, so that fuzzing
 * reaches what stands behind the signature. Nothing may be accepted that breaks a rule; the rules
 * are written down here a second time, over the plain data that was signed.
 *
 * The input is a list of edits: what, where, and a value. */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "support/forge_gpu.h"
#include "tee/verify/evidence.h"
#include "tee/verify/nvidia/gpu_root.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDITS_MAX = 12, N_REFERENCED = 8, N_KINDS = 18 };

static struct forge_gpu pristine;
static struct statement cpu;
static struct buf reference;
static struct evidence_policy *policy;

struct bytes gpu_root(void)
{
    return forge_gpu_root();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char text[] =
        "{\"version\": 1, \"nvidia_gpu\": {\"gpus\": 1, \"min_driver\": \"550\", \"modes\": "
        "[\"single\"], \"device_ids\": [\"48B02D92494BADF4\"]}}";
    uint8_t nonce[32];
    (void)argc;
    (void)argv;
    forge_gpu_init(&pristine);
    cpu = (struct statement){.platform = BYTES_LIT("intel-tdx"), .service = BYTES_LIT("x")};
    assert_ok(statement_device_nonce(&cpu, nonce));
    forge_gpu_set_nonce(&pristine, nonce);
    reference = forge_gpu_reference(&pristine);
    assert_ok(evidence_policy_parse(bytes_str(text), &policy));
    assert_ok(sha256(buf_view(&reference), policy->nvidia_gpu.references[0]));
    policy->nvidia_gpu.n_references = 1;
    return 0;
}

static void edit_block(struct forge_gpu_block *b, uint8_t at, uint8_t v)
{
    b->value[at % SPDM_VALUE_LEN] = v;
}

static void edit_field(struct forge_gpu_device *d, uint8_t at, uint8_t v)
{
    struct forge_gpu_field *f = &d->fields[at % d->n_fields];
    if (f->n > 0)
        f->value[(at / 16) % f->n] = v;
}

static void edit(struct forge_gpu_device *d, uint8_t what, uint8_t at, uint8_t v)
{
    struct forge_gpu_block *b = &d->blocks[at % d->n_blocks];
    switch (what % N_KINDS) {
    case 0:
        d->request[at % SPDM_REQUEST_LEN] = v;
        break;
    case 1:
        d->response[at % 4] = v;
        break;
    case 2:
        d->n_blocks_said = v;
        break;
    case 3:
        d->record_said = v << 8 | at;
        break;
    case 4:
        b->index = v;
        break;
    case 5:
        b->specification = v;
        break;
    case 6:
        b->type = v;
        break;
    case 7:
        b->size = v;
        break;
    case 8:
        b->value_size = v;
        break;
    case 9:
        edit_block(b, v, at);
        break;
    case 10:
        edit_field(d, at, v);
        break;
    case 11:
        d->fields[at % d->n_fields].type = v;
        break;
    case 12:
        d->fields[at % d->n_fields].size = v;
        break;
    case 13:
        d->n_fields = 1 + v % d->n_fields;
        break;
    case 14:
        d->list_nonce[at % 32] = v;
        break;
    case 15:
        d->n_trailing = v % 3;
        break;
    case 16:
        d->n_blocks = 1 + v % SPDM_BLOCKS_MAX;
        break;
    default:
        d->omitted_certs = v & 31;
        break;
    }
}

/* ---- the rules, once more ---- */

static bool is_form_right(const struct forge_gpu_device *d)
{
    static const uint8_t request[4] = {0x11, 0xe0, 1, 0xff}, response[3] = {0x11, 0x60, 0};
    unsigned last = 0;
    for (size_t i = 0; i < d->n_blocks; i++) {
        const struct forge_gpu_block *b = &d->blocks[i];
        if (b->index <= last || b->index == 0xff || b->specification != 1 || b->type > 3 ||
            b->size != 51 || b->value_size != 48)
            return false;
        last = b->index;
    }
    return memcmp(d->request, request, 4) == 0 && memcmp(d->response, response, 3) == 0 &&
           d->request[36] == d->response[3] && d->request[36] < 8 && d->n_trailing == 0 &&
           (d->n_blocks_said < 0 || (size_t)d->n_blocks_said == d->n_blocks) &&
           (d->record_said < 0 || (size_t)d->record_said == d->n_blocks * 55);
}

/* Indices 0 to 7 may hold their own value or that of the last block. */
static bool is_measured_right(const struct forge_gpu_device *d)
{
    const struct forge_gpu_block *good = pristine.v[0].blocks;
    for (unsigned want = 1; want <= N_REFERENCED; want++) {
        bool is_right = false;
        for (size_t i = 0; i < d->n_blocks; i++) {
            if (d->blocks[i].index == want)
                is_right = memcmp(d->blocks[i].value, good[want - 1].value, 48) == 0 ||
                           memcmp(d->blocks[i].value, good[63].value, 48) == 0;
        }
        if (!is_right)
            return false;
    }
    return true;
}

static const struct forge_gpu_field *only(const struct forge_gpu_device *d, unsigned type)
{
    const struct forge_gpu_field *found = NULL;
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].type != type)
            continue;
        if (found != NULL)
            return NULL;
        found = &d->fields[i];
    }
    return found;
}

static bool is_firmware_right(const struct forge_gpu_device *d)
{
    const struct forge_gpu_field *fwid = only(d, GPU_OPAQUE_FWID);
    const struct forge_gpu_field *vbios = only(d, GPU_OPAQUE_VBIOS_VERSION);
    static const uint8_t want[8] = {0x00, 0x9f, 0x00, 0x96, 0x01};
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].size != d->fields[i].n)
            return true; /* other bytes are fields then: not followed here */
    }
    if (fwid != NULL && memcmp(fwid->value, d->fwid, sizeof(d->fwid)) != 0)
        return false;
    return vbios != NULL && memcmp(vbios->value, want, sizeof(want)) == 0 &&
           only(d, GPU_OPAQUE_DRIVER_VERSION) != NULL;
}

static bool is_right(const struct forge_gpu_device *d)
{
    const struct forge_gpu_device *good = &pristine.v[0];
    return is_form_right(d) && is_measured_right(d) && is_firmware_right(d) &&
           memcmp(d->request + 4, good->request + 4, 32) == 0 &&
           memcmp(d->list_nonce, good->list_nonce, 32) == 0 && d->omitted_certs == 0;
}

static status judge(struct bytes evidence)
{
    static struct evidence_cache *cache;
    struct statement s = cpu;
    struct checks checks = {0};
    struct evidence_verified verified;
    struct evidence_expect expect = {
        .at_unix_s = FORGE_GPU_NOW,
        .cpu_statement = &s,
        .beside.reference_values = buf_view(&reference),
    };
    if (cache == NULL)
        assert_ok(evidence_cache_new(&cache));
    expect.cache = cache;
    assert_ok(sha256(evidence, s.device_digest));
    status st =
        evidence_verify(evidence, EVIDENCE_NVIDIA_GPU, policy, &expect, &checks, NULL, &verified);
    if (checks.n != 24)
        abort();
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct forge_gpu f;
    f = pristine;
    for (size_t i = 0; i + 3 <= size && i < 3 * EDITS_MAX; i += 3)
        edit(&f.v[0], data[i], data[i + 1], data[i + 2]);
    struct buf evidence CLEANUP(buf_done) = forge_gpu_list(&f);
    bool is_accepted = ok(judge(buf_view(&evidence)));
    if (is_accepted && !is_right(&f.v[0]))
        abort();
    if (!is_accepted && size < 3)
        abort();
    return 0;
}
