#include "apps/eml-verify/selftest.h"

#include <stdarg.h>
#include <stdio.h>

#include "tee/verify/bundle.h"

enum {
    INPUTS_MAX = 8 + EVIDENCE_FILES_CRLS_MAX,
    POSITIONS = 9,         /* bits turned in each part */
    POSITIONS_SPREAD = 64, /* and over a whole input */
    PARTS_MAX = 96,
    MORE = 1024,
};

/* What one verification is made of. Plain views: a damaged copy replaces one of them. */
struct subject {
    enum evidence_type type;
    struct bytes evidence;
    const struct evidence_policy *policy;
    struct evidence_expect expect;
    struct bytes crls[EVIDENCE_FILES_CRLS_MAX];
};

struct outcome {
    struct checks checks;
    struct evidence_claimed claimed;
};

/* What comes beside evidence is a box of parts, and so is a bundle. Some parts may be of no use
 * (the issuers of a CRL that the quote names itself, say): a check that read the whole box claims
 * none of them. */
struct part {
    size_t input;
    size_t at, n;
    const char *check;
    bool is_box;
};

struct run {
    struct selftest *t;
    struct subject base;
    struct outcome good;
    struct outcome now;
    struct evidence_trace *trace;
    struct part parts[EVIDENCE_TRACE_ROWS];
    size_t n_parts;
};

/* Where a damage was done, n bytes each; n == 0: nowhere that a check could have looked. */
struct damage {
    enum selftest_kind kind;
    size_t input;
    size_t at, n;
    size_t also_at; /* of a swap; else 0 */
    char text[SELFTEST_TEXT_MAX];
};

static const char *const INPUTS[] = {"evidence", "statement", "collateral",       "certs",
                                     "jwks",     "event_log", "reference_values", "devices"};
enum { CRL_INPUT = sizeof(INPUTS) / sizeof(INPUTS[0]) };

static const char *input_name(size_t i)
{
    return i < CRL_INPUT ? INPUTS[i] : "crl";
}

static struct bytes *input_of(struct subject *s, size_t i)
{
    struct evidence_inputs *in = &s->expect.beside;
    struct bytes *const all[CRL_INPUT] = {
        &s->evidence, &in->statement, &in->collateral,       &in->certs,
        &in->jwks,    &in->event_log, &in->reference_values, &in->devices,
    };
    return i < CRL_INPUT ? all[i] : &s->crls[i - CRL_INPUT];
}

const char *selftest_kind_name(enum selftest_kind k)
{
    static const char *const NAMES[SELFTEST_KINDS] = {
        [SELFTEST_BIT] = "bit turned",        [SELFTEST_PART] = "part overwritten",
        [SELFTEST_CUT] = "end cut off",       [SELFTEST_MORE] = "bytes behind",
        [SELFTEST_SWAP] = "parts swapped",    [SELFTEST_ABSENT] = "input left out",
        [SELFTEST_EXPECT] = "other expected", [SELFTEST_POLICY] = "other policy",
        [SELFTEST_TYPE] = "other type",
    };
    return NAMES[k];
}

static void judge(struct subject *s, struct outcome *out)
{
    struct evidence_verified unused;
    struct bytes crls[EVIDENCE_FILES_CRLS_MAX];
    memcpy(crls, s->crls, sizeof(crls));
    s->expect.beside.crls = crls;
    s->expect.memory = NULL;
    out->checks = (struct checks){0};
    /* The list of checks is what counts here. */
    (void)ok(evidence_verify(s->evidence, s->type, s->policy, &s->expect, &out->checks,
                             &out->claimed, &unused));
}

/* ---- what was noticed ---- */

static bool is_worse(const struct check *k, const struct checks *good)
{
    const struct check *before = checks_find(good, k->id);
    if (k->result == CHECK_FAIL)
        return true;
    return k->result == CHECK_SKIP && k->is_required &&
           (before == NULL || before->result != CHECK_SKIP || !before->is_required);
}

static const struct check *first_worse(const struct checks *now, const struct checks *good)
{
    for (size_t i = 0; i < now->n; i++) {
        if (is_worse(&now->v[i], good))
            return &now->v[i];
    }
    return NULL;
}

static bool same_checks(const struct checks *a, const struct checks *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (a->v[i].result != b->v[i].result)
            return false;
    }
    return a->n == b->n;
}

static bool same_facts(const struct evidence_facts *a, const struct evidence_facts *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        if (strcmp(a->v[i].name, b->v[i].name) != 0 || strcmp(a->v[i].value, b->v[i].value) != 0)
            return false;
    }
    return a->n == b->n;
}

/* How many bytes stand behind the end is a fact, too. */
static bool is_same(const struct outcome *a, const struct outcome *b, enum selftest_kind kind)
{
    return same_checks(&a->checks, &b->checks) &&
           (kind == SELFTEST_MORE || same_facts(&a->claimed.facts, &b->claimed.facts)) &&
           memcmp(&a->claimed.measurements, &b->claimed.measurements,
                  sizeof(a->claimed.measurements)) == 0;
}

/* What was decoded out of an input (base64, JSON) has no place of its own there. */
static bool looked_at_decoded(const struct run *r, const char *check)
{
    for (size_t i = 0; i < r->trace->n; i++) {
        if (r->trace->v[i].input == NULL && strcmp(check, r->trace->v[i].check) == 0)
            return true;
    }
    return false;
}

static bool overlaps(const struct part *p, size_t at, size_t n)
{
    return p->at < at + n && at < p->at + p->n;
}

/* check NULL: any that must notice. */
static bool has_looked(const struct run *r, const char *check, const struct damage *d)
{
    for (size_t i = 0; i < r->n_parts && d->n > 0; i++) {
        const struct part *p = &r->parts[i];
        bool is_there = p->input == d->input && (overlaps(p, d->at, d->n) ||
                                                 (d->also_at > 0 && overlaps(p, d->also_at, d->n)));
        if (is_there && (check == NULL ? !p->is_box : strcmp(check, p->check) == 0))
            return true;
    }
    return false;
}

static void count(struct selftest *t, const char *check)
{
    size_t i = 0;
    while (i < t->n_checks && strcmp(t->by_check[i].check, check) != 0)
        i++;
    if (i == t->n_checks)
        t->by_check[t->n_checks++].check = check;
    t->by_check[i].n++;
    t->n_noticed++;
}

static void miss(struct selftest *t, const struct damage *d, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void miss(struct selftest *t, const struct damage *d, const char *fmt, ...)
{
    char why[SELFTEST_TEXT_MAX / 2];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    if (t->n_missed < SELFTEST_MISSES_MAX)
        (void)snprintf(t->misses[t->n_missed], SELFTEST_TEXT_MAX, "%.90s: %s", d->text, why);
    t->n_missed++;
}

static void try_damage(struct run *r, struct subject *s, const struct damage *d)
{
    struct selftest *t = r->t;
    judge(s, &r->now);
    t->n_tried++;
    t->by_kind[d->kind]++;
    const struct check *noticed = first_worse(&r->now.checks, &r->good.checks);
    if (noticed != NULL && has_looked(r, NULL, d) && !has_looked(r, noticed->id, d) &&
        !looked_at_decoded(r, noticed->id))
        miss(t, d, "noticed by %s, which did not look there", noticed->id);
    else if (noticed != NULL)
        count(t, noticed->id);
    else if (!has_looked(r, NULL, d) && is_same(&r->now, &r->good, d->kind))
        t->n_without_effect++;
    else
        miss(t, d, "not noticed");
}

/* ---- damages ---- */

static void describe(struct damage *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void describe(struct damage *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(d->text, sizeof(d->text), fmt, ap);
    va_end(ap);
}

static void try_with(struct run *r, struct damage *d, struct bytes damaged)
{
    struct subject s = r->base;
    *input_of(&s, d->input) = damaged;
    try_damage(r, &s, d);
}

/* A part of a text is damaged in its letters and digits only: white space may mean nothing. */
static bool is_letter(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_text(struct bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        if ((v.p[i] < 0x20 && v.p[i] != '\n' && v.p[i] != '\r' && v.p[i] != '\t') || v.p[i] > 0x7e)
            return false;
    }
    return v.n > 0;
}

static void turn_bit(struct run *r, size_t input, struct buf *copy, size_t at)
{
    uint8_t *p = &copy->p[at];
    bool in_text = is_text(*input_of(&r->base, input));
    uint8_t bit = in_text ? 1 : (uint8_t)(1u << at % 8);
    struct damage d = {.kind = SELFTEST_BIT, .input = input, .at = at, .n = 1};
    if (in_text && !is_letter(*p))
        return;
    describe(&d, "%s: bit 0x%02x of byte %zu turned", input_name(input), bit, at);
    *p ^= bit;
    try_with(r, &d, buf_view(copy));
    *p ^= bit;
}

static void turn_bits(struct run *r, size_t input, struct buf *copy, size_t from, size_t n,
                      size_t n_positions)
{
    size_t step = n > n_positions ? n / n_positions : 1;
    for (size_t i = 0; i < n; i += step)
        turn_bit(r, input, copy, from + i);
    if (n > 1)
        turn_bit(r, input, copy, from + n - 1);
}

static void overwrite(struct run *r, const struct part *part, struct buf *copy)
{
    struct bytes was = bytes_of(input_of(&r->base, part->input)->p + part->at, part->n);
    struct damage d = {.kind = SELFTEST_PART, .input = part->input, .at = part->at, .n = part->n};
    if (part->n < 2 || is_text(*input_of(&r->base, part->input)))
        return;
    if (!bytes_all_zero(was)) {
        describe(&d, "%s: %zu bytes at %zu zeroed", input_name(part->input), part->n, part->at);
        memset(copy->p + part->at, 0, part->n);
        try_with(r, &d, buf_view(copy));
    }
    describe(&d, "%s: %zu bytes at %zu inverted", input_name(part->input), part->n, part->at);
    for (size_t i = 0; i < part->n; i++)
        copy->p[part->at + i] = (uint8_t)~was.p[i];
    try_with(r, &d, buf_view(copy));
    memcpy(copy->p + part->at, was.p, part->n);
}

static void swap(struct run *r, const struct part *a, const struct part *b, struct buf *copy)
{
    struct bytes in = *input_of(&r->base, a->input);
    struct damage d = {
        .kind = SELFTEST_SWAP, .input = a->input, .at = a->at, .n = a->n, .also_at = b->at};
    if (a->input != b->input || a->n != b->n || a->at + a->n > b->at ||
        memcmp(in.p + a->at, in.p + b->at, a->n) == 0)
        return;
    describe(&d, "%s: %zu bytes at %zu and %zu swapped", input_name(a->input), a->n, a->at, b->at);
    memcpy(copy->p + a->at, in.p + b->at, a->n);
    memcpy(copy->p + b->at, in.p + a->at, a->n);
    try_with(r, &d, buf_view(copy));
    memcpy(copy->p + a->at, in.p + a->at, a->n);
    memcpy(copy->p + b->at, in.p + b->at, a->n);
}

static void cut(struct run *r, size_t input, size_t n)
{
    struct bytes in = *input_of(&r->base, input);
    struct damage d = {.kind = SELFTEST_CUT, .input = input, .at = n, .n = in.n - n};
    if (n >= in.n)
        return;
    /* A last line break may be missing from a text. */
    if (is_text(in) && n + 2 >= in.n && !is_letter(in.p[in.n - 1]))
        d.n = 0;
    describe(&d, "%s: cut to %zu of %zu bytes", input_name(input), n, in.n);
    try_with(r, &d, bytes_of(in.p, n));
}

static status extend(struct run *r, size_t input)
{
    static const size_t LENGTHS[] = {1, 16, MORE};
    struct bytes in = *input_of(&r->base, input);
    for (size_t i = 0; i < 2 * sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
        size_t n = LENGTHS[i / 2];
        struct buf more CLEANUP(buf_done) = BUF_MAX(in.n + MORE);
        struct damage d = {.kind = SELFTEST_MORE, .input = input};
        describe(&d, "%s: %zu bytes 0x%02x behind", input_name(input), n, i % 2 ? 0x41 : 0);
        buf_put(&more, in);
        for (size_t k = 0; k < n; k++)
            buf_put_u8(&more, i % 2 ? 0x41 : 0);
        TRY(buf_status(&more));
        try_with(r, &d, buf_view(&more));
    }
    return OK;
}

static void leave_out(struct run *r, size_t input)
{
    struct damage d = {.kind = SELFTEST_ABSENT, .input = input};
    struct subject s = r->base;
    describe(&d, "%s: empty", input_name(input));
    try_with(r, &d, bytes_of("", 0));
    if (input == 0 || input >= CRL_INPUT)
        return;
    describe(&d, "%s: left out", input_name(input));
    *input_of(&s, input) = (struct bytes){0};
    try_damage(r, &s, &d);
}

static status damage_input(struct run *r, size_t input)
{
    struct bytes in = *input_of(&r->base, input);
    struct buf copy CLEANUP(buf_done) = BUF_MAX(in.n);
    if (in.p == NULL || in.n == 0)
        return OK;
    buf_put(&copy, in);
    TRY(buf_status(&copy));
    turn_bits(r, input, &copy, 0, in.n, POSITIONS_SPREAD);
    for (size_t i = 0; i < r->n_parts && i < PARTS_MAX; i++) {
        const struct part *p = &r->parts[i];
        if (p->input != input || p->n == 0)
            continue;
        turn_bits(r, input, &copy, p->at, p->n, POSITIONS);
        overwrite(r, p, &copy);
        cut(r, input, p->at);
        cut(r, input, p->at + p->n - 1);
        for (size_t k = 0; k < r->n_parts && k < PARTS_MAX; k++)
            swap(r, p, &r->parts[k], &copy);
    }
    for (size_t i = 1; i < 16; i++)
        cut(r, input, in.n * i / 16);
    leave_out(r, input);
    return extend(r, input);
}

/* ---- what the caller expects ---- */

static void try_time(struct run *r, int64_t at, const char *what)
{
    struct damage d = {.kind = SELFTEST_EXPECT};
    struct subject s = r->base;
    describe(&d, "judged %s", what);
    s.expect.at_unix_s = at;
    try_damage(r, &s, &d);
}

static void try_other_times(struct run *r)
{
    const int64_t century = INT64_C(3155760000), now = r->base.expect.at_unix_s;
    try_time(r, now + century, "a century later");
    try_time(r, now - century, "a century earlier");
    try_time(r, INT64_MAX, "at the end of time");
    try_time(r, 1, "in 1970");
}

static status try_other_value(struct run *r, struct bytes had, struct bytes *place,
                              struct subject *s, const char *what)
{
    struct buf other CLEANUP(buf_done) = BUF_MAX(EVIDENCE_FILES_NONCE_MAX * 4);
    struct damage d = {.kind = SELFTEST_EXPECT};
    if (had.n == 0)
        return OK;
    buf_put(&other, had);
    TRY(buf_status(&other));
    for (size_t i = 0; i<had.n; i += had.n> 8 ? had.n / 8 : 1) {
        describe(&d, "another %s expected, byte %zu", what, i);
        other.p[i] ^= 1;
        *place = buf_view(&other);
        try_damage(r, s, &d);
        other.p[i] ^= 1;
    }
    return OK;
}

static status try_expectations(struct run *r)
{
    struct subject s = r->base;
    struct bytes nonce = s.expect.nonce.p != NULL ? s.expect.nonce : r->good.claimed.nonce;
    try_other_times(r);
    TRY(try_other_value(r, nonce, &s.expect.nonce, &s, "nonce"));
    s = r->base;
    return try_other_value(r, s.expect.report_data, &s.expect.report_data, &s, "REPORTDATA");
}

static bool is_hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the run of hexadecimal digits at `at`. */
static size_t digits_at(struct bytes text, size_t at)
{
    size_t n = 0;
    while (at + n < text.n && is_hex_digit(text.p[at + n]))
        n++;
    return n;
}

/* A policy that cannot be read any more accepts nothing: that is noticed, too. */
static void try_policy(struct run *r, struct bytes text, size_t at)
{
    struct evidence_policy *p CLEANUP(evidence_policy_freep) = NULL;
    struct damage d = {.kind = SELFTEST_POLICY};
    struct subject s = r->base;
    describe(&d, "another digest in the policy at %zu", at);
    if (failed(evidence_policy_parse(text, &p))) {
        r->t->n_tried++;
        r->t->by_kind[d.kind]++;
        count(r->t, "policy");
        return;
    }
    s.policy = p;
    try_damage(r, &s, &d);
}

static status try_policies(struct run *r)
{
    struct buf copy CLEANUP(buf_done) = BUF_MAX(POLICY_MAX_BYTES);
    buf_put(&copy, r->t->policy_text);
    TRY(buf_status(&copy));
    for (size_t at = 0, n = 0; at < copy.n; at += n + 1) {
        n = digits_at(buf_view(&copy), at);
        if (n < 16)
            continue;
        uint8_t was = copy.p[at + n / 2];
        copy.p[at + n / 2] = was == '0' ? '1' : '0';
        try_policy(r, buf_view(&copy), at);
        copy.p[at + n / 2] = was;
    }
    return OK;
}

static void try_types(struct run *r)
{
    for (unsigned i = 0; i <= EVIDENCE_CS_TOKEN + 1; i++) {
        struct damage d = {.kind = SELFTEST_TYPE};
        struct subject s = r->base;
        s.type = (enum evidence_type)i;
        if (s.type == r->base.type)
            continue;
        describe(&d, "judged as type %u (%s)", i, evidence_type_name(s.type));
        judge(&s, &r->now);
        r->t->n_tried++;
        r->t->by_kind[d.kind]++;
        const struct check *noticed = checks_first_failure(&r->now.checks);
        if (noticed != NULL || r->now.checks.is_unsupported)
            count(r->t, noticed != NULL ? noticed->id : "type");
        else
            miss(r->t, &d, "not noticed");
    }
}

/* ---- */

static bool holds(struct run *r, size_t input, size_t row)
{
    struct bytes in = *input_of(&r->base, input), v = evidence_trace_bytes(r->trace, row);
    const struct evidence_trace_row *w = &r->trace->v[row];
    return in.p != NULL && v.p != NULL && w->offset <= in.n && w->n <= in.n - w->offset &&
           bytes_equal(v, bytes_of(in.p + w->offset, w->n));
}

/* A part of a bundle stands in the trace by its place in that part: its bytes tell where it is in
 * the bundle. Few bytes tell nothing. */
static void find_in_bundle(struct run *r, size_t row)
{
    enum { ENOUGH = 16 };
    struct bytes in = r->base.evidence, v = evidence_trace_bytes(r->trace, row);
    const struct evidence_trace_row *w = &r->trace->v[row];
    const uint8_t *at = v.n < ENOUGH ? NULL : memmem(in.p, in.n, v.p, v.n);
    bool is_box = strcmp(w->input, INPUTS[0]) != 0 && w->offset == 0;
    if (at != NULL)
        r->parts[r->n_parts++] = (struct part){0, (size_t)(at - in.p), v.n, w->check, is_box};
}

/* Several lists of revoked certificates have one name in the trace: their bytes tell them apart. */
static void find_part(struct run *r, size_t row)
{
    const struct evidence_trace_row *w = &r->trace->v[row];
    for (size_t i = 0; w->input != NULL && i < INPUTS_MAX; i++) {
        if (strcmp(w->input, input_name(i)) == 0 && holds(r, i, row)) {
            bool is_box = i > 0 ? w->n == input_of(&r->base, i)->n : bundle_is(r->base.evidence);
            r->parts[r->n_parts++] = (struct part){i, w->offset, w->n, w->check, is_box};
            return;
        }
    }
    if (w->input != NULL && bundle_is(r->base.evidence))
        find_in_bundle(r, row);
}

static status look(struct run *r)
{
    TRY(evidence_trace_new(&r->trace));
    r->base.expect.trace = r->trace;
    judge(&r->base, &r->good);
    r->base.expect.trace = NULL;
    r->t->checks = r->good.checks;
    for (size_t i = 0; i < r->trace->n; i++)
        find_part(r, i);
    REQUIRE(!r->good.checks.is_malformed, ST_FORMAT, "%s", status_detail());
    REQUIRE(checks_first_failure(&r->good.checks) == NULL && r->good.claimed.is_signed, ST_POLICY,
            "the undamaged evidence is not accepted: %s", status_detail());
    return OK;
}

static void run_done(struct run *r)
{
    evidence_trace_freep(&r->trace);
}

status selftest_run(struct selftest *t)
{
    struct run r CLEANUP(run_done) = {
        .t = t,
        .base = {.type = t->files->type,
                 .evidence = buf_view(&t->files->evidence),
                 .policy = t->files->policy,
                 .expect = t->files->expect},
    };
    for (size_t i = 0; i < t->files->expect.beside.n_crls; i++)
        r.base.crls[i] = t->files->expect.beside.crls[i];
    TRY(look(&r));
    for (size_t i = 0; i < INPUTS_MAX; i++)
        TRY(damage_input(&r, i));
    TRY(try_expectations(&r));
    TRY(try_policies(&r));
    try_types(&r);
    return OK;
}
