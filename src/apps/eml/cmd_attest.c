#include "apps/eml/client.h"
#include "apps/eml/commands.h"
#include "apps/eml/evidence_out.h"

#include "apps/common/app.h"
#include "formats/verdict.h"

#include <stdio.h>
#include <unistd.h>

enum { OUT_ROOM = 1 << 20 };

static void print_text(const struct client *c)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(OUT_ROOM);
    verdict_put_text(&out, &c->checks, app_has_colour(STDOUT_FILENO));
    if (c->session != NULL)
        evidence_put_text(&out, session_evidence(c->session));
    (void)fwrite(out.p, 1, out.n, stdout);
}

static void print_json(const struct client *c)
{
    struct buf out CLEANUP(buf_done) = BUF_MAX(OUT_ROOM);
    struct json_w w = {.out = &out};
    json_w_open(&w, NULL, '{');
    verdict_json_members(&w, &c->checks);
    if (c->session != NULL)
        evidence_json_members(&w, session_evidence(c->session));
    json_w_close(&w, '}');
    buf_put_u8(&out, '\n');
    (void)fwrite(out.p, 1, out.n, stdout);
}

static status attest(const struct cli *args, struct client *c)
{
    TRY(client_open(cli_value(args, "config"), c));
    status s = client_connect(c);
    if (client_has_verdict(&c->checks) && cli_has(args, "json"))
        print_json(c);
    else if (client_has_verdict(&c->checks))
        print_text(c);
    TRY(s);
    if (cli_has(args, "save"))
        TRY(evidence_save(cli_value(args, "save"), c));
    return session_end(c->session);
}

static int run(const struct cli *args)
{
    struct client c CLEANUP(client_done) = {0};
    status s = attest(args, &c);
    return failed(s) ? client_fail(&c.checks, s) : 0;
}

static const struct cli_option OPTIONS[] = {
    {"config", "FILE", true, false, "client configuration (JSON): where to connect, which policy"},
    {"json", NULL, false, false, "print the verdict, its checks and the facts as JSON"},
    {"save", "DIR", false, false, "keep the evidence and the policy, for eml-verify"},
};

struct cli_command attest_command(void)
{
    return (struct cli_command){
        .name = "attest",
        .summary = "Connect, verify the enclave's evidence, print every check.",
        CLI_OPTIONS(OPTIONS),
        .notes = "Exit: 0 accepted, 10 rejected, 20 a required check was skipped, 30 malformed.",
        .run = run,
    };
}
