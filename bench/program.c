/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cost of an exchange for a program on a virtual cluster: through <rog/rog.h>, with a process
 * in place of the simulation that returns control at once and touches no value. So it consists of
 * the program's two copies, gradients out and the model in, and two messages. Its limit is those
 * two copies at the rate of a plain one. Measured once for the tensors of ResNet-18 (for images of
 * 32 x 32), once for as many tensors of one element each. Needs ROG_PLUGIN_PATH.
 *
 *     bench-program [EXCHANGES]     default 60
 */

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bench/measure.h>
#include <common/memory.h>
#include <librog/virtual/message.h>
#include <rog/rog.h>

#define WARM 10 /* exchanges not measured: they load the pages, and compare tensors */
#define TENSORS 62
#define LAYERS 20 /* convolutions, each with scale and shift of its normalization */

/* ---- the simulation ---- */

static int listen_as(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, strlen(name));
    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, bytes) ||
        listen(listener, 1))
        return -1;
    return listener;
}

/* Gives control back whenever it gets it, until the program has exited. */
static int simulate(int listener)
{
    struct rog_virtual_message message;
    int fd, code = ROG_OK, program = accept(listener, NULL, NULL);
    struct pollfd polled = {.fd = program, .events = POLLIN};
    while (program >= 0 && !code && poll(&polled, 1, -1) == 1) {
        code = rog_virtual_receive(program, &message, &fd, NULL);
        bool begins = message.kind == ROG_VIRTUAL_HELLO;
        if (!code)
            code = rog_virtual_send(
                program,
                &(struct rog_virtual_message){.kind = begins ? ROG_VIRTUAL_START : ROG_VIRTUAL_GO},
                -1, NULL);
    }
    return code != ROG_EFAILED;
}

/* ---- the program ---- */

/* Output channels, input channels, and edge of each convolution, in order. */
static const uint32_t convolutions[LAYERS][3] = {
    {64, 3, 3},    {64, 64, 3},   {64, 64, 3},   {64, 64, 3},   {64, 64, 3},
    {128, 64, 3},  {128, 128, 3}, {128, 64, 1},  {128, 128, 3}, {128, 128, 3},
    {256, 128, 3}, {256, 256, 3}, {256, 128, 1}, {256, 256, 3}, {256, 256, 3},
    {512, 256, 3}, {512, 512, 3}, {512, 256, 1}, {512, 512, 3}, {512, 512, 3},
};

struct program {
    struct rog *rog;
    uint64_t params;
    float *values[TENSORS], *gradients[TENSORS];
};

static int add(struct program *program, uint32_t index, uint32_t dims, const uint32_t *shape,
               struct rog_error *err)
{
    char name[32];
    size_t size = 1;
    for (uint32_t i = 0; i < dims; i++)
        size *= shape[i];
    snprintf(name, sizeof name, "tensor.%u", index);
    program->params += size;
    program->values[index] = rog_floats(size);
    program->gradients[index] = rog_floats(size);
    if (!program->values[index] || !program->gradients[index])
        return rog_fail_nomem(err);
    for (size_t i = 0; i < size; i++)
        program->values[index][i] = program->gradients[index][i] = 1;
    return rog_tensor(program->rog, name, dims, shape, program->values[index], ROG_TENSOR_TRAINED,
                      err);
}

/* small: the same number of tensors, of one element each. */
static int add_tensors(struct program *program, bool small, struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < TENSORS && !code; i++) {
        const uint32_t *layer = convolutions[i / 3 % LAYERS];
        const uint32_t weight[] = {layer[0], layer[1], layer[2], layer[2]};
        const uint32_t last[] = {10, 512}, one = 1;
        if (small)
            code = add(program, i, 1, &one, err);
        else if (i >= 3 * LAYERS)
            code = add(program, i, i == 3 * LAYERS ? 2 : 1, last, err);
        else
            code = add(program, i, i % 3 ? 1 : 4, weight, err);
    }
    return code;
}

static int exchange(struct program *program, size_t count, double *wall_s, double *cpu_s,
                    struct rog_error *err)
{
    const struct rog_rule rule = {0.1, 0.9, 0, ROG_RULE_HEAVY_BALL};
    const struct rog_step step = {
        .gradients = (const float *const *)program->gradients, .rules = &rule, .rule_count = 1};
    int code = rog_start(program->rog, err);
    for (size_t i = 0; i < WARM && !code; i++)
        code = rog_exchange(program->rog, &step, err);
    for (size_t i = 0; i < count && !code; i++) {
        double begin_cpu_s = rog_bench_cpu_s(), begin_s = rog_bench_wall_s();
        code = rog_exchange(program->rog, &step, err);
        wall_s[i] = rog_bench_wall_s() - begin_s;
        cpu_s[i] = rog_bench_cpu_s() - begin_cpu_s;
    }
    return code;
}

static void report(uint64_t params, bool small, double wall_s, double cpu_s)
{
    char what[64], name[96];
    double bytes = 2 * 2.0 * sizeof(float) * (double)params;
    double limit_s = small ? 0 : bytes / rog_bench_copy_rate(params);
    double scale = small ? 1e6 : 1e3;
    snprintf(what, sizeof what, "virtual exchange, %llu values", (unsigned long long)params);
    snprintf(name, sizeof name, "%s, wall", what);
    rog_bench_print(name, scale * wall_s, small ? "us" : "ms",
                    small ? ROG_BENCH_NO_LIMIT : scale * limit_s);
    snprintf(name, sizeof name, "%s, CPU of the program", what);
    rog_bench_print(name, scale * cpu_s, small ? "us" : "ms",
                    small ? ROG_BENCH_NO_LIMIT : scale * limit_s);
}

static int measure(const char *server, size_t count, bool small, struct rog_error *err)
{
    struct program program = {0};
    struct rog_options options;
    double *wall_s = calloc(count, sizeof *wall_s), *cpu_s = calloc(count, sizeof *cpu_s);
    rog_options_init(&options);
    options.server = server;
    int code = wall_s && cpu_s ? rog_open(&program.rog, &options, err) : rog_fail_nomem(err);
    if (!code)
        code = add_tensors(&program, small, err);
    if (!code)
        code = exchange(&program, count, wall_s, cpu_s, err);
    if (!code)
        report(program.params, small, rog_bench_median(wall_s, count),
               rog_bench_median(cpu_s, count));
    rog_close(program.rog);
    for (uint32_t i = 0; i < TENSORS; i++) {
        free(program.values[i]);
        free(program.gradients[i]);
    }
    free(wall_s);
    free(cpu_s);
    return code;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 60;
    struct rog_error err;
    int code = ROG_OK;
    for (int small = 0; small < 2 && !code; small++) {
        char server[64];
        snprintf(server, sizeof server, ROG_VIRTUAL_SCHEME "bench-program-%d-%d", (int)getpid(),
                 small);
        int listener = listen_as(server + strlen(ROG_VIRTUAL_SCHEME));
        pid_t child = listener < 0 ? -1 : fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(simulate(listener));
        }
        close(listener);
        code = child < 0 ? rog_fail(&err, ROG_EFAILED, "cannot start a process")
                         : measure(server, count > 0 ? (size_t)count : 1, small, &err);
        if (child > 0)
            waitpid(child, NULL, 0);
    }
    if (code)
        fprintf(stderr, "bench-program: %s\n", err.message);
    return code ? 1 : 0;
}
