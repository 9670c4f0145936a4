#include "apps/eml-verify/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/common/app.h"
#include "apps/common/state_file.h"
#include "apps/sandbox/sandbox.h"
#include "base/file.h"

enum { CONTENT_MAX = 16 << 20, STEP = 64 << 10 };

static const mode_t MODES[OUTPUT_N] = {[OUTPUT_HTML] = 0644, [OUTPUT_STATE] = 0600};

/* What the writing process holds for one file. */
struct sink {
    struct file_out file;
    struct fd from;
    struct buf content;
};

static void sinks_done(struct sink (*sinks)[OUTPUT_N])
{
    for (int i = 0; i < OUTPUT_N; i++) {
        file_out_close(&(*sinks)[i].file);
        fd_close(&(*sinks)[i].from);
        buf_done(&(*sinks)[i].content);
    }
}

static int sandboxed(int (*work)(const void *ctx, const struct outputs *o), const void *ctx,
                     const struct outputs *o)
{
    status s = sandbox_enter(SANDBOX_OFFLINE);
    return ok(s) ? work(ctx, o) : app_fail(s);
}

/* Opened before anything is verified: a folder that cannot be written to is told at once. */
static status open_sink(const char *path, mode_t mode, struct sink *out, int *out_to)
{
    int ends[2];
    TRY(file_out_open(path, mode, &out->file));
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0, ST_IO, "no pipe: %s", strerror(errno));
    out->from.v = ends[0];
    *out_to = ends[1];
    return OK;
}

static status open_sinks(const char *const paths[static OUTPUT_N], struct sink sinks[OUTPUT_N],
                         struct outputs *out)
{
    for (int i = 0; i < OUTPUT_N; i++) {
        if (paths[i] != NULL)
            TRY(open_sink(paths[i], MODES[i], &sinks[i], &out->to[i]));
    }
    return OK;
}

static void close_all(struct outputs *o)
{
    for (int i = 0; i < OUTPUT_N; i++) {
        struct fd to = {o->to[i]};
        fd_close(&to);
        o->to[i] = -1;
    }
}

/* Never returns: the temporary files belong to the other process. */
static _Noreturn void verify_here(int (*work)(const void *ctx, const struct outputs *o),
                                  const void *ctx, struct outputs *o)
{
    int code = app_finish(sandboxed(work, ctx, o));
    close_all(o);
    _exit(code);
}

static status receive(struct sink *s)
{
    while (s->from.v >= 0) {
        uint8_t *room = buf_extend(&s->content, STEP);
        TRY(buf_status(&s->content));
        ssize_t got = read(s->from.v, room, STEP);
        REQUIRE(got >= 0 || errno == EINTR, ST_IO, "pipe: %s", strerror(errno));
        s->content.n -= (size_t)(STEP - (got > 0 ? got : 0));
        if (got == 0)
            fd_close(&s->from);
    }
    return OK;
}

static status keep_state(const char *path, struct bytes content)
{
    struct evidence_memory *m CLEANUP(evidence_memory_freep) = NULL;
    TRY(evidence_memory_new(&m));
    TRY(evidence_memory_read(content, m));
    return state_file_keep(path, m);
}

static status finish(enum output which, struct sink *s)
{
    if (s->content.n == 0)
        return OK;
    if (which == OUTPUT_STATE)
        return keep_state(s->file.path, buf_view(&s->content));
    TRY(file_out_put(&s->file, buf_view(&s->content)));
    return file_out_commit(&s->file);
}

static status wait_for(pid_t pid, int *out_code)
{
    int state = 0;
    pid_t done;
    do
        done = waitpid(pid, &state, 0);
    while (done < 0 && errno == EINTR);
    REQUIRE(done == pid && WIFEXITED(state), ST_INTERNAL,
            "the verifying process was stopped by "
            "signal %d: nothing was written",
            WIFSIGNALED(state) ? WTERMSIG(state) : 0);
    *out_code = WEXITSTATUS(state);
    return OK;
}

/* 1 and 2 are failures to read or to understand what was asked: no verdict, no report. What was
 * learnt of a policy by then is kept. */
static bool is_due(enum output which, int code)
{
    return which == OUTPUT_STATE || (code != 1 && code != 2);
}

static status collect(struct sink sinks[OUTPUT_N], pid_t pid, int *out_code)
{
    status received = OK;
    for (int i = 0; i < OUTPUT_N && ok(received); i++)
        received = receive(&sinks[i]);
    for (int i = 0; i < OUTPUT_N; i++)
        fd_close(&sinks[i].from);
    TRY(wait_for(pid, out_code));
    TRY(received);
    for (int i = 0; i < OUTPUT_N; i++) {
        if (is_due((enum output)i, *out_code))
            TRY(finish((enum output)i, &sinks[i]));
    }
    return OK;
}

static status share(const char *const paths[static OUTPUT_N],
                    int (*work)(const void *ctx, const struct outputs *o), const void *ctx,
                    int *out_code)
{
    struct outputs o = {{-1, -1}};
    struct sink sinks[OUTPUT_N] CLEANUP(sinks_done) = {
        {FILE_OUT_NONE, FD_NONE, BUF_MAX(CONTENT_MAX)},
        {FILE_OUT_NONE, FD_NONE, BUF_MAX(CONTENT_MAX)},
    };
    status opened = open_sinks(paths, sinks, &o);
    if (failed(opened)) {
        close_all(&o);
        return opened;
    }
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        verify_here(work, ctx, &o);
    close_all(&o);
    REQUIRE(pid > 0, ST_IO, "no process for the verifier: %s", strerror(errno));
    return collect(sinks, pid, out_code);
}

int outputs_run(const char *const paths[static OUTPUT_N],
                int (*work)(const void *ctx, const struct outputs *o), const void *ctx)
{
    int code = 1;
    const struct outputs none = {{-1, -1}};
    if (paths[OUTPUT_HTML] == NULL && paths[OUTPUT_STATE] == NULL)
        return sandboxed(work, ctx, &none);
    status s = share(paths, work, ctx, &code);
    return ok(s) ? code : app_fail(s);
}

status outputs_put(const struct outputs *o, enum output which, struct bytes content)
{
    while (content.n > 0) {
        ssize_t n = write(o->to[which], content.p, content.n);
        if (n < 0 && errno == EINTR)
            continue;
        REQUIRE(n > 0, ST_IO, "pipe: %s", strerror(errno));
        content = bytes_of(content.p + n, content.n - (size_t)n);
    }
    return OK;
}
