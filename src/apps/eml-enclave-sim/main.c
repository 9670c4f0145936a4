/* eml-enclave-sim - the enclave program on the simulated platform: for laptops and tests. It
 * protects nothing, and clients refuse it unless their policy names its root. */
#include "apps/common/cli.h"
#include "apps/enclave/enclave.h"
#include "base/file.h"
#include "tee/sim/sim.h"

#include <limits.h>
#include <stdio.h>

enum { POLICY_ROOM = 4096 };

static status open_sim(const struct enclave_config *c, struct tee_provider **out)
{
    REQUIRE(c->platform == NULL, ST_CONFIG, "platform is for eml-enclave; this program has one");
    REQUIRE(c->state_dir[0] != 0, ST_CONFIG,
            "state_dir is missing: where the simulated root lives");
    return sim_provider_open(c->state_dir, out);
}

/* Into the state folder, or where --policy-out says. */
static status policy_path(const char *wanted, const struct enclave_config *c,
                          char out[static PATH_MAX])
{
    int n = wanted ? snprintf(out, PATH_MAX, "%s", wanted)
                   : snprintf(out, PATH_MAX, "%s/sim-policy.json", c->state_dir);
    REQUIRE(n < PATH_MAX, ST_CONFIG, "the path of the policy is too long");
    return OK;
}

static status write_policy(void *ctx, const struct enclave_config *c, struct tee_provider *provider,
                           const struct embedder *embedder)
{
    char path[PATH_MAX];
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_ROOM);
    TRY(policy_path(ctx, c, path));
    TRY(sim_policy_encode(provider, c->service.name, embedder_model_digest(embedder), &text));
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
     "where to write the policy of its clients (sim-policy.json in state_dir)"},
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
