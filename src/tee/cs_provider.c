#include "tee/cs_provider.h"

#include <stdlib.h>
#include <sys/un.h>

#include "base/text.h"
#include "formats/jwt.h"
#include "tee/verify/bundle.h"
#include "tee/verify/cs/cs.h"

struct cs_provider {
    struct tee_provider base;
    char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
    char audience[CS_LAUNCHER_AUDIENCE_MAX + 1];
    uint64_t timeout_ms;
    enum cs_launcher_kind kind;
};

static struct cs_provider *self_of(struct tee_provider *p)
{
    return (struct cs_provider *)p; /* base is the first member */
}

static status get_token(const struct cs_provider *p, const char *nonce, struct buf *out)
{
    const struct bytes nonces[] = {bytes_str(nonce)};
    const struct cs_launcher l = {.socket = p->socket, .timeout_ms = p->timeout_ms};
    const struct cs_launcher_request r = {
        .audience = bytes_str(p->audience),
        .kind = p->kind,
        .nonces = nonces,
        .n_nonces = 1,
    };
    struct jwt_unverified t CLEANUP(jwt_done) = {0};
    TRY(cs_launcher_token(&l, &r, out));
    TRY(jwt_parse(buf_view(out), &t));
    /* Blunt, for the claims are nobody's word until the client has verified them: the nonce must be
     * somewhere in them. */
    REQUIRE(memmem(t.claims_.p, t.claims_.n, nonce, strlen(nonce)) != NULL, ST_MISMATCH,
            "the launcher's token is over another nonce");
    return OK;
}

static status attest(struct tee_provider *p, const struct statement *s, struct buf *out)
{
    struct buf statement CLEANUP(buf_done) = BUF_MAX(STATEMENT_MAX_BYTES);
    struct buf token CLEANUP(buf_done) = BUF_MAX(JWT_MAX_BYTES);
    uint8_t binding[STATEMENT_BINDING_LEN];
    char nonce[CS_NONCE_TEXT_LEN + 1];
    TRY(statement_encode(s, &statement));
    TRY(statement_binding(s, binding));
    TRY(cs_nonce_text(binding, nonce));
    TRY(get_token(self_of(p), nonce, &token));
    struct bundle b = {
        .platform = bytes_str(p->ops->platform),
        .evidence = buf_view(&token),
        .statement = buf_view(&statement),
    };
    return bundle_encode(&b, out);
}

/* A token tells the image's digest, and no register of the hardware. */
static status measurements(struct tee_provider *p, struct measurements *out)
{
    (void)p;
    *out = (struct measurements){.present_mask = 0};
    return OK;
}

static void provider_free(struct tee_provider *p)
{
    free(p);
}

static const struct tee_provider_ops OPS = {
    .platform = STATEMENT_PLATFORM_CS,
    .attest = attest,
    .random = tee_guest_random,
    .measurements = measurements,
    .free = provider_free,
};

status cs_provider_open(const struct cs_provider_options *o, struct tee_provider **out)
{
    size_t n_socket = strlen(o->launcher.socket);
    size_t n_audience = strlen(o->audience);
    struct cs_provider *p = calloc(1, sizeof(*p));
    REQUIRE(p != NULL, ST_NOMEM, "Confidential Space provider");
    if (n_socket >= sizeof(p->socket) || n_audience == 0 || n_audience >= sizeof(p->audience) ||
        !text_is_visible(bytes_str(o->audience))) {
        free(p);
        return FAIL(ST_USAGE, "an audience of 1 to %d visible characters, and the path of a socket",
                    CS_LAUNCHER_AUDIENCE_MAX);
    }
    memcpy(p->socket, o->launcher.socket, n_socket);
    memcpy(p->audience, o->audience, n_audience);
    p->base.ops = &OPS;
    p->timeout_ms = o->launcher.timeout_ms;
    p->kind = o->kind;
    *out = &p->base;
    return OK;
}
