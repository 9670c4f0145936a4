/* The boot's event log: replayed, cut at every length, and each rule of its form broken. */
#include "forge_ccel.h"

#include "tee/verify/dcap/ccel.h"

static struct buf whole_log(bool has_sha256)
{
    struct buf b = BUF_MAX(1 << 12);
    ccel_put_head(&b, has_sha256);
    ccel_put_event(&b, 0, 3, has_sha256, 0x99); /* EV_NO_ACTION extends nothing */
    ccel_put_event(&b, 1, 1, has_sha256, 0x01);
    ccel_put_event(&b, 2, 4, has_sha256, 0x02);
    ccel_put_event(&b, 1, 4, has_sha256, 0x03);
    ccel_put_event(&b, 4, 13, has_sha256, 0x04);
    return b;
}

static void replays(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        uint8_t want[4][48] = {{0}};
        struct ccel got;
        struct buf b CLEANUP(buf_done) = whole_log(k == 1);
        ccel_extend(want[0], 0x01);
        ccel_extend(want[0], 0x03);
        ccel_extend(want[1], 0x02);
        ccel_extend(want[3], 0x04);
        struct bytes in = test_exact(buf_view(&b));
        assert_ok(ccel_replay(in, &got));
        test_exact_free(in);
        assert_memory_equal(got.rtmr, want, sizeof(want));
        assert_int_equal(got.n_events, 6);
        assert_int_equal(got.n_extended[0], 2);
        assert_int_equal(got.n_extended[2], 0);
    }
}

/* The table's room is larger than the log. */
static void unused_room(void **state)
{
    (void)state;
    for (int fill = 0; fill < 256; fill += 85) {
        struct ccel got;
        struct buf b CLEANUP(buf_done) = whole_log(false);
        for (int i = 0; i < 300; i++)
            buf_put_u8(&b, (uint8_t)fill);
        status s = ccel_replay(buf_view(&b), &got);
        assert_true(ok(s) == (fill == 0 || fill == 255));
    }
}

/* Only between two events may a log end. */
static void cut_at_every_length(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = whole_log(false);
    unsigned n_whole = 0;
    for (size_t n = 0; n < b.n; n++) {
        struct ccel got;
        struct bytes in = test_exact(bytes_of(b.p, n));
        n_whole += ok(ccel_replay(in, &got));
        test_exact_free(in);
    }
    /* after the head, after each event but the last, and where the one to four bytes of the next
     * event are those of index 0: zero, as unused room is */
    assert_int_equal(n_whole, 5 + 4);
}

struct edit {
    const char *rule;
    size_t at, n;
    uint64_t v;
    enum status_code code;
};

enum { HEAD = 32, EVENT = HEAD + 33 }; /* where the first event's data and the second event begin */

static void broken_rules(void **state)
{
    (void)state;
    static const struct edit rows[] = {
        {"first event of another type", 4, 4, 8, ST_FORMAT},
        {"first event in a register", 0, 4, 1, ST_FORMAT},
        {"first event longer than the log", 28, 4, 0xffffffff, ST_TRUNCATED},
        {"another signature", HEAD, 1, 'X', ST_FORMAT},
        {"another major version", HEAD + 21, 1, 1, ST_FORMAT},
        {"no algorithm", HEAD + 24, 4, 0, ST_LIMIT},
        {"nine algorithms", HEAD + 24, 4, 9, ST_LIMIT},
        {"two algorithms announced, one there", HEAD + 24, 4, 2, ST_TRUNCATED},
        {"no SHA-384", HEAD + 28, 2, 4, ST_UNSUPPORTED},
        {"SHA-384 of 32 bytes", HEAD + 30, 2, 32, ST_FORMAT},
        {"vendor data past the first event", HEAD + 32, 1, 1, ST_TRUNCATED},
        {"register 5", EVENT, 4, 5, ST_FORMAT},
        {"an event that extends MRTD", EVENT + 4, 4, 1, ST_FORMAT},
        {"no digest", EVENT + 8, 4, 0, ST_FORMAT},
        {"more digests than algorithms", EVENT + 8, 4, 2, ST_FORMAT},
        {"a digest not announced", EVENT + 12, 2, 11, ST_FORMAT},
        {"event data longer than the log", EVENT + 62, 4, 0x7fffffff, ST_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ccel got;
        struct buf b CLEANUP(buf_done) = whole_log(false);
        for (size_t k = 0; k < rows[i].n; k++)
            b.p[rows[i].at + k] = (uint8_t)(rows[i].v >> (8 * k));
        struct bytes in = test_exact(buf_view(&b));
        status s = ccel_replay(in, &got);
        test_exact_free(in);
        if (s.code != rows[i].code)
            fail_msg("%s: %s (%s)", rows[i].rule, status_name(s.code), status_detail());
    }
}

/* Two digests of the same algorithm; an event with SHA-256 alone. */
static void digests_of_one_event(void **state)
{
    (void)state;
    struct ccel got;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1 << 12);
    ccel_put_head(&b, true);
    size_t at = b.n;
    ccel_put_event(&b, 1, 1, true, 1);
    b.p[at + 8] = 1; /* one digest: what follows is read as the event's size */
    assert_true(failed(ccel_replay(buf_view(&b), &got)));
    b.n = at;
    uint8_t digest[48] = {0};
    ccel_put(&b, 1, 4);
    ccel_put(&b, 1, 4);
    ccel_put(&b, 1, 4);
    ccel_put(&b, CCEL_SHA256, 2);
    buf_put(&b, bytes_of(digest, 32));
    ccel_put(&b, 0, 4);
    assert_code(ccel_replay(buf_view(&b), &got), ST_FORMAT);
    b.n = at;
    ccel_put(&b, 1, 4);
    ccel_put(&b, 1, 4);
    ccel_put(&b, 2, 4);
    for (int i = 0; i < 2; i++) {
        ccel_put(&b, CCEL_SHA384, 2);
        buf_put(&b, BYTES_OF(digest));
    }
    ccel_put(&b, 0, 4);
    assert_code(ccel_replay(buf_view(&b), &got), ST_FORMAT);
}

static void too_large(void **state)
{
    (void)state;
    static uint8_t big[CCEL_MAX_BYTES + 1];
    struct ccel got;
    assert_code(ccel_replay(BYTES_OF(big), &got), ST_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays),      cmocka_unit_test(unused_room),
        cmocka_unit_test(broken_rules), cmocka_unit_test(cut_at_every_length),
        cmocka_unit_test(too_large),    cmocka_unit_test(digests_of_one_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
