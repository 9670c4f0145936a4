/* eml keygen - new keys for those who publish models. */
#include "apps/common/app.h"
#include "apps/eml/commands.h"
#include "base/text.h"
#include "crypto/rand.h"
#include "formats/json.h"
#include "model/key_file.h"

enum { LINE_ROOM = 4096 };

enum kind { KIND_SIGNING, KIND_KEK };
static const char *const KINDS[] = {"signing", "kek", NULL};

static status make_signing(const char *path, char *out_public)
{
    struct ed25519_secret key CLEANUP(ed25519_secret_wipe) = {0};
    TRY(ed25519_generate(&key));
    TRY(key_file_write_signing(path, &key));
    hex_encode(BYTES_OF(key.public_key), out_public);
    return OK;
}

static status make_kek(const char *path, char *out_id)
{
    struct aead_key key CLEANUP(aead_key_wipe) = {.alg = AEAD_AES_256_GCM};
    TRY(rand_bytes(key.b, sizeof(key.b)));
    TRY(key_file_id(&key, out_id));
    return key_file_write_encryption(path, &key);
}

static status print_json(size_t kind, const char *path, const char *name)
{
    struct buf b CLEANUP(buf_done) = BUF_MAX(LINE_ROOM);
    struct json_w w = {.out = &b};
    json_w_open(&w, NULL, '{');
    json_w_str(&w, "kind", KINDS[kind]);
    json_w_str(&w, "file", path);
    json_w_str(&w, kind == KIND_KEK ? "key_id" : "public_key", name);
    json_w_close(&w, '}');
    TRY(buf_status(&b));
    printf("%.*s\n", (int)b.n, (const char *)b.p);
    return OK;
}

static status work(const struct cli *args)
{
    const char *path = cli_value(args, "out");
    char name[2 * ED25519_PUBLIC_LEN + 1] = {0};
    size_t kind = KIND_SIGNING;
    TRY(cli_choice(args, "kind", KINDS, KIND_SIGNING, &kind));
    TRY(kind == KIND_KEK ? make_kek(path, name) : make_signing(path, name));
    (void)fprintf(stderr, "eml: wrote %s key to %s, readable by you alone; keep it secret\n",
                  kind == KIND_KEK ? "an encryption" : "a signing", path);
    if (cli_has(args, "json"))
        return print_json(kind, path, name);
    printf("%s\n", name);
    return OK;
}

static int run(const struct cli *args)
{
    status s = work(args);
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"out", "FILE", true, false, "where the secret goes; an existing file is never overwritten"},
    {"kind", "KIND", false, false, "signing (Ed25519) or kek (AES-256); default: signing"},
    {"json", NULL, false, false, "print a JSON object"},
};

struct cli_command keygen_command(void)
{
    return (struct cli_command){
        .name = "keygen",
        .summary = "Make a key file, mode 0600, and print its public name.",
        CLI_OPTIONS(OPTIONS),
        .notes = "A signing key prints its public key, which clients and enclaves pin: for a\n"
                 "model as --public-key and publisher_key, for a policy as --policy-key and\n"
                 "policy_key.\n"
                 "An encryption key (kek) prints its key id; it wraps the data keys of packages.",
        .run = run,
    };
}
