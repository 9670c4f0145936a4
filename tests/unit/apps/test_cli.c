#include "support/test.h"

#include "apps/common/cli.h"

#include <stdio.h>
#include <string.h>

static int run_nothing(const struct cli *args)
{
    (void)args;
    return 7;
}

static const struct cli_option OPTIONS[] = {
    {.name = "config", .value = "FILE", .is_required = true, .help = "configuration"},
    {.name = "text", .value = "T", .is_repeated = true, .help = "a text"},
    {.name = "threads", .value = "N", .help = "threads"},
    {.name = "kernels", .value = "NAME", .help = "kernels"},
    {.name = "key", .value = "HEX", .help = "key"},
    {.name = "json", .help = "as JSON"},
};
static const struct cli_command COMMANDS[] = {
    {.name = "embed", .summary = "embeds", CLI_OPTIONS(OPTIONS), .run = run_nothing},
    {.name = "model pack",
     .operands = "PKG",
     .min_operands = 1,
     .max_operands = 2,
     .summary = "packs",
     .run = run_nothing},
};
static const struct cli_program PROGRAM = {
    .name = "prog", .summary = "a program", .commands = COMMANDS, .n_commands = 2};

/* A command line from its words joined by '|'. */
struct line {
    char text[160];
    char *argv[16];
    int argc;
};

static void split(const char *words, struct line *out)
{
    *out = (struct line){0};
    (void)snprintf(out->text, sizeof(out->text), "%s", words);
    for (char *at = out->text; at != NULL && words[0] != 0;)
        out->argv[out->argc++] = strsep(&at, "|");
}

struct row {
    const char *name;
    const struct cli_command *command;
    const char *words;
    const char *detail;
};

static const struct row WRONG[] = {
    {"unknown option", &COMMANDS[0], "--foo", "unknown option --foo"},
    {"unknown option with value", &COMMANDS[0], "--foo=1", "unknown option --foo"},
    {"prefix of an option", &COMMANDS[0], "--conf|x", "unknown option --conf"},
    {"short option", &COMMANDS[0], "-c", "unknown option -c"},
    {"missing value", &COMMANDS[0], "--config", "option --config needs a value: FILE"},
    {"switch with value", &COMMANDS[0], "--json=1", "option --json takes no value"},
    {"given twice", &COMMANDS[0], "--json|--json", "option --json is given twice"},
    {"required option", &COMMANDS[0], "--json", "option --config FILE is missing"},
    {"operand where none is", &COMMANDS[0], "--config|c|x", "unexpected argument 'x'"},
    {"too few operands", &COMMANDS[1], "", "PKG is missing"},
    {"too many operands", &COMMANDS[1], "a|b|c", "unexpected argument 'c'"},
};

static status parse(const struct cli_command *c, struct line *line, struct cli **out)
{
    return cli_parse(&PROGRAM, c, line->argc, line->argv, out);
}

static void test_wrong_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        struct line line;
        struct cli *args = NULL;
        split(WRONG[i].words, &line);
        assert_code(parse(WRONG[i].command, &line, &args), ST_USAGE);
        assert_null(args);
        if (strcmp(status_detail(), WRONG[i].detail) != 0)
            fail_msg("%s: '%s'", WRONG[i].name, status_detail());
    }
}

static void test_values(void **state)
{
    (void)state;
    struct line line;
    struct cli *args CLEANUP(cli_freep) = NULL;
    split("--config=c=d|--text|--a|--text||--json", &line);
    assert_ok(parse(&COMMANDS[0], &line, &args));
    assert_string_equal(cli_value(args, "config"), "c=d");
    assert_int_equal(cli_count(args, "text"), 2);
    assert_string_equal(cli_nth(args, "text", 0), "--a");
    assert_string_equal(cli_nth(args, "text", 1), "");
    assert_null(cli_nth(args, "text", 2));
    assert_true(cli_has(args, "json"));
    assert_null(cli_value(args, "threads"));
}

static void test_double_dash_ends_options(void **state)
{
    (void)state;
    struct line line;
    struct cli *args CLEANUP(cli_freep) = NULL;
    split("--|--json|-", &line);
    assert_ok(parse(&COMMANDS[1], &line, &args));
    assert_int_equal(cli_n_operands(args), 2);
    assert_string_equal(cli_operand(args, 0), "--json");
    assert_null(cli_operand(args, 2));
}

static const char *const BAD_NUMBERS[] = {
    "--config=c|--threads=0",  "--config=c|--threads=9",
    "--config=c|--threads=x",  "--config=c|--threads=1x",
    "--config=c|--threads=-1", "--config=c|--threads=",
    "--config=c|--threads= 1", "--config=c|--threads=99999999999999999999",
};

static void test_wrong_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD_NUMBERS) / sizeof(BAD_NUMBERS[0]); i++) {
        struct line line;
        struct cli *args CLEANUP(cli_freep) = NULL;
        uint64_t v = 77;
        split(BAD_NUMBERS[i], &line);
        assert_ok(parse(&COMMANDS[0], &line, &args));
        assert_code(cli_u64(args, "threads", 1, 8, 2, &v), ST_USAGE);
        assert_int_equal(v, 77);
    }
}

static void test_typed_values(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"auto", "avx2", NULL};
    struct line line;
    struct cli *args CLEANUP(cli_freep) = NULL;
    split("--config=c|--kernels=avx2|--key=00ff|--threads=8", &line);
    assert_ok(parse(&COMMANDS[0], &line, &args));
    uint64_t v = 0;
    assert_ok(cli_u64(args, "threads", 1, 8, 2, &v));
    assert_int_equal(v, 8);
    assert_ok(cli_u64(args, "text", 1, 8, 2, &v));
    assert_int_equal(v, 2);
    size_t word = 9;
    assert_ok(cli_choice(args, "kernels", WORDS, 0, &word));
    assert_int_equal(word, 1);
    assert_code(cli_choice(args, "key", WORDS, 0, &word), ST_USAGE);
    assert_non_null(strstr(status_detail(), "auto, avx2"));
    uint8_t key[2] = {0};
    assert_ok(cli_hex(args, "key", key, 2));
    assert_int_equal(key[1], 0xff);
    assert_code(cli_hex(args, "key", key, 1), ST_USAGE);
}

struct exit_row {
    const char *words;
    int code;
};

static const struct exit_row EXITS[] = {
    {"prog|embed|--foo", 2},
    {"prog|fly", 2},
    {"prog|model", 2},
    {"prog", 2},
    {"prog|--foo", 2},
    {"prog|embed", 2},
    {"prog|model|pack|x", 7},
    {"prog|embed|--help", 0},
    {"prog|model|--help", 0},
    {"prog|-h", 0},
    {"prog|--version", 0},
    {"prog|embed|--config=c", 7},
    {"prog|embed|--config|--help", 7},
    {"prog|embed|--config|--version", 7},
};

static void test_exit_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(EXITS) / sizeof(EXITS[0]); i++) {
        struct line line;
        split(EXITS[i].words, &line);
        int code = cli_main(&PROGRAM, line.argc, line.argv);
        if (code != EXITS[i].code)
            fail_msg("%s: exit %d", EXITS[i].words, code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_use),    cmocka_unit_test(test_double_dash_ends_options),
        cmocka_unit_test(test_values),       cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_typed_values), cmocka_unit_test(test_exit_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
