/* eml-host - the blind relay on the untrusted parent: it copies ciphertext between clients and the
 * enclave, and holds no key and no cipher. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "apps/common/app.h"
#include "apps/common/cli.h"
#include "apps/common/config.h"
#include "apps/sandbox/sandbox.h"
#include "base/log.h"
#include "net/relay.h"

/* Whole error frames of docs/PROTOCOL.md section 1.5, so that a client can say why it was not
 * served. Nobody signs them, and clients show them as hints. */
static const uint8_t SAYS_BUSY[] = {0x45, 0x4d, 0x01, 0x05, 0x00, 0x00, 0x00, 0x01, 0x02};
static const uint8_t SAYS_UNREACHABLE[] = {0x45, 0x4d, 0x01, 0x05, 0x00, 0x00, 0x00, 0x01, 0x09};

enum {
    DEFAULT_CONNECTIONS = 1024,
    DEFAULT_IDLE_MS = 600000,
    DEFAULT_TOTAL_MS = 86400000,
    DEFAULT_CONNECT_MS = 5000,
};

static struct relay *running; /* for the signal handler alone */

static void on_stop(int sig)
{
    (void)sig;
    relay_stop(running);
}

static const char *const EVENTS[] = {
    [RELAY_OPENED] = "connection opened",         [RELAY_CLOSED] = "connection closed",
    [RELAY_BROKEN] = "connection broken",         [RELAY_REFUSED] = "connection refused",
    [RELAY_UNREACHABLE] = "upstream unreachable", [RELAY_TIMED_OUT] = "connection timed out",
};

static enum log_level level_of(enum relay_event event)
{
    return event == RELAY_UNREACHABLE ? LOG_ERROR : event == RELAY_REFUSED ? LOG_WARN : LOG_INFO;
}

static void report(void *ctx, const struct relay_report *r)
{
    const char *upstream = ctx;
    LOG(level_of(r->event), EVENTS[r->event], LOG_NUM("connection", r->connection),
        LOG_NUM("up_bytes", r->up_bytes), LOG_NUM("down_bytes", r->down_bytes),
        LOG_NUM("lasted_ms", r->lasted_ms), LOG_NUM("open", r->n_open), LOG_TEXT("why", r->why),
        LOG_TEXT("upstream", upstream));
}

static uint32_t read_number(struct json_obj *o, const char *key, int64_t max, int64_t fallback)
{
    return (uint32_t)json_int(o, key, false, 1, max, fallback);
}

/* The context of report() is the upstream's text, which the configuration owns. */
static void *as_context(const char *text)
{
    union {
        const char *in;
        void *out;
    } p = {.in = text};
    return p.out;
}

static status read_options(struct config *c, struct relay_options *out)
{
    struct json_obj *o = &c->root;
    *out = (struct relay_options){
        .listen = json_str(o, "listen", true, NULL),
        .upstream = json_str(o, "upstream", true, NULL),
        .max_connections =
            read_number(o, "max_connections", RELAY_CONNECTIONS_MAX, DEFAULT_CONNECTIONS),
        .idle_timeout_ms = read_number(o, "idle_timeout_ms", UINT32_MAX, DEFAULT_IDLE_MS),
        .total_timeout_ms = read_number(o, "total_timeout_ms", UINT32_MAX, DEFAULT_TOTAL_MS),
        .connect_timeout_ms = read_number(o, "connect_timeout_ms", UINT32_MAX, DEFAULT_CONNECT_MS),
        .busy_reply = BYTES_OF(SAYS_BUSY),
        .unreachable_reply = BYTES_OF(SAYS_UNREACHABLE),
        .report = report,
    };
    out->ctx = as_context(out->upstream);
    return config_end(c);
}

static void catch_signals(void (*handler)(int))
{
    const struct sigaction act = {.sa_handler = handler};
    (void)sigaction(SIGTERM, &act, NULL);
    (void)sigaction(SIGINT, &act, NULL);
}

static status serve(const struct relay_options *options)
{
    struct relay *r CLEANUP(relay_freep) = NULL;
    TRY(relay_new(options, &r));
    TRY(sandbox_enter(SANDBOX_RELAY));
    running = r;
    catch_signals(on_stop);
    LOG(LOG_INFO, "ready", LOG_TEXT("listen", relay_address(r)),
        LOG_TEXT("upstream", options->upstream),
        LOG_NUM("max_connections", options->max_connections));
    status s = relay_run(r);
    catch_signals(SIG_DFL);
    running = NULL;
    return s;
}

static status host(const char *path)
{
    struct config c CLEANUP(config_done) = {0};
    struct relay_options options;
    TRY(config_open(path, &c));
    TRY(read_options(&c, &options));
    TRY(serve(&options));
    LOG(LOG_INFO, "stopped", LOG_TEXT("upstream", options.upstream));
    return OK;
}

static int run(const struct cli *args)
{
    log_init("eml-host", LOG_INFO);
    status s = host(cli_value(args, "config"));
    return failed(s) ? app_fail(s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "configuration (JSON)"},
};

static const struct cli_command COMMANDS[] = {
    {.name = "",
     .summary = "Relay bytes between clients and an enclave, without being able to read them.",
     CLI_OPTIONS(OPTIONS),
     .notes =
         "Keys: listen, upstream (tcp:HOST:PORT, unix:/path, vsock:CID:PORT), max_connections,\n"
         "idle_timeout_ms, total_timeout_ms, connect_timeout_ms. One JSON line for each\n"
         "connection goes to standard error, never a byte of content. SIGTERM stops it.",
     .run = run},
};

int main(int argc, char **argv)
{
    static const struct cli_program PROGRAM = {
        .name = "eml-host",
        .summary = "the blind relay between clients and an enclave",
        .commands = COMMANDS,
        .n_commands = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
    };
    return cli_main(&PROGRAM, argc, argv);
}
