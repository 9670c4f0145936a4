/* snp_cert_table - the certificate table that a host hands to its guest and that configfs-tsm gives
 * out as auxblob. Source: AMD 56421 (GHCB specification) section 4.1.8.1, MSG_REPORT_REQ with
 * certificates. Integers are little-endian:
 *
 *     00  16  GUID     entries follow one another up to one of 24 zero bytes
 *     10  4   offset   from the start of the table
 *     14  4   length
 *
 * Hosts write the GUID's first three fields in either byte order; both are read. Entries with
 * another GUID are let pass unread, since the specification lets hosts add them.
 *
 * Untrusted: all of it. No entry may reach outside the table, into its head or into another entry.
 */
#ifndef TEE_VERIFY_SNP_CERT_TABLE_H
#define TEE_VERIFY_SNP_CERT_TABLE_H

#include "base/bytes.h"

enum { SNP_TABLE_ENTRIES_MAX = 16, SNP_TABLE_MAX_BYTES = 256 << 10 };

enum snp_entry {
    SNP_ENTRY_ARK,
    SNP_ENTRY_ASK, /* or ASVK */
    SNP_ENTRY_VCEK,
    SNP_ENTRY_VLEK,
    SNP_ENTRY_CRL,
    SNP_ENTRIES
};

struct snp_cert_table {
    struct bytes entry[SNP_ENTRIES]; /* .p NULL when absent; borrow from the input */
};

/* True when in can be no list of PEM or DER: those begin with '-', white space or 0x30. */
bool snp_cert_table_is(struct bytes in);

/* ST_TRUNCATED, ST_FORMAT (bounds, overlap, an entry twice, no last entry), ST_LIMIT. */
NODISCARD status snp_cert_table_read(struct bytes in, struct snp_cert_table *out);

#endif
