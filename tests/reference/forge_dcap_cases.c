/* Forges quotes and collateral at random for compare_dcap.py, under a root that it makes:
 *
 *     forge_dcap_cases FOLDER N SEED
 *
 * writes root.der, and for each case N.quote, N.json and N.verdict: the TEE, the first check that
 * failed or "-", the merged status or "-", and the advisories. */
#include "support/forge_dcap.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "tee/verify/dcap/dcap_root.h"
#include "tee/verify/evidence.h"

static struct forge_dcap f;
static uint64_t state;

struct bytes dcap_root(void)
{
    return forge_dcap_root(&f);
}

/* xorshift64*: the same cases for the same seed, keys and signatures apart. */
static unsigned below(unsigned n)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)((state * UINT64_C(2685821657736338717)) >> 40) % n;
}

static const char *any_word(bool is_part)
{
    static const char *const WORDS[] = {"UpToDate",
                                        "OutOfDate",
                                        "Revoked",
                                        "SWHardeningNeeded",
                                        "ConfigurationNeeded",
                                        "ConfigurationAndSWHardeningNeeded",
                                        "OutOfDateConfigurationNeeded"};
    return WORDS[below(is_part ? 3 : 7)];
}

static const char *any_advisories(void)
{
    static const char *const LISTS[] = {NULL, "\"INTEL-SA-00001\"",
                                        "\"INTEL-SA-00002\",\"INTEL-SA-00003\""};
    return LISTS[below(3)];
}

static void any_part(struct forge_dcap_part *p)
{
    p->isvsvn = below(8);
    if (below(3) == 0)
        p->status = any_word(true);
    p->advisories = any_advisories();
}

static void any_level(struct forge_dcap_level *l)
{
    l->sgx[below(16)] = (uint8_t)below(5);
    l->tdx[below(16)] = (uint8_t)below(5);
    l->pcesvn = (uint16_t)(9 + below(4));
    if (below(2) == 0)
        l->status = any_word(false);
    l->advisories = any_advisories();
}

static void edit_once(void)
{
    switch (below(14)) {
    case 0:
        f.svn[below(16)] = (uint8_t)below(6);
        break;
    case 1:
        f.pcesvn = (uint16_t)below(14);
        break;
    case 2:
        f.body[below(16)] = (uint8_t)below(6); /* TEE_TCB_SVN, or CPUSVN of an enclave */
        if (f.tee == QUOTE_TDX)
            f.body[FORGE_TD_TCB_SVN_2 + below(4)] = (uint8_t)below(7);
        break;
    case 3:
        any_level(&f.levels[0]);
        break;
    case 4:
        any_level(&f.levels[1]);
        break;
    case 5:
        any_part(&f.qe_level);
        break;
    case 6:
        any_part(&f.module_level);
        break;
    case 7:
        f.qe_report[FORGE_SGX_ISVSVN] = (uint8_t)below(9);
        break;
    case 8:
        f.version = (uint16_t)(f.tee == QUOTE_TDX ? 4 + below(2) : 3 + below(3));
        break;
    case 9:
        f.tcb_fmspc[below(6)] ^= (uint8_t)below(2);
        break;
    case 10:
        f.qe_mrsigner[below(32)] ^= (uint8_t)below(2);
        break;
    case 11:
        f.module_id = below(2) ? "TDX_01" : "TDX_03";
        break;
    case 12:
        f.qe_level.status = any_word(true);
        break;
    default:
        f.levels[below(2)].status = any_word(false);
    }
}

static void write_file(const char *folder, size_t i, const char *ending, struct bytes content)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%zu.%s", folder, i, ending);
    assert_ok(file_write(path, 0644, content));
}

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != 0 ? text : "-";
}

static void judge(const char *folder, size_t i)
{
    static struct checks checks;
    static struct evidence_claimed claimed;
    struct evidence_verified verified;
    struct buf quote CLEANUP(buf_done) = forge_dcap_quote(&f);
    struct buf collateral CLEANUP(buf_done) = forge_dcap_collateral(&f);
    struct buf line CLEANUP(buf_done) = BUF_MAX(4096);
    struct evidence_expect expect = {.at_unix_s = FORGE_DCAP_NOW,
                                     .beside.collateral = buf_view(&collateral)};
    checks = (struct checks){0};
    (void)ok(evidence_verify(buf_view(&quote), f.tee == QUOTE_TDX ? EVIDENCE_TDX : EVIDENCE_SGX,
                             NULL, &expect, &checks, &claimed, &verified));
    const struct check *first = checks_first_failure(&checks);
    buf_printf(&line, "%s %s %s %s\n", f.tee == QUOTE_TDX ? "tdx" : "sgx", first ? first->id : "-",
               or_dash(evidence_facts_find(&claimed.facts, "tcb_status")),
               or_dash(evidence_facts_find(&claimed.facts, "advisories")));
    write_file(folder, i, "quote", buf_view(&quote));
    write_file(folder, i, "json", buf_view(&collateral));
    write_file(folder, i, "root.der", forge_dcap_root(&f));
    write_file(folder, i, "verdict", buf_view(&line));
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    state = strtoull(argv[3], NULL, 10) * 2 + 1;
    for (size_t i = 0; i < strtoul(argv[2], NULL, 10); i++) {
        forge_dcap_init(&f, below(2) ? QUOTE_TDX : QUOTE_SGX);
        for (unsigned k = below(5); k > 0; k--)
            edit_once();
        memcpy(f.cpusvn, f.svn, sizeof(f.cpusvn)); /* as on every platform that Intel makes */
        forge_dcap_issue(&f);
        judge(argv[1], i);
        forge_dcap_done(&f);
    }
    return 0;
}
