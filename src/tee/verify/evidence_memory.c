#include "tee/verify/evidence_memory.h"

#include <pthread.h>
#include <stdlib.h>

#include "formats/json.h"

enum { MEMORY_VERSION = 1 };

struct evidence_memory {
    pthread_mutex_t lock; /* guards: highest */
    uint32_t highest[EVIDENCE_MEMORY_N];
};

static const char *const KEYS[EVIDENCE_MEMORY_N] = {
    [EVIDENCE_MEMORY_TDX_TCB] = "tdx_tcb",
    [EVIDENCE_MEMORY_TDX_QE] = "tdx_qe",
    [EVIDENCE_MEMORY_SGX_TCB] = "sgx_tcb",
    [EVIDENCE_MEMORY_SGX_QE] = "sgx_qe",
    [EVIDENCE_MEMORY_POLICY_SERIAL] = "policy_serial",
};

status evidence_memory_new(struct evidence_memory **out)
{
    struct evidence_memory *m = calloc(1, sizeof(*m));
    REQUIRE(m != NULL, ST_NOMEM, "evidence memory");
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return FAIL(ST_INTERNAL, "evidence memory: no mutex");
    }
    *out = m;
    return OK;
}

void evidence_memory_freep(struct evidence_memory **m)
{
    if (*m != NULL)
        (void)pthread_mutex_destroy(&(*m)->lock);
    free(*m);
    *m = NULL;
}

uint32_t evidence_memory_get(struct evidence_memory *m, enum evidence_memory_of what)
{
    if (m == NULL)
        return 0;
    (void)pthread_mutex_lock(&m->lock);
    uint32_t number = m->highest[what];
    (void)pthread_mutex_unlock(&m->lock);
    return number;
}

void evidence_memory_raise(struct evidence_memory *m, enum evidence_memory_of what, uint32_t number)
{
    if (m == NULL)
        return;
    (void)pthread_mutex_lock(&m->lock);
    if (number > m->highest[what])
        m->highest[what] = number;
    (void)pthread_mutex_unlock(&m->lock);
}

status evidence_memory_read(struct bytes json, struct evidence_memory *m)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    uint32_t number[EVIDENCE_MEMORY_N];
    TRY(json_parse(json, EVIDENCE_MEMORY_MAX_BYTES, &doc));
    struct json_obj o = json_obj_of(json_root(doc), "state");
    (void)json_int(&o, "version", true, MEMORY_VERSION, MEMORY_VERSION, 0);
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        number[i] = (uint32_t)json_int(&o, KEYS[i], false, 0, UINT32_MAX, 0);
    TRY(json_obj_end(&o));
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        evidence_memory_raise(m, (enum evidence_memory_of)i, number[i]);
    return OK;
}

void evidence_memory_put(struct evidence_memory *m, struct buf *out)
{
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", MEMORY_VERSION);
    for (unsigned i = 0; i < EVIDENCE_MEMORY_N; i++)
        json_w_int(&w, KEYS[i], evidence_memory_get(m, (enum evidence_memory_of)i));
    json_w_close(&w, '}');
    buf_put_str(out, "\n");
}
