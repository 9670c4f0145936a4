/* sample_sgx - vectors/intel-dcap/intel-sample-sgx, merged from the service's separate files. */
#ifndef TEE_VERIFY_SAMPLE_SGX_H
#define TEE_VERIFY_SAMPLE_SGX_H

#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tee/verify/dcap/collateral.h"
#include "tee/verify/evidence.h"

#define SAMPLE_FOLDER "intel-dcap/intel-sample-sgx/"
#define SAMPLE_AT     INT64_C(1577836800) /* 2020-01-01 */
#define SAMPLE_POLICY                                                                           \
    "{\"version\":1,\"sgx\":{\"releases\":[{\"name\":\"sample\",\"mrenclave\":\"00000000000000" \
    "00000000000000000000000000000000000000000000000000\"}]}}"

struct sample {
    struct buf files[COLLATERAL_FILES_MAX];
    char names[COLLATERAL_FILES_MAX][64];
    size_t n_files;
    struct buf quote, collateral;
    struct checks checks;
    struct evidence_claimed claimed;
    struct evidence_verified verified;
    status s;
};

/* Every file of the folder is the quote or a part of its collateral. */
static inline void sample_open(struct sample *s)
{
    char folder[512], name[256];
    struct collateral_file parts[COLLATERAL_FILES_MAX];
    *s = (struct sample){.collateral = BUF_MAX(COLLATERAL_MAX_BYTES)};
    (void)snprintf(folder, sizeof(folder), "%s/" SAMPLE_FOLDER, test_vectors());
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof(name), SAMPLE_FOLDER "%.60s", e->d_name);
        if (strcmp(e->d_name, "quote.dat") == 0) {
            s->quote = test_vector(name);
            continue;
        }
        assert_true(s->n_files < COLLATERAL_FILES_MAX);
        (void)snprintf(s->names[s->n_files], sizeof(s->names[0]), "%.60s", e->d_name);
        s->files[s->n_files] = test_vector(name);
        parts[s->n_files] =
            (struct collateral_file){s->names[s->n_files], buf_view(&s->files[s->n_files])};
        s->n_files++;
    }
    (void)closedir(d);
    assert_int_equal(s->n_files, 8);
    assert_ok(collateral_merge(parts, s->n_files, &s->collateral));
}

static inline void sample_close(struct sample *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        buf_done(&s->files[i]);
    buf_done(&s->quote);
    buf_done(&s->collateral);
}

static inline void sample_judge(struct sample *s, int64_t at_unix_s)
{
    struct evidence_policy *policy CLEANUP(evidence_policy_freep) = NULL;
    struct evidence_expect expect = {
        .at_unix_s = at_unix_s,
        .beside.collateral = buf_view(&s->collateral),
    };
    assert_ok(evidence_policy_parse(BYTES_LIT(SAMPLE_POLICY), &policy));
    s->checks = (struct checks){0};
    s->s = evidence_verify(buf_view(&s->quote), EVIDENCE_SGX, policy, &expect, &s->checks,
                           &s->claimed, &s->verified);
}

#endif
