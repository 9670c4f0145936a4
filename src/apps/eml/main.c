/* eml - the user's program: one row of the table is one command. */
#include "apps/common/app.h"
#include "apps/eml/commands.h"

int main(int argc, char **argv)
{
    const struct cli_command commands[] = {
        tokenize_command(),    local_embed_command(),   keygen_command(),
        model_pack_command(),  model_inspect_command(), model_verify_command(),
        attest_command(),      embed_command(),         replay_command(),
        bench_command(),       policy_init_command(),   policy_explain_command(),
        policy_sign_command(), policy_verify_command(),
#ifndef EML_WITHOUT_RIM
        rim_import_command(),
#endif
    };
    const struct cli_program program = {.name = "eml",
                                        .summary = "confidential inference, the user's side",
                                        .commands = commands,
                                        .n_commands = sizeof(commands) / sizeof(commands[0])};
    app_init(program.name);
    status s = app_forbid_dumps(); /* prompts and keys pass through its memory */
    return ok(s) ? cli_main(&program, argc, argv) : app_fail(s);
}
