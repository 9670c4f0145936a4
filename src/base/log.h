/* log - JSON lines on standard error. Never content: no prompt, output, key or weight goes in. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_init(const char *program, enum log_level level);

/* One field; the value is a string, or the number when text is NULL. */
struct log_field {
    const char *key;
    const char *text;
    int64_t number;
};

#define LOG_TEXT(k, v) ((struct log_field){.key = (k), .text = (v)})
#define LOG_NUM(k, v)  ((struct log_field){.key = (k), .number = (int64_t)(v)})

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n);
/* The failure of this thread: code, detail and place. */
void log_failure(enum log_level level, const char *event, status s);

#define LOG(level, event, ...)                                           \
    log_event((level), (event), (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
