/* unicode_tables - generated data behind unicode.h; nobody else includes this.
 *
 *     record = records[ stage2[ stage1[cp >> 7] * 128 + (cp & 127) ] ]
 */
#ifndef ENGINE_UNICODE_TABLES_H
#define ENGINE_UNICODE_TABLES_H

#include "engine/unicode.h"

extern const uint8_t unicode_tables_stage1[];
extern const uint16_t unicode_tables_stage2[];
extern const struct unicode_record unicode_tables_records[];
extern const uint32_t unicode_tables_nfd[];

#endif
