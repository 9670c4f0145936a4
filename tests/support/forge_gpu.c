#include "support/forge_gpu.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/pem.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/gpu_reference.h"

enum { ROOM = 1 << 16, N_BLOCKS = 64, N_SHARED = FORGE_GPU_BROM };

static const int64_t LAST = INT64_C(253402300799);
static const uint8_t OID_DEVICE[] = {0x2b, 6, 1, 4, 1, 0x83, 0x1c, 0x82, 0x12, 1};
static const uint8_t OID_SHA384[] = {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2};

/* The authorities, made once for the whole program. */
static struct shared {
    bool is_made;
    struct ecdsa_secret *keys[N_SHARED];
    struct buf ders[N_SHARED];
} shared;

/* ---- DER ---- */

static void put_item(struct buf *out, uint8_t tag, struct bytes content)
{
    buf_put_u8(out, tag);
    if (content.n >= 0x100) {
        buf_put_u8(out, 0x82);
        buf_put_u16be(out, (uint16_t)content.n);
    } else {
        if (content.n >= 0x80)
            buf_put_u8(out, 0x81);
        buf_put_u8(out, (uint8_t)content.n);
    }
    buf_put(out, content);
}

static void wrap(struct buf *b, uint8_t tag)
{
    struct buf content CLEANUP(buf_done) = buf_take(b);
    put_item(b, tag, buf_view(&content));
}

static struct buf alt_name(const struct forge_gpu_device *d)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf out = BUF_MAX(ROOM);
    put_item(&text, 0x0c, bytes_str(d->device_name));
    put_item(&out, 0x06, BYTES_OF(OID_DEVICE));
    put_item(&out, 0xa0, buf_view(&text));
    wrap(&out, 0xa0);
    wrap(&out, 0x30);
    return out;
}

static void put_fwid(const struct forge_gpu_device *d, struct buf *out)
{
    struct buf fwid CLEANUP(buf_done) = BUF_MAX(ROOM);
    put_item(&fwid, 0x06, BYTES_OF(OID_SHA384));
    put_item(&fwid, 0x04, BYTES_OF(d->fwid));
    put_item(out, 0x30, buf_view(&fwid));
}

static struct buf composite(const struct forge_gpu_device *d)
{
    static const uint8_t version[] = {2, 1, 1};
    const struct ecdsa_secret *key = d->dice_key ? d->dice_key : d->keys[FORGE_GPU_BROM];
    struct buf out = BUF_MAX(ROOM);
    buf_put(&out, BYTES_OF(version));
    assert_ok(ecdsa_public_spki(key, &out));
    put_fwid(d, &out);
    wrap(&out, 0x30);
    return out;
}

static struct buf tcb_info(const struct forge_gpu_device *d)
{
    uint8_t flags[5] = {0};
    struct buf fwids CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct buf out = BUF_MAX(ROOM);
    for (unsigned bit = 0; bit < 32; bit++)
        flags[1 + bit / 8] |= (uint8_t)((d->flags >> bit & 1u) << (7 - bit % 8));
    put_item(&out, 0x80, BYTES_LIT("NVIDIA"));
    put_fwid(d, &fwids);
    put_item(&out, 0xa6, buf_view(&fwids));
    put_item(&out, 0x87, BYTES_OF(flags));
    wrap(&out, 0x30);
    return out;
}

/* ---- certificates ---- */

static void make_shared(void)
{
    static const char *const names[N_SHARED] = {"forge device root", "forge family",
                                                "forge provisioner"};
    for (int i = 0; i < N_SHARED && !shared.is_made; i++) {
        struct x509_request r = {
            .common_name = names[i],
            .issuer_name = names[i ? i - 1 : 0],
            .is_ca = true,
            .path_len = -1,
            .not_before_unix_s = FORGE_GPU_NOW - 1000,
            .not_after_unix_s = LAST,
            .crl_url = i > 0 ? "http://crl.example/x.crl" : NULL,
        };
        assert_ok(ecdsa_generate(ECDSA_ES384, &shared.keys[i]));
        r.subject_key = shared.keys[i];
        r.issuer_key = shared.keys[i ? i - 1 : 0];
        shared.ders[i] = BUF_MAX(ROOM);
        assert_ok(x509_issue(&r, &shared.ders[i]));
    }
    shared.is_made = true;
}

struct bytes forge_gpu_root(void)
{
    make_shared();
    return buf_view(&shared.ders[FORGE_GPU_ROOT]);
}

static void issue_leaf(struct forge_gpu_device *d)
{
    struct buf alt CLEANUP(buf_done) = alt_name(d);
    struct buf dice CLEANUP(buf_done) = d->dice == FORGE_GPU_COMPOSITE ? composite(d) : tcb_info(d);
    struct x509_extra extras[] = {
        {.oid = "2.5.29.17", .value = buf_view(&alt)},
        {.oid = d->dice == FORGE_GPU_COMPOSITE ? "2.23.133.5.4.1" : "2.23.133.5.4.1.1",
         .value = buf_view(&dice)},
    };
    struct x509_request r = d->requests[FORGE_GPU_LEAF];
    r.extras = extras;
    r.n_extras = d->dice == FORGE_GPU_NO_DICE ? 1 : 2;
    buf_clear(&d->ders[FORGE_GPU_LEAF]);
    assert_ok(x509_issue(&r, &d->ders[FORGE_GPU_LEAF]));
}

void forge_gpu_issue(struct forge_gpu *f)
{
    for (size_t i = 0; i < f->n; i++) {
        struct forge_gpu_device *d = &f->v[i];
        buf_clear(&d->ders[FORGE_GPU_BROM]);
        assert_ok(x509_issue(&d->requests[FORGE_GPU_BROM], &d->ders[FORGE_GPU_BROM]));
        issue_leaf(d);
    }
}

void forge_gpu_issue_by_root(struct forge_gpu_device *d)
{
    d->requests[FORGE_GPU_BROM].issuer_name = "forge device root";
    d->requests[FORGE_GPU_BROM].issuer_key = shared.keys[FORGE_GPU_ROOT];
    d->omitted_certs = 1u << FORGE_GPU_FAMILY | 1u << FORGE_GPU_PROVISIONER;
}

static void fill_requests(struct forge_gpu_device *d)
{
    for (int i = FORGE_GPU_BROM; i < FORGE_GPU_CERTS; i++) {
        assert_ok(ecdsa_generate(ECDSA_ES384, &d->keys[i]));
        d->ders[i] = BUF_MAX(ROOM);
        d->requests[i] = (struct x509_request){
            .common_name = d->names[i],
            .issuer_name = i == FORGE_GPU_BROM ? "forge provisioner" : d->names[FORGE_GPU_BROM],
            .is_ca = i == FORGE_GPU_BROM,
            .path_len = -1,
            .not_before_unix_s = FORGE_GPU_NOW - 1000,
            .not_after_unix_s = LAST,
            .subject_key = d->keys[i],
            .issuer_key =
                i == FORGE_GPU_BROM ? shared.keys[FORGE_GPU_PROVISIONER] : d->keys[FORGE_GPU_BROM],
        };
    }
}

/* ---- reports ---- */

struct forge_gpu_field *forge_gpu_field(struct forge_gpu_device *d, uint16_t type,
                                        struct bytes value)
{
    size_t i = 0;
    while (i < d->n_fields && d->fields[i].type != type)
        i++;
    assert_true(i < FORGE_GPU_FIELDS && value.n <= FORGE_GPU_FIELD_MAX);
    if (i == d->n_fields)
        d->n_fields++;
    struct forge_gpu_field *field = &d->fields[i];
    *field =
        (struct forge_gpu_field){.type = type, .size = (uint16_t)value.n, .n = (uint16_t)value.n};
    if (value.n > 0)
        memcpy(field->value, value.p, value.n);
    return field;
}

void forge_gpu_drop(struct forge_gpu_device *d, uint16_t type)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].type != type)
            continue;
        d->n_fields--;
        memmove(&d->fields[i], &d->fields[i + 1], (d->n_fields - i) * sizeof(d->fields[0]));
        return;
    }
}

static void fill_opaque(struct forge_gpu_device *d, bool is_switch)
{
    static const uint8_t vbios[8] = {0x00, 0x9f, 0x00, 0x96, 0x01};
    static const uint8_t off = 0x55, id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    if (is_switch) {
        forge_gpu_field(d, GPU_OPAQUE_VBIOS_VERSION, BYTES_LIT("96.10.55.00.01"));
        forge_gpu_field(d, GPU_OPAQUE_DEVICE_IDS, BYTES_OF(id));
        return;
    }
    forge_gpu_field(d, GPU_OPAQUE_VBIOS_VERSION, BYTES_OF(vbios));
    forge_gpu_field(d, GPU_OPAQUE_PROJECT, bytes_of("G520", 5));
    forge_gpu_field(d, GPU_OPAQUE_DRIVER_VERSION, bytes_of("550.90.07", 10));
    forge_gpu_field(d, GPU_OPAQUE_NVDEC0_STATUS, bytes_of(&off, 1));
    forge_gpu_field(d, GPU_OPAQUE_FWID, BYTES_OF(d->fwid));
    forge_gpu_field(d, GPU_OPAQUE_PCIE_STATUS, bytes_of(&off, 1));
}

static void fill_report(struct forge_gpu_device *d, bool is_switch)
{
    static const uint8_t request[4] = {0x11, 0xe0, 0x01, 0xff}, response[4] = {0x11, 0x60};
    memcpy(d->request, request, sizeof(request));
    memcpy(d->response, response, sizeof(response));
    memset(d->request + 4, 0x11, SPDM_NONCE_LEN);
    memset(d->list_nonce, 0x11, SPDM_NONCE_LEN);
    d->n_blocks_said = d->record_said = -1;
    d->n_blocks = N_BLOCKS;
    for (size_t i = 0; i < N_BLOCKS; i++) {
        struct forge_gpu_block *b = &d->blocks[i];
        *b = (struct forge_gpu_block){
            .index = (uint8_t)(i + 1), .specification = 1, .type = 1, .size = 51, .value_size = 48};
        memset(b->value, 0x40 + (int)i, sizeof(b->value));
    }
    fill_opaque(d, is_switch);
}

struct forge_gpu_device *forge_gpu_add(struct forge_gpu *f, const char *chip, const char *serial)
{
    assert_true(f->n < FORGE_GPU_DEVICES);
    struct forge_gpu_device *d = &f->v[f->n++];
    bool is_switch = chip[0] == 'L';
    make_shared();
    *d = (struct forge_gpu_device){
        .arch = is_switch                    ? "LS10"
                : strcmp(chip, "GB100") == 0 ? "BLACKWELL"
                                             : "HOPPER",
        .dice = strcmp(chip, "GB100") == 0 ? FORGE_GPU_TCB_INFO : FORGE_GPU_COMPOSITE,
    };
    memset(d->fwid, 0xf1, sizeof(d->fwid));
    (void)snprintf(d->names[FORGE_GPU_BROM], sizeof(d->names[0]), "%s A01 GSP BROM %s", chip,
                   serial);
    (void)snprintf(d->names[FORGE_GPU_LEAF], sizeof(d->names[0]), "%s A01 GSP FMC LF", chip);
    (void)snprintf(d->device_name, sizeof(d->device_name), "NVIDIA:%s:%s", chip, serial);
    fill_requests(d);
    fill_report(d, is_switch);
    return d;
}

void forge_gpu_init(struct forge_gpu *f)
{
    memset(f, 0, sizeof(*f));
    forge_gpu_add(f, "GH100", "48B02D92494BADF4");
    forge_gpu_issue(f);
}

void forge_gpu_done(struct forge_gpu *f)
{
    for (size_t i = 0; i < f->n; i++) {
        for (int k = FORGE_GPU_BROM; k < FORGE_GPU_CERTS; k++) {
            ecdsa_secret_freep(&f->v[i].keys[k]);
            buf_done(&f->v[i].ders[k]);
        }
    }
    memset(f, 0, sizeof(*f));
}

void forge_gpu_set_nonce(struct forge_gpu *f, const uint8_t nonce[static SPDM_NONCE_LEN])
{
    for (size_t i = 0; i < f->n; i++) {
        memcpy(f->v[i].request + 4, nonce, SPDM_NONCE_LEN);
        memcpy(f->v[i].list_nonce, nonce, SPDM_NONCE_LEN);
    }
}

static void put_u16le(struct buf *b, uint16_t v)
{
    buf_put_u8(b, (uint8_t)v);
    buf_put_u8(b, (uint8_t)(v >> 8));
}

static void put_blocks(const struct forge_gpu_device *d, struct buf *out)
{
    for (size_t i = 0; i < d->n_blocks; i++) {
        const struct forge_gpu_block *b = &d->blocks[i];
        buf_put_u8(out, b->index);
        buf_put_u8(out, b->specification);
        put_u16le(out, b->size);
        buf_put_u8(out, b->type);
        put_u16le(out, b->value_size);
        buf_put(out, BYTES_OF(b->value));
    }
}

static void put_fields(const struct forge_gpu_device *d, struct buf *out)
{
    for (size_t i = 0; i < d->n_fields; i++) {
        put_u16le(out, d->fields[i].type);
        put_u16le(out, d->fields[i].size);
        buf_put(out, bytes_of(d->fields[i].value, d->fields[i].n));
    }
}

static void put_response(const struct forge_gpu_device *d, struct buf *out)
{
    uint8_t nonce[SPDM_NONCE_LEN];
    struct buf record CLEANUP(buf_done) = BUF_MAX(ROOM), opaque CLEANUP(buf_done) = BUF_MAX(ROOM);
    put_blocks(d, &record);
    put_fields(d, &opaque);
    size_t n = d->record_said < 0 ? record.n : (size_t)d->record_said;
    memset(nonce, 0x22, sizeof(nonce));
    buf_put(out, BYTES_OF(d->response));
    buf_put_u8(out, (uint8_t)(d->n_blocks_said < 0 ? (int)d->n_blocks : d->n_blocks_said));
    put_u16le(out, (uint16_t)n);
    buf_put_u8(out, (uint8_t)(n >> 16));
    buf_put(out, buf_view(&record));
    buf_put(out, BYTES_OF(nonce));
    put_u16le(out, (uint16_t)opaque.n);
    buf_put(out, buf_view(&opaque));
}

struct buf forge_gpu_report(const struct forge_gpu_device *d)
{
    uint8_t signature[SPDM_SIGNATURE_LEN];
    struct buf out = BUF_MAX(ROOM);
    buf_put(&out, BYTES_OF(d->request));
    put_response(d, &out);
    assert_ok(ecdsa_sign(d->report_key ? d->report_key : d->keys[FORGE_GPU_LEAF], buf_view(&out),
                         signature));
    signature[50] ^= d->is_signature_flipped;
    buf_put(&out, BYTES_OF(signature));
    for (size_t i = 0; i < d->n_trailing; i++)
        buf_put_u8(&out, 0);
    assert_ok(buf_status(&out));
    return out;
}

static struct bytes cert_of(const struct forge_gpu_device *d, int i)
{
    return i < N_SHARED ? buf_view(&shared.ders[i]) : buf_view(&d->ders[i]);
}

struct buf forge_gpu_chain(const struct forge_gpu_device *d)
{
    struct buf out = BUF_MAX(ROOM);
    for (int i = FORGE_GPU_CERTS - 1; i >= 0; i--) {
        if ((d->omitted_certs >> i & 1u) == 0)
            pem_put(&out, "CERTIFICATE", cert_of(d, i));
    }
    assert_ok(buf_status(&out));
    return out;
}

struct buf forge_gpu_list(const struct forge_gpu *f)
{
    struct gpu_list_item items[FORGE_GPU_DEVICES];
    struct buf reports[FORGE_GPU_DEVICES], chains[FORGE_GPU_DEVICES], out = BUF_MAX(1 << 18);
    for (size_t i = 0; i < f->n; i++) {
        reports[i] = forge_gpu_report(&f->v[i]);
        chains[i] = forge_gpu_chain(&f->v[i]);
        items[i] = (struct gpu_list_item){
            .arch = f->v[i].arch,
            .nonce = BYTES_OF(f->v[i].list_nonce),
            .report = buf_view(&reports[i]),
            .certs_pem = buf_view(&chains[i]),
        };
    }
    assert_ok(gpu_list_write(items, f->n, &out));
    for (size_t i = 0; i < f->n; i++) {
        buf_done(&reports[i]);
        buf_done(&chains[i]);
    }
    return out;
}

/* ---- what stands beside ---- */

static void draft_of(const struct forge_gpu_device *d, enum gpu_manifest_kind kind,
                     struct gpu_reference_draft *out)
{
    struct gpu_opaque o;
    struct buf opaque CLEANUP(buf_done) = BUF_MAX(ROOM);
    struct bytes chip = bytes_str(d->device_name + strlen("NVIDIA:"));
    size_t first = kind == GPU_MANIFEST_VBIOS ? 0 : 4;
    put_fields(d, &opaque);
    assert_ok(gpu_opaque_parse(buf_view(&opaque), chip.p[0] == 'L', &o));
    *out = (struct gpu_reference_draft){
        .kind = kind, .not_after_unix_s = FORGE_GPU_NOW + 1000, .n_entries = 4};
    memcpy(out->product, chip.p, 5);
    (void)snprintf(out->version, sizeof(out->version), "%s",
                   kind == GPU_MANIFEST_VBIOS ? o.vbios.text : o.driver.text);
    for (size_t i = 0; i < 4; i++) {
        out->entries[i] = (struct gpu_reference_entry){
            .index = (unsigned)(first + i),
            .values = {BYTES_OF(d->blocks[63].value), BYTES_OF(d->blocks[first + i].value)},
            .n_values = 2,
        };
    }
}

static bool is_new(const struct gpu_reference_draft *const *drafts, size_t n,
                   const struct gpu_reference_draft *d)
{
    for (size_t i = 0; i < n; i++) {
        if (drafts[i]->kind == d->kind && strcmp(drafts[i]->product, d->product) == 0 &&
            strcmp(drafts[i]->version, d->version) == 0)
            return false;
    }
    return true;
}

struct buf forge_gpu_reference(const struct forge_gpu *f)
{
    struct gpu_reference_draft *v = calloc(2 * FORGE_GPU_DEVICES, sizeof(*v));
    const struct gpu_reference_draft *drafts[2 * FORGE_GPU_DEVICES];
    struct buf out = BUF_MAX(ROOM);
    size_t n = 0;
    assert_non_null(v);
    for (size_t i = 0; i < f->n; i++) {
        for (int kind = GPU_MANIFEST_DRIVER; kind <= GPU_MANIFEST_VBIOS; kind++) {
            if (kind == GPU_MANIFEST_DRIVER && f->v[i].arch[0] == 'L')
                continue;
            draft_of(&f->v[i], (enum gpu_manifest_kind)kind, &v[n]);
            drafts[n] = &v[n];
            n += is_new(drafts, n, &v[n]);
        }
    }
    assert_ok(gpu_reference_write(drafts, n, &out));
    free(v);
    return out;
}

struct buf forge_gpu_crl(const struct forge_gpu *f, enum forge_gpu_cert issuer,
                         const struct bytes *revoked, size_t n)
{
    static const char *const names[N_SHARED] = {"forge device root", "forge family",
                                                "forge provisioner"};
    struct x509_crl_request r = {
        .issuer_name = (int)issuer < N_SHARED ? names[issuer] : f->v[0].names[issuer],
        .this_update_unix_s = FORGE_GPU_NOW - 100,
        .next_update_unix_s = FORGE_GPU_NOW + 100,
        .revoked = revoked,
        .n_revoked = n,
        .issuer_key = (int)issuer < N_SHARED ? shared.keys[issuer] : f->v[0].keys[issuer],
    };
    struct buf out = BUF_MAX(ROOM);
    assert_ok(x509_issue_crl(&r, &out));
    return out;
}
