#include "base/log.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};
static const char *program_name = "eml";
static enum log_level max_level = LOG_INFO;

void log_init(const char *program, enum log_level level)
{
    program_name = program;
    max_level = level;
}

/* What is not UTF-8 (a path may be anything) is written byte by byte, so that the line stays JSON.
 */
static void put_json_text(struct buf *b, const char *text)
{
    bool is_utf8 = utf8_is_valid(bytes_str(text));
    buf_put_u8(b, '"');
    for (const char *c = text; *c != 0; c++) {
        if (*c == '"' || *c == '\\')
            buf_printf(b, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f || (!is_utf8 && (unsigned char)*c > 0x7f))
            buf_printf(b, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            buf_put_u8(b, (uint8_t)*c);
    }
    buf_put_u8(b, '"');
}

static void put_time(struct buf *b)
{
    struct timespec t;
    struct tm tm;
    char text[32];
    (void)clock_gettime(CLOCK_REALTIME, &t);
    (void)gmtime_r(&t.tv_sec, &tm);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    buf_printf(b, "{\"time\":\"%s.%03ldZ\"", text, t.tv_nsec / 1000000);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if (level > max_level)
        return;
    struct buf b CLEANUP(buf_done) = BUF_MAX(LINE_MAX_BYTES);
    put_time(&b);
    buf_printf(&b, ",\"level\":\"%s\",\"program\":\"%s\",\"event\":", LEVELS[level], program_name);
    put_json_text(&b, event);
    for (size_t i = 0; i < n; i++) {
        buf_put_u8(&b, ',');
        put_json_text(&b, fields[i].key);
        buf_put_u8(&b, ':');
        if (fields[i].text != NULL)
            put_json_text(&b, fields[i].text);
        else
            buf_printf(&b, "%lld", (long long)fields[i].number);
    }
    buf_put_str(&b, "}\n");
    /* A line that did not fit is dropped whole: half a line would not be JSON. */
    if (b.error == ST_OK && write(STDERR_FILENO, b.p, b.n) < 0)
        return;
}

void log_failure(enum log_level level, const char *event, status s)
{
    LOG(level, event, LOG_TEXT("code", status_name(s.code)), LOG_TEXT("detail", status_detail()),
        LOG_TEXT("at", status_where()));
}
