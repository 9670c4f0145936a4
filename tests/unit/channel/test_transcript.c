#include "support/test.h"

#include "channel/transcript.h"

static void put_lp(struct buf *b, struct bytes v)
{
    buf_put_u32be(b, (uint32_t)v.n);
    buf_put(b, v);
}

static void digest_is_that_of_the_page(void **state)
{
    (void)state;
    struct transcript *t CLEANUP(transcript_freep) = NULL;
    struct buf expected CLEANUP(buf_done) = BUF_MAX(1024);
    uint8_t want[32];
    uint8_t got[32];
    assert_ok(transcript_new(&t));
    put_lp(&expected, BYTES_LIT("eml-channel-v1"));
    assert_ok(transcript_add(t, "client-hello", BYTES_LIT("frame one")));
    put_lp(&expected, BYTES_LIT("client-hello"));
    put_lp(&expected, BYTES_LIT("frame one"));
    assert_ok(sha256(buf_view(&expected), want));
    assert_ok(transcript_digest(t, got));
    assert_memory_equal(got, want, 32);
    put_lp(&expected, BYTES_LIT("server-hello"));
    put_lp(&expected, BYTES_LIT("two"));
    assert_ok(sha256(buf_view(&expected), want));
    assert_ok(transcript_digest_with(t, "server-hello", BYTES_LIT("two"), got));
    assert_memory_equal(got, want, 32);
    assert_ok(transcript_add(t, "server-hello", BYTES_LIT("two")));
    assert_ok(transcript_digest(t, got));
    assert_memory_equal(got, want, 32);
}

static void digest_of(const char *f1, const char *b1, const char *f2, const char *b2, uint8_t *out)
{
    struct transcript *t CLEANUP(transcript_freep) = NULL;
    assert_ok(transcript_new(&t));
    assert_ok(transcript_add(t, f1, bytes_str(b1)));
    assert_ok(transcript_add(t, f2, bytes_str(b2)));
    assert_ok(transcript_digest(t, out));
}

static void moving_a_boundary_or_a_label_shows(void **state)
{
    (void)state;
    uint8_t a[32];
    uint8_t b[32];
    digest_of("x", "ab", "y", "c", a);
    digest_of("x", "a", "y", "bc", b);
    assert_memory_not_equal(a, b, 32);
    digest_of("x", "ab", "z", "c", b);
    assert_memory_not_equal(a, b, 32);
    digest_of("xa", "b", "y", "c", b);
    assert_memory_not_equal(a, b, 32);
}

static void it_is_bounded(void **state)
{
    (void)state;
    struct transcript *t CLEANUP(transcript_freep) = NULL;
    struct buf big CLEANUP(buf_done) = BUF_MAX(1 << 20);
    assert_non_null(buf_extend(&big, 1 << 20));
    assert_ok(transcript_new(&t));
    assert_code(transcript_add(t, "x", buf_view(&big)), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_that_of_the_page),
        cmocka_unit_test(moving_a_boundary_or_a_label_shows),
        cmocka_unit_test(it_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
