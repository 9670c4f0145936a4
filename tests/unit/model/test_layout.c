#include "support/test.h"

#include "model/layout.h"

enum { MIB = 1 << 20 };

static void chunk_counts(void **state)
{
    (void)state;
    assert_int_equal(layout_n_chunks(1), 1);
    assert_int_equal(layout_n_chunks(MIB - 1), 1);
    assert_int_equal(layout_n_chunks(MIB), 1);
    assert_int_equal(layout_n_chunks(MIB + 1), 2);
    assert_int_equal(layout_n_chunks(MANIFEST_FILE_MAX_BYTES), 65536);
}

static void pieces_lie_end_to_end(void **state)
{
    (void)state;
    const struct manifest m = {.n_files = 2, .files = {{.n_bytes = 2 * MIB + 3}, {.n_bytes = MIB}}};
    struct layout l;
    layout_of(&m, 1000, &l);
    assert_int_equal(l.files[0].n_chunks, 3);
    assert_int_equal(l.files[0].leaves_at, 1000);
    assert_int_equal(l.files[0].chunks_at, 1000 + 3 * 32 + 16);
    assert_int_equal(layout_chunk_at(&l.files[0], 1), 1000 + 3 * 32 + 16 + MIB + 16);
    assert_int_equal(layout_chunk_bytes(&l.files[0], 1), MIB);
    assert_int_equal(layout_chunk_bytes(&l.files[0], 2), 3);
    assert_int_equal(l.files[1].leaves_at, layout_chunk_at(&l.files[0], 2) + 3 + 16);
    assert_int_equal(layout_chunk_bytes(&l.files[1], 0), MIB);
    assert_int_equal(l.end, l.files[1].chunks_at + MIB + 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_counts),
        cmocka_unit_test(pieces_lie_end_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
