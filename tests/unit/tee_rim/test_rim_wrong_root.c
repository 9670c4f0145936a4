/* A root that is not NVIDIA's validates none of NVIDIA's RIM files. */
#include "support/test.h"

#include <stdio.h>

#include "formats/cert_list.h"
#include "tee/rim/rim.h"
#include "tee/rim/rim_root.h"

static struct cert_list wrong;

/* In the place of NVIDIA's: this program is linked with it. */
struct bytes rim_root(void)
{
    return wrong.der[0];
}

static void wrong_root_validates_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"driver_550.144.03.xml", "vbios_96005E0001.swidtag",
                                        "vbios_96005E0001_mismatch.xml"};
    test_vectors_or_skip("nvidia-gpu");
    struct buf pem CLEANUP(buf_done) = test_vector("nvidia-gpu/certs/wrong_rim_root.pem");
    assert_ok(cert_list_read(buf_view(&pem), &wrong));
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct rim *r = NULL;
        (void)snprintf(path, sizeof(path), "nvidia-gpu/rim/%s", names[i]);
        struct buf xml CLEANUP(buf_done) = test_vector(path);
        assert_code(rim_open(buf_view(&xml), 1736899200, &r), ST_CERT);
    }
    cert_list_done(&wrong);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_root_validates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
