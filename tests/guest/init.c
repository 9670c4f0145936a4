/* The first and only process of scripts/guest-vsock.sh's guest: brings AF_VSOCK up, starts an
 * enclave and a relay that know each other by vsock addresses alone, runs a client through both,
 * and turns the machine off. The script reads the console.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_STEPS = 600, STEP_US = 100000, TRIES = 20 };

static void load_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
        perror(path);
    if (fd >= 0)
        (void)close(fd);
}

static void set_up(void)
{
    (void)mount("proc", "/proc", "proc", 0, NULL);
    (void)mount("dev", "/dev", "devtmpfs", 0, NULL);
    load_module("/modules/vsock.ko");
    load_module("/modules/vmw_vsock_virtio_transport_common.ko");
    load_module("/modules/vsock_loopback.ko");
    (void)mkdir("/state", 0700);
}

static pid_t start(const char *const *words)
{
    union {
        const char *const *in;
        char *const *out;
    } argv = {.in = words};
    pid_t pid = fork();
    if (pid == 0) {
        (void)execv(words[0], argv.out);
        perror(words[0]);
        _exit(127);
    }
    return pid;
}

static int run(const char *const *words)
{
    int state = 0;
    (void)waitpid(start(words), &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 1000 + WTERMSIG(state);
}

static void wait_for_file(const char *path)
{
    for (int i = 0; i < WAIT_STEPS && access(path, R_OK) != 0; i++)
        (void)usleep(STEP_US);
}

int main(void)
{
    static const char *const ENCLAVE[] = {"/bin/eml-enclave-sim", "--config", "/enclave.json",
                                          NULL};
    static const char *const HOST[] = {"/bin/eml-host", "--config", "/host.json", NULL};
    static const char *const EMBED[] = {"/bin/eml",      "embed",  "--config", "/client.json",
                                        "--lines",       "/texts", "--json",   "--receipt",
                                        "/state/r.cbor", NULL};
    int code = -1;
    set_up();
    (void)start(ENCLAVE);
    wait_for_file("/state/sim-policy.json");
    (void)start(HOST);
    for (int i = 0; i < TRIES && code != 0; i++) {
        (void)usleep(STEP_US);
        code = run(EMBED);
    }
    (void)printf("guest: the client ended with %d\n", code);
    (void)fflush(stdout);
    sync();
    (void)reboot(RB_POWER_OFF);
    return 1;
}
