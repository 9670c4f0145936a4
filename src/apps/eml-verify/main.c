/* eml-verify - checks receipts and evidence offline. It holds no secret, opens no socket and writes
 * no file; the kernel holds it to that (apps/sandbox/sandbox.h). */
#include "apps/common/app.h"
#include "apps/eml-verify/commands.h"
#include "apps/sandbox/sandbox.h"

static const struct cli_option RECEIPT_OPTIONS[] = {
    {.name = "key", .value = "HEX", .help = "the issuer's Ed25519 key, 64 digits"},
    {.name = "evidence", .value = "FILE", .help = "the attestation that holds the key"},
    {.name = "policy", .value = "FILE", .help = "which code to accept; needed with --evidence"},
    {.name = "crl", .value = "FILE", .is_repeated = true, .help = "revocation list, DER or PEM"},
    {.name = "at", .value = "UNIX", .help = "time of verification (now)"},
    {.name = "max-age", .value = "S", .help = "oldest receipt to accept, in seconds (any)"},
    {.name = "expect-nonce", .value = "HEX", .help = "the nonce that the request carried"},
    {.name = "expect-model-hash", .value = "HEX", .help = "SHA-256 that names the model"},
    {.name = "expect-model-id", .value = "TEXT", .help = "the model's name"},
    {.name = "expect-platform", .value = "NAME", .help = "nitro-pcr or tdx-mrtd-rtmr"},
    {.name = "request", .value = "FILE", .help = "the request's bytes"},
    {.name = "response", .value = "FILE", .help = "the response's bytes"},
    {.name = "allow-evaluation", .help = "accept receipts made in evaluation mode"},
    {.name = "json", .help = "one JSON object on standard output"},
};

static const struct cli_option EVIDENCE_OPTIONS[] = {
    {.name = "type", .value = "NAME", .is_required = true, .help = "nitro or simulated"},
    {.name = "policy", .value = "FILE", .help = "which code to accept"},
    {.name = "crl", .value = "FILE", .is_repeated = true, .help = "revocation list, DER or PEM"},
    {.name = "at", .value = "UNIX", .help = "time of verification (now)"},
    {.name = "nonce", .value = "HEX", .help = "the nonce that the evidence must hold"},
    {.name = "json", .help = "one JSON object on standard output"},
};

static const struct cli_command COMMANDS[] = {
    {
        .name = "receipt",
        .operands = "R.cbor",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "check a receipt against a key, or against evidence and a policy",
        CLI_OPTIONS(RECEIPT_OPTIONS),
        .notes = "Every check is listed as PASS, FAIL or SKIP; a SKIP marked (required) does not\n"
                 "accept. Without --policy evidence is authentic at best: incomplete.\n"
                 "Exit: 0 accepted, 10 rejected, 20 incomplete, 30 malformed, 2 wrong use.\n"
                 "The checks are explained in docs/RECEIPT.md and docs/ATTESTATION.md.\n",
        .run = commands_receipt,
    },
    {
        .name = "evidence",
        .operands = "FILE",
        .min_operands = 1,
        .max_operands = 1,
        .summary = "check attestation evidence by itself",
        CLI_OPTIONS(EVIDENCE_OPTIONS),
        .notes =
            "Certificates of evidence are short-lived: give --at to judge it at its own time.\n"
            "Exit: 0 accepted, 10 rejected, 20 incomplete, 30 malformed, 2 wrong use.\n",
        .run = commands_evidence,
    },
};

static const struct cli_program PROGRAM = {
    .name = "eml-verify",
    .summary = "checks receipts and evidence of confidential inference, offline",
    .commands = COMMANDS,
    .n_commands = sizeof(COMMANDS) / sizeof(COMMANDS[0]),
};

int main(int argc, char **argv)
{
    app_init(PROGRAM.name);
    status s = sandbox_enter(SANDBOX_OFFLINE);
    return ok(s) ? cli_main(&PROGRAM, argc, argv) : app_fail(s);
}
