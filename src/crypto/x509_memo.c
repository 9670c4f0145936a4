#include "crypto/x509_memo.h"

#include <pthread.h>

struct entry {
    uint8_t digest[SHA256_LEN];
    X509 *cert;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards: entries, next */
static struct entry entries[X509_MEMO_CERTS];
static size_t next;

static struct entry *find(const uint8_t *digest)
{
    for (size_t i = 0; i < X509_MEMO_CERTS; i++) {
        if (entries[i].cert != NULL && memcmp(entries[i].digest, digest, SHA256_LEN) == 0)
            return &entries[i];
    }
    return NULL;
}

X509 *x509_memo_find(const uint8_t digest[static SHA256_LEN])
{
    (void)pthread_mutex_lock(&lock);
    struct entry *e = find(digest);
    X509 *cert = e != NULL && X509_up_ref(e->cert) == 1 ? e->cert : NULL;
    (void)pthread_mutex_unlock(&lock);
    return cert;
}

static X509 *put(const uint8_t *digest, X509 *cert)
{
    struct entry *e = &entries[next];
    X509 *old = e->cert;
    next = (next + 1) % X509_MEMO_CERTS;
    memcpy(e->digest, digest, SHA256_LEN);
    e->cert = cert;
    return old;
}

void x509_memo_keep(const uint8_t digest[static SHA256_LEN], X509 *cert)
{
    X509 *old = NULL;
    (void)pthread_mutex_lock(&lock);
    if (find(digest) == NULL && X509_up_ref(cert) == 1)
        old = put(digest, cert);
    (void)pthread_mutex_unlock(&lock);
    X509_free(old);
}

void x509_memo_clear(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < X509_MEMO_CERTS; i++) {
        X509_free(entries[i].cert);
        entries[i].cert = NULL;
    }
    (void)pthread_mutex_unlock(&lock);
}
