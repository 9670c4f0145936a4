#include "tee/verify/nvidia/gpu_list.h"

#include <stdio.h>

#include "base/text.h"
#include "formats/json.h"
#include "tee/verify/nvidia/spdm.h"

enum { ARCH_MAX = 16, STORAGE_MAX = ARCH_MAX + GPU_NONCE_LEN + SPDM_REPORT_MAX_BYTES };

static void json_freep(struct json_doc **d)
{
    json_doc_freep(d);
}

/* What was appended since; nothing was, when there is no storage yet. */
static struct bytes since(const struct buf *b, size_t from)
{
    return b->p != NULL ? bytes_of(b->p + from, b->n - from) : (struct bytes){0};
}

/* Decodes base64 behind what is in the storage already and gives the view of it. */
static status decode(struct bytes text, size_t max, struct buf *storage, struct bytes *out)
{
    REQUIRE(text.n <= (max + 2) / 3 * 4, ST_LIMIT, "base64 of %zu characters", text.n);
    size_t from = storage->n;
    TRY(base64_decode(text, storage));
    *out = since(storage, from);
    return OK;
}

/* Room for all that is decoded of a device, so that no view moves. */
static status reserve(struct buf *storage)
{
    *storage = BUF_MAX(STORAGE_MAX);
    return buf_reserve(storage, STORAGE_MAX);
}

static status read_certs(struct bytes base64, struct cert_list *out)
{
    struct buf pem CLEANUP(buf_done) = BUF_MAX(GPU_CHAIN_MAX_BYTES);
    struct bytes text;
    TRY(decode(base64, GPU_CHAIN_MAX_BYTES, &pem, &text));
    REQUIRE(text.n > 0 && text.p[0] == '-', ST_FORMAT, "the chain is no PEM text");
    return cert_list_read(text, out);
}

static status keep_text(struct bytes text, struct buf *storage, struct bytes *out)
{
    REQUIRE(text.n <= ARCH_MAX, ST_FORMAT, "a name of %zu characters", text.n);
    size_t from = storage->n;
    buf_put(storage, text);
    *out = since(storage, from);
    return buf_status(storage);
}

static status keep_nonce(struct bytes hex, struct buf *storage, struct bytes *out)
{
    uint8_t nonce[GPU_NONCE_LEN];
    TRY(hex_decode(hex, nonce, sizeof(nonce)));
    size_t from = storage->n;
    buf_put(storage, BYTES_OF(nonce));
    *out = since(storage, from);
    return buf_status(storage);
}

static status read_device(const json_t *node, const char *path, struct gpu_evidence *out,
                          struct buf *storage)
{
    struct json_obj o = json_obj_of(node, path);
    struct bytes arch = json_text(&o, "arch", true), nonce = json_text(&o, "nonce", true);
    struct bytes report = json_text(&o, "evidence", true);
    struct bytes chain = json_text(&o, "certificate", true);
    TRY(json_obj_end(&o));
    TRY(reserve(storage));
    TRY(status_context(keep_text(arch, storage, &out->arch), "%s.arch", path));
    TRY(status_context(keep_nonce(nonce, storage, &out->nonce), "%s.nonce", path));
    TRY(status_context(decode(report, SPDM_REPORT_MAX_BYTES, storage, &out->report), "%s.evidence",
                       path));
    return status_context(read_certs(chain, &out->certs), "%s.certificate", path);
}

static status read_json(struct bytes in, struct gpu_list *out)
{
    struct json_doc *doc CLEANUP(json_freep) = NULL;
    TRY(json_parse(in, GPU_LIST_MAX_BYTES, &doc));
    size_t n = json_len(json_root(doc));
    REQUIRE(n > 0 && n <= GPU_DEVICES_MAX, ST_FORMAT, "a list of %zu devices, not 1 to %d", n,
            GPU_DEVICES_MAX);
    for (size_t i = 0; i < n; i++) {
        char path[32];
        (void)snprintf(path, sizeof(path), "[%zu]", i);
        out->n = i + 1;
        TRY(read_device(json_at(json_root(doc), i), path, &out->v[i], &out->storage[i]));
    }
    return OK;
}

/* Every report begins with its SPDM version and code, and no text does. */
static bool is_binary(struct bytes in)
{
    return in.n >= 2 && in.p[0] < 0x20 && in.p[1] >= 0x80;
}

static struct bytes trim(struct bytes in)
{
    while (in.n > 0 && (in.p[in.n - 1] == '\n' || in.p[in.n - 1] == '\r'))
        in.n--;
    return in;
}

/* A report's first four bytes are 11 e0 01 ff: "11e001ff" in hexadecimal, "EeAB" in base64. */
static status read_text(struct bytes text, struct gpu_evidence *out, struct buf *storage)
{
    TRY(reserve(storage));
    if (text.n >= 2 && text.p[0] == '1' && text.p[1] == '1') {
        REQUIRE(text.n <= 2 * SPDM_REPORT_MAX_BYTES, ST_LIMIT, "%zu digits", text.n);
        TRY(hex_decode_buf(text, storage));
        out->report = buf_view(storage);
        return OK;
    }
    return decode(text, SPDM_REPORT_MAX_BYTES, storage, &out->report);
}

static status read_raw(struct bytes in, struct bytes certs, struct gpu_list *out)
{
    out->n = 1;
    if (is_binary(in))
        out->v[0].report = in;
    else
        TRY(status_context(read_text(trim(in), &out->v[0], &out->storage[0]), "report"));
    if (certs.n == 0)
        return OK;
    REQUIRE(certs.n <= GPU_CHAIN_MAX_BYTES, ST_LIMIT, "a chain of %zu bytes", certs.n);
    return status_context(cert_list_read(certs, &out->v[0].certs), "certificates");
}

static bool is_json(struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (strchr(" \t\r\n", in.p[i]) == NULL || in.p[i] == 0)
            return in.p[i] == '[' || in.p[i] == '{';
    }
    return false;
}

static status check_counts(const struct gpu_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        REQUIRE(l->v[i].certs.n <= GPU_CERTS_MAX, ST_LIMIT, "device %zu: %zu certificates", i,
                l->v[i].certs.n);
    return OK;
}

status gpu_list_read(struct bytes in, struct bytes certs, struct gpu_list *out)
{
    *out = (struct gpu_list){0};
    REQUIRE(in.n > 0, ST_TRUNCATED, "no evidence");
    REQUIRE(in.n <= GPU_LIST_MAX_BYTES, ST_LIMIT, "evidence of %zu bytes, at most %d", in.n,
            GPU_LIST_MAX_BYTES);
    TRY(is_json(in) ? read_json(in, out) : read_raw(in, certs, out));
    return check_counts(out);
}

void gpu_list_done(struct gpu_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        cert_list_done(&l->v[i].certs);
        buf_done(&l->storage[i]);
    }
    *l = (struct gpu_list){0};
}

static void put_base64(struct json_w *w, const char *key, struct bytes v)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(GPU_LIST_MAX_BYTES);
    base64_put(&text, v);
    if (failed(buf_status(&text)))
        w->out->error = ST_NOMEM;
    json_w_text(w, key, buf_view(&text));
}

status gpu_list_write(const struct gpu_list_item *items, size_t n, struct buf *out)
{
    REQUIRE(n > 0 && n <= GPU_DEVICES_MAX, ST_LIMIT, "%zu devices", n);
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        json_w_open(&w, NULL, '{');
        json_w_str(&w, "arch", items[i].arch);
        put_base64(&w, "certificate", items[i].certs_pem);
        put_base64(&w, "evidence", items[i].report);
        json_w_hex(&w, "nonce", items[i].nonce);
        json_w_close(&w, '}');
    }
    json_w_close(&w, ']');
    return buf_status(out);
}
