#include "net/address.h"

#include <arpa/inet.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/text.h"

static status parse_port(const char *text, uint64_t max, uint64_t *out)
{
    status s = text_parse_u64(text, max, out);
    if (failed(s))
        return FAIL(ST_CONFIG, "port '%.20s' is not a number up to %llu", text,
                    (unsigned long long)max);
    return OK;
}

static void set_v4(struct address *out, const struct in_addr *ip)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(out->port), .sin_addr = *ip};
    memcpy(&out->sa, &sa, sizeof(sa));
    out->sa_n = sizeof(sa);
}

static void set_v6(struct address *out, const struct in6_addr *ip)
{
    struct sockaddr_in6 sa = {
        .sin6_family = AF_INET6, .sin6_port = htons(out->port), .sin6_addr = *ip};
    memcpy(&out->sa, &sa, sizeof(sa));
    out->sa_n = sizeof(sa);
}

/* Fills sa when the host is numeric or localhost; otherwise keeps the name. */
static status set_host(struct address *out, struct bytes host, bool is_bracketed)
{
    char text[ADDRESS_HOST_MAX + 1] = {0};
    struct in_addr v4 = {0};
    struct in6_addr v6 = {0};
    REQUIRE(host.n > 0 && host.n <= ADDRESS_HOST_MAX, ST_CONFIG,
            "host name is empty or longer than %d", ADDRESS_HOST_MAX);
    memcpy(text, host.p, host.n);
    if (is_bracketed) {
        REQUIRE(inet_pton(AF_INET6, text, &v6) == 1, ST_CONFIG, "[%s] is no IPv6 address", text);
        set_v6(out, &v6);
        return OK;
    }
    REQUIRE(strchr(text, ':') == NULL, ST_CONFIG, "an IPv6 address goes in brackets: [%s]", text);
    if (strcmp(text, "localhost") == 0)
        (void)inet_pton(AF_INET, "127.0.0.1", &v4);
    if (v4.s_addr != 0 || inet_pton(AF_INET, text, &v4) == 1) {
        set_v4(out, &v4);
        return OK;
    }
    memcpy(out->host, text, sizeof(out->host));
    return OK;
}

static status parse_tcp(const char *text, struct address *out)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    REQUIRE(colon != NULL, ST_CONFIG, "no port in 'tcp:%.80s'", text);
    TRY(parse_port(colon + 1, UINT16_MAX, &port));
    out->port = (uint16_t)port;
    size_t n = (size_t)(colon - text);
    bool is_bracketed = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    return is_bracketed ? set_host(out, bytes_of(text + 1, n - 2), true)
                        : set_host(out, bytes_of(text, n), false);
}

static status parse_unix(const char *path, struct address *out)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    REQUIRE(n > 0 && n < sizeof(sa.sun_path), ST_CONFIG,
            "the path of a Unix socket has 1 to %zu characters", sizeof(sa.sun_path) - 1);
    memcpy(sa.sun_path, path, n);
    memcpy(&out->sa, &sa, sizeof(sa));
    out->sa_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    return OK;
}

static status parse_vsock(const char *text, struct address *out)
{
    struct sockaddr_vm sa = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY};
    const char *colon = strchr(text, ':');
    char cid_text[16] = {0};
    uint64_t cid = (uint32_t)VMADDR_CID_ANY;
    uint64_t port = 0;
    size_t n = colon ? (size_t)(colon - text) : 0;
    REQUIRE(n > 0 && n < sizeof(cid_text), ST_CONFIG, "'vsock:%.40s' is not vsock:CID:PORT", text);
    memcpy(cid_text, text, n);
    if (strcmp(cid_text, "any") != 0)
        TRY(parse_port(cid_text, UINT32_MAX - 1, &cid));
    TRY(parse_port(colon + 1, UINT32_MAX - 1, &port));
    sa.svm_cid = (unsigned)cid;
    sa.svm_port = (unsigned)port;
    memcpy(&out->sa, &sa, sizeof(sa));
    out->sa_n = sizeof(sa);
    return OK;
}

status address_parse(const char *text, struct address *out)
{
    struct address a = {0};
    if (strncmp(text, "tcp:", 4) == 0)
        TRY(parse_tcp(text + 4, &a));
    else if (strncmp(text, "unix:", 5) == 0)
        TRY(parse_unix(text + 5, &a));
    else if (strncmp(text, "vsock:", 6) == 0)
        TRY(parse_vsock(text + 6, &a));
    else
        return FAIL(ST_CONFIG,
                    "address '%.80s' does not start with tcp:, unix: or vsock: "
                    "(example: tcp:127.0.0.1:9000)",
                    text);
    *out = a;
    return OK;
}

static void text_v4(const struct sockaddr *from, char *out)
{
    struct sockaddr_in sa;
    char ip[INET_ADDRSTRLEN] = "?";
    memcpy(&sa, from, sizeof(sa));
    (void)inet_ntop(AF_INET, &sa.sin_addr, ip, sizeof(ip));
    (void)snprintf(out, ADDRESS_TEXT_MAX, "tcp:%s:%u", ip, ntohs(sa.sin_port));
}

static void text_v6(const struct sockaddr *from, char *out)
{
    struct sockaddr_in6 sa;
    char ip[INET6_ADDRSTRLEN] = "?";
    memcpy(&sa, from, sizeof(sa));
    (void)inet_ntop(AF_INET6, &sa.sin6_addr, ip, sizeof(ip));
    (void)snprintf(out, ADDRESS_TEXT_MAX, "tcp:[%s]:%u", ip, ntohs(sa.sin6_port));
}

static void text_vsock(const struct sockaddr *from, char *out)
{
    struct sockaddr_vm sa;
    memcpy(&sa, from, sizeof(sa));
    if (sa.svm_cid == VMADDR_CID_ANY)
        (void)snprintf(out, ADDRESS_TEXT_MAX, "vsock:any:%u", sa.svm_port);
    else
        (void)snprintf(out, ADDRESS_TEXT_MAX, "vsock:%u:%u", sa.svm_cid, sa.svm_port);
}

static void text_unix(const struct sockaddr *from, socklen_t n, char *out)
{
    struct sockaddr_un sa = {0};
    memcpy(&sa, from, n < sizeof(sa) ? n : sizeof(sa));
    (void)snprintf(out, ADDRESS_TEXT_MAX, "unix:%.*s", (int)sizeof(sa.sun_path), sa.sun_path);
}

void address_text(const struct sockaddr *sa, socklen_t n, char out[static ADDRESS_TEXT_MAX])
{
    if (sa->sa_family == AF_INET && n >= sizeof(struct sockaddr_in))
        text_v4(sa, out);
    else if (sa->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6))
        text_v6(sa, out);
    else if (sa->sa_family == AF_VSOCK && n >= sizeof(struct sockaddr_vm))
        text_vsock(sa, out);
    else if (sa->sa_family == AF_UNIX)
        text_unix(sa, n, out);
    else
        (void)snprintf(out, ADDRESS_TEXT_MAX, "family %u", (unsigned)sa->sa_family);
}
