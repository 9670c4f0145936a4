/* folder - the files of a plain Hugging Face model folder. */
#ifndef MODEL_FOLDER_H
#define MODEL_FOLDER_H

#include "model/model_files.h"

/* Takes the files that content.h names; others in the folder are ignored. ST_NOTFOUND tells which
 * required file is missing. A file that changes while it is read is ST_MISMATCH. */
NODISCARD status folder_open(const char *path, struct model_files **out);

#endif
