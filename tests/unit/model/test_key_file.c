#include "support/test.h"

#include "base/file.h"
#include "base/text.h"
#include "model/key_file.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char folder[] = "/tmp/eml-key-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/k", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void put(const char *text, mode_t mode)
{
    (void)unlink(path);
    assert_ok(file_write(path, mode, bytes_str(text)));
}

static void signing_round_trip(void **state)
{
    (void)state;
    struct ed25519_secret key;
    struct ed25519_secret back;
    struct stat st;
    (void)unlink(path);
    assert_ok(ed25519_generate(&key));
    assert_ok(key_file_write_signing(path, &key));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(key_file_read_signing(path, &back));
    assert_memory_equal(&key, &back, sizeof(key));
}

static void encryption_round_trip(void **state)
{
    (void)state;
    const struct aead_key key = {.alg = AEAD_AES_256_GCM, .b = {5, 6}};
    struct aead_key back;
    (void)unlink(path);
    assert_ok(key_file_write_encryption(path, &key));
    assert_ok(key_file_read_encryption(path, &back));
    assert_memory_equal(&key, &back, sizeof(key));
}

static void never_overwrites(void **state)
{
    (void)state;
    const struct aead_key key = {.alg = AEAD_AES_256_GCM};
    put("precious", 0600);
    assert_code(key_file_write_encryption(path, &key), ST_POLICY);
    struct buf b CLEANUP(buf_done) = BUF_MAX(64);
    assert_ok(file_read(path, &b));
    assert_bytes_equal(buf_view(&b), BYTES_LIT("precious"));
}

static void no_file_no_folder(void **state)
{
    (void)state;
    struct aead_key key = {0};
    (void)unlink(path);
    assert_code(key_file_read_encryption(path, &key), ST_NOTFOUND);
    assert_code(key_file_read_encryption(folder, &key), ST_FORMAT);
    assert_code(key_file_read_encryption("/dev/null", &key), ST_FORMAT);
    assert_code(key_file_write_encryption("/nowhere/at/all", &key), ST_IO);
}

struct mode_row {
    mode_t mode;
    enum status_code want;
};

static void only_its_owner_may_read_it(void **state)
{
    (void)state;
    static const struct mode_row ROWS[] = {{0600, ST_OK},     {0400, ST_OK},     {0640, ST_POLICY},
                                           {0604, ST_POLICY}, {0620, ST_POLICY}, {0602, ST_POLICY},
                                           {0610, ST_POLICY}, {0644, ST_POLICY}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct aead_key key;
        put("eml-encryption-key-v1 " DIGITS "\n", ROWS[i].mode);
        assert_code(key_file_read_encryption(path, &key), ROWS[i].want);
    }
}

struct text_row {
    const char *rule;
    const char *text;
};

static const struct text_row BAD[] = {
    {"empty", ""},
    {"tag alone", "eml-encryption-key-v1 "},
    {"part of the tag", "eml-encryption"},
    {"key of the other kind", "eml-signing-key-v1 " DIGITS "\n"},
    {"another version of the form", "eml-encryption-key-v2 " DIGITS "\n"},
    {"no newline", "eml-encryption-key-v1 " DIGITS},
    {"one digit short",
     "eml-encryption-key-v1 00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"},
    {"two lines", "eml-encryption-key-v1 " DIGITS "\n\n"},
    {"a carriage return", "eml-encryption-key-v1 " DIGITS "\r\n"},
    {"no digits",
     "eml-encryption-key-v1 zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"},
    {"digits alone", DIGITS "\n"},
    {"leading space", " eml-encryption-key-v1 " DIGITS "\n"},
};

static void one_form_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct aead_key key = {.b = {0xee}};
        put(BAD[i].text, 0600);
        if (key_file_read_encryption(path, &key).code != ST_FORMAT || key.b[0] != 0xee)
            fail_msg("taken: %s", BAD[i].rule);
        assert_null(strstr(status_detail(), "0d0e0f")); /* no key in an error text */
    }
    struct ed25519_secret sign;
    put("eml-encryption-key-v1 " DIGITS "\n", 0600);
    assert_code(key_file_read_signing(path, &sign), ST_FORMAT);
}

static void id_names_the_key_and_does_not_show_it(void **state)
{
    (void)state;
    const struct aead_key a = {.alg = AEAD_AES_256_GCM, .b = {1}};
    const struct aead_key b = {.alg = AEAD_AES_256_GCM, .b = {2}};
    char id_a[KEY_FILE_ID_MAX];
    char id_b[KEY_FILE_ID_MAX];
    assert_ok(key_file_id(&a, id_a));
    assert_ok(key_file_id(&b, id_b));
    assert_int_equal(strlen(id_a), 22);
    assert_memory_equal(id_a, "local:", 6);
    assert_string_not_equal(id_a, id_b);
    assert_string_not_equal(id_a, "local:0100000000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_round_trip),
        cmocka_unit_test(encryption_round_trip),
        cmocka_unit_test(never_overwrites),
        cmocka_unit_test(no_file_no_folder),
        cmocka_unit_test(only_its_owner_may_read_it),
        cmocka_unit_test(one_form_only),
        cmocka_unit_test(id_names_the_key_and_does_not_show_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
