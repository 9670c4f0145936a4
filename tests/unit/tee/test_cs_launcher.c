#include "support/fake_launcher.h"
#include "support/forge_jwt.h"

#include "formats/jwt.h"
#include "tee/cs_launcher.h"

#define OIDC_HEADER "{\"alg\":\"RS256\",\"kid\":\"k\",\"typ\":\"JWT\"}"
#define PKI_HEADER  "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5c\":[\"MAA=\"]}"

static const struct bytes NONCES[] = {{(const uint8_t *)"0123456789", 10},
                                      {(const uint8_t *)"abcdefgh", 8}};

static struct cs_launcher_request request_of(enum cs_launcher_kind kind)
{
    return (struct cs_launcher_request){
        .audience = BYTES_LIT("https://client.example"),
        .kind = kind,
        .nonces = NONCES,
        .n_nonces = 2,
    };
}

static struct buf answer_of(const char *status_line, struct bytes body)
{
    struct buf out = BUF_MAX(1 << 18);
    buf_printf(&out, "HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n\r\n",
               status_line, body.n);
    buf_put(&out, body);
    return out;
}

/* A Go server sends what is over its buffer in chunks. */
static struct buf chunked_of(struct bytes body)
{
    struct buf out = BUF_MAX(1 << 18);
    buf_put_str(&out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < body.n; at += 100) {
        size_t n = body.n - at < 100 ? body.n - at : 100;
        buf_printf(&out, "%zx\r\n", n);
        buf_put(&out, bytes_of(body.p + at, n));
        buf_put_str(&out, "\r\n");
    }
    buf_put_str(&out, "0\r\n\r\n");
    return out;
}

static status ask(struct fake_launcher *f, const struct cs_launcher_request *r, uint64_t timeout_ms,
                  struct buf *out)
{
    fake_launcher_start(f);
    const struct cs_launcher l = {.socket = f->path, .timeout_ms = timeout_ms};
    status s = cs_launcher_token(&l, r, out);
    fake_launcher_stop(f);
    return s;
}

static void test_tokens(void **state)
{
    (void)state;
    for (int kind = CS_LAUNCHER_OIDC; kind <= CS_LAUNCHER_PKI; kind++) {
        struct buf token CLEANUP(buf_done) =
            forge_jwt_of(bytes_str(kind == CS_LAUNCHER_PKI ? PKI_HEADER : OIDC_HEADER),
                         BYTES_LIT("{\"eat_nonce\":\"0123456789\"}"), BYTES_LIT("signature"));
        struct buf whole CLEANUP(buf_done) = answer_of("200 OK", buf_view(&token));
        struct buf chunked CLEANUP(buf_done) = chunked_of(buf_view(&token));
        const struct bytes answers[] = {buf_view(&whole), buf_view(&chunked)};
        for (size_t i = 0; i < 4; i++) {
            struct fake_launcher f = {.answer = answers[i % 2],
                                      .trouble =
                                          i < 2 ? FAKE_LAUNCHER_FINE : FAKE_LAUNCHER_BYTEWISE};
            struct buf out CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
            struct cs_launcher_request r = request_of((enum cs_launcher_kind)kind);
            assert_ok(ask(&f, &r, 5000, &out));
            assert_bytes_equal(buf_view(&out), buf_view(&token));
        }
    }
}

static void keep_json(void *ctx, struct bytes json, struct buf *out)
{
    struct buf *kept = ctx;
    buf_put(kept, json);
    buf_put_str(out, "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
}

static void test_request(void **state)
{
    (void)state;
    struct buf json CLEANUP(buf_done) = BUF_MAX(1 << 12);
    struct buf out CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
    struct fake_launcher f = {.make = keep_json, .ctx = &json};
    struct cs_launcher_request r = request_of(CS_LAUNCHER_PKI);
    r.audience = BYTES_LIT("a\"\\b");
    assert_code(ask(&f, &r, 5000, &out), ST_IO);
    assert_bytes_equal(buf_view(&json),
                       BYTES_LIT("{\"audience\":\"a\\\"\\\\b\",\"token_type\":\"PKI\","
                                 "\"nonces\":[\"0123456789\",\"abcdefgh\"]}"));
    assert_int_equal(out.n, 0);
}

struct trouble_row {
    const char *name;
    enum fake_launcher_trouble trouble;
    const char *status_line, *body;
    enum status_code code;
};

static const struct trouble_row TROUBLES[] = {
    {"bad request", FAKE_LAUNCHER_FINE, "400 Bad Request", "token_type is a required parameter",
     ST_IO},
    {"server error", FAKE_LAUNCHER_FINE, "500 Internal Server Error", "failed to attest\x1b[2J",
     ST_IO},
    {"moved", FAKE_LAUNCHER_FINE, "302 Found", "", ST_IO},
    {"no content", FAKE_LAUNCHER_FINE, "204 No Content", "", ST_IO},
    {"an empty token", FAKE_LAUNCHER_FINE, "200 OK", "", ST_FORMAT},
    {"a text that is no token", FAKE_LAUNCHER_FINE, "200 OK", "<html>token</html>", ST_FORMAT},
    {"a token of no algorithm", FAKE_LAUNCHER_FINE, "200 OK",
     "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.cw", ST_ALG},
    {"a PKI token that was not asked for", FAKE_LAUNCHER_FINE, "200 OK",
     "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsIng1YyI6WyJNQUE9Il19.e30.cw", ST_FORMAT},
    {"silent", FAKE_LAUNCHER_SILENT, "200 OK", "", ST_TIMEOUT},
    {"dripping", FAKE_LAUNCHER_DRIPS, "200 OK", "", ST_TIMEOUT},
    {"hangs up", FAKE_LAUNCHER_HANGS_UP, "200 OK", "", ST_TRUNCATED},
    {"half an answer", FAKE_LAUNCHER_HALF, "200 OK", "e30.e30.e30", ST_TRUNCATED},
    {"endless", FAKE_LAUNCHER_ENDLESS, "200 OK", "", ST_LIMIT},
};

static void test_troubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(TROUBLES) / sizeof(TROUBLES[0]); i++) {
        struct buf answer CLEANUP(buf_done) =
            answer_of(TROUBLES[i].status_line, bytes_str(TROUBLES[i].body));
        struct buf out CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
        struct fake_launcher f = {.answer = buf_view(&answer), .trouble = TROUBLES[i].trouble};
        struct cs_launcher_request r = request_of(CS_LAUNCHER_OIDC);
        uint64_t ms = TROUBLES[i].code == ST_TIMEOUT ? 150 : 5000;
        status s = ask(&f, &r, ms, &out);
        if (s.code != TROUBLES[i].code || out.n != 0)
            fail_msg("%s: %s (%s)", TROUBLES[i].name, status_name(s.code),
                     failed(s) ? status_detail() : "");
    }
}

/* The launcher's words reach the operator's log without what a terminal would act on. */
static void test_refusal_is_told(void **state)
{
    (void)state;
    struct buf answer CLEANUP(buf_done) =
        answer_of("500 X", BYTES_LIT("no quota\x1b[2J\nnext line"));
    struct buf out CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
    struct fake_launcher f = {.answer = buf_view(&answer)};
    struct cs_launcher_request r = request_of(CS_LAUNCHER_OIDC);
    assert_code(ask(&f, &r, 5000, &out), ST_IO);
    assert_non_null(strstr(status_detail(), "status 500: no quota [2J next line"));
}

static void test_huge_answer(void **state)
{
    (void)state;
    struct buf body CLEANUP(buf_done) = BUF_MAX(1 << 17);
    assert_non_null(buf_extend(&body, CS_LAUNCHER_RESPONSE_MAX));
    memset(body.p, 'A', body.n);
    struct buf answer CLEANUP(buf_done) = answer_of("200 OK", buf_view(&body));
    struct buf out CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
    struct fake_launcher f = {.answer = buf_view(&answer)};
    struct cs_launcher_request r = request_of(CS_LAUNCHER_OIDC);
    assert_code(ask(&f, &r, 5000, &out), ST_LIMIT);
}

static void test_requests_over_the_limits(void **state)
{
    (void)state;
    static const uint8_t LONG[CS_LAUNCHER_AUDIENCE_MAX + 1] = "";
    const struct cs_launcher l = {.socket = "/nonexistent/socket", .timeout_ms = 100};
    struct buf out CLEANUP(buf_done) = BUF_MAX(64);
    struct bytes nonces[CS_LAUNCHER_NONCES_MAX + 1];
    uint8_t text[CS_LAUNCHER_AUDIENCE_MAX + 1];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i <= CS_LAUNCHER_NONCES_MAX; i++)
        nonces[i] = bytes_of(text, 16);
    struct cs_launcher_request r = request_of(CS_LAUNCHER_OIDC);
    assert_code(cs_launcher_token(&l, &r, &out), ST_NOTFOUND);
    r.audience = BYTES_OF(text);
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    r.audience = BYTES_OF(LONG);
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    r.audience = (struct bytes){0};
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    r = request_of(CS_LAUNCHER_OIDC);
    r.n_nonces = 0;
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    r.nonces = nonces;
    r.n_nonces = CS_LAUNCHER_NONCES_MAX + 1;
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    r.n_nonces = CS_LAUNCHER_NONCES_MAX;
    assert_code(cs_launcher_token(&l, &r, &out), ST_NOTFOUND);
    nonces[2] = bytes_of(text, CS_LAUNCHER_NONCE_MAX + 1);
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    nonces[2] = bytes_of(text, CS_LAUNCHER_NONCE_MIN - 1);
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
    nonces[2] = BYTES_LIT("with a space");
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
}

static void test_path_too_long(void **state)
{
    (void)state;
    char path[200];
    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = 0;
    const struct cs_launcher l = {.socket = path, .timeout_ms = 100};
    struct buf out CLEANUP(buf_done) = BUF_MAX(64);
    struct cs_launcher_request r = request_of(CS_LAUNCHER_OIDC);
    assert_code(cs_launcher_token(&l, &r, &out), ST_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),        cmocka_unit_test(test_request),
        cmocka_unit_test(test_troubles),      cmocka_unit_test(test_refusal_is_told),
        cmocka_unit_test(test_huge_answer),   cmocka_unit_test(test_requests_over_the_limits),
        cmocka_unit_test(test_path_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
