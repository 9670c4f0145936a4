#include "support/fault.h"

#include <jansson.h>
#include <openssl/crypto.h>

enum { WALK_MAX = 20000 };

static _Thread_local unsigned long left; /* until the failure; 0: disarmed */
static _Thread_local unsigned long seen;
static _Thread_local bool was_hit;
static _Thread_local bool libraries_count;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static bool fails_now(void)
{
    seen++;
    if (left == 0 || --left > 0)
        return false;
    was_hit = true;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails_now() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails_now() ? NULL : __real_realloc(p, n);
}

static void *library_malloc(size_t n)
{
    return libraries_count ? __wrap_malloc(n) : __real_malloc(n);
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
    return libraries_count ? __wrap_realloc(p, n) : __real_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

int fault_set_up(void **state)
{
    (void)state;
    json_set_alloc_funcs(library_malloc, free);
    return CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) == 1 ? 0 : -1;
}

void fault_at(unsigned long n)
{
    left = n;
    seen = 0;
    was_hit = false;
}

bool fault_was_hit(void)
{
    return was_hit;
}

unsigned long fault_seen(void)
{
    return seen;
}

static void judge(const struct fault_row *row, unsigned long n, status s)
{
    if (s.code != ST_NOMEM && s.code != ST_INTERNAL)
        fail_msg("%s, allocation %lu: %s (%s)", row->name, n, status_name(s.code), status_detail());
}

/* One run with the n-th allocation failing; false when it did not come to that. */
static bool step(const struct fault_row *row, unsigned long n, bool is_own)
{
    fault_at(n);
    status s = row->run();
    bool hit = was_hit;
    fault_at(0);
    if (!hit)
        assert_ok(s);
    else if (is_own)
        judge(row, n, s);
    return hit;
}

static void walk(const struct fault_row *row, bool is_own)
{
    unsigned long n = 1;
    assert_ok(row->run()); /* what is set up once and kept is set up here */
    /* Ours one by one; of a library's thousands, the first three hundred and then fewer and fewer.
     */
    while (n < WALK_MAX && step(row, n, is_own))
        n += is_own || n < 300 ? 1 : n / 50;
    assert_true(n < WALK_MAX);
    assert_ok(row->run());
    print_message("%s: walked to allocation %lu\n", row->name, n - 1);
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
