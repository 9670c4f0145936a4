#include "tee/sim/sim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/rand.h"
#include "formats/json.h"
#include "tee/sim/sim_chain.h"
#include "tee/sim/sim_document.h"

enum {
    BINARY_MAX = 512 << 20,
    PAYLOAD_MAX = 12 << 10,
    POLICY_MAX = 4 << 10,
    N_PCRS = 16,
};

struct sim_provider {
    struct tee_provider base;
    struct sim_root root;
    struct measurements measurements;
    char module_id[64];
    pthread_mutex_t lock; /* guards: chain */
    struct sim_chain chain;
};

static struct sim_provider *self_of(struct tee_provider *p)
{
    return (struct sim_provider *)p; /* base is the first member */
}

/* ---- operations ---- */

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static status sign_statement(const struct sim_provider *p, const struct statement *s,
                             struct bytes user_data, struct buf *out)
{
    struct buf payload CLEANUP(buf_done) = BUF_MAX(PAYLOAD_MAX);
    struct bytes cabundle[] = {buf_view(&p->root.certificate), buf_view(&p->chain.intermediate)};
    struct sim_document d = {
        .module_id = bytes_str(p->module_id),
        .timestamp_ms = now_ms(),
        .measurements = &p->measurements,
        .certificate = buf_view(&p->chain.leaf),
        .cabundle = cabundle,
        .n_cabundle = 2,
        .public_key = BYTES_OF(s->identity_key),
        .user_data = user_data,
        .nonce = BYTES_OF(s->nonce),
    };
    TRY(sim_document_payload(&d, &payload));
    return sim_document_sign(buf_view(&payload), p->chain.key, out);
}

static status attest_locked(struct sim_provider *p, const struct statement *s,
                            struct bytes user_data, struct buf *out)
{
    TRY(sim_chain_refresh(&p->chain, &p->root, p->module_id, clock_unix_s()));
    return sign_statement(p, s, user_data, out);
}

static status attest(struct tee_provider *base, const struct statement *s, struct buf *out)
{
    struct sim_provider *p = self_of(base);
    struct buf user_data CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    TRY(statement_encode(s, &user_data));
    (void)pthread_mutex_lock(&p->lock);
    status done = attest_locked(p, s, buf_view(&user_data), out);
    (void)pthread_mutex_unlock(&p->lock);
    return done;
}

static status random_bytes(struct tee_provider *p, void *out, size_t n)
{
    (void)p;
    return rand_bytes(out, n);
}

static status measurements(struct tee_provider *p, struct measurements *out)
{
    *out = self_of(p)->measurements;
    return OK;
}

static void provider_free(struct tee_provider *base)
{
    struct sim_provider *p = self_of(base);
    sim_chain_done(&p->chain);
    sim_root_done(&p->root);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

static const struct tee_provider_ops OPS = {
    .platform = STATEMENT_PLATFORM_SIMULATED,
    .attest = attest,
    .random = random_bytes,
    .measurements = measurements,
    .free = provider_free,
};

/* ---- start ---- */

static status extend(struct bytes what, uint8_t pcr[static MEASUREMENT_LEN])
{
    uint8_t digest[SHA384_LEN];
    TRY(sha384(what, digest));
    struct bytes parts[] = {bytes_of(pcr, MEASUREMENT_LEN), BYTES_OF(digest)};
    return hash_parts(HASH_SHA384, parts, 2, pcr);
}

static status measure(struct measurements *out)
{
    struct buf binary CLEANUP(buf_done) = BUF_MAX(BINARY_MAX);
    *out = (struct measurements){.kind = MEASUREMENT_NITRO_PCR, .present_mask = (1u << N_PCRS) - 1};
    TRY(file_read("/proc/self/exe", &binary));
    TRY(extend(buf_view(&binary), out->pcr[0]));
    TRY(extend(BYTES_LIT("eml-sim-boot-v1"), out->pcr[1]));
    return extend(BYTES_LIT("eml-sim-application-v1"), out->pcr[2]);
}

static status name_module(char *out, size_t out_cap)
{
    uint8_t id[16];
    char hex[2 * sizeof(id) + 1];
    TRY(rand_bytes(id, sizeof(id)));
    hex_encode(BYTES_OF(id), hex);
    (void)snprintf(out, out_cap, "sim-%.16s-enc%s", hex, hex + 16);
    return OK;
}

static status start(const char *folder, struct sim_provider *p)
{
    char path[PATH_MAX];
    REQUIRE(mkdir(folder, 0700) == 0 || errno == EEXIST, ST_IO,
            "%s: cannot make the folder (errno %d)", folder, errno);
    TRY(file_join(folder, SIM_ROOT_FILE, path, sizeof(path)));
    TRY(sim_root_open(path, &p->root));
    TRY(measure(&p->measurements));
    TRY(name_module(p->module_id, sizeof(p->module_id)));
    return sim_chain_refresh(&p->chain, &p->root, p->module_id, clock_unix_s());
}

status sim_provider_open(const char *state_folder, struct tee_provider **out)
{
    struct sim_provider *p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "simulated provider");
    p->base.ops = &OPS;
    (void)pthread_mutex_init(&p->lock, NULL);
    status s = start(state_folder, p);
    if (failed(s))
        provider_free(&p->base);
    else
        *out = &p->base;
    return s;
}

status sim_provider_root_sha256(const struct tee_provider *p, uint8_t out[static SHA256_LEN])
{
    REQUIRE(p->ops == &OPS, ST_USAGE, "not the simulated platform");
    const struct sim_provider *self = (const struct sim_provider *)p;
    return sha256(buf_view(&self->root.certificate), out);
}

static void put_release(struct json_w *w, const struct measurements *m)
{
    json_w_open(w, "releases", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", "this-build");
    json_w_hex(w, "pcr0", measurements_at(m, 0));
    json_w_hex(w, "pcr1", measurements_at(m, 1));
    json_w_hex(w, "pcr2", measurements_at(m, 2));
    json_w_close(w, '}');
    json_w_close(w, ']');
}

static void put_freshness(struct json_w *w)
{
    json_w_open(w, "freshness", '[');
    json_w_str(w, NULL, "session");
    json_w_str(w, NULL, "epoch");
    json_w_close(w, ']');
}

status sim_policy_encode(struct tee_provider *p, const char *service, const uint8_t *model_sha256,
                         struct buf *out)
{
    uint8_t root[SHA256_LEN];
    struct measurements m = {0};
    TRY(sim_provider_root_sha256(p, root));
    TRY(tee_measurements(p, &m));
    struct json_w w = {.out = out};
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    if (service != NULL)
        json_w_str(&w, "service", service);
    put_freshness(&w);
    json_w_hex(&w, "trust_simulated_root", BYTES_OF(root));
    json_w_open(&w, "simulated", '{');
    put_release(&w, &m);
    json_w_close(&w, '}');
    if (model_sha256 != NULL) {
        json_w_open(&w, "models", '[');
        json_w_hex(&w, NULL, bytes_of(model_sha256, SHA256_LEN));
        json_w_close(&w, ']');
    }
    json_w_close(&w, '}');
    buf_put_u8(out, '\n');
    return buf_status(out);
}
