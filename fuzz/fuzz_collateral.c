/* Intel's collateral: the whole object, the two tables by themselves, and separate files. The first
 * byte says which. What parses is matched against a platform of middling SVNs. */
#include <stdlib.h>

#include "tee/verify/dcap/collateral.h"
#include "tee/verify/dcap/tcb_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t ZERO[48];

static void match(const struct tcb_info *t)
{
    const uint8_t svn[16] = {5, 1, 2, 3};
    struct pck p = {.pcesvn = 11};
    struct quote_td td = {
        .tee_tcb_svn = BYTES_OF(svn),
        .mrsignerseam = BYTES_OF(ZERO),
        .seam_attributes_view = bytes_of(ZERO, 8),
    };
    for (size_t i = 0; i < sizeof(p.svn); i++)
        p.svn[i] = 5;
    const struct tcb_info_level *level = tcb_match_level(t, &p, t->tee == QUOTE_TDX ? &td : NULL);
    const struct tcb_info_module *module = t->tee == QUOTE_TDX ? tcb_match_module(t, &td) : NULL;
    const struct tcb_info_module_level *part = NULL;
    if (module != NULL && ok(tcb_match_check_module(module, &td)))
        part = tcb_match_module_level(module, &td);
    if (level != NULL) {
        struct tcb_match merged;
        const struct tcb_status_word *parts[] = {&level->word, part ? &part->word : NULL};
        tcb_match_merge(&level->word, parts, 2, &merged);
        if (merged.n_advisories > TCB_MATCH_ADVISORIES_MAX)
            abort();
    }
}

static void tcb_info(struct bytes in)
{
    static struct tcb_info t;
    if (failed(tcb_info_parse(in, &t)))
        return;
    if (t.n_levels == 0 || t.issue_unix_s >= t.next_unix_s)
        abort();
    match(&t);
    tcb_info_done(&t);
}

static void qe_identity(struct bytes in)
{
    static struct qe_identity q;
    if (failed(qe_identity_parse(in, &q)))
        return;
    struct quote_enclave qe = {
        .mrsigner = bytes_of(ZERO, 32), .attributes = bytes_of(ZERO, 16), .isvprodid = 1};
    (void)ok(qe_identity_check(&q, &qe));
    (void)qe_identity_level(&q, 4);
    qe_identity_done(&q);
}

static void collateral(struct bytes in)
{
    static struct collateral c;
    if (failed(collateral_parse(in, &c)))
        return;
    tcb_info(c.tcb_info);
    qe_identity(c.qe_identity);
    collateral_done(&c);
}

/* Files stand one after another, a zero byte between them. */
static void files(struct bytes in)
{
    struct collateral_file list[COLLATERAL_FILES_MAX];
    struct buf out CLEANUP(buf_done) = BUF_MAX(COLLATERAL_MAX_BYTES);
    size_t n = 0;
    for (size_t from = 0, i = 0; i <= in.n && n < COLLATERAL_FILES_MAX; i++) {
        if (i < in.n && in.p[i] != 0)
            continue;
        list[n++] = (struct collateral_file){"file", bytes_of(in.p + from, i - from)};
        from = i + 1;
    }
    if (ok(collateral_merge(list, n, &out)))
        collateral(buf_view(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const READERS[])(struct bytes) = {collateral, tcb_info, qe_identity, files};
    if (size == 0)
        return 0;
    READERS[data[0] % 4](bytes_of(data + 1, size - 1));
    return 0;
}
