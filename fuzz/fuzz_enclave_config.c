/* Configurations of an enclave: one that is accepted has every bound that the program relies on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "apps/enclave/enclave_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct enclave_config *c)
{
    struct channel_limits filled;
    if (c->listen == NULL || c->service.name == NULL || c->kernels == NULL)
        abort();
    if (c->threads < 1 || c->threads > POOL_THREADS_MAX || c->service.epoch_s > 86400)
        abort();
    if (c->package[0] == 0 || c->key_file[0] == 0 || strlen(c->package) >= PATH_MAX ||
        strlen(c->key_file) >= PATH_MAX || strlen(c->state_dir) >= PATH_MAX)
        abort();
    if (c->service.max_sessions > 4096 || c->service.max_batch_tokens > 1 << 20 ||
        failed(channel_limits_fill(&c->service.limits, &filled)))
        abort();
}

/* The parser reads a file by its path: a memory file stands for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct enclave_config c CLEANUP(enclave_config_done) = {0};
    int fd = memfd_create("config", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (ok(enclave_config_open(path, &c)))
        check(&c);
    (void)close(fd);
    return 0;
}
