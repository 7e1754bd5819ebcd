/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A plugin of version 5 of the interface, or with VERSION of one before it, with what it was
 * compiled against then: its own copy of that version's structures, none of <rog/strategy.h>. It
 * must load and run as long as this program runs that version. Everybody waits for everybody,
 * everything is sent; what it remembers is how often it was asked.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION 5
#define NAME "VERSION_5"
#endif

struct config_5 {
    uint32_t rows, workers;
    int32_t threshold;
    const void *parameters;
    const struct {
        uint32_t tensors;
        const uint32_t *first_row;
    } * model;
};

struct send_view_5 {
    uint32_t worker, iteration;
    double now;
    const uint32_t *age;
    const float *magnitude;
    const uint8_t *demanded;
    struct {
        uint64_t own, slowest;
        bool everyone_transmitted;
        double recent_max_s, mean_s;
    } history;
};

struct send_plan_5 {
    uint32_t *order;
    uint32_t count, mandatory;
    double budget_s;
};

struct versions_5 {
    const uint32_t *version, *oldest, *latest;
    const uint8_t *active;
};

struct admit_view_5 {
    uint32_t worker, iteration;
    double now;
    struct versions_5 versions;
};

struct admission_5 {
    uint32_t *needed;
};

struct grant_view_5 {
    double now;
    const uint32_t *waiting;
    uint32_t waiting_count, granted_count;
    const uint8_t *granted;
    const double *goodput;
    struct versions_5 versions;
};

struct grant_5 {
    uint32_t next;
};

struct strategy_5 {
    uint32_t abi_version, struct_size;
    const char *name, *version, *summary;
    int32_t threshold_min, threshold_max, threshold_default;
    const char *threshold_help;
    int (*create)(const struct config_5 *config, void **state, char *message,
                  uint32_t message_bytes);
    void (*destroy)(void *state);
    void (*plan_push)(void *state, const struct config_5 *config, const struct send_view_5 *view,
                      struct send_plan_5 *plan);
    void (*admit)(void *state, const struct config_5 *config, const struct admit_view_5 *view,
                  struct admission_5 *admission);
    void (*plan_pull)(void *state, const struct config_5 *config, const struct send_view_5 *view,
                      struct send_plan_5 *plan);
    int64_t (*staleness_bound)(const struct config_5 *config);
    double (*least_share)(const struct config_5 *config);
    const void *parameters;
    uint32_t parameter_bytes;
    uint32_t (*save)(const void *state, const struct config_5 *config, uint8_t *bytes,
                     uint32_t room);
    int (*load)(void *state, const struct config_5 *config, const uint8_t *bytes, uint32_t size);
    void (*grant)(void *state, const struct config_5 *config, const struct grant_view_5 *view,
                  struct grant_5 *grant);
    uint32_t (*most_granted)(const struct config_5 *config);
    double (*weigh)(void *state, const struct config_5 *config, const void *view);
    void (*plan_work)(void *state, const struct config_5 *config, const void *view, void *plan);
    uint32_t wants;
    int64_t (*iteration_bound)(const struct config_5 *config);
    uint32_t (*least_quorum)(const struct config_5 *config);
};

static int create(const struct config_5 *config, void **state, char *message,
                  uint32_t message_bytes)
{
    (void)config, (void)message, (void)message_bytes;
    *state = calloc(1, sizeof(uint32_t));
    return *state ? 0 : -1;
}

static void destroy(void *state)
{
    free(state);
}

static void plan(void *state, const struct config_5 *config, const struct send_view_5 *view,
                 struct send_plan_5 *plan)
{
    (void)view;
    ++*(uint32_t *)state;
    for (uint32_t row = 0; row < config->rows; row++)
        plan->order[row] = row;
    plan->count = config->rows;
    plan->mandatory = config->rows;
}

static void admit(void *state, const struct config_5 *config, const struct admit_view_5 *view,
                  struct admission_5 *admission)
{
    ++*(uint32_t *)state;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        admission->needed[worker] = view->iteration;
}

static int64_t staleness_bound(const struct config_5 *config)
{
    (void)config;
    return 0;
}

static double least_share(const struct config_5 *config)
{
    (void)config;
    return 1;
}

static uint32_t save(const void *state, const struct config_5 *config, uint8_t *bytes,
                     uint32_t room)
{
    (void)config;
    if (room >= sizeof(uint32_t))
        memcpy(bytes, state, sizeof(uint32_t));
    return sizeof(uint32_t);
}

static int load(void *state, const struct config_5 *config, const uint8_t *bytes, uint32_t size)
{
    (void)config;
    if (size != sizeof(uint32_t))
        return 1;
    memcpy(state, bytes, size);
    return 0;
}

static void grant(void *state, const struct config_5 *config, const struct grant_view_5 *view,
                  struct grant_5 *grant)
{
    (void)config;
    ++*(uint32_t *)state;
    grant->next = view->waiting[0];
}

static uint32_t most_granted(const struct config_5 *config)
{
    return config->workers;
}

static double weigh(void *state, const struct config_5 *config, const void *view)
{
    (void)config, (void)view;
    ++*(uint32_t *)state;
    return 1;
}

/* What its version has. What stands in memory behind that is none of its strategy. */
#if VERSION == 2
#define STRUCT_SIZE offsetof(struct strategy_5, save)
#elif VERSION == 3
#define STRUCT_SIZE offsetof(struct strategy_5, grant)
#elif VERSION == 4
#define STRUCT_SIZE offsetof(struct strategy_5, weigh)
#else
#define STRUCT_SIZE sizeof(struct strategy_5)
#endif

struct exported {
    struct strategy_5 strategy;
    unsigned char behind[256];
};

extern const struct exported rog_strategy_plugin;
__attribute__((visibility("default"))) const struct exported rog_strategy_plugin = {
    .strategy = {.abi_version = VERSION,
                 .struct_size = STRUCT_SIZE,
                 .name = NAME,
                 .version = "1.0",
                 .summary = "made for an earlier version of the interface",
                 .threshold_help = "always 0",
                 .create = create,
                 .destroy = destroy,
                 .plan_push = plan,
                 .admit = admit,
                 .plan_pull = plan,
                 .staleness_bound = staleness_bound,
                 .least_share = least_share,
                 .save = save,
                 .load = load,
                 .grant = grant,
                 .most_granted = most_granted,
                 .weigh = weigh},
    .behind = {[0 ... 255] = 0x5a},
};
