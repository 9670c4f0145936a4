/* A list's items are whole SEQUENCEs; DER is given back byte for byte. */
#include "formats/cert_list.h"

#include <stdlib.h>

#include "crypto/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cert_list l, crls;
    struct der_item item;
    struct buf again CLEANUP(buf_done) = BUF_MAX(CERT_LIST_MAX_BYTES);
    if (ok(cert_list_read_crls(bytes_of(data, n), &crls)))
        cert_list_done(&crls);
    if (failed(cert_list_read(bytes_of(data, n), &l)))
        return 0;
    for (size_t i = 0; i < l.n; i++) {
        if (failed(der_only(l.der[i], DER_SEQUENCE, &item)))
            abort();
        buf_put(&again, l.der[i]);
    }
    bool is_der = l.storage.n == 0 && l.n > 0;
    if (is_der && !bytes_equal(buf_view(&again), bytes_of(data, n)))
        abort();
    cert_list_done(&l);
    return 0;
}
