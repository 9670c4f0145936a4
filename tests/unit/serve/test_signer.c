/* The signer starts only on a platform whose reported measurements are those of its evidence. */
#include "serve/signer.h"

#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tee/sim/sim.h"

static char folder[64];
static struct tee_provider *sim;

static int open_sim(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/eml-signer-test-XXXXXX");
    return mkdtemp(folder) == NULL || failed(sim_provider_open(folder, &sim));
}

static int close_sim(void **state)
{
    (void)state;
    char path[128];
    tee_provider_freep(&sim);
    (void)snprintf(path, sizeof(path), "%s/%s", folder, SIM_ROOT_FILE);
    return unlink(path) != 0 || rmdir(folder) != 0;
}

/* --- a platform that says one thing and attests another --- */

static struct measurements reported;
static bool is_garbled;

static status attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    (void)p;
    if (!is_garbled)
        return tee_attest(sim, s, out);
    buf_put_str(out, "no document");
    return buf_status(out);
}

static status random_bytes(struct tee_provider *p, void *out, size_t n)
{
    (void)p;
    return tee_random(sim, out, n);
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    (void)p;
    *out = reported;
    return OK;
}

static void keep(struct tee_provider *p)
{
    (void)p;
}

static const struct tee_provider_ops OPS = {
    .platform = "simulated",
    .attest = attest,
    .random = random_bytes,
    .measurements = measurements,
    .free = keep,
};

static status start(void)
{
    struct tee_provider liar = {.ops = &OPS};
    const struct signer_model model = {.id = "m", .version = "1", .digest = {7}};
    struct signer s = {0};
    status st = signer_init(&s, &liar, "test", "policy", &model);
    signer_done(&s);
    return st;
}

static void the_truth_is_enough(void **state)
{
    (void)state;
    is_garbled = false;
    assert_ok(tee_measurements(sim, &reported));
    assert_ok(start());
}

static void one_difference_is_too_many(void **state)
{
    (void)state;
    is_garbled = false;
    assert_ok(tee_measurements(sim, &reported));
    reported.kind++;
    assert_code(start(), ST_MISMATCH);
    reported.kind--;
    reported.present_mask ^= 1u << 15;
    assert_code(start(), ST_MISMATCH);
    reported.present_mask ^= 1u << 15;
    for (size_t i = 0; i < 16; i++) {
        reported.pcr[i][MEASUREMENT_LEN - 1] ^= 1;
        assert_code(start(), ST_MISMATCH);
        reported.pcr[i][MEASUREMENT_LEN - 1] ^= 1;
    }
    assert_ok(start());
}

static void evidence_that_does_not_parse(void **state)
{
    (void)state;
    assert_ok(tee_measurements(sim, &reported));
    is_garbled = true;
    assert_code(start(), ST_INTERNAL);
    /* Not even when the platform says that it measured nothing. */
    reported = (struct measurements){0};
    assert_code(start(), ST_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_is_enough),
        cmocka_unit_test(one_difference_is_too_many),
        cmocka_unit_test(evidence_that_does_not_parse),
    };
    return cmocka_run_group_tests(tests, open_sim, close_sim);
}
