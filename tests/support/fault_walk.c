#include "support/fault_walk.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "support/faults.h"
#include "support/test.h"

enum { WALK_MAX = 20000 };

static _Thread_local bool libraries_count;

/* The linker's names for the calls that no fault strikes (--wrap). */
void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);

static void *library_malloc(size_t n)
{
    return libraries_count ? malloc(n) : __real_malloc(n);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return library_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return libraries_count ? realloc(p, n) : __real_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

int fault_walk_set_up(void **state)
{
    (void)state;
    json_set_alloc_funcs(library_malloc, free);
    return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1 ? 0 : -1;
}

static void judge(const struct fault_row *row, unsigned n, status s)
{
    if (s.code != ST_NOMEM && s.code != ST_INTERNAL)
        fail_msg("%s, allocation %u: %s (%s)", row->name, n, status_name(s.code), status_detail());
}

/* One run with the n-th allocation failing; false when it did not come to that. */
static bool step(const struct fault_row *row, unsigned n, bool is_own)
{
    fault_arm(FAULT_ALLOC, n);
    status s = row->run();
    bool struck = fault_struck(FAULT_ALLOC);
    if (is_own && ERR_peek_error() != 0)
        fail_msg("%s, allocation %u: libcrypto's error queue is not empty", row->name, n);
    if (!struck)
        assert_ok(s);
    else if (is_own)
        judge(row, n, s);
    return struck;
}

static void walk(const struct fault_row *row, bool is_own)
{
    unsigned n = 1;
    assert_ok(row->run()); /* what is set up once and kept is set up here */
    /* Ours one by one; of a library's thousands, the first three hundred and then fewer and fewer.
     */
    while (n < WALK_MAX && step(row, n, is_own))
        n += is_own || n < 300 ? 1 : n / 50;
    assert_true(n < WALK_MAX);
    assert_ok(row->run());
    print_message("%s: walked to allocation %u\n", row->name, n - 1);
}

void fault_walk_own(const struct fault_row *row)
{
    libraries_count = false;
    walk(row, true);
}

void fault_walk_all(const struct fault_row *row)
{
    libraries_count = true;
    walk(row, false);
    libraries_count = false;
}
