#include "serve/responder.h"

#include <pthread.h>
#include <stdlib.h>

struct responder {
    responder_answer_fn answer;
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock; /* guards: head, tail, stop */
    pthread_cond_t wake;
    struct exchange *head;
    struct exchange *tail;
    bool stop;
};

/* The whole queue at once; NULL when it is empty and the responder stops. */
static struct exchange *take_all(struct responder *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->head == NULL && !r->stop)
        pthread_cond_wait(&r->wake, &r->lock);
    struct exchange *list = r->head;
    r->head = r->tail = NULL;
    pthread_mutex_unlock(&r->lock);
    return list;
}

static void *responder_main(void *arg)
{
    struct responder *r = arg;
    struct exchange *list;
    while ((list = take_all(r)) != NULL) {
        while (list != NULL) {
            struct exchange *next = list->next; /* the answer frees the exchange */
            r->answer(r->ctx, list);
            list = next;
        }
    }
    return NULL;
}

status responder_new(responder_answer_fn answer, void *ctx, struct responder **out)
{
    struct responder *r = calloc(1, sizeof(*r));
    REQUIRE(r != NULL, ST_NOMEM, "no memory for the responder");
    r->answer = answer;
    r->ctx = ctx;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->wake, NULL);
    if (pthread_create(&r->thread, NULL, responder_main, r) != 0) {
        free(r);
        return FAIL(ST_NOMEM, "cannot start the responder thread");
    }
    *out = r;
    return OK;
}

void responder_push(struct responder *r, struct exchange *e)
{
    e->next = NULL;
    pthread_mutex_lock(&r->lock);
    if (r->tail != NULL)
        r->tail->next = e;
    else
        r->head = e;
    r->tail = e;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

void responder_freep(struct responder **rp)
{
    struct responder *r = *rp;
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stop = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free(r);
    *rp = NULL;
}
