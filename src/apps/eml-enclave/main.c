/* eml-enclave - the enclave program for AWS Nitro. It links no simulated platform. */
#include "apps/common/cli.h"
#include "apps/enclave/enclave.h"
#include "tee/nitro.h"

static status open_nitro(const struct enclave_config *c, struct tee_provider **out)
{
    REQUIRE(c->state_dir[0] == 0, ST_CONFIG,
            "state_dir belongs to the simulated platform; this program has none");
    return nitro_provider_open(out);
}

static int run(const struct cli *args)
{
    return enclave_run(cli_value(args, "config"), open_nitro, NULL, NULL);
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "configuration (JSON); its digest is attested"},
};

static const struct cli_command COMMANDS[] = {
    {.name = "",
     .summary = "Serve a model inside an AWS Nitro enclave.",
     CLI_OPTIONS(OPTIONS),
     .run = run},
};

int main(int argc, char **argv)
{
    const struct cli_program program = {.name = "eml-enclave",
                                        .summary = "confidential inference, the enclave's side",
                                        .commands = COMMANDS,
                                        .n_commands = 1};
    return cli_main(&program, argc, argv);
}
