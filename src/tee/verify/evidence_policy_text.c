#include "tee/verify/evidence_policy_text.h"

#include "base/clock.h"
#include "base/text.h"
#include "formats/json.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- in sentences ---- */

static void put_hex(const char *before, struct bytes v, const char *after, struct buf *out)
{
    buf_put_str(out, before);
    hex_put(out, v);
    buf_put_str(out, after);
}

static void explain_release(const struct policy_release *r, struct buf *out)
{
    buf_printf(out, "  Release %s:", r->name);
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        if (!measurements_has(&r->want, i))
            continue;
        buf_printf(out, " PCR%u ", i);
        hex_put(out, measurements_at(&r->want, i));
    }
    buf_put_str(out, ".\n");
    if (!measurements_has(&r->want, 1) || !measurements_has(&r->want, 2))
        buf_put_str(out, "  Note: PCR1 or PCR2 is not pinned; PCR0 covers the whole image.\n");
}

static void explain_nitro(const struct policy_platform *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_releases; i++)
        explain_release(&p->releases[i], out);
    buf_printf(out,
               "  A document is at most %" PRId64 " seconds old%s, and at most %" PRId64
               " ahead of the clock.\n",
               p->max_age_s, p->has_max_age ? "" : " in a live session", p->max_future_s);
    buf_put_str(out, p->is_crl_required
                         ? "  Revocation lists must be given.\n"
                         : "  Without revocation lists, revocation is not checked.\n");
    buf_put_str(out, "  Debug mode is never accepted.\n");
}

/* Each line of what a platform says about itself is indented under its heading. */
static void put_indented(struct bytes text, struct buf *out)
{
    bool is_start = true;
    for (size_t i = 0; i < text.n; i++) {
        if (is_start)
            buf_put_str(out, "  ");
        buf_put_u8(out, text.p[i]);
        is_start = text.p[i] == '\n';
    }
}

static void explain_hardware(const struct evidence_policy *p, struct buf *out)
{
    struct buf text CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    const struct {
        const char *heading;
        bool is_present;
    } rows[] = {{"Intel TDX:\n", p->tdx.is_present},
                {"Intel SGX:\n", p->sgx.is_present},
                {"AMD SEV-SNP:\n", p->snp.is_present},
                {"Google Confidential Space:\n", p->confidential_space.is_present},
                {"NVIDIA GPUs, which the enclave must show beside its own evidence:\n",
                 p->nvidia_gpu.is_present}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].is_present)
            continue;
        buf_clear(&text);
        if (i == 0)
            dcap_policy_explain(&p->tdx, &text);
        else if (i == 1)
            dcap_policy_explain(&p->sgx, &text);
        else if (i == 2)
            snp_policy_explain(&p->snp, &text);
        else if (i == 3)
            cs_policy_explain(&p->confidential_space, &text);
        else
            nvidia_policy_explain(&p->nvidia_gpu, &text);
        buf_put_str(out, rows[i].heading);
        put_indented(buf_view(&text), out);
    }
}

static void explain_service(const struct evidence_policy *p, struct buf *out)
{
    if (p->service[0] != 0)
        buf_printf(out, "The service must be %s.\n", p->service);
    else
        buf_put_str(out, "Any service is accepted: whoever runs an accepted release, anywhere.\n");
    bool is_epoch = (p->freshness_mask >> FRESH_EPOCH & 1u) != 0;
    bool is_session = (p->freshness_mask >> FRESH_SESSION & 1u) != 0;
    buf_put_str(out, is_epoch && is_session ? "Evidence may be made for each session, or once for "
                                              "many.\n"
                     : is_epoch             ? "Evidence is made once for many sessions.\n"
                                            : "Evidence must be made for each session.\n");
}

static void explain_digests(const struct policy_digests *d, const char *what, struct buf *out)
{
    if (d->n == 0)
        buf_printf(out, "Any %s is accepted.\n", what);
    for (size_t i = 0; i < d->n; i++) {
        buf_printf(out, "Accepted %s: ", what);
        put_hex("", BYTES_OF(d->v[i]), ".\n", out);
    }
}

static void explain_life(const struct evidence_policy *p, struct buf *out)
{
    char end[CLOCK_TEXT_LEN];
    clock_text(p->not_after_unix_s, end);
    if (p->is_signed)
        put_hex("It is signed by the key ", BYTES_OF(p->signer), ".\n", out);
    if (p->serial > 0)
        buf_printf(out,
                   "Its serial is %" PRIu32 ": who verifies signatures and keeps a state file "
                   "refuses a lower one afterwards.\n",
                   p->serial);
    if (p->has_end)
        buf_printf(out, "It is refused after %s.\n", end);
    else
        buf_put_str(out, "It has no end.\n");
}

void evidence_policy_explain(const struct evidence_policy *p, struct buf *out)
{
    explain_life(p, out);
    explain_service(p, out);
    explain_digests(&p->models, "model", out);
    explain_digests(&p->configs, "configuration", out);
    if (p->nitro.is_present) {
        buf_put_str(out, "AWS Nitro Enclaves:\n");
        explain_nitro(&p->nitro, out);
    }
    explain_hardware(p, out);
    if (p->simulated.is_present) {
        put_hex("The simulated platform, which protects nothing, under the root ",
                BYTES_OF(p->simulated_root_sha256), ":\n", out);
        explain_nitro(&p->simulated, out);
    }
    buf_put_str(out, "Evidence of every other platform is refused.\n");
}

/* ---- from what was seen ---- */

/* What the host decides is not pinned: the instance (PCR4) changes with each start of the machine.
 * Unused PCRs are zero. */
static bool is_worth_pinning(const struct measurements *m, unsigned i)
{
    return i != 4 && measurements_has(m, i) && !bytes_all_zero(measurements_at(m, i));
}

static void pin_nitro(const struct evidence_claimed *seen, const char *release_name,
                      struct json_w *w)
{
    json_w_open(w, "nitro", '{');
    json_w_open(w, "releases", '[');
    json_w_open(w, NULL, '{');
    json_w_str(w, "name", release_name);
    for (unsigned i = 0; i < MEASUREMENTS_MAX; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "pcr%u", i);
        if (is_worth_pinning(&seen->measurements, i))
            json_w_hex(w, key, measurements_at(&seen->measurements, i));
    }
    json_w_close(w, '}');
    json_w_close(w, ']');
    json_w_close(w, '}');
}

static void pin_digest(struct json_w *w, const char *key, struct bytes digest)
{
    if (bytes_all_zero(digest))
        return;
    json_w_open(w, key, '[');
    json_w_hex(w, NULL, digest);
    json_w_close(w, ']');
}

static void pin_statement(const struct statement *s, struct json_w *w)
{
    json_w_text(w, "service", s->service);
    json_w_open(w, "freshness", '[');
    json_w_str(w, NULL, s->freshness == FRESH_EPOCH ? "epoch" : "session");
    json_w_close(w, ']');
    pin_digest(w, "models", BYTES_OF(s->model_digest));
    pin_digest(w, "configs", BYTES_OF(s->config_digest));
}

static void pin_platform(enum evidence_type type, const struct evidence_claimed *seen,
                         const char *name, struct json_w *w)
{
    switch (type) {
    case EVIDENCE_NITRO:
        pin_nitro(seen, name, w);
        break;
    case EVIDENCE_TDX:
        dcap_policy_pin(&seen->facts, QUOTE_TDX, name, w);
        break;
    case EVIDENCE_SGX:
        dcap_policy_pin(&seen->facts, QUOTE_SGX, name, w);
        break;
    case EVIDENCE_SNP:
        snp_policy_pin(&seen->facts, name, w);
        break;
    case EVIDENCE_NVIDIA_GPU:
        nvidia_policy_pin(&seen->facts, name, w);
        break;
    case EVIDENCE_CS_TOKEN:
        cs_policy_pin(&seen->facts, name, w);
        break;
    case EVIDENCE_SIMULATED:
        break;
    }
}

status evidence_policy_pin(enum evidence_type type, const struct evidence_claimed *seen,
                           const char *release_name, struct buf *out)
{
    struct json_w w = {.out = out};
    REQUIRE(type != EVIDENCE_SIMULATED, ST_UNSUPPORTED,
            "simulated evidence proves nothing: eml-enclave-sim writes its own policy");
    REQUIRE(seen->is_signed, ST_MISMATCH, "the evidence is not authentic: nothing to pin");
    json_w_open(&w, NULL, '{');
    json_w_int(&w, "version", 1);
    if (seen->has_statement)
        pin_statement(&seen->statement, &w);
    pin_platform(type, seen, release_name, &w);
    if (seen->has_devices)
        nvidia_policy_pin(&seen->facts, release_name, &w);
    json_w_close(&w, '}');
    return buf_status(out);
}
