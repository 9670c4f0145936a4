/* eml-enclave - the enclave program for AWS Nitro, Intel TDX, AMD SEV-SNP and Confidential Space.
 * It links no simulated platform. */
#include "apps/common/cli.h"
#include "apps/enclave/enclave.h"
#include "apps/sandbox/sandbox.h"
#include "tee/apart_provider.h"
#include "tee/cs_provider.h"
#include "tee/nitro.h"
#include "tee/tsm_provider.h"

#include <string.h>

static status confine_reports(void)
{
    return sandbox_enter(SANDBOX_REPORTS);
}

static status confine_tokens(void)
{
    return sandbox_enter(SANDBOX_TOKENS);
}

/* The enclave itself opens no file and no socket once it serves. Takes the provider. */
static status set_apart(struct tee_provider *taken, status (*confine)(void),
                        struct tee_provider **out)
{
    const struct apart_options o = {
        .confine = confine, .timeout_ms = APART_TIMEOUT_MS, .wait_ms = APART_WAIT_MS};
    return apart_provider_over(taken, &o, out);
}

static status open_tsm(struct tee_provider **out)
{
    struct tee_provider *worker = NULL;
    TRY(tsm_provider_open(&worker));
    return set_apart(worker, confine_reports, out);
}

static status open_confidential_space(const struct enclave_config *c, struct tee_provider **out)
{
    const struct cs_provider_options o = {
        .launcher = {.socket = CS_LAUNCHER_SOCKET, .timeout_ms = CS_LAUNCHER_TIMEOUT_MS},
        .audience = c->audience,
        .kind = c->asks_for_oidc ? CS_LAUNCHER_OIDC : CS_LAUNCHER_PKI,
    };
    struct tee_provider *worker = NULL;
    TRY(cs_provider_open(&o, &worker));
    return set_apart(worker, confine_tokens, out);
}

/* The configuration says where this runs; evidence says it to clients, who believe nothing else. */
static status open_platform(const struct enclave_config *c, struct tee_provider **out)
{
    const char *name = c->platform != NULL ? c->platform : "nitro";
    REQUIRE(c->state_dir[0] == 0, ST_CONFIG,
            "state_dir belongs to the simulated platform; this program has none");
    if (strcmp(name, "nitro") == 0)
        return nitro_provider_open(out);
    if (strcmp(name, "tsm") == 0)
        return open_tsm(out);
    if (strcmp(name, "confidential-space") == 0)
        return open_confidential_space(c, out);
    return FAIL(ST_CONFIG, "platform \"%.32s\" is not nitro, tsm or confidential-space", name);
}

static int run(const struct cli *args)
{
    return enclave_run(cli_value(args, "config"), open_platform, NULL, NULL);
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "configuration (JSON); its digest is attested"},
};

static const struct cli_command COMMANDS[] = {
    {.name = "",
     .summary = "Serve a model inside a hardware enclave.",
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
