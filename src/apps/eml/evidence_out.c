#include "apps/eml/evidence_out.h"

#include "base/file.h"
#include "base/text.h"
#include "formats/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FILE_NAME_ROOM = 40, REGISTERS_SHOWN = 5 };

static void put_hex_line(struct buf *out, const char *label, struct bytes v)
{
    buf_printf(out, "%-14s", label);
    hex_put(out, v);
    buf_put_u8(out, '\n');
}

static void put_text_line(struct buf *out, const char *label, struct bytes v)
{
    buf_printf(out, "%-14s", label);
    verdict_put_safe(out, v);
    buf_put_u8(out, '\n');
}

void evidence_put_text(struct buf *out, const struct evidence_verified *ev)
{
    if (ev->is_simulated)
        buf_put_str(out,
                    "SIMULATED: this platform protects nothing; it is for trying things out\n");
    put_text_line(out, "platform", ev->statement.platform);
    put_text_line(out, "service", ev->statement.service);
    if (ev->release != NULL)
        put_text_line(out, "release", bytes_str(ev->release));
    put_hex_line(out, "model", BYTES_OF(ev->statement.model_digest));
    put_hex_line(out, "config", BYTES_OF(ev->statement.config_digest));
    put_hex_line(out, "identity key", BYTES_OF(ev->statement.identity_key));
    put_hex_line(out, "receipt key", BYTES_OF(ev->statement.receipt_key));
    put_hex_line(out, "evidence", BYTES_OF(ev->evidence_sha256));
    for (unsigned i = 0; i < REGISTERS_SHOWN; i++) {
        char label[MEASUREMENTS_NAME_MAX];
        measurements_name(&ev->measurements, i, label);
        if (measurements_has(&ev->measurements, i))
            put_hex_line(out, label, measurements_at(&ev->measurements, i));
    }
    if (ev->has_devices)
        buf_put_str(out, "GPUs          judged under the policy, and bound to this enclave\n");
}

void evidence_json_members(struct json_w *w, const struct evidence_verified *ev)
{
    json_w_bool(w, "simulated", ev->is_simulated);
    json_w_text(w, "platform", ev->statement.platform);
    json_w_text(w, "service", ev->statement.service);
    json_w_str(w, "release", ev->release ? ev->release : "");
    json_w_hex(w, "model_digest", BYTES_OF(ev->statement.model_digest));
    json_w_hex(w, "config_digest", BYTES_OF(ev->statement.config_digest));
    json_w_hex(w, "identity_key", BYTES_OF(ev->statement.identity_key));
    json_w_hex(w, "receipt_key", BYTES_OF(ev->statement.receipt_key));
    json_w_hex(w, "evidence_sha256", BYTES_OF(ev->evidence_sha256));
    json_w_open(w, "measurements", '{');
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char label[MEASUREMENTS_NAME_MAX];
        measurements_name(&ev->measurements, i, label);
        if (measurements_has(&ev->measurements, i))
            json_w_hex(w, label, measurements_at(&ev->measurements, i));
    }
    json_w_close(w, '}');
}

static status make_folder(const char *folder)
{
    struct stat st;
    if (mkdir(folder, 0700) == 0)
        return OK;
    REQUIRE(errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode), ST_IO,
            "cannot make the folder %s: %s", folder, strerror(errno));
    return OK;
}

static status save(const char *folder, const char *name, struct bytes content)
{
    char path[PATH_MAX];
    TRY(file_join(folder, name, path, sizeof(path)));
    return file_write(path, 0600, content);
}

status evidence_save(const char *folder, const struct client *c)
{
    const struct evidence_verified *ev = session_evidence(c->session);
    char key[2 * ED25519_PUBLIC_LEN + 1];
    hex_encode(BYTES_OF(ev->statement.receipt_key), key);
    TRY(make_folder(folder));
    TRY(save(folder, "evidence.bin", session_evidence_bytes(c->session)));
    TRY(save(folder, "receipt-key.hex", bytes_str(key)));
    return save(folder, c->policy->is_signed ? "policy.cose" : "policy.json",
                buf_view(&c->policy_file));
}

static status save_numbered(const char *folder, const char *stem, unsigned number,
                            const struct buf *b)
{
    char name[FILE_NAME_ROOM];
    (void)snprintf(name, sizeof(name), "%s-%04u.cbor", stem, number);
    return save(folder, name, buf_view(b));
}

status evidence_save_exchange(const char *folder, unsigned number, const struct query *x)
{
    TRY(save_numbered(folder, "request", number, &x->request));
    TRY(save_numbered(folder, "response", number, &x->response));
    return save_numbered(folder, "receipt", number, &x->receipt);
}
