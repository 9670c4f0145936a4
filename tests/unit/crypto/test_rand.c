#include "crypto/rand.h"

#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

static void two_draws_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_ok(rand_bytes(a, sizeof(a)));
    rand_mix(BYTES_LIT("entropy of the security module"));
    assert_ok(rand_bytes(b, sizeof(b)));
    assert_false(bytes_all_zero(BYTES_OF(a)));
    assert_false(ct_equal(a, b, sizeof(a)));
}

static void no_byte_outside_is_written(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        uint8_t *p = malloc(n ? n : 1);
        assert_non_null(p);
        assert_ok(rand_bytes(p, n));
        free(p);
    }
}

static void nothing_to_mix_is_no_error(void **state)
{
    (void)state;
    rand_mix((struct bytes){0});
    uint8_t a[8];
    assert_ok(rand_bytes(a, sizeof(a)));
}

/* A forked process must not repeat what its parent draws. */
static void a_fork_draws_something_else(void **state)
{
    (void)state;
    uint8_t mine[32], theirs[32] = {0};
    int fds[2];
    assert_ok(rand_bytes(mine, sizeof(mine)));
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        bool is_ok = ok(rand_bytes(theirs, sizeof(theirs))) &&
                     write(fds[1], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs);
        _exit(is_ok ? 0 : 1);
    }
    assert_ok(rand_bytes(mine, sizeof(mine)));
    assert_int_equal(read(fds[0], theirs, sizeof(theirs)), sizeof(theirs));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(ct_equal(mine, theirs, sizeof(mine)));
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_draws_differ),
        cmocka_unit_test(no_byte_outside_is_written),
        cmocka_unit_test(nothing_to_mix_is_no_error),
        cmocka_unit_test(a_fork_draws_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
