/* test - what every unit test includes: cmocka, vectors, and inputs on exact-size heap blocks. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"

/* Deadline for what will happen: no machine is that slow, only a hang is. */
enum { TEST_PATIENCE_MS = 60000 };

#define assert_ok(expr)                                                            \
    do {                                                                           \
        status s_ = (expr);                                                        \
        if (failed(s_))                                                            \
            fail_msg("%s: %s (%s)", #expr, status_name(s_.code), status_detail()); \
    } while (0)
#define assert_code(expr, expected)                                               \
    do {                                                                          \
        status s_ = (expr);                                                       \
        if (s_.code != (expected))                                                \
            fail_msg("%s: got %s (%s), expected %s", #expr, status_name(s_.code), \
                     failed(s_) ? status_detail() : "", status_name(expected));   \
    } while (0)
#define assert_bytes_equal(a, b)                   \
    do {                                           \
        struct bytes a_ = (a), b_ = (b);           \
        assert_int_equal(a_.n, b_.n);              \
        if (a_.n > 0)                              \
            assert_memory_equal(a_.p, b_.p, a_.n); \
    } while (0)

/* Folder of the third-party vectors: EML_VECTORS, or ../shared/vectors beside the source. NULL when
 * absent; a test then calls skip() after saying why. */
const char *test_vectors(void);
/* Reads vectors/<name> or fails the test; call test_vectors_or_skip() first. */
void test_vectors_or_skip(const char *folder);
struct buf test_vector(const char *name);
/* Fails the test when the folder holds a file, other than its README, that is_listed does not know.
 */
void test_vectors_covered(const char *folder, bool (*is_listed)(const char *name));
/* Reads a file of the source tree ("tests/data/x.json"). */
struct buf test_file(const char *name);
/* Decodes hexadecimal or fails the test. */
struct buf test_hex(const char *text);
/* A copy on a heap block of exactly n bytes, so that a sanitizer sees one byte too many. */
struct bytes test_exact(struct bytes in);
void test_exact_free(struct bytes in);

#endif
