#include "support/test.h"

#include "formats/cbor.h"
#include "model/content.h"

static void table_is_sorted_and_closed(void **state)
{
    (void)state;
    for (size_t i = 1; i < CONTENT_NAMES; i++)
        assert_true(strcmp(content_table[i - 1].name, content_table[i].name) < 0);
    assert_true(content_is_known(BYTES_LIT("1_Pooling/config.json")));
    assert_false(content_is_known(BYTES_LIT("../config.json")));
    assert_false(content_is_known(BYTES_LIT("config.jso")));
    assert_false(content_is_known(BYTES_LIT("config.json ")));
    assert_false(content_is_known((struct bytes){0}));
}

static const struct manifest_file FILES[2] = {
    {.name = "config.json", .n_bytes = 5, .sha256 = {1}, .root = {2}},
    {.name = "tokenizer.json", .n_bytes = 6, .sha256 = {3}, .root = {4}},
};

/* The bytes of docs/PACKAGE.md section 6, written here by hand. */
static void digest_is_that_of_the_written_form(void **state)
{
    (void)state;
    struct buf b CLEANUP(buf_done) = BUF_MAX(1024);
    uint8_t want[SHA256_LEN];
    uint8_t got[SHA256_LEN];
    buf_put(&b, BYTES_LIT("\x83\x74"
                          "eml-model-content-v1"));
    buf_put(&b, BYTES_LIT("\x83\x6b"
                          "config.json"
                          "\x05\x58\x20"));
    buf_put(&b, BYTES_OF(FILES[0].root));
    buf_put(&b, BYTES_LIT("\x83\x6e"
                          "tokenizer.json"
                          "\x06\x58\x20"));
    buf_put(&b, BYTES_OF(FILES[1].root));
    assert_ok(sha256(buf_view(&b), want));
    assert_ok(content_digest(FILES, 2, got));
    assert_memory_equal(got, want, SHA256_LEN);
}

static void every_part_counts_but_the_flat_digest(void **state)
{
    (void)state;
    uint8_t base[SHA256_LEN];
    uint8_t other[SHA256_LEN];
    assert_ok(content_digest(FILES, 2, base));
    for (int part = 0; part < 5; part++) {
        struct manifest_file f[2] = {FILES[0], FILES[1]};
        f[0].name[0] ^= part == 0;
        f[0].n_bytes += part == 1;
        f[1].root[31] ^= part == 2;
        f[1].sha256[0] ^= part == 3;
        assert_ok(content_digest(f, part == 4 ? 1 : 2, other));
        assert_int_equal(memcmp(base, other, SHA256_LEN) == 0, part == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sorted_and_closed),
        cmocka_unit_test(digest_is_that_of_the_written_form),
        cmocka_unit_test(every_part_counts_but_the_flat_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
