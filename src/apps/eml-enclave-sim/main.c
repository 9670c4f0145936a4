/* eml-enclave-sim - the enclave program on the simulated platform: for laptops and tests. It
 * protects nothing, and clients refuse it unless their policy names its root. */
#include "apps/common/cli.h"
#include "apps/enclave/enclave.h"
#include "base/file.h"
#include "tee/sim/sim.h"

enum { POLICY_ROOM = 4096 };

static status open_sim(const struct enclave_config *c, struct tee_provider **out)
{
    REQUIRE(c->state_dir[0] != 0, ST_CONFIG,
            "state_dir is missing: where the simulated root lives");
    return sim_provider_open(c->state_dir, out);
}

static void put_release(struct json_w *w, const struct measurements *m)
{
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", "this-build");
    json_w_hex(w, "pcr0", measurements_at(m, 0));
    json_w_hex(w, "pcr1", measurements_at(m, 1));
    json_w_hex(w, "pcr2", measurements_at(m, 2));
    json_w_close(w, '}');
}

static status put_policy(const struct enclave_config *c, struct tee_provider *provider,
                         const struct embedder *embedder, struct buf *out)
{
    uint8_t root[SHA256_LEN];
    struct measurements m = {0};
    TRY(sim_provider_root_sha256(provider, root));
    TRY(tee_measurements(provider, &m));
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    json_w_str(&w, "service", c->service.name);
    json_w_hex(&w, "trust_simulated_root", BYTES_OF(root));
    json_w_open(&w, "simulated", '{');
    json_w_open(&w, "releases", '[');
    put_release(&w, &m);
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    json_w_open(&w, "models", '[');
    json_w_hex(&w, NULL, bytes_of(embedder_model_digest(embedder), SHA256_LEN));
    json_w_close(&w, ']');
    json_w_close(&w, '}');
    buf_put_u8(out, '\n');
    return buf_status(out);
}

static status write_policy(void *ctx, const struct enclave_config *c, struct tee_provider *provider,
                           const struct embedder *embedder)
{
    const char *path = ctx;
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_ROOM);
    if (path == NULL)
        return OK;
    TRY(put_policy(c, provider, embedder, &text));
    return file_write(path, 0644, buf_view(&text));
}

static int run(const struct cli *args)
{
    union {
        const char *in;
        void *out;
    } path = {.in = cli_value(args, "policy-out")};
    return enclave_run(cli_value(args, "config"), open_sim, write_policy, path.out);
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "configuration (JSON); its digest is attested"},
    {"policy-out", "FILE", false, false,
     "write a client policy that accepts this simulated enclave and nothing else"},
};

static const struct cli_command COMMANDS[] = {
    {.name = "",
     .summary = "Serve a model on the SIMULATED platform, which protects nothing.",
     CLI_OPTIONS(OPTIONS),
     .run = run},
};

int main(int argc, char **argv)
{
    const struct cli_program program = {.name = "eml-enclave-sim",
                                        .summary = "the enclave's side, SIMULATED",
                                        .commands = COMMANDS,
                                        .n_commands = 1};
    return cli_main(&program, argc, argv);
}
