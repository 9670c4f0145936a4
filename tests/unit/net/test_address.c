#include "support/test.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>

struct round_trip {
    const char *in;
    const char *out;
};

static const struct round_trip GOOD[] = {
    {"tcp:127.0.0.1:9000", "tcp:127.0.0.1:9000"}, {"tcp:localhost:1", "tcp:127.0.0.1:1"},
    {"tcp:0.0.0.0:0", "tcp:0.0.0.0:0"},           {"tcp:[::1]:65535", "tcp:[::1]:65535"},
    {"unix:/run/eml.sock", "unix:/run/eml.sock"}, {"vsock:3:5000", "vsock:3:5000"},
    {"vsock:any:5000", "vsock:any:5000"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        struct address a;
        char text[ADDRESS_TEXT_MAX];
        assert_ok(address_parse(GOOD[i].in, &a));
        address_text((const struct sockaddr *)&a.sa, a.sa_n, text);
        assert_string_equal(text, GOOD[i].out);
    }
}

struct bad {
    const char *rule;
    const char *in;
};

static const struct bad BAD[] = {
    {"empty", ""},
    {"no scheme", "127.0.0.1:9000"},
    {"unknown scheme", "udp:127.0.0.1:9000"},
    {"no port", "tcp:localhost"},
    {"empty port", "tcp:localhost:"},
    {"port above 65535", "tcp:localhost:65536"},
    {"port is no number", "tcp:localhost:http"},
    {"negative port", "tcp:localhost:-1"},
    {"empty host", "tcp::9000"},
    {"IPv6 without brackets", "tcp:::1:9000"},
    {"brackets around no IPv6", "tcp:[localhost]:9000"},
    {"empty brackets", "tcp:[]:9000"},
    {"empty path", "unix:"},
    {"path too long",
     "unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "89012345678901234567"},
    {"vsock without port", "vsock:3"},
    {"vsock without cid", "vsock::5000"},
    {"vsock cid is a word", "vsock:host:5000"},
    {"vsock cid too long", "vsock:11111111111111111111:5000"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct address a;
        status s = address_parse(BAD[i].in, &a);
        if (s.code != ST_CONFIG)
            fail_msg("%s: '%s' gave %s", BAD[i].rule, BAD[i].in, status_name(s.code));
    }
}

static void test_long_host_name(void **state)
{
    (void)state;
    char text[400] = "tcp:";
    struct address a;
    memset(text + 4, 'a', 256);
    strcpy(text + 260, ":1");
    assert_code(address_parse(text, &a), ST_CONFIG);
    strcpy(text + 259, ":1");
    assert_ok(address_parse(text, &a));
    assert_int_equal(strlen(a.host), 255);
}

static void test_name_is_kept_for_the_resolver(void **state)
{
    (void)state;
    struct address a;
    assert_ok(address_parse("tcp:enclave.example:443", &a));
    assert_int_equal(a.sa_n, 0);
    assert_string_equal(a.host, "enclave.example");
    assert_int_equal(a.port, 443);
}

static void test_resolve_numeric_is_itself(void **state)
{
    (void)state;
    struct address a;
    struct address found[2];
    size_t n = 0;
    assert_ok(address_parse("vsock:any:7", &a));
    assert_ok(address_resolve(&a, found, 2, &n));
    assert_int_equal(n, 1);
    assert_memory_equal(&found[0], &a, sizeof(a));
    assert_code(address_resolve(&a, found, 0, &n), ST_USAGE);
}

static void test_resolve_unknown_name(void **state)
{
    (void)state;
    struct address a;
    struct address found[2];
    size_t n = 0;
    assert_ok(address_parse("tcp:no-such-host.invalid:443", &a));
    assert_code(address_resolve(&a, found, 2, &n), ST_NOTFOUND);
    assert_non_null(strstr(status_detail(), "no-such-host.invalid"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long_host_name),
        cmocka_unit_test(test_name_is_kept_for_the_resolver),
        cmocka_unit_test(test_resolve_numeric_is_itself),
        cmocka_unit_test(test_resolve_unknown_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
