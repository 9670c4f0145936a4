/* The one user of the resolver: apart from address.c, so that a program that only listens does not
 * link it (a static glibc binary cannot look names up). */
#include "net/address.h"

#include <netdb.h>
#include <stdio.h>

static size_t copy_results(const struct addrinfo *list, uint16_t port, struct address *out,
                           size_t cap)
{
    size_t n = 0;
    for (const struct addrinfo *i = list; i != NULL && n < cap; i = i->ai_next) {
        if (i->ai_addrlen > sizeof(out[n].sa))
            continue;
        out[n] = (struct address){.sa_n = i->ai_addrlen, .port = port};
        memcpy(&out[n].sa, i->ai_addr, i->ai_addrlen);
        n++;
    }
    return n;
}

status address_resolve(const struct address *a, struct address *out, size_t out_cap, size_t *out_n)
{
    struct addrinfo *list = NULL;
    char port[8];
    REQUIRE(out_cap > 0, ST_USAGE, "no room for a resolved address");
    if (a->sa_n > 0) {
        out[0] = *a;
        *out_n = 1;
        return OK;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    (void)snprintf(port, sizeof(port), "%u", a->port);
    int rc = getaddrinfo(a->host, port, &hints, &list);
    REQUIRE(rc == 0, ST_NOTFOUND, "cannot look up host '%s': %s", a->host, gai_strerror(rc));
    size_t n = copy_results(list, a->port, out, out_cap);
    freeaddrinfo(list);
    REQUIRE(n > 0, ST_NOTFOUND, "host '%s' has no address", a->host);
    *out_n = n;
    return OK;
}
