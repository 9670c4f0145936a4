#include "channel/inbox.h"

static size_t find(const struct inbox *in, uint32_t stream_id)
{
    size_t i = 0;
    while (i < in->n && in->v[i].stream_id != stream_id)
        i++;
    return i;
}

bool inbox_has(const struct inbox *in, uint32_t stream_id)
{
    return find(in, stream_id) < in->n;
}

static status begin(struct inbox *in, const struct fragment *f, uint64_t now_ns)
{
    REQUIRE(in->n < CHANNEL_STREAMS_MAX, ST_LIMIT, "too many unfinished messages");
    in->v[in->n++] = (struct partial){.stream_id = f->stream_id,
                                      .type = f->type,
                                      .started_ns = now_ns,
                                      .body = BUF_MAX(in->max_message_bytes)};
    return OK;
}

static status append(struct inbox *in, struct partial *p, struct bytes body)
{
    REQUIRE(body.n <= in->max_message_bytes - p->body.n, ST_LIMIT, "message above %zu bytes",
            in->max_message_bytes);
    REQUIRE(body.n <= in->max_held_bytes - in->held_bytes, ST_LIMIT,
            "unfinished messages of more than %zu bytes", in->max_held_bytes);
    buf_put(&p->body, body);
    TRY(buf_status(&p->body));
    in->held_bytes += body.n;
    return OK;
}

static void finish(struct inbox *in, size_t i, bool is_last, struct message *out)
{
    struct partial *p = &in->v[i];
    in->held_bytes -= p->body.n;
    *out = (struct message){
        .stream_id = p->stream_id, .type = p->type, .is_last = is_last, .body = buf_take(&p->body)};
    *p = in->v[--in->n];
    in->v[in->n] = (struct partial){0};
}

/* The common case, a message in one record, takes no slot. */
static status whole(const struct inbox *in, const struct fragment *f, struct message *out)
{
    struct buf body = BUF_MAX(in->max_message_bytes);
    REQUIRE(f->body.n <= in->max_message_bytes, ST_LIMIT, "message above %zu bytes",
            in->max_message_bytes);
    buf_put(&body, f->body);
    TRY(buf_status(&body));
    *out = (struct message){
        .stream_id = f->stream_id, .type = f->type, .is_last = f->is_stream_end, .body = body};
    return OK;
}

status inbox_add(struct inbox *in, const struct fragment *f, uint64_t now_ns, struct message *out,
                 bool *out_is_whole)
{
    size_t i = find(in, f->stream_id);
    *out_is_whole = false;
    if (f->type == MSG_CANCEL || (i == in->n && f->is_message_end)) {
        TRY(whole(in, f, out));
        *out_is_whole = true;
        return OK;
    }
    if (i == in->n)
        TRY(begin(in, f, now_ns));
    REQUIRE(in->v[i].type == f->type, ST_PROTOCOL, "message type %u inside one of type %u", f->type,
            in->v[i].type);
    TRY(append(in, &in->v[i], f->body));
    if (f->is_message_end)
        finish(in, i, f->is_stream_end, out);
    *out_is_whole = f->is_message_end;
    return OK;
}

uint64_t inbox_oldest_ns(const struct inbox *in)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < in->n; i++)
        oldest = in->v[i].started_ns < oldest ? in->v[i].started_ns : oldest;
    return oldest;
}

void inbox_done(struct inbox *in)
{
    for (size_t i = 0; i < in->n; i++)
        buf_done(&in->v[i].body);
    in->n = 0;
    in->held_bytes = 0;
}
