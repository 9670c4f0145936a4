/* lines - the texts that a command works on: from --text options or from a file, one text a line.
 */
#ifndef APPS_EML_LINES_H
#define APPS_EML_LINES_H

#include "apps/common/cli.h"
#include "base/buf.h"

struct lines {
    struct buf text; /* the file; views of --text point into argv */
    struct bytes *v;
    size_t n;
};

/* From every --text of the command, or from the file that `file_option` names ("-": standard
 * input); ST_USAGE when both or neither are given, ST_FORMAT for a text that is not UTF-8. A line
 * ends with LF or CRLF; a last empty line is none. */
NODISCARD status lines_open(const struct cli *args, const char *file_option, struct lines *out);
void lines_done(struct lines *l); /* wipes */

#endif
