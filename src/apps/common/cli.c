#include "apps/common/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "apps/common/app.h"
#include "base/text.h"

struct given {
    const struct cli_option *option;
    const char *value;
};

struct cli {
    const struct cli_program *program;
    const struct cli_command *command;
    struct given *given;
    size_t n_given;
    const char **operands;
    size_t n_operands;
};

static const struct cli_option *find_option(const struct cli_command *c, const char *name, size_t n)
{
    for (size_t i = 0; i < c->n_options; i++)
        if (strlen(c->options[i].name) == n && memcmp(c->options[i].name, name, n) == 0)
            return &c->options[i];
    return NULL;
}

void cli_freep(struct cli **args)
{
    if (*args == NULL)
        return;
    free((*args)->given);
    free((void *)(*args)->operands);
    free(*args);
    *args = NULL;
}

static struct cli *new_args(const struct cli_program *p, const struct cli_command *c, int argc)
{
    size_t n = (size_t)(argc > 0 ? argc : 0) + 1;
    struct cli *args = calloc(1, sizeof(*args));
    if (args == NULL)
        return NULL;
    *args = (struct cli){.program = p, .command = c};
    args->given = calloc(n, sizeof(*args->given));
    args->operands = calloc(n, sizeof(*args->operands));
    if (args->given == NULL || args->operands == NULL)
        cli_freep(&args);
    return args;
}

status cli_wrong(const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return FAIL(ST_USAGE, "%s", text);
}

static status add_given(struct cli *args, const struct cli_option *o, const char *value)
{
    if (!o->is_repeated && cli_has(args, o->name))
        return cli_wrong("option --%s is given twice", o->name);
    args->given[args->n_given++] = (struct given){o, value};
    return OK;
}

/* argv[*i] begins with a dash. Moves *i over the value that it takes. */
static status parse_option(struct cli *args, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2;
    size_t n = strcspn(name, "=");
    bool has_value = name[n] == '=';
    if (argv[*i][1] != '-')
        return cli_wrong("unknown option %s", argv[*i]);
    const struct cli_option *o = find_option(args->command, name, n);
    if (o == NULL)
        return cli_wrong("unknown option --%.*s", (int)(n < 64 ? n : 64), name);
    if (o->value == NULL && has_value)
        return cli_wrong("option --%s takes no value", o->name);
    if (o->value == NULL || has_value)
        return add_given(args, o, has_value ? name + n + 1 : "");
    if (*i + 1 >= argc)
        return cli_wrong("option --%s needs a value: %s", o->name, o->value);
    *i += 1;
    return add_given(args, o, argv[*i]);
}

static status parse_words(struct cli *args, int argc, char **argv)
{
    bool is_operand = false;
    for (int i = 0; i < argc; i++) {
        if (!is_operand && strcmp(argv[i], "--") == 0) {
            is_operand = true;
            continue;
        }
        if (!is_operand && argv[i][0] == '-' && argv[i][1] != 0)
            TRY(parse_option(args, argc, argv, &i));
        else
            args->operands[args->n_operands++] = argv[i];
    }
    return OK;
}

static status check_complete(const struct cli *args)
{
    const struct cli_command *c = args->command;
    for (size_t i = 0; i < c->n_options; i++)
        if (c->options[i].is_required && !cli_has(args, c->options[i].name))
            return cli_wrong("option --%s %s is missing", c->options[i].name, c->options[i].value);
    if (args->n_operands < c->min_operands)
        return cli_wrong("%s is missing", c->operands);
    if (args->n_operands > c->max_operands)
        return cli_wrong("unexpected argument '%.64s'", args->operands[c->max_operands]);
    return OK;
}

status cli_parse(const struct cli_program *program, const struct cli_command *command, int argc,
                 char **argv, struct cli **out)
{
    struct cli *args CLEANUP(cli_freep) = new_args(program, command, argc);
    REQUIRE(args != NULL, ST_NOMEM, "out of memory");
    TRY(parse_words(args, argc, argv));
    TRY(check_complete(args));
    *out = args;
    args = NULL;
    return OK;
}

size_t cli_count(const struct cli *args, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < args->n_given; i++)
        n += strcmp(args->given[i].option->name, name) == 0;
    return n;
}

const char *cli_nth(const struct cli *args, const char *name, size_t i)
{
    for (size_t k = 0; k < args->n_given; k++)
        if (strcmp(args->given[k].option->name, name) == 0 && i-- == 0)
            return args->given[k].value;
    return NULL;
}

bool cli_has(const struct cli *args, const char *name)
{
    return cli_count(args, name) > 0;
}

const char *cli_value(const struct cli *args, const char *name)
{
    return cli_nth(args, name, 0);
}

size_t cli_n_operands(const struct cli *args)
{
    return args->n_operands;
}

const char *cli_operand(const struct cli *args, size_t i)
{
    return i < args->n_operands ? args->operands[i] : NULL;
}

status cli_u64(const struct cli *args, const char *name, uint64_t min, uint64_t max,
               uint64_t fallback, uint64_t *out)
{
    const char *text = cli_value(args, name);
    uint64_t v = fallback;
    if (text != NULL && (failed(text_parse_u64(text, max, &v)) || v < min))
        return cli_wrong("option --%s wants a number from %llu to %llu, not '%.32s'", name,
                         (unsigned long long)min, (unsigned long long)max, text);
    *out = v;
    return OK;
}

static void list_words(const char *const *words, char *out, size_t cap)
{
    size_t at = 0;
    out[0] = 0;
    for (; *words != NULL && at < cap; words++) {
        int n = snprintf(out + at, cap - at, "%s%s", at ? ", " : "", *words);
        at += n > 0 ? (size_t)n : cap;
    }
}

status cli_choice(const struct cli *args, const char *name, const char *const *words,
                  size_t fallback, size_t *out_index)
{
    const char *text = cli_value(args, name);
    if (text == NULL) {
        *out_index = fallback;
        return OK;
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) != 0)
            continue;
        *out_index = i;
        return OK;
    }
    char all[160];
    list_words(words, all, sizeof(all));
    return cli_wrong("option --%s wants one of %s, not '%.32s'", name, all, text);
}

status cli_hex(const struct cli *args, const char *name, uint8_t *out, size_t n)
{
    const char *text = cli_value(args, name);
    if (text == NULL || failed(hex_decode(bytes_str(text), out, n)))
        return cli_wrong("option --%s wants %zu hexadecimal digits", name, 2 * n);
    return OK;
}

/* The words of a command's name that argv begins with; 0 when it is another command. */
static int words_matched(const char *name, int argc, char **argv)
{
    int n = 0;
    while (*name != 0) {
        size_t len = strcspn(name, " ");
        if (n >= argc || strlen(argv[n]) != len || memcmp(argv[n], name, len) != 0)
            return 0;
        n++;
        name += len + (name[len] == ' ');
    }
    return n;
}

static const struct cli_command *find_command(const struct cli_program *p, int argc, char **argv,
                                              int *out_words)
{
    *out_words = 0;
    if (p->n_commands == 1 && p->commands[0].name[0] == 0)
        return &p->commands[0];
    for (size_t i = 0; i < p->n_commands; i++) {
        *out_words = words_matched(p->commands[i].name, argc, argv);
        if (*out_words > 0)
            return &p->commands[i];
    }
    return NULL;
}

/* Is this word an option that takes the next word as its value? */
static bool takes_next(const struct cli_command *c, const char *word)
{
    if (c == NULL || strncmp(word, "--", 2) != 0)
        return false;
    const struct cli_option *o = find_option(c, word + 2, strlen(word + 2));
    return o != NULL && o->value != NULL;
}

/* A value that happens to read "--help" is a value. `c` may be NULL. */
static bool asks_for(const char *what, const struct cli_command *c, int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], what) == 0)
            return true;
        i += takes_next(c, argv[i]);
    }
    return false;
}

static bool asks_for_help(const struct cli_command *c, int argc, char **argv)
{
    return asks_for("--help", c, argc, argv) || asks_for("-h", c, argc, argv);
}

static void help_option(FILE *to, const struct cli_option *o)
{
    char left[64];
    (void)snprintf(left, sizeof(left), "--%s%s%s%s", o->name, o->value ? " " : "",
                   o->value ? o->value : "", o->is_repeated ? " ..." : "");
    (void)fprintf(to, "  %-30s %s%s\n", left, o->help, o->is_required ? " (required)" : "");
}

static void help_command(FILE *to, const struct cli_program *p, const struct cli_command *c)
{
    (void)fprintf(to, "usage: %s%s%s%s%s%s\n\n%s\n", p->name, c->name[0] ? " " : "", c->name,
                  c->n_options ? " [options]" : "", c->operands ? " " : "",
                  c->operands ? c->operands : "", c->summary);
    (void)fprintf(to, "\noptions:\n");
    for (size_t i = 0; i < c->n_options; i++)
        help_option(to, &c->options[i]);
    (void)fprintf(to, "  %-30s %s\n  %-30s %s\n", "--help", "this text", "--version",
                  "the version of the program");
    if (c->notes != NULL)
        (void)fprintf(to, "\n%s\n", c->notes);
}

static void help_program(FILE *to, const struct cli_program *p, const char *first_word)
{
    size_t n = first_word ? strlen(first_word) : 0;
    (void)fprintf(to, "usage: %s COMMAND [options]\n\n%s\n\ncommands:\n", p->name, p->summary);
    for (size_t i = 0; i < p->n_commands; i++)
        if (n == 0 ||
            (strncmp(p->commands[i].name, first_word, n) == 0 && p->commands[i].name[n] == ' '))
            (void)fprintf(to, "  %-16s %s\n", p->commands[i].name, p->commands[i].summary);
    (void)fprintf(to, "\nOptions of a command: %s COMMAND --help. Manual: man %s.\n", p->name,
                  p->name);
}

void cli_help(FILE *to, const struct cli_program *program, const struct cli_command *command)
{
    if (command != NULL)
        help_command(to, program, command);
    else
        help_program(to, program, NULL);
}

/* Does some command begin with this word, as "model" of "model pack"? */
static bool is_family(const struct cli_program *p, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < p->n_commands; i++)
        if (strncmp(p->commands[i].name, word, n) == 0 && p->commands[i].name[n] == ' ')
            return true;
    return false;
}

static int usage_line(const char *detail, const struct cli_program *p, const struct cli_command *c)
{
    bool has_name = c != NULL && c->name[0] != 0;
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s; see %s%s%s --help\n", p->name, detail, p->name,
                  has_name ? " " : "", has_name ? c->name : "");
    return status_exit_code(ST_USAGE);
}

static int no_command(const struct cli_program *p, int argc, char **argv)
{
    if (asks_for_help(NULL, argc, argv)) {
        help_program(stdout, p, argc > 0 && is_family(p, argv[0]) ? argv[0] : NULL);
        return 0;
    }
    char text[128] = "no command is given";
    if (argc > 0 && is_family(p, argv[0]))
        (void)snprintf(text, sizeof(text), "command '%.40s %.40s' is not known", argv[0],
                       argc > 1 ? argv[1] : "");
    else if (argc > 0)
        (void)snprintf(text, sizeof(text), "unknown %s '%.40s'",
                       argv[0][0] == '-' ? "option" : "command", argv[0]);
    return usage_line(text, p, NULL);
}

static int run_command(const struct cli_program *p, const struct cli_command *c, int argc,
                       char **argv)
{
    if (asks_for_help(c, argc, argv)) {
        cli_help(stdout, p, c);
        return 0;
    }
    app_name_command(c->name);
    struct cli *args CLEANUP(cli_freep) = NULL;
    status s = cli_parse(p, c, argc, argv, &args);
    if (failed(s))
        return app_fail(s);
    return c->run(args);
}

static int dispatch(const struct cli_program *p, int argc, char **argv)
{
    int words = 0;
    const struct cli_command *c = find_command(p, argc, argv, &words);
    /* eml model pack has a --version of its own: the model's. */
    bool is_taken = c != NULL && find_option(c, "version", strlen("version")) != NULL;
    if (!is_taken && asks_for("--version", c, argc - words, argv + words)) {
        printf("%s %s\n", p->name, EML_VERSION);
        return 0;
    }
    if (c == NULL)
        return no_command(p, argc, argv);
    return run_command(p, c, argc - words, argv + words);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    app_init(program->name);
    return app_finish(dispatch(program, argc > 0 ? argc - 1 : 0, argv + 1));
}
