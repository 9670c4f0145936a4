/* commands - the subcommands of eml. One file cmd_<name>.c a group; each exports its rows, main.c
 * lists them. */
#ifndef APPS_EML_COMMANDS_H
#define APPS_EML_COMMANDS_H

#include "apps/common/cli.h"

struct cli_command tokenize_command(void);
struct cli_command local_embed_command(void);
struct cli_command keygen_command(void);
struct cli_command model_pack_command(void);
struct cli_command model_inspect_command(void);
struct cli_command model_verify_command(void);
struct cli_command attest_command(void);
struct cli_command embed_command(void);
struct cli_command replay_command(void);
struct cli_command rim_import_command(void); /* not in the static program */
struct cli_command bench_command(void);
struct cli_command policy_init_command(void);
struct cli_command policy_explain_command(void);
struct cli_command policy_sign_command(void);
struct cli_command policy_verify_command(void);

#endif
