/* collateral_files - Intel's collateral from the paths of --collateral: one file that has it all,
 * or the service's own files, each named or together in a folder.
 *
 * In a folder the files that end in .json, .pem, .der, .crl, .crt and .cer count; others, such as
 * the quote itself, may lie there too. Untrusted: all content.
 */
#ifndef APPS_COMMON_COLLATERAL_FILES_H
#define APPS_COMMON_COLLATERAL_FILES_H

#include "apps/common/cli.h"
#include "base/buf.h"

/* Appends the one form that evidence takes. OK and nothing when no path was given. ST_NOTFOUND,
 * ST_IO, ST_LIMIT; ST_FORMAT, with the file's name, for files that make no collateral. */
NODISCARD status collateral_files_load(const struct cli *args, struct buf *out);

#endif
