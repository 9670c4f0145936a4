#include "formats/cert_list.h"

#include "crypto/der.h"
#include "formats/pem.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space before and after; one NUL at the end of a C string. */
static struct bytes trim(struct bytes in)
{
    if (in.n > 0 && in.p[in.n - 1] == '\0')
        in.n--;
    while (in.n > 0 && is_space(in.p[0]))
        in = bytes_of(in.p + 1, in.n - 1);
    return in;
}

static bool is_pem(struct bytes in)
{
    struct bytes text = trim(in);
    struct bytes begin = BYTES_LIT("-----BEGIN ");
    return text.n == 0 || (text.n >= begin.n && bytes_equal(bytes_of(text.p, begin.n), begin));
}

static status add(struct cert_list *l, struct bytes der)
{
    REQUIRE(l->n < CERT_LIST_ITEMS_MAX, ST_LIMIT, "more than %d items", (int)CERT_LIST_ITEMS_MAX);
    l->der[l->n++] = der;
    return OK;
}

static status read_der(struct bytes in, struct cert_list *out)
{
    struct rd r = rd_over(in);
    while (rd_left(&r) > 0) {
        struct der_item item;
        TRY(der_expect(&r, DER_SEQUENCE, &item));
        TRY(add(out, item.all));
    }
    return OK;
}

/* Each block holds one SEQUENCE and nothing else, so that the storage reads like DER from a file.
 */
static status read_pem(struct bytes text, const char *label, struct buf *storage)
{
    for (;;) {
        size_t from = storage->n;
        struct der_item item;
        status s = pem_next(&text, label, storage);
        if (s.code == ST_NOTFOUND)
            return OK;
        TRY(s);
        TRY(der_only(bytes_of(storage->p + from, storage->n - from), DER_SEQUENCE, &item));
    }
}

static status read_list(struct bytes in, const char *label, struct cert_list *out)
{
    REQUIRE(in.n <= CERT_LIST_MAX_BYTES, ST_LIMIT, "a list of %zu bytes", in.n);
    if (!is_pem(in))
        return read_der(in, out);
    TRY(read_pem(trim(in), label, &out->storage));
    return read_der(buf_view(&out->storage), out);
}

static status read_any(struct bytes in, const char *label, struct cert_list *out)
{
    struct cert_list l CLEANUP(cert_list_done) = {.storage = BUF_MAX(CERT_LIST_MAX_BYTES)};
    TRY(status_context(read_list(in, label, &l), "%s list", label));
    *out = l;
    l = (struct cert_list){.n = 0};
    return OK;
}

status cert_list_read(struct bytes in, struct cert_list *out)
{
    return read_any(in, "CERTIFICATE", out);
}

status cert_list_read_crls(struct bytes in, struct cert_list *out)
{
    return read_any(in, "X509 CRL", out);
}

void cert_list_done(struct cert_list *l)
{
    buf_done(&l->storage);
    l->n = 0;
}
