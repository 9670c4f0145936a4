#include "support/test.h"

#include "apps/common/evidence_files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "support/forge.h"

#define R32 "11111111111111111111111111111111"
#define SIGNABLE                                                                     \
    "{\"version\":1,\"serial\":5,\"not_after\":\"2027-01-31T00:00:00Z\",\"nitro\":{" \
    "\"releases\":[{\"name\":\"r\",\"pcr0\":\"" R32 R32 R32 "\"}]}}"

static int run_nothing(const struct cli *args)
{
    (void)args;
    return 0;
}

static const struct cli_option OPTIONS[] = {EVIDENCE_FILES_TYPE, EVIDENCE_FILES_POLICY,
                                            EVIDENCE_FILES_BESIDE, EVIDENCE_FILES_EXPECT};
static const struct cli_command COMMAND = {.name = "",
                                           .operands = "FILE",
                                           .min_operands = 1,
                                           .max_operands = 1,
                                           .summary = "looks",
                                           CLI_OPTIONS(OPTIONS),
                                           .run = run_nothing};
static const struct cli_program PROGRAM = {
    .name = "prog", .summary = "a program", .commands = &COMMAND, .n_commands = 1};

enum { WORDS_MAX = 40, WORD_ROOM = 160 };

/* A folder with one file for each input, and a command line that names them. */
struct desk {
    char folder[32];
    char words[WORDS_MAX][WORD_ROOM];
    char *argv[WORDS_MAX];
    int argc;
};

static void say(struct desk *d, const char *word)
{
    (void)snprintf(d->words[d->argc], WORD_ROOM, "%s", word);
    d->argv[d->argc] = d->words[d->argc];
    d->argc++;
}

static void path_of(const struct desk *d, const char *name, char out[static WORD_ROOM])
{
    (void)snprintf(out, WORD_ROOM, "%s/%s", d->folder, name);
}

static void put(const struct desk *d, const char *name, struct bytes content)
{
    char path[WORD_ROOM];
    path_of(d, name, path);
    assert_ok(file_write(path, 0600, content));
}

static void name_file(struct desk *d, const char *option, const char *name)
{
    char path[WORD_ROOM];
    path_of(d, name, path);
    say(d, option);
    say(d, path);
}

static void open_desk(struct desk *d)
{
    *d = (struct desk){.folder = "/tmp/eml-files-XXXXXX"};
    assert_non_null(mkdtemp(d->folder));
}

static void close_desk(struct desk *d)
{
    static const char *const NAMES[] = {"e",  "statement", "collateral", "certs",  "jwks", "log",
                                        "rv", "crl",       "state",      "policy", "pem"};
    char path[WORD_ROOM];
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        path_of(d, NAMES[i], path);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(d->folder), 0);
}

static status load(struct desk *d, struct evidence_files *f)
{
    struct cli *args CLEANUP(cli_freep) = NULL;
    char path[WORD_ROOM];
    evidence_files_init(f);
    path_of(d, "e", path);
    say(d, path);
    assert_ok(cli_parse(&PROGRAM, &COMMAND, d->argc, d->argv, &args));
    /* Strings belong to argv, which outlives args. */
    return evidence_files_load(f, path, args);
}

static void every_option_fills_its_input(void **state)
{
    (void)state;
    struct desk d;
    struct evidence_files f CLEANUP(evidence_files_done);
    open_desk(&d);
    put(&d, "e", BYTES_LIT("evidence"));
    say(&d, "--type");
    say(&d, "nitro");
    static const struct {
        const char *option, *name;
    } FILES[] = {{"--statement", "statement"}, {"--collateral", "collateral"}, {"--certs", "certs"},
                 {"--jwks", "jwks"},           {"--event-log", "log"},         {"--crl", "crl"},
                 {"--reference-values", "rv"}};
    for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
        put(&d, FILES[i].name, bytes_str(FILES[i].name));
        name_file(&d, FILES[i].option, FILES[i].name);
    }
    say(&d, "--at=1750000000");
    say(&d, "--nonce=0102");
    assert_ok(load(&d, &f));
    const struct evidence_inputs *in = &f.expect.beside;
    assert_int_equal(f.type, EVIDENCE_NITRO);
    assert_bytes_equal(buf_view(&f.evidence), BYTES_LIT("evidence"));
    assert_bytes_equal(in->statement, BYTES_LIT("statement"));
    assert_bytes_equal(in->collateral, BYTES_LIT("collateral"));
    assert_bytes_equal(in->certs, BYTES_LIT("certs"));
    assert_bytes_equal(in->jwks, BYTES_LIT("jwks"));
    assert_bytes_equal(in->event_log, BYTES_LIT("log"));
    assert_bytes_equal(in->reference_values, BYTES_LIT("rv"));
    assert_int_equal(in->n_crls, 1);
    assert_bytes_equal(in->crls[0], BYTES_LIT("crl"));
    assert_int_equal(f.expect.at_unix_s, 1750000000);
    assert_bytes_equal(f.expect.nonce, BYTES_LIT("\x01\x02"));
    assert_null(f.expect.report_data.p);
    assert_null(f.expect.memory);
    close_desk(&d);
}

static void what_is_not_named_is_absent_and_an_empty_file_is_not(void **state)
{
    (void)state;
    struct desk d;
    struct evidence_files f CLEANUP(evidence_files_done);
    open_desk(&d);
    put(&d, "e", BYTES_LIT("e"));
    put(&d, "certs", BYTES_LIT(""));
    say(&d, "--type=nitro");
    name_file(&d, "--certs", "certs");
    assert_ok(load(&d, &f));
    assert_non_null(f.expect.beside.certs.p);
    assert_int_equal(f.expect.beside.certs.n, 0);
    assert_null(f.expect.beside.statement.p);
    assert_null(f.expect.beside.collateral.p);
    assert_null(f.expect.nonce.p);
    assert_int_equal(f.expect.beside.n_crls, 0);
    close_desk(&d);
}

static void wrong_uses_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *word;
        enum status_code code;
    } ROWS[] = {
        {"unknown type", "--type=azure", ST_USAGE},
        {"nonce is no hexadecimal", "--nonce=xy", ST_USAGE},
        {"nonce is empty", "--nonce=", ST_USAGE},
        {"report data of one byte", "--report-data=00", ST_USAGE},
        {"time is no number", "--at=noon", ST_USAGE},
        {"certs are not there", "--certs=/nonexistent/eml", ST_NOTFOUND},
        {"policy is not there", "--policy=/nonexistent/eml", ST_NOTFOUND},
        {"a key and no policy", "--policy-key=" R32 R32, ST_USAGE},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct desk d;
        struct evidence_files f CLEANUP(evidence_files_done);
        open_desk(&d);
        put(&d, "e", BYTES_LIT("e"));
        if (strncmp(ROWS[i].word, "--type", 6) != 0)
            say(&d, "--type=nitro");
        say(&d, ROWS[i].word);
        if (load(&d, &f).code != ROWS[i].code)
            fail_msg("%s: %s", ROWS[i].name, status_detail());
        close_desk(&d);
    }
}

static void nine_crls_are_too_many(void **state)
{
    (void)state;
    struct desk d;
    struct evidence_files f CLEANUP(evidence_files_done);
    open_desk(&d);
    put(&d, "e", BYTES_LIT("e"));
    put(&d, "crl", BYTES_LIT("c"));
    say(&d, "--type=nitro");
    for (int i = 0; i <= EVIDENCE_FILES_CRLS_MAX; i++)
        name_file(&d, "--crl", "crl");
    assert_code(load(&d, &f), ST_USAGE);
    close_desk(&d);
}

static void a_crl_may_be_pem(void **state)
{
    (void)state;
    struct desk d;
    struct evidence_files f CLEANUP(evidence_files_done);
    open_desk(&d);
    put(&d, "e", BYTES_LIT("e"));
    put(&d, "pem", BYTES_LIT("-----BEGIN X509 CRL-----\nAQID\n-----END X509 CRL-----\n"));
    say(&d, "--type=nitro");
    name_file(&d, "--crl", "pem");
    assert_ok(load(&d, &f));
    assert_bytes_equal(f.expect.beside.crls[0], BYTES_LIT("\x01\x02\x03"));
    close_desk(&d);
}

static void state_is_read(void **state)
{
    (void)state;
    struct desk d;
    struct evidence_files f CLEANUP(evidence_files_done);
    struct evidence_files again CLEANUP(evidence_files_done);
    open_desk(&d);
    put(&d, "e", BYTES_LIT("e"));
    say(&d, "--type=nitro");
    name_file(&d, "--state", "state");
    struct desk second = d;
    for (int i = 0; i < second.argc; i++)
        second.argv[i] = second.words[i];
    assert_ok(load(&d, &f)); /* there is no such file yet */
    assert_int_equal(evidence_memory_get(f.expect.memory, EVIDENCE_MEMORY_TDX_TCB), 0);
    put(&d, "state", BYTES_LIT("{\"version\":1,\"tdx_tcb\":17}"));
    assert_ok(load(&second, &again));
    assert_int_equal(evidence_memory_get(again.expect.memory, EVIDENCE_MEMORY_TDX_TCB), 17);
    assert_int_equal(evidence_memory_get(again.expect.memory, EVIDENCE_MEMORY_SGX_TCB), 0);
    close_desk(&d);
}

/* What a policy's file may be and the memory is for evidence_policy_file; here, that the options
 * reach it. */
static void a_signed_policy_needs_its_key(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key, *at, *state;
        enum status_code code;
        uint32_t serial; /* remembered afterwards */
    } ROWS[] = {
        {"its key", "its", "--at=1801353600", "{\"version\":1}", ST_OK, 5},
        {"another key", "other", "--at=1801353600", "{\"version\":1}", ST_AUTH, 0},
        {"no key", NULL, "--at=1801353600", "{\"version\":1}", ST_USAGE, 0},
        {"half a key", "--policy-key=11", "--at=1801353600", "{\"version\":1}", ST_USAGE, 0},
        {"after its end", "its", "--at=1801353601", "{\"version\":1}", ST_EXPIRED, 0},
        {"a newer one was seen", "its", "--at=1", "{\"version\":1,\"policy_serial\":6}",
         ST_ROLLBACK, 6},
    };
    static const uint8_t seeds[2][ED25519_SEED_LEN] = {{1}, {2}};
    struct ed25519_secret key, other;
    struct buf file CLEANUP(buf_done) = BUF_MAX(EVIDENCE_POLICY_FILE_MAX_BYTES);
    assert_ok(ed25519_from_seed(seeds[0], &key));
    assert_ok(ed25519_from_seed(seeds[1], &other));
    assert_ok(evidence_policy_file_sign(BYTES_LIT(SIGNABLE), &key, &file));
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct desk d;
        struct evidence_files f CLEANUP(evidence_files_done);
        char word[WORD_ROOM] = "--policy-key=";
        open_desk(&d);
        put(&d, "e", BYTES_LIT("e"));
        put(&d, "policy", buf_view(&file));
        put(&d, "state", bytes_str(ROWS[i].state));
        say(&d, "--type=nitro");
        say(&d, ROWS[i].at);
        name_file(&d, "--policy", "policy");
        name_file(&d, "--state", "state");
        bool is_other = ROWS[i].key != NULL && strcmp(ROWS[i].key, "other") == 0;
        hex_encode(is_other ? BYTES_OF(other.public_key) : BYTES_OF(key.public_key),
                   word + strlen(word));
        if (ROWS[i].key != NULL)
            say(&d, ROWS[i].key[0] == '-' ? ROWS[i].key : word);
        status s = load(&d, &f);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s %s", ROWS[i].name, status_name(s.code), status_detail());
        assert_int_equal(f.policy != NULL, ok(s));
        assert_int_equal(evidence_memory_get(f.expect.memory, EVIDENCE_MEMORY_POLICY_SERIAL),
                         ROWS[i].serial);
        close_desk(&d);
    }
}

/* From files to a verdict. */
static void simulated_evidence_is_accepted(void **state)
{
    (void)state;
    struct desk d;
    struct forge forge;
    struct checks c = {0};
    struct evidence_verified v;
    struct buf evidence CLEANUP(buf_done) = BUF_MAX(0);
    struct buf policy CLEANUP(buf_done) = BUF_MAX(1 << 16);
    struct evidence_files f CLEANUP(evidence_files_done);
    open_desk(&d);
    forge_init(&forge);
    forge_fill(&forge);
    evidence = forge_sign(&forge);
    forge_policy_text(&forge, "", "", &policy);
    put(&d, "e", buf_view(&evidence));
    put(&d, "policy", buf_view(&policy));
    say(&d, "--type=simulated");
    say(&d, "--at=1750000000");
    name_file(&d, "--policy", "policy");
    assert_ok(load(&d, &f));
    assert_ok(evidence_files_verify(&f, &c, NULL, &v));
    assert_int_equal(checks_verdict(&c), VERDICT_ACCEPT);
    forge_done(&forge);
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_fills_its_input),
        cmocka_unit_test(what_is_not_named_is_absent_and_an_empty_file_is_not),
        cmocka_unit_test(wrong_uses_are_named),
        cmocka_unit_test(nine_crls_are_too_many),
        cmocka_unit_test(a_crl_may_be_pem),
        cmocka_unit_test(state_is_read),
        cmocka_unit_test(a_signed_policy_needs_its_key),
        cmocka_unit_test(simulated_evidence_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
