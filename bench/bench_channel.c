/* What the channel costs: handshakes, round trips and throughput over loopback TCP, with a real
 * server on the simulated platform. Prints one line of JSON.
 *
 *     ninja -C build/release bench_channel && build/release/bench/bench_channel [host address]
 *
 * With an address, the client connects there instead (an eml-host in front of the server, whose own
 * address is printed first).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checks.h"
#include "base/clock.h"
#include "base/file.h"
#include "channel/channel.h"
#include "net/stream.h"
#include "tee/provider.h"
#include "tee/sim/sim.h"
#include "tee/verify/evidence.h"

enum { HANDSHAKES = 200, ROUND_TRIPS = 20000, SMALL = 1024, LARGE = 1 << 20, N_LARGE = 256 };

struct world {
    char folder[64];
    struct tee_provider *provider;
    struct evidence_policy *policy;
    struct evidence_cache *cache;
    struct ed25519_secret key;
    struct channel_identity identity;
    struct listener *listener;
    const char *connect;
};

static void must(status s)
{
    if (ok(s))
        return;
    (void)fprintf(stderr, "bench_channel: %s: %s\n", status_name(s.code), status_detail());
    exit(1);
}

static status attest(void *ctx, const struct statement *s, struct buf *out)
{
    return tee_attest(ctx, s, out);
}

static void open_world(struct world *w)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    (void)snprintf(w->folder, sizeof(w->folder), "/tmp/eml-bench-channel-XXXXXX");
    if (mkdtemp(w->folder) == NULL)
        exit(1);
    must(sim_provider_open(w->folder, &w->provider));
    must(sim_policy_encode(w->provider, NULL, NULL, &text));
    must(evidence_policy_parse(buf_view(&text), &w->policy));
    must(evidence_cache_new(&w->cache));
    must(ed25519_generate(&w->key));
    w->identity = (struct channel_identity){
        .key = &w->key,
        .platform = BYTES_LIT("simulated"),
        .service = BYTES_LIT("bench"),
        .evidence_type = EVIDENCE_SIMULATED,
        .attest = attest,
        .ctx = w->provider,
    };
    must(channel_epoch_new(3600, &w->identity.epoch));
    must(listener_open("tcp:127.0.0.1:0", &w->listener));
}

static void close_world(struct world *w)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", w->folder, SIM_ROOT_FILE);
    (void)unlink(path);
    (void)rmdir(w->folder);
    listener_freep(&w->listener);
    channel_epoch_freep(&w->identity.epoch);
    evidence_cache_freep(&w->cache);
    evidence_policy_freep(&w->policy);
    tee_provider_freep(&w->provider);
}

/* Small messages come back; of large ones only their arrival. */
static status echo_one(struct session *s)
{
    struct message m CLEANUP(message_done) = {0};
    TRY(session_recv(s, SESSION_NO_DEADLINE, &m));
    struct bytes back = m.body.n > SMALL ? BYTES_LIT("ok") : buf_view(&m.body);
    return session_post(s, m.stream_id, MSG_RESPONSE, true, back);
}

static void *serve(void *arg)
{
    struct world *w = arg;
    for (;;) {
        struct stream *taken = NULL;
        struct session *s CLEANUP(session_freep) = NULL;
        if (failed(listener_accept(w->listener, STREAM_NO_DEADLINE, &taken)))
            return NULL;
        status st = channel_accept(taken, &w->identity, NULL, &s);
        while (ok(st))
            st = echo_one(s);
        if (s != NULL && failed(session_end(s)))
            continue;
    }
}

static struct session *connect_to(struct world *w, unsigned freshness_mask, enum aead_alg alg)
{
    struct stream *stream = NULL;
    struct session *s = NULL;
    struct checks checks = {0};
    w->policy->freshness_mask = freshness_mask;
    const struct channel_client_options options = {
        .policy = w->policy, .alg = alg, .at_unix_s = clock_unix_s(), .cache = w->cache};
    must(stream_connect(w->connect, clock_deadline_ms(5000), &stream));
    must(channel_connect(stream, &options, &checks, &s));
    return s;
}

static void hang_up(struct session *s)
{
    must(session_end(s));
    session_freep(&s);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_value);
    return v[n / 2];
}

static double since_us(uint64_t from_ns)
{
    return (double)(clock_mono_ns() - from_ns) / 1000;
}

static double handshake_us(struct world *w, unsigned freshness_mask)
{
    double v[HANDSHAKES];
    for (size_t i = 0; i < HANDSHAKES; i++) {
        uint64_t from = clock_mono_ns();
        struct session *s = connect_to(w, freshness_mask, AEAD_AES_256_GCM);
        v[i] = since_us(from);
        hang_up(s);
    }
    return median(v, HANDSHAKES);
}

static void round_trip(struct session *s, struct bytes body)
{
    struct message m CLEANUP(message_done) = {0};
    must(session_send(s, session_next_stream(s), MSG_REQUEST, true, body));
    must(session_recv(s, SESSION_NO_DEADLINE, &m));
}

static double round_trip_us(struct world *w, enum aead_alg alg, size_t n)
{
    static double v[ROUND_TRIPS];
    static uint8_t body[SMALL];
    struct session *s = connect_to(w, 2, alg);
    for (size_t i = 0; i < ROUND_TRIPS; i++) {
        uint64_t from = clock_mono_ns();
        round_trip(s, bytes_of(body, n));
        v[i] = since_us(from);
    }
    hang_up(s);
    return median(v, ROUND_TRIPS);
}

/* The same bytes over the same kind of connection with nothing on top. */
static void *echo_bare(void *arg)
{
    struct listener *l = arg;
    struct stream *s CLEANUP(stream_freep) = NULL;
    uint8_t body[SMALL];
    must(listener_accept(l, STREAM_NO_DEADLINE, &s));
    while (ok(stream_read(s, body, sizeof(body), STREAM_NO_DEADLINE)))
        must(stream_write(s, BYTES_OF(body), STREAM_NO_DEADLINE));
    return NULL;
}

static double bare_round_trip_us(void)
{
    static double v[ROUND_TRIPS];
    uint8_t body[SMALL] = {0};
    struct listener *l CLEANUP(listener_freep) = NULL;
    struct stream *s = NULL;
    pthread_t t;
    must(listener_open("tcp:127.0.0.1:0", &l));
    if (pthread_create(&t, NULL, echo_bare, l) != 0)
        exit(1);
    must(stream_connect(listener_address(l), clock_deadline_ms(5000), &s));
    for (size_t i = 0; i < ROUND_TRIPS; i++) {
        uint64_t from = clock_mono_ns();
        must(stream_write(s, BYTES_OF(body), STREAM_NO_DEADLINE));
        must(stream_read(s, body, sizeof(body), STREAM_NO_DEADLINE));
        v[i] = since_us(from);
    }
    stream_freep(&s);
    (void)pthread_join(t, NULL);
    return median(v, ROUND_TRIPS);
}

static double throughput_mb_s(struct world *w, enum aead_alg alg)
{
    uint8_t *body = calloc(1, LARGE);
    struct session *s = connect_to(w, 2, alg);
    if (body == NULL)
        exit(1);
    uint64_t from = clock_mono_ns();
    for (size_t i = 0; i < N_LARGE; i++)
        round_trip(s, bytes_of(body, LARGE));
    double us = since_us(from);
    hang_up(s);
    free(body);
    return (double)LARGE * N_LARGE / us;
}

int main(int argc, char **argv)
{
    static struct world w;
    pthread_t t;
    open_world(&w);
    w.connect = listener_address(w.listener);
    if (argc > 1) {
        (void)printf("%s\n", w.connect);
        (void)fflush(stdout);
        w.connect = argv[1];
        (void)sleep(2); /* time to start the relay */
    }
    if (pthread_create(&t, NULL, serve, &w) != 0)
        return 1;
    double session_us = handshake_us(&w, 1);
    double epoch_us = handshake_us(&w, 2);
    (void)printf("{\"handshake_session_us\":%.0f,\"handshake_epoch_us\":%.0f,", session_us,
                 epoch_us);
    (void)printf("\"bare_tcp_1k_us\":%.1f,", bare_round_trip_us());
    (void)printf("\"round_trip_64_us\":%.1f,\"round_trip_1k_aes_us\":%.1f,",
                 round_trip_us(&w, AEAD_AES_256_GCM, 64),
                 round_trip_us(&w, AEAD_AES_256_GCM, SMALL));
    (void)printf("\"round_trip_1k_chacha_us\":%.1f,",
                 round_trip_us(&w, AEAD_CHACHA20_POLY1305, SMALL));
    (void)printf("\"mb_per_s_aes\":%.0f,\"mb_per_s_chacha\":%.0f}\n",
                 throughput_mb_s(&w, AEAD_AES_256_GCM),
                 throughput_mb_s(&w, AEAD_CHACHA20_POLY1305));
    listener_wake(w.listener);
    (void)pthread_join(t, NULL);
    close_world(&w);
    return 0;
}
