/* heap - what a program takes from the heap, its libraries included: the largest block, and how
 * much at one time. Header only, for a program of one thread that is linked to glibc dynamically.
 *
 * Not under a sanitizer, which has a heap of its own: heap_is_counted is 0 there.
 */
#ifndef SUPPORT_HEAP_H
#define SUPPORT_HEAP_H

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct heap_use {
    size_t largest; /* bytes of one block, as asked for */
    size_t now;     /* as the heap rounds them */
    size_t peak;
    unsigned long n_blocks;
};

static struct heap_use heap_use_;

#ifdef EML_INSTRUMENTED
enum { heap_is_counted = 0 };
#else
enum { heap_is_counted = 1 };

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static void *heap_took(void *p, size_t n)
{
    if (p == NULL)
        return p;
    heap_use_.largest = n > heap_use_.largest ? n : heap_use_.largest;
    heap_use_.now += malloc_usable_size(p);
    heap_use_.peak = heap_use_.now > heap_use_.peak ? heap_use_.now : heap_use_.peak;
    heap_use_.n_blocks++;
    return p;
}

static void heap_gave(void *p)
{
    size_t n = p != NULL ? malloc_usable_size(p) : 0;
    heap_use_.now -= n < heap_use_.now ? n : heap_use_.now;
}

void *malloc(size_t n)
{
    return heap_took(__libc_malloc(n), n);
}

void *calloc(size_t count, size_t n)
{
    return heap_took(__libc_calloc(count, n), count * n);
}

void *realloc(void *p, size_t n)
{
    heap_gave(p);
    return heap_took(__libc_realloc(p, n), n);
}

void free(void *p)
{
    heap_gave(p);
    __libc_free(p);
}
#endif

/* From here on only what is taken anew counts. */
static inline void heap_begin(void)
{
    heap_use_ = (struct heap_use){0};
}

static inline struct heap_use heap_end(void)
{
    return heap_use_;
}

#endif
