/* eml-verify - checks receipts and evidence offline. It holds no secret and opens no socket; the
 * process that reads hostile bytes writes no file either, and the kernel holds it to that
 * (apps/sandbox/sandbox.h, outputs.h). Every command enters the sandbox before it reads a file. */
#include "apps/common/evidence_files.h"
#include "apps/eml-verify/commands.h"

static const struct cli_option RECEIPT_OPTIONS[] = {
    {.name = "key", .value = "HEX", .help = "the issuer's Ed25519 key, 64 digits"},
    {.name = "evidence", .value = "FILE", .help = "the attestation that holds the key"},
    {.name = "type",
     .value = "NAME",
     .help = "of the evidence (nitro, or simulated if it says so)"},
    {.name = "policy", .value = "FILE", .help = "which code to accept; needed with --evidence"},
    EVIDENCE_FILES_POLICY_KEY,
    EVIDENCE_FILES_BESIDE,
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
    EVIDENCE_FILES_TYPE,
    EVIDENCE_FILES_POLICY,
    EVIDENCE_FILES_BESIDE,
    EVIDENCE_FILES_EXPECT,
    {.name = "json", .help = "one JSON object on standard output"},
    {.name = "explain", .help = "show the bytes that each check looked at"},
    {.name = "html", .value = "OUT", .help = "write a report, one HTML file"},
};

static const struct cli_option SELFTEST_OPTIONS[] = {
    {.name = "type", .value = "NAME", .help = "type of the evidence in FILE"},
    EVIDENCE_FILES_POLICY,
    EVIDENCE_FILES_BESIDE,
    EVIDENCE_FILES_EXPECT,
    {.name = "json", .help = "one JSON object on standard output"},
};

static const struct cli_option CHECKS_OPTIONS[] = {
    {.name = "type", .value = "NAME", .help = "only the checks of this type of evidence"},
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
            "Without --policy genuine evidence is incomplete: nothing was pinned.\n"
            "Exit: 0 accepted, 10 rejected, 20 incomplete, 30 malformed, 2 wrong use.\n",
        .run = commands_evidence,
    },
    {
        .name = "selftest",
        .operands = "[FILE ...]",
        .max_operands = 16,
        .summary = "damage evidence in hundreds of ways: each must be noticed",
        CLI_OPTIONS(SELFTEST_OPTIONS),
        .notes =
            "Without FILE: built-in simulated evidence, made for this test only.\n"
            "Exit: 0 every damage was noticed; 10 one was not, or the evidence is not accepted\n"
            "as it is; 30 it does not parse; 2 wrong use, 1 failed.\n",
        .run = commands_selftest,
    },
    {
        .name = "checks",
        .max_operands = 0,
        .summary = "list every check of evidence: id, code, source, and what to do",
        CLI_OPTIONS(CHECKS_OPTIONS),
        .run = commands_checks,
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
    return cli_main(&PROGRAM, argc, argv);
}
