#include "support/test.h"

#include <string.h>

#include "tee/cs_http.h"

struct row {
    const char *name;
    const char *text;
    enum status_code code;
    const char *body; /* when it is fine */
};

#define HEAD   "HTTP/1.1 200 OK\r\n"
#define LENGTH HEAD "Content-Length: 5\r\n\r\n"
#define CHUNKS HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct row ROWS[] = {
    {"a length", LENGTH "token", ST_OK, "token"},
    {"a length of zero", HEAD "Content-Length: 0\r\n\r\n", ST_OK, ""},
    {"names in any case", HEAD "cOnTeNt-LeNgTh:5\r\n\r\ntoken", ST_OK, "token"},
    {"spaces around a value", HEAD "Content-Length: \t5 \r\n\r\ntoken", ST_OK, "token"},
    {"other fields",
     HEAD "Date: today\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\ntoken", ST_OK,
     "token"},
    {"no reason", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\ntoken", ST_OK, "token"},
    {"chunks", CHUNKS "3\r\ntok\r\n2\r\nen\r\n0\r\n\r\n", ST_OK, "token"},
    {"chunks in capitals", CHUNKS "A\r\n0123456789\r\n0\r\n\r\n", ST_OK, "0123456789"},
    {"chunks of leading zeroes", CHUNKS "00005\r\ntoken\r\n0\r\n\r\n", ST_OK, "token"},
    {"no chunk but the last", CHUNKS "0\r\n\r\n", ST_OK, ""},

    {"nothing", "", ST_TRUNCATED, NULL},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"HTTP/2", "HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"no status", "HTTP/1.1 \r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", ST_PROTOCOL, NULL},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", ST_PROTOCOL, NULL},
    {"status 100", "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", ST_PROTOCOL, NULL},
    {"status 600", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", ST_PROTOCOL, NULL},
    {"control bytes in the reason", "HTTP/1.1 200 \x1b\r\nContent-Length: 0\r\n\r\n", ST_PROTOCOL,
     NULL},
    {"line feeds alone", "HTTP/1.1 200 OK\nContent-Length: 5\n\ntoken", ST_PROTOCOL, NULL},
    {"a carriage return alone", "HTTP/1.1 200 OK\rX\r\nContent-Length: 0\r\n\r\n", ST_PROTOCOL,
     NULL},
    {"no end of the head", HEAD "Content-Length: 5\r\n", ST_TRUNCATED, NULL},
    {"a field without a colon", HEAD "Content-Length\r\n\r\n", ST_PROTOCOL, NULL},
    {"a field without a name", HEAD ": 5\r\n\r\n", ST_PROTOCOL, NULL},
    {"a space before the colon", HEAD "Content-Length : 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"a folded line", HEAD "Content-Length: 5\r\n x\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"control bytes in a value", HEAD "X: \x01\r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL,
     NULL},
    {"no end of the body told", HEAD "\r\ntoken", ST_PROTOCOL, NULL},
    {"length twice", HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"length and chunks",
     HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n0\r\n\r\n",
     ST_PROTOCOL, NULL},
    {"chunks and length",
     HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\ntoken\r\n0\r\n\r\n",
     ST_PROTOCOL, NULL},
    {"length of nothing", HEAD "Content-Length: \r\n\r\n", ST_PROTOCOL, NULL},
    {"negative length", HEAD "Content-Length: -5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"length with a plus", HEAD "Content-Length: +5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"length in hexadecimal", HEAD "Content-Length: 0x5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"a list of lengths", HEAD "Content-Length: 5, 5\r\n\r\ntoken", ST_PROTOCOL, NULL},
    {"length of seven digits", HEAD "Content-Length: 1000000\r\n\r\n", ST_PROTOCOL, NULL},
    {"length over the limit", HEAD "Content-Length: 65537\r\n\r\n", ST_LIMIT, NULL},
    {"body too short", LENGTH "toke", ST_TRUNCATED, NULL},
    {"body too long", LENGTH "token!", ST_PROTOCOL, NULL},
    {"compressed", HEAD "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\ntoken", ST_PROTOCOL,
     NULL},
    {"another transfer coding", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     ST_PROTOCOL, NULL},
    {"no size of a chunk", CHUNKS "\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"size of a chunk no number", CHUNKS "g\r\n\r\n", ST_PROTOCOL, NULL},
    {"negative size of a chunk", CHUNKS "-5\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"size of six digits", CHUNKS "000005\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"an extension of a chunk", CHUNKS "5;a=b\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"a chunk longer than its size", CHUNKS "4\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"a chunk shorter than its size", CHUNKS "6\r\ntoken\r\n0\r\n\r\n", ST_PROTOCOL, NULL},
    {"a chunk cut off", CHUNKS "5\r\ntok", ST_TRUNCATED, NULL},
    {"no last chunk", CHUNKS "5\r\ntoken\r\n", ST_TRUNCATED, NULL},
    {"a trailer", CHUNKS "5\r\ntoken\r\n0\r\nX: y\r\n\r\n", ST_PROTOCOL, NULL},
    {"bytes after the last chunk", CHUNKS "5\r\ntoken\r\n0\r\n\r\nx", ST_PROTOCOL, NULL},
    {"chunks over the limit", CHUNKS "fffff\r\n", ST_TRUNCATED, NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct cs_http h CLEANUP(cs_http_done) = {0};
        struct bytes in = test_exact(bytes_str(ROWS[i].text));
        status s = cs_http_parse(in, &h);
        if (s.code != ROWS[i].code)
            fail_msg("%s: %s (%s)", ROWS[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
        if (ok(s)) {
            assert_int_equal(h.status, 200);
            assert_bytes_equal(buf_view(&h.body), bytes_str(ROWS[i].body));
        }
        test_exact_free(in);
    }
}

static void test_status(void **state)
{
    (void)state;
    struct cs_http h CLEANUP(cs_http_done) = {0};
    assert_ok(cs_http_parse(BYTES_LIT("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"), &h));
    assert_int_equal(h.status, 503);
    assert_bytes_equal(buf_view(&h.body), BYTES_LIT("no"));
}

static void test_truncations(void **state)
{
    (void)state;
    static const char *const WHOLE[] = {LENGTH "token", CHUNKS "3\r\ntok\r\n2\r\nen\r\n0\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t n = 0; n < strlen(WHOLE[i]); n++) {
            struct cs_http h CLEANUP(cs_http_done) = {0};
            struct bytes in = test_exact(bytes_of(WHOLE[i], n));
            if (ok(cs_http_parse(in, &h)))
                fail_msg("%zu bytes of %zu", n, i);
            test_exact_free(in);
        }
    }
}

/* Limits: fields, the head's lines, and a body in chunks. */
static void test_limits(void **state)
{
    (void)state;
    for (int n = CS_HTTP_FIELDS_MAX; n <= CS_HTTP_FIELDS_MAX + 1; n++) {
        struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 14);
        struct cs_http h CLEANUP(cs_http_done) = {0};
        buf_put_str(&text, HEAD "Content-Length: 0\r\n");
        for (int i = 1; i < n; i++)
            buf_put_str(&text, "X: y\r\n");
        buf_put_str(&text, "\r\n");
        assert_code(cs_http_parse(buf_view(&text), &h), n > CS_HTTP_FIELDS_MAX ? ST_LIMIT : ST_OK);
    }
    struct buf line CLEANUP(buf_done) = BUF_MAX(1 << 15);
    struct cs_http h CLEANUP(cs_http_done) = {0};
    buf_put_str(&line, HEAD "X: ");
    while (line.n < CS_HTTP_HEAD_MAX + 64)
        buf_put_u8(&line, 'y');
    buf_put_str(&line, "\r\nContent-Length: 0\r\n\r\n");
    assert_code(cs_http_parse(buf_view(&line), &h), ST_LIMIT);
}

static void test_body_in_chunks_is_bounded(void **state)
{
    (void)state;
    static uint8_t filler[0x4000];
    struct buf text CLEANUP(buf_done) = BUF_MAX(1 << 18);
    struct cs_http h CLEANUP(cs_http_done) = {0};
    buf_put_str(&text, CHUNKS);
    for (int i = 0; i < 5; i++) {
        buf_put_str(&text, "4000\r\n");
        buf_put(&text, BYTES_OF(filler));
        buf_put_str(&text, "\r\n");
    }
    buf_put_str(&text, "0\r\n\r\n");
    assert_code(cs_http_parse(buf_view(&text), &h), ST_LIMIT);
    assert_true(h.body.cap <= CS_HTTP_BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_truncations),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_body_in_chunks_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
