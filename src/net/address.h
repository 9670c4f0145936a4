/* address - where to connect or listen: one text form for three socket families.
 *
 *     tcp:HOST:PORT   tcp:[V6]:PORT   unix:/path   vsock:CID:PORT   vsock:any:PORT
 *
 * Untrusted: nothing; addresses come from the operator's configuration.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "base/bytes.h"

#include <sys/socket.h>

enum { ADDRESS_TEXT_MAX = 300, ADDRESS_HOST_MAX = 255, ADDRESS_RESOLVED_MAX = 8 };

struct address {
    struct sockaddr_storage sa;      /* zero when host is a name that has to be looked up */
    socklen_t sa_n;                  /* 0 likewise */
    char host[ADDRESS_HOST_MAX + 1]; /* a name to look up, or empty */
    uint16_t port;                   /* TCP only */
};

/* "localhost" counts as 127.0.0.1 here, without a resolver. ST_CONFIG with the reason. */
NODISCARD status address_parse(const char *text, struct address *out);
/* The text form of a bound or connected socket address. */
void address_text(const struct sockaddr *sa, socklen_t n, char out[static ADDRESS_TEXT_MAX]);
/* Everything that the address stands for, in the order in which to try; at least one on success. */
NODISCARD status address_resolve(const struct address *a, struct address *out, size_t out_cap,
                                 size_t *out_n);

#endif
