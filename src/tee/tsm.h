/* tsm - attestation reports of Linux's trusted security module interface, for Intel TDX and AMD
 * SEV-SNP guests (Documentation/ABI/testing/configfs-tsm, Linux 6.7 and newer).
 *
 * One report is one folder /sys/kernel/config/tsm/report/<entry>, made and removed by its user:
 *
 *     provider         read   "tdx_guest" or "sev_guest"
 *     generation       read   counts the writes to the entry's attributes
 *     inblob           write  the 64 bytes that the report is to carry
 *     privlevel        write  SNP's VMPL; privlevel_floor says the least that is allowed
 *     outblob          read   the report: a TDX quote, an SNP attestation report
 *     auxblob          read   SNP: the host's table of certificates, perhaps empty
 *
 * The kernel writes binary attributes when the file is closed and tells nobody of a failure, and
 * any process with the right may write into any entry. So generation is read before the first write
 * and after the last read: unless it grew by exactly our own writes, what was read is thrown away.
 *
 * The tree is a narrow table of functions, so that tests put a fake one there.
 * Untrusted: all that is read, for the hypervisor has a hand in it. Sizes are bounded, and a report
 * that does not carry our bytes is refused.
 */
#ifndef TEE_TSM_H
#define TEE_TSM_H

#include "base/buf.h"

enum {
    TSM_INBLOB_LEN = 64,
    TSM_OUTBLOB_MAX = 32 << 10, /* the kernel's own limit for a blob */
    TSM_TRIES = 6,              /* of one access that meets EBUSY, EINTR or EWOULDBLOCK */
    TSM_REPORT_TRIES = 3,       /* of a whole report, after somebody else wrote into its entry */
    TSM_ENTRY_TRIES = 8,        /* of a name, when other processes have taken it */
};

/* The folder of entries. Each function gives 0 or an errno; an attribute is opened anew by each
 * access and closed after it. */
struct tsm_tree {
    int (*make)(void *ctx, const char *entry); /* EEXIST when the name is taken */
    int (*remove)(void *ctx, const char *entry);
    /* Appends the whole attribute; EFBIG when it does not fit into out's limit. */
    int (*read)(void *ctx, const char *entry, const char *attribute, struct buf *out);
    int (*write)(void *ctx, const char *entry, const char *attribute, struct bytes in);
    void (*pause)(void *ctx, unsigned ms); /* before another try */
    void *ctx;
};

#define TSM_PATH "/sys/kernel/config/tsm/report"

/* The kernel's tree, at TSM_PATH. ST_NOTFOUND when this kernel has none or configfs is not mounted.
 */
struct tsm_files;
NODISCARD status tsm_files_open(const char *path, struct tsm_files **out);
void tsm_files_closep(struct tsm_files **f);
struct tsm_tree tsm_over_files(struct tsm_files *f); /* borrows */

enum tsm_kind { TSM_TDX, TSM_SNP };

struct tsm_report {
    enum tsm_kind kind;
    struct buf blob; /* the quote or the report */
    struct buf aux;  /* SNP: the certificate table (tee/verify/snp/snp_cert_table.h), if any */
};

/* Free *out with tsm_report_done() whatever the outcome. ST_NOTFOUND no provider in this guest;
 * ST_UNSUPPORTED another provider; ST_BUSY when it stayed busy or somebody else kept writing into
 * our entries; ST_LIMIT a blob over TSM_OUTBLOB_MAX; ST_FORMAT an attribute that is not what the
 * kernel documents; ST_MISMATCH a report over other bytes; ST_IO. */
NODISCARD status tsm_report_get(const struct tsm_tree *t,
                                const uint8_t inblob[static TSM_INBLOB_LEN],
                                struct tsm_report *out);
void tsm_report_done(struct tsm_report *r);

#endif
