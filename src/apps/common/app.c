#include "apps/common/app.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/verdict.h"

enum { DETAIL_ROOM = 4096 }; /* of a status, with each byte as four characters */

static const char *program = "eml";
static const char *command = "";
static bool has_told;

void app_init(const char *name)
{
    program = name;
    command = "";
    (void)signal(SIGPIPE, SIG_IGN);
}

void app_name_command(const char *name)
{
    command = name;
}

const char *app_name(void)
{
    return program;
}

const char *app_fix(enum status_code code)
{
    switch (code) {
    case ST_NOTFOUND:
        return "check the path or name";
    case ST_CONFIG:
        return "correct the configuration file";
    case ST_TIMEOUT:
        return "check that the service is up and reachable";
    case ST_CLOSED:
        return "see the log of the service";
    case ST_BUSY:
    case ST_CANCELLED:
        return "try again later";
    case ST_NOMEM:
        return "free some memory";
    default:
        return NULL;
    }
}

/* A detail may quote what somebody else wrote: none of it moves a cursor or begins another line. */
static void put_detail(struct buf *out)
{
    verdict_put_safe(out, bytes_str(status_detail()));
    buf_put_u8(out, 0);
}

static const char *text_of(const struct buf *b)
{
    return b->error == ST_OK ? (const char *)b->p : "no memory to tell more";
}

/* A wrong use needs no class in front: the detail says it, and the help is the fix. */
static int fail_usage(void)
{
    struct buf detail CLEANUP(buf_done) = BUF_MAX(DETAIL_ROOM);
    put_detail(&detail);
    (void)fprintf(stderr, "%s: %s; see %s%s%s --help\n", program, text_of(&detail), program,
                  command[0] ? " " : "", command);
    return status_exit_code(ST_USAGE);
}

int app_fail_fix(status s, const char *fix)
{
    (void)fflush(stdout);
    has_told = true;
    if (s.code == ST_USAGE)
        return fail_usage();
    struct buf detail CLEANUP(buf_done) = BUF_MAX(DETAIL_ROOM);
    put_detail(&detail);
    (void)fprintf(stderr, "%s: %s: %s%s%s\n", program, status_public(s.code), text_of(&detail),
                  fix ? "; " : "", fix ? fix : "");
    return status_exit_code(s.code);
}

int app_fail(status s)
{
    return app_fail_fix(s, app_fix(s.code));
}

int app_finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (!has_told)
        (void)fprintf(stderr, "%s: standard output cannot be written\n", program);
    return code ? code : 1;
}

status app_forbid_dumps(void)
{
    struct rlimit none = {0, 0};
    REQUIRE(setrlimit(RLIMIT_CORE, &none) == 0, ST_IO, "core limit: %s", strerror(errno));
    REQUIRE(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, ST_IO, "dumpable: %s", strerror(errno));
    return OK;
}

static bool is_set(const char *variable)
{
    const char *v = getenv(variable);
    return v != NULL && v[0] != 0;
}

bool app_has_terminal(int fd)
{
    return isatty(fd) == 1 && !is_set("CI");
}

bool app_has_colour(int fd)
{
    const char *term = getenv("TERM");
    bool is_dumb = term == NULL || strcmp(term, "dumb") == 0;
    return app_has_terminal(fd) && !is_set("NO_COLOR") && !is_dumb;
}
