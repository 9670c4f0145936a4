/* cli - the command line of every program: a table of commands, each with a table of options.
 *
 * From the tables come parsing, --help, --version and the one line that a wrong use gets:
 *
 *     eml: unknown option --foo; see eml embed --help        (exit code 2)
 *
 * Forms: --name VALUE, --name=VALUE, --switch, operands, and -- which ends the options. There are
 * no short options but -h. Secrets are never taken from here: they come in files.
 */
#ifndef APPS_COMMON_CLI_H
#define APPS_COMMON_CLI_H

#include "base/status.h"

#include <stdint.h>
#include <stdio.h>

struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what its value is called in the help; NULL for a switch */
    bool is_required;
    bool is_repeated;
    const char *help; /* one line */
};

struct cli; /* a parsed command line */

struct cli_command {
    const char *name;     /* "model pack"; "" in a program that has one command only */
    const char *operands; /* "PKG" in the help; NULL when there are none */
    size_t min_operands;
    size_t max_operands;
    const char *summary; /* one line */
    const struct cli_option *options;
    size_t n_options;
    const char *notes;                  /* more text for --help; may be NULL */
    int (*run)(const struct cli *args); /* returns the exit code */
};

struct cli_program {
    const char *name; /* "eml" */
    const char *summary;
    const struct cli_command *commands;
    size_t n_commands;
};

#define CLI_OPTIONS(table) .options = (table), .n_options = sizeof(table) / sizeof((table)[0])

/* The whole main(): app_init(), dispatch, run, and standard output flushed (exit 1 if that fails).
 */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* What was given. `name` must stand in the command's table. Strings belong to argv. */
bool cli_has(const struct cli *args, const char *name);
const char *cli_value(const struct cli *args, const char *name); /* NULL when not given */
size_t cli_count(const struct cli *args, const char *name);
const char *cli_nth(const struct cli *args, const char *name, size_t i);
size_t cli_n_operands(const struct cli *args);
const char *cli_operand(const struct cli *args, size_t i);
/* A decimal number from min to max; `fallback` when not given. ST_USAGE names the option. */
NODISCARD status cli_u64(const struct cli *args, const char *name, uint64_t min, uint64_t max,
                         uint64_t fallback, uint64_t *out);
/* One of the words of a NULL-ended list; out_index is its place, `fallback` when not given. */
NODISCARD status cli_choice(const struct cli *args, const char *name, const char *const *words,
                            size_t fallback, size_t *out_index);
/* Exactly n bytes as hexadecimal digits. */
NODISCARD status cli_hex(const struct cli *args, const char *name, uint8_t *out, size_t n);
/* For what the tables cannot say, such as "--key or --evidence": ST_USAGE with that detail. */
NODISCARD status cli_wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Used by cli_main(), and by tests. `out` is freed with cli_freep(). */
NODISCARD status cli_parse(const struct cli_program *program, const struct cli_command *command,
                           int argc, char **argv, struct cli **out);
void cli_freep(struct cli **args);
void cli_help(FILE *to, const struct cli_program *program, const struct cli_command *command);

#endif
