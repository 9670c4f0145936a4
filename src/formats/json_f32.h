/* json_f32 - the shortest decimal text of a float that reads back to the same bits. */
#ifndef FORMATS_JSON_F32_H
#define FORMATS_JSON_F32_H

#include <stddef.h>

enum { JSON_F32_MAX = 32 };

/* Writes a JSON number and a NUL; v is finite. Returns its length. "0.1", "-0.0", "1.5e-09". */
size_t json_f32_text(float v, char out[static JSON_F32_MAX]);

#endif
