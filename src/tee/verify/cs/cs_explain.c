#include "tee/verify/cs/cs_job.h"

/* Which claims a check looks at, as paths of members: for people alone. No decision is made here.
 */
static const struct {
    const char *id, *path;
} LOOKS_AT[] = {
    {"token.issuer", "iss"},
    {"token.audience", "aud"},
    {"token.expiry", "exp"},
    {"token.expiry", "iat"},
    {"token.not_before", "nbf"},
    {"token.issued", "iat"},
    {"token.hardware", "hwmodel"},
    {"token.oem", "oemid"},
    {"token.secure_boot", "secboot"},
    {"token.debug", "dbgstat"},
    {"token.software", "swname"},
    {"token.version", "swversion"},
    {"token.support", "submods/confidential_space/support_attributes"},
    {"token.monitoring", "submods/confidential_space/monitoring_enabled"},
    {"token.attester", "attester_tcb"},
    {"token.tdx", "tdx"},
    {"token.gpu", "submods/nvidia_gpu"},
    {"token.image", "submods/container/image_digest"},
    {"token.image", "submods/container/image_id"},
    {"token.image", "submods/container/image_reference"},
    {"token.image", "submods/container/args"},
    {"token.image_signers", "submods/container/image_signatures"},
    {"token.env", "submods/container/env"},
    {"token.env_override", "submods/container/env_override"},
    {"token.cmd_override", "submods/container/cmd_override"},
    {"token.restart", "submods/container/restart_policy"},
    {"token.subject", "sub"},
    {"token.subject", "submods/gce"},
    {"token.project", "submods/gce/project_id"},
    {"token.project", "submods/gce/project_number"},
    {"token.zone", "submods/gce/zone"},
    {"token.instance", "submods/gce/instance_id"},
    {"token.instance", "submods/gce/instance_name"},
    {"token.accounts", "google_service_accounts"},
};

enum { N_LOOKS_AT = sizeof(LOOKS_AT) / sizeof(LOOKS_AT[0]) };

static struct bytes after(struct bytes text, size_t n)
{
    n = n < text.n ? n : text.n;
    return bytes_of(text.p + n, text.n - n);
}

static struct bytes skip_space(struct bytes t)
{
    while (t.n > 0 && strchr(" \t\r\n", t.p[0]) != NULL && t.p[0] != 0)
        t = after(t, 1);
    return t;
}

/* Length of the text, list, object or other value that t begins with. t is JSON that has parsed. */
static size_t value_length(struct bytes t)
{
    unsigned depth = 0;
    bool in_text = false;
    size_t i = 0;
    for (; i < t.n; i++) {
        uint8_t c = t.p[i];
        if (in_text && c == '\\') {
            i++;
            continue;
        }
        in_text ^= c == '"';
        if (in_text)
            continue;
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return i;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return i + 1;
    }
    return t.n;
}

/* The value of a member of the object that t begins with; .p NULL when it has none of that name. */
static struct bytes member(struct bytes t, struct bytes name)
{
    t = skip_space(after(t, 1));
    while (t.n > 0 && t.p[0] == '"') {
        size_t n = value_length(t);
        bool is_it = n == name.n + 2 && memcmp(t.p + 1, name.p, name.n) == 0;
        t = skip_space(after(skip_space(after(t, n)), 1)); /* the colon */
        n = value_length(t);
        if (is_it)
            return bytes_of(t.p, n);
        t = skip_space(after(skip_space(after(t, n)), 1)); /* the comma */
    }
    return (struct bytes){0};
}

static struct bytes at_path(struct bytes claims, const char *path)
{
    struct bytes t = skip_space(claims);
    while (*path != 0 && t.p != NULL && t.n > 0 && t.p[0] == '{') {
        size_t n = strcspn(path, "/");
        t = member(t, bytes_of(path, n));
        path += n + (path[n] == '/');
    }
    return *path == 0 ? t : (struct bytes){0};
}

/* Three bytes are four digits: the digits of the token that hold these bytes of the claims. */
static struct bytes digits_of(const struct cs_state *c, struct bytes value)
{
    size_t from = (size_t)(value.p - c->verified.claims.p) / 3 * 4;
    size_t to = ((size_t)(value.p - c->verified.claims.p) + value.n + 2) / 3 * 4;
    struct bytes part = c->token.parts[1];
    to = to < part.n ? to : part.n;
    return bytes_of(part.p + from, to - from);
}

void cs_shows_claims(struct evidence_job *j)
{
    struct cs_state *c = cs_state_of(j);
    if (j->expect->trace == NULL)
        return;
    for (size_t i = 0; i < N_LOOKS_AT; i++) {
        if (strcmp(LOOKS_AT[i].id, j->now->id) != 0)
            continue;
        struct bytes value = at_path(c->verified.claims, LOOKS_AT[i].path);
        if (value.p == NULL || value.n == 0)
            continue;
        evidence_shows(j, LOOKS_AT[i].path, digits_of(c, value));
        evidence_shows(j, "decoded", value);
    }
}
