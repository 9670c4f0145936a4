/* Both sides of a handshake against a peer that sends the input and hangs up: none is taken in. */
#include <stdlib.h>
#include <string.h>

#include "base/checks.h"
#include "channel/channel.h"
#include "net/stream.h"
#include "tee/verify/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ed25519_secret key;
static struct evidence_policy *policy;

static status attest(void *ctx, const struct statement *s, struct buf *out)
{
    (void)ctx;
    (void)s;
    buf_put_str(out, "evidence that is none");
    return buf_status(out);
}

static void set_up(void)
{
    static const char POLICY[] =
        "{\"version\":1,\"freshness\":[\"session\",\"epoch\"],\"nitro\":{\"releases\":[{\"name\":"
        "\"r\",\"pcr0\":\"010101010101010101010101010101010101010101010101010101010101010101010101"
        "010101010101010101010101\"}]}}";
    if (policy != NULL)
        return;
    if (failed(ed25519_generate(&key)) || failed(evidence_policy_parse(bytes_str(POLICY), &policy)))
        abort();
}

static void accept_from(struct stream *taken)
{
    const struct channel_identity identity = {
        .key = &key,
        .platform = BYTES_LIT("simulated"),
        .service = BYTES_LIT("fuzz"),
        .evidence_type = EVIDENCE_SIMULATED,
        .attest = attest,
    };
    struct session *s = NULL;
    if (ok(channel_accept(taken, &identity, NULL, &s)))
        abort();
}

static void connect_to(struct stream *taken)
{
    const struct channel_client_options options = {.policy = policy, .at_unix_s = 1700000000};
    struct checks checks = {0};
    struct session *s = NULL;
    if (ok(channel_connect(taken, &options, &checks, &s)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stream *ours CLEANUP(stream_freep) = NULL;
    struct stream *theirs = NULL;
    size_t n = 0;
    set_up();
    if (size < 1 || failed(stream_pair(&ours, &theirs)))
        return 0;
    if (failed(stream_try_write(ours, bytes_of(data + 1, size - 1), &n)))
        abort();
    stream_shutdown_write(ours);
    if (data[0] & 1)
        connect_to(theirs);
    else
        accept_from(theirs);
    return 0;
}
