#include "apps/enclave/enclave_config.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MODEL \
    "\"model\":{\"package\":\"p.pkg\",\"publisher_key\":\"" KEY "\",\"key_file\":\"/k/p.key\"}"
#define REST "\"listen\":\"vsock:any:5000\",\"service\":\"embed.example\""

static char path[64];

static int make_file(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/eml-config-test-XXXXXX");
    int fd = mkstemp(path);
    return fd >= 0 ? close(fd) : 1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static status open_text(const char *text, struct enclave_config *out)
{
    assert_ok(file_write(path, 0600, bytes_str(text)));
    return enclave_config_open(path, out);
}

static void what_is_not_given_has_its_default(void **state)
{
    (void)state;
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    const char *text = "{" REST "," MODEL "}";
    uint8_t digest[SHA256_LEN];
    assert_ok(open_text(text, &c));
    assert_string_equal(c.listen, "vsock:any:5000");
    assert_string_equal(c.service.name, "embed.example");
    assert_string_equal(c.kernels, "auto");
    assert_string_equal(c.package, "/tmp/p.pkg"); /* beside the configuration */
    assert_string_equal(c.key_file, "/k/p.key");
    assert_string_equal(c.state_dir, "");
    assert_in_range(c.threads, 1, POOL_THREADS_MAX);
    assert_int_equal(c.min_version, 0);
    assert_int_equal(c.publisher[15], 0xff);
    assert_int_equal(c.service.epoch_s, 0);
    assert_int_equal(c.service.max_sessions, 0); /* 0: the service's own default */
    assert_ok(sha256(bytes_str(text), digest));
    assert_memory_equal(c.service.config_digest, digest, sizeof(digest));
}

static void every_limit_has_its_key(void **state)
{
    (void)state;
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    assert_ok(
        open_text("{" REST "," MODEL ",\"threads\":3,\"epoch_s\":60,\"kernels\":\"reference\","
                  "\"state_dir\":\"s\",\"limits\":{\"max_sessions\":1,\"max_batch_tokens\":2,"
                  "\"max_batch_texts\":3,\"max_queued_requests\":4,\"max_request_tokens\":5,"
                  "\"max_open_texts\":6,\"handshake_timeout_ms\":7,\"idle_timeout_ms\":8,"
                  "\"message_timeout_ms\":9,\"write_timeout_ms\":10,\"session_timeout_ms\":11,"
                  "\"max_message_bytes\":12,\"max_streams\":13,\"pad_to_bytes\":14}}",
                  &c));
    const struct service_options *s = &c.service;
    const struct channel_limits *l = &s->limits;
    const uint32_t found[] = {
        s->max_sessions,       s->max_batch_tokens, s->max_batch_texts,      s->max_queued,
        s->max_request_tokens, s->max_open_texts,   l->handshake_timeout_ms, l->idle_timeout_ms,
        l->message_timeout_ms, l->write_timeout_ms, l->total_timeout_ms,     l->max_message_bytes,
        l->max_streams,        l->pad_to_bytes,
    };
    for (uint32_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
        assert_int_equal(found[i], i + 1);
    assert_int_equal(c.threads, 3);
    assert_int_equal(s->epoch_s, 60);
    assert_string_equal(c.kernels, "reference");
    assert_string_equal(c.state_dir, "/tmp/s");
}

static void the_platform_and_its_token(void **state)
{
    (void)state;
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    assert_ok(open_text("{" REST "," MODEL ",\"platform\":\"tsm\"}", &c));
    assert_string_equal(c.platform, "tsm");
    assert_null(c.audience);
    struct enclave_config d CLEANUP(enclave_config_done) = {0};
    assert_ok(open_text("{" REST "," MODEL
                        ",\"platform\":\"confidential-space\",\"confidential_space\":"
                        "{\"audience\":\"https://a.example\",\"token_type\":\"OIDC\"}}",
                        &d));
    assert_string_equal(d.audience, "https://a.example");
    assert_true(d.asks_for_oidc);
}

static void platforms_that_it_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *text, *says;
    } ROWS[] = {
        {"platform is a text", "{" REST "," MODEL ",\"platform\":1}", "platform"},
        {"Confidential Space without its object",
         "{" REST "," MODEL ",\"platform\":\"confidential-space\"}", "confidential_space"},
        {"Confidential Space's object without it",
         "{" REST "," MODEL ",\"platform\":\"tsm\",\"confidential_space\":{\"audience\":\"a\"}}",
         "confidential_space"},
        {"audience",
         "{" REST "," MODEL ",\"platform\":\"confidential-space\","
         "\"confidential_space\":{}}",
         "audience"},
        {"type of token",
         "{" REST "," MODEL ",\"platform\":\"confidential-space\","
         "\"confidential_space\":{\"audience\":\"a\",\"token_type\":\"JWT\"}}",
         "token_type"},
        {"unknown key of Confidential Space",
         "{" REST "," MODEL ",\"platform\":\"confidential-space\","
         "\"confidential_space\":{\"audience\":\"a\",\"socket\":\"/x\"}}",
         "socket"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct enclave_config c CLEANUP(enclave_config_done) = {0};
        if (ok(open_text(ROWS[i].text, &c)) || strstr(status_detail(), ROWS[i].says) == NULL)
            fail_msg("%s: %s", ROWS[i].rule, status_detail());
    }
}

static void what_it_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *text, *says;
    } ROWS[] = {
        {"JSON", "{", "line"},
        {"an object", "[]", "object"},
        {"listen", "{\"service\":\"s\"," MODEL "}", "listen"},
        {"listen is a text", "{\"listen\":7,\"service\":\"s\"," MODEL "}", "listen"},
        {"service", "{\"listen\":\"unix:/x\"," MODEL "}", "service"},
        {"model", "{" REST "}", "model"},
        {"model is an object", "{" REST ",\"model\":\"m\"}", "model"},
        {"package", "{" REST ",\"model\":{\"publisher_key\":\"" KEY "\",\"key_file\":\"k\"}}",
         "package"},
        {"key file", "{" REST ",\"model\":{\"publisher_key\":\"" KEY "\",\"package\":\"p\"}}",
         "key_file"},
        {"publisher", "{" REST ",\"model\":{\"package\":\"p\",\"key_file\":\"k\"}}",
         "publisher_key"},
        {"publisher of 64 digits",
         "{" REST ",\"model\":{\"package\":\"p\",\"key_file\":\"k\",\"publisher_key\":\"00\"}}",
         "publisher_key"},
        {"unknown key", "{" REST "," MODEL ",\"verbose\":true}", "verbose"},
        {"unknown key of the model",
         "{" REST ",\"model\":{\"package\":\"p\",\"key_file\":\"k\",\"publisher_key\":\"" KEY
         "\",\"skip\":1}}",
         "skip"},
        {"unknown limit", "{" REST "," MODEL ",\"limits\":{\"max_luck\":1}}", "max_luck"},
        {"limits is an object", "{" REST "," MODEL ",\"limits\":[]}", "limits"},
        {"doubled key", "{" REST "," MODEL ",\"listen\":\"unix:/y\"}", "listen"},
        {"no threads", "{" REST "," MODEL ",\"threads\":0}", "threads"},
        {"too many threads", "{" REST "," MODEL ",\"threads\":100000}", "threads"},
        {"epoch of two days", "{" REST "," MODEL ",\"epoch_s\":172800}", "epoch_s"},
        {"negative version",
         "{" REST ",\"model\":{\"package\":\"p\",\"key_file\":\"k\",\"min_version\":-1,"
         "\"publisher_key\":\"" KEY "\"}}",
         "min_version"},
        {"sessions", "{" REST "," MODEL ",\"limits\":{\"max_sessions\":4097}}", "max_sessions"},
        {"batch tokens", "{" REST "," MODEL ",\"limits\":{\"max_batch_tokens\":1048577}}",
         "max_batch_tokens"},
        {"batch texts", "{" REST "," MODEL ",\"limits\":{\"max_batch_texts\":65537}}",
         "max_batch_texts"},
        {"queue", "{" REST "," MODEL ",\"limits\":{\"max_queued_requests\":1048577}}",
         "max_queued_requests"},
        {"request tokens", "{" REST "," MODEL ",\"limits\":{\"max_request_tokens\":16777217}}",
         "max_request_tokens"},
        {"open texts", "{" REST "," MODEL ",\"limits\":{\"max_open_texts\":16777217}}",
         "max_open_texts"},
        {"handshake", "{" REST "," MODEL ",\"limits\":{\"handshake_timeout_ms\":600001}}",
         "handshake_timeout_ms"},
        {"idle", "{" REST "," MODEL ",\"limits\":{\"idle_timeout_ms\":86400001}}",
         "idle_timeout_ms"},
        {"message time", "{" REST "," MODEL ",\"limits\":{\"message_timeout_ms\":3600001}}",
         "message_timeout_ms"},
        {"write time", "{" REST "," MODEL ",\"limits\":{\"write_timeout_ms\":3600001}}",
         "write_timeout_ms"},
        {"session time", "{" REST "," MODEL ",\"limits\":{\"session_timeout_ms\":4294967296}}",
         "session_timeout_ms"},
        {"message", "{" REST "," MODEL ",\"limits\":{\"max_message_bytes\":268435457}}",
         "max_message_bytes"},
        {"streams", "{" REST "," MODEL ",\"limits\":{\"max_streams\":65}}", "max_streams"},
        {"padding", "{" REST "," MODEL ",\"limits\":{\"pad_to_bytes\":8193}}", "pad_to_bytes"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct enclave_config c CLEANUP(enclave_config_done) = {0};
        status s = open_text(ROWS[i].text, &c);
        if (s.code != ST_CONFIG || strstr(status_detail(), ROWS[i].says) == NULL)
            fail_msg("%s: %s (%s)", ROWS[i].rule, status_name(s.code),
                     failed(s) ? status_detail() : "");
    }
}

static void long_paths_and_missing_files(void **state)
{
    (void)state;
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    struct enclave_config none CLEANUP(enclave_config_done) = {0};
    struct buf text CLEANUP(buf_done) = BUF_MAX(2 * PATH_MAX);
    char name[PATH_MAX];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = 0;
    buf_printf(&text, "{" REST "," MODEL ",\"state_dir\":\"%s\"}", name);
    buf_put_u8(&text, 0);
    assert_code(open_text((const char *)text.p, &c), ST_LIMIT);
    assert_code(enclave_config_open("/nonexistent", &none), ST_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(every_limit_has_its_key),
        cmocka_unit_test(the_platform_and_its_token),
        cmocka_unit_test(platforms_that_it_refuses),
        cmocka_unit_test(what_it_refuses),
        cmocka_unit_test(long_paths_and_missing_files),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
