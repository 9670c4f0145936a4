#include "channel/streams.h"

#include <string.h>

#include "channel/session.h"

bool message_is_from_client(uint8_t type)
{
    return type == MSG_REQUEST || type == MSG_CANCEL;
}

static size_t find(const struct streams *t, uint32_t id)
{
    size_t i = 0;
    while (i < t->n && t->v[i].id != id)
        i++;
    return i;
}

static bool was_used(const struct streams *t, uint32_t id)
{
    if (id > t->highest)
        return false;
    if (t->highest - id >= STREAMS_WINDOW)
        return true; /* forgotten, so taken for used */
    return (t->used[id % STREAMS_WINDOW / 64] >> (id % 64) & 1u) != 0;
}

static void clear_bit(struct streams *t, uint32_t id)
{
    t->used[id % STREAMS_WINDOW / 64] &= ~((uint64_t)1 << (id % 64));
}

static void mark_used(struct streams *t, uint32_t id)
{
    uint32_t ahead = id > t->highest ? id - t->highest : 0;
    if (ahead >= STREAMS_WINDOW)
        memset(t->used, 0, sizeof(t->used));
    for (uint32_t i = 1; i < ahead && ahead < STREAMS_WINDOW; i++)
        clear_bit(t, t->highest + i);
    if (ahead > 0)
        t->highest = id;
    t->used[id % STREAMS_WINDOW / 64] |= (uint64_t)1 << (id % 64);
}

static enum streams_answer open_stream(struct streams *t, uint32_t id)
{
    if (id == 0 || was_used(t, id))
        return STREAMS_REFUSED;
    if (t->n >= t->max)
        return STREAMS_FULL;
    mark_used(t, id);
    memset(&t->v[t->n], 0, sizeof(t->v[0]));
    t->v[t->n++].id = id;
    return STREAMS_YES;
}

static enum streams_answer cancel(struct streams *t, size_t i, uint32_t id)
{
    if (i == t->n)
        return was_used(t, id) ? STREAMS_IGNORE : STREAMS_REFUSED;
    if (t->v[i].server_ended || t->v[i].is_cancelled)
        return STREAMS_IGNORE;
    t->v[i].is_cancelled = true;
    return STREAMS_YES;
}

enum streams_answer streams_begin(struct streams *t, uint32_t id, uint8_t type)
{
    size_t i = find(t, id);
    if (type == MSG_CANCEL)
        return cancel(t, i, id);
    if (i == t->n)
        return type == MSG_REQUEST ? open_stream(t, id) : STREAMS_REFUSED;
    bool has_ended = message_is_from_client(type) ? t->v[i].client_ended : t->v[i].server_ended;
    return has_ended ? STREAMS_REFUSED : STREAMS_YES;
}

size_t streams_n_owed(const struct streams *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++)
        n += t->v[i].client_ended && !t->v[i].server_ended ? 1 : 0;
    return n;
}

void streams_end(struct streams *t, uint32_t id, bool is_client)
{
    size_t i = find(t, id);
    if (i == t->n)
        return;
    if (is_client)
        t->v[i].client_ended = true;
    else
        t->v[i].server_ended = true;
    if (t->v[i].client_ended && t->v[i].server_ended)
        t->v[i] = t->v[--t->n];
}
