/* SPDX-License-Identifier: Apache-2.0 */
/* Training programs that the tests of trainer/programs start. */
#include "programs_peers.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <librog/virtual/message.h>
#include <rog/rog.h>
#include "programs_fixture.h"

static unsigned rank(void)
{
    const char *text = getenv("ROG_RANK");
    return text ? (unsigned)atoi(text) : 0;
}

static void nap(double s)
{
    const struct timespec time = {(time_t)s, (long)(1e9 * (s - (double)(time_t)s))};
    nanosleep(&time, NULL);
}

/* ---- programs that use librog ---- */

struct model {
    struct rog *rog;
    float params[TEST_PARAMS], constants[TEST_CONSTANTS], gradients[TEST_PARAMS];
    struct rog_error err;
};

static int complain(const struct model *model)
{
    fprintf(stderr, "%s\n", model->err.message);
    return 1;
}

/* columns: of the first tensor. */
static int open_model(struct model *model, uint32_t columns)
{
    const uint32_t shape[] = {4, columns}, bias[] = {3}, fixed[] = {TEST_CONSTANTS};
    for (int i = 0; i < TEST_PARAMS; i++)
        model->params[i] = (float)i + (float)rank() / 4;
    for (int i = 0; i < TEST_CONSTANTS; i++)
        model->constants[i] = (float)rank() * 10 + (float)i;
    int code = rog_open_from_environment(&model->rog, &model->err);
    if (!code)
        code = rog_tensor(model->rog, "weight", 2, shape, model->params, ROG_TENSOR_TRAINED,
                          &model->err);
    if (!code)
        code = rog_tensor(model->rog, "bias", 1, bias, model->params + 12, ROG_TENSOR_TRAINED,
                          &model->err);
    if (!code)
        code = rog_tensor(model->rog, "fixed", 1, fixed, model->constants, ROG_TENSOR_CONSTANT,
                          &model->err);
    return code ? code : rog_start(model->rog, &model->err);
}

/* One of its gradients is something else. */
static int exchange_of(struct model *model, uint32_t iteration, int index, float gradient)
{
    static const struct rog_rule rule = {TEST_RATE, 0, 0, ROG_RULE_HEAVY_BALL};
    const float *list[] = {model->gradients, iteration == 2 ? NULL : model->gradients + 12};
    const struct rog_step step = {
        .gradients = list, .rules = &rule, .rule_count = 1, .loss = iteration};
    for (int i = 0; i < TEST_PARAMS; i++)
        model->gradients[i] = i == index ? gradient : 0.25f * model->params[i] + (float)rank();
    return rog_exchange(model->rog, &step, &model->err);
}

static int exchange(struct model *model, uint32_t iteration)
{
    return exchange_of(model, iteration, -1, 0);
}

/* Until the run is over, or so many iterations are made. */
static int train(struct model *model, uint32_t iterations)
{
    int code = ROG_OK;
    for (uint32_t n = 1; n <= iterations && !rog_over(model->rog) && !code; n++)
        code = exchange(model, n);
    return code;
}

static int finish(struct model *model)
{
    int code = rog_finish(model->rog, &model->err);
    printf("constants %g %g, values %.9g\n", (double)model->constants[0],
           (double)model->constants[1], (double)model->params[3]);
    rog_close(model->rog);
    return code ? complain(model) : 0;
}

static int good(void)
{
    struct model model;
    return open_model(&model, 3) || train(&model, 1000) ? complain(&model) : finish(&model);
}

/* It has had enough before the others. */
static int early(void)
{
    struct model model;
    return open_model(&model, 3) || train(&model, 1 + rank()) ? complain(&model) : finish(&model);
}

static int sends_messages(void)
{
    struct model model;
    if (open_model(&model, 3) || rog_transfer(model.rog, 1000, 2000, &model.err) ||
        rog_end_iteration(model.rog, 0.25, rank() == 2, &model.err) || train(&model, 1000))
        return complain(&model);
    return finish(&model);
}

/* Adds 1 to each momentum, and finds that again later. */
static int looks_at_its_state(void)
{
    struct model model;
    float *momentum, *residual;
    if (open_model(&model, 3))
        return complain(&model);
    for (uint32_t n = 1; n <= 3 && !rog_over(model.rog); n++) {
        if (rog_state(model.rog, 1, &momentum, &residual, &model.err))
            return complain(&model);
        if (momentum[2] != (float)n - 1 || residual[2] != 7)
            return 9;
        momentum[2] += 1;
        if (exchange(&model, n))
            return complain(&model);
    }
    return train(&model, 1000) ? complain(&model) : finish(&model);
}

/* Its gradients depend on what it has seen before, which it keeps. */
static int keeper(void)
{
    struct model model;
    char path[512];
    float seen = 0;
    snprintf(path, sizeof path, "%s/kept", getenv("ROG_OUT"));
    if (open_model(&model, 3))
        return complain(&model);
    FILE *file = rog_resumed(model.rog) ? fopen(path, "r") : NULL;
    if (file && fread(&seen, sizeof seen, 1, file) != 1)
        return 8;
    if (file)
        fclose(file);
    while (!rog_over(model.rog)) {
        if (rog_keep_due(model.rog)) {
            file = fopen(path, "w");
            if (!file || fwrite(&seen, sizeof seen, 1, file) != 1 || fclose(file) ||
                rog_kept(model.rog, NULL, &model.err))
                return complain(&model);
        }
        seen += model.params[4];
        if (exchange_of(&model, 1, 4, seen))
            return complain(&model);
    }
    return finish(&model);
}

static const struct {
    const char *name;
    int (*run)(void);
} peers[] = {
    {"keeper", keeper},
    {"good", good},
    {"early", early},
    {"messages", sends_messages},
    {"state", looks_at_its_state},
};

int run_peer(const char *name)
{
    (void)nap;
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
        if (strcmp(peers[i].name, name) == 0)
            return peers[i].run();
    fprintf(stderr, "there is no peer %s\n", name);
    return 127;
}
