/* Every RIM file of the third-party vectors: its README's verdict at its README's time, and what
 * its values say about a real report. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/cert_list.h"
#include "tee/rim/rim.h"
#include "tee/rim/rim_root.h"
#include "tee/verify/nvidia/gpu_list.h"
#include "tee/verify/nvidia/spdm.h"

#define FOLDER "nvidia-gpu/rim"

static const struct file {
    const char *name;
    int64_t at;
    enum status_code verdict;
    const char *version;
    size_t n_active;
    const char *differs; /* from hopper-535, at these indices; NULL: not compared */
} FILES[] = {
    {"driver_550.144.03.xml", 1736899200, ST_OK, "550.144.03", 21, NULL},
    {"driver_550.144.03_bad_signature.xml", 1736899200, ST_AUTH, NULL, 0, NULL},
    {"driver_gb100_broken_chain.xml", 1740000000, ST_CERT, NULL, 0, NULL},
    {"vbios_96005E0001.swidtag", 1704067200, ST_OK, "96.00.5E.00.01", 12, ""},
    {"vbios_96005E0001_mismatch.xml", 1736899200, ST_OK, "96.00.5E.00.01", 12, "9 "},
    {"driver_535.86.09_mismatch.xml", 1750000000, ST_AUTH, NULL, 0, NULL},
    /* The same files when their certificates have ended, or have not begun. */
    {"driver_550.144.03.xml", 1735000000, ST_EXPIRED, NULL, 0, NULL},
    {"driver_550.144.03.xml", 1798800000, ST_EXPIRED, NULL, 0, NULL},
    {"vbios_96005E0001.swidtag", 1750700000, ST_EXPIRED, NULL, 0, NULL},
};

enum { N_FILES = sizeof(FILES) / sizeof(FILES[0]) };

static struct buf read_rim(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    return test_vector(path);
}

static bool is_right(const struct gpu_reference_entry *e, struct bytes got)
{
    for (size_t i = 0; i < e->n_values; i++) {
        if (bytes_equal(e->values[i], got))
            return true;
    }
    return false;
}

/* Index N of a RIM is block N + 1. */
static void compare(const struct file *f, const struct gpu_reference_draft *d)
{
    struct buf text CLEANUP(buf_done) = test_vector("nvidia-gpu/evidence/hopper-535.report.txt");
    struct gpu_list list;
    struct spdm_request request;
    struct spdm_response response;
    char wrong[256] = "";
    assert_ok(gpu_list_read(buf_view(&text), (struct bytes){0}, &list));
    struct bytes rest = list.v[0].report;
    assert_ok(spdm_request_parse(&rest, &request));
    assert_ok(spdm_response_parse(rest, &request, &response));
    for (size_t i = 0; i < d->n_entries; i++) {
        size_t n = strlen(wrong);
        if (!is_right(&d->entries[i], spdm_value(&response, d->entries[i].index + 1)))
            (void)snprintf(wrong + n, sizeof(wrong) - n, "%u ", d->entries[i].index);
    }
    assert_string_equal(wrong, f->differs);
    gpu_list_done(&list);
}

static void judge(const struct file *f)
{
    struct rim *r CLEANUP(rim_freep) = NULL;
    struct buf xml CLEANUP(buf_done) = read_rim(f->name);
    struct bytes in = test_exact(buf_view(&xml));
    status s = rim_open(in, f->at, &r);
    test_exact_free(in);
    if (s.code != f->verdict)
        fail_msg("%s: %s (%s)", f->name, status_name(s.code), status_detail());
    if (failed(s))
        return;
    const struct gpu_reference_draft *d = rim_draft(r);
    assert_string_equal(d->version, f->version);
    assert_string_equal(d->product, "GH100");
    assert_int_equal(d->n_entries, f->n_active);
    if (f->differs != NULL)
        compare(f, d);
}

static void each_file_has_its_verdict(void **state)
{
    (void)state;
    test_vectors_or_skip("nvidia-gpu");
    for (size_t i = 0; i < N_FILES; i++)
        judge(&FILES[i]);
    print_message("%d verdicts over RIM files\n", N_FILES);
}

static bool is_covered(const char *name)
{
    for (size_t i = 0; i < N_FILES; i++) {
        if (strcmp(FILES[i].name, name) == 0)
            return true;
    }
    return false;
}

static void every_file_is_covered(void **state)
{
    (void)state;
    char path[512];
    size_t n = 0;
    test_vectors_or_skip("nvidia-gpu");
    (void)snprintf(path, sizeof(path), "%s/" FOLDER, test_vectors());
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        if (!is_covered(e->d_name))
            fail_msg("%s is not judged", e->d_name);
        n++;
    }
    (void)closedir(dir);
    print_message("%zu RIM files\n", n);
    assert_int_equal(n, 6);
}

static void imported_file_reads_back(void **state)
{
    (void)state;
    test_vectors_or_skip("nvidia-gpu");
    struct rim *a CLEANUP(rim_freep) = NULL, *b CLEANUP(rim_freep) = NULL;
    struct buf driver CLEANUP(buf_done) = read_rim("driver_550.144.03.xml");
    struct buf vbios CLEANUP(buf_done) = read_rim("vbios_96005E0001.swidtag");
    struct buf out CLEANUP(buf_done) = BUF_MAX(GPU_REFERENCE_MAX_BYTES);
    struct gpu_reference got;
    assert_ok(rim_open(buf_view(&driver), 1736899200, &a));
    assert_ok(rim_open(buf_view(&vbios), 1736899200, &b));
    const struct gpu_reference_draft *drafts[] = {rim_draft(b), rim_draft(a)};
    assert_ok(gpu_reference_write(drafts, 2, &out));
    assert_ok(gpu_reference_parse(buf_view(&out), &got));
    assert_int_equal(got.n, 2);
    assert_int_equal(got.v[0].kind, GPU_MANIFEST_DRIVER);
    assert_int_equal(got.v[0].n_entries, 21);
    assert_int_equal(got.v[1].n_entries, 12);
    assert_bytes_equal(got.v[1].version_text, BYTES_LIT("96.00.5E.00.01"));
}

static void root_is_the_published_one(void **state)
{
    (void)state;
    test_vectors_or_skip("nvidia-gpu");
    struct buf pem CLEANUP(buf_done) = test_vector("nvidia-gpu/certs/rim_root.pem");
    struct cert_list certs;
    assert_ok(cert_list_read(buf_view(&pem), &certs));
    assert_int_equal(certs.n, 1);
    assert_bytes_equal(certs.der[0], rim_root());
    cert_list_done(&certs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_has_its_verdict),
        cmocka_unit_test(every_file_is_covered),
        cmocka_unit_test(imported_file_reads_back),
        cmocka_unit_test(root_is_the_published_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
