#include "support/test.h"

#include "base/file.h"
#include "model/version_record.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/eml-record-XXXXXX";
static const uint8_t D1[SHA256_LEN] = {1};
static const uint8_t D2[SHA256_LEN] = {2};

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    char lock[sizeof(path) + sizeof(".lock")];
    (void)state;
    (void)snprintf(lock, sizeof(lock), "%s.lock", path);
    (void)unlink(lock);
    return unlink(path);
}

static struct manifest model(const char *id, uint64_t version)
{
    struct manifest m = {.version = version};
    (void)snprintf(m.id, sizeof(m.id), "%s", id);
    return m;
}

static void put(const char *text)
{
    assert_ok(file_write(path, 0600, bytes_str(text)));
}

static void remembers_and_refuses_older(void **state)
{
    (void)state;
    struct manifest v1 = model("a", 1);
    struct manifest v2 = model("a", 2);
    struct manifest b1 = model("b", 1);
    (void)unlink(path);
    assert_ok(version_record_check(path, &v1, D1));
    assert_ok(version_record_update(path, &v1, D1));
    assert_ok(version_record_update(path, &b1, D1));
    assert_ok(version_record_update(path, &v2, D2));
    assert_code(version_record_check(path, &v1, D1), ST_ROLLBACK);
    assert_code(version_record_update(path, &v1, D1), ST_ROLLBACK);
    assert_code(version_record_check(path, &v2, D1), ST_MISMATCH);
    assert_ok(version_record_check(path, &v2, D2));
    assert_ok(version_record_check(path, &b1, D1));
    struct manifest prefix = model("", 1);
    memcpy(prefix.id, "aa", 3);
    assert_ok(version_record_check(path, &prefix, D1));
}

#define HEX32 "0000000000000000000000000000000000000000000000000000000000000000"

static void a_damaged_record_is_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"a\n",
                                      "a 1\n",
                                      " 1 " HEX32 "\n",
                                      "a  " HEX32 "\n",
                                      "a -1 " HEX32 "\n",
                                      "a x " HEX32 "\n",
                                      "a 111111111111111111111 " HEX32 "\n",
                                      "a 1 " HEX32 "00\n",
                                      "a 1 zz\n",
                                      "\n",
                                      "b 1 " HEX32 "\n\n"};
    struct manifest m = model("a", 5);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        put(BAD[i]);
        status s = version_record_check(path, &m, D1);
        if (s.code != ST_FORMAT && s.code != ST_LIMIT)
            fail_msg("taken: %s", BAD[i]);
    }
    put("a 9223372036854775808 " HEX32 "\n");
    assert_code(version_record_check(path, &m, D1), ST_LIMIT);
}

/* What cannot be read is no empty record: it would let everything pass. */
static void a_record_that_cannot_be_read(void **state)
{
    (void)state;
    struct manifest m = model("a", 1);
    static char big[VERSION_RECORD_MAX_BYTES + 2];
    assert_code(version_record_check("/tmp", &m, D1), ST_IO);
    assert_code(version_record_update("/tmp", &m, D1), ST_IO);
    memset(big, 'a', sizeof(big) - 1);
    put(big);
    assert_code(version_record_check(path, &m, D1), ST_LIMIT);
}

static void an_id_that_is_too_long(void **state)
{
    (void)state;
    char line[512];
    struct manifest m = model("a", 1);
    (void)snprintf(line, sizeof(line), "%0200d 1 " HEX32 "\n", 0);
    put(line);
    assert_code(version_record_check(path, &m, D1), ST_FORMAT);
}

/* Each process remembers versions of its own model; a version that was lost would be taken again.
 */
static int remember_own(unsigned i)
{
    char id[] = {(char)('a' + i), 0};
    for (uint64_t version = 1; version <= 40; version++) {
        struct manifest m = model(id, version);
        struct manifest older = model(id, version - 1);
        if (failed(version_record_update(path, &m, D1)))
            return 2;
        if (version_record_check(path, &older, D1).code != ST_ROLLBACK)
            return 3;
    }
    return 0;
}

static void no_version_is_lost_among_processes(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    pid_t pids[PROCESSES];
    put("");
    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(remember_own(i));
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int code = -1;
        assert_int_equal(waitpid(pids[i], &code, 0), pids[i]);
        assert_int_equal(code, 0);
    }
}

static void the_last_line_may_lack_its_end(void **state)
{
    (void)state;
    struct manifest m = model("a", 1);
    put("a 2 " HEX32);
    assert_code(version_record_check(path, &m, D1), ST_ROLLBACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_and_refuses_older),
        cmocka_unit_test(a_damaged_record_is_refused),
        cmocka_unit_test(a_record_that_cannot_be_read),
        cmocka_unit_test(an_id_that_is_too_long),
        cmocka_unit_test(no_version_is_lost_among_processes),
        cmocka_unit_test(the_last_line_may_lack_its_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
