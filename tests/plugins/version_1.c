/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A plugin of version 1 of the interface, with what it was compiled against then: its own copy of
 * that version's structures, none of <rog/strategy.h>. It must load and run as long as this program
 * runs that version. Everybody waits for everybody, everything is sent.
 */

#include <stdbool.h>
#include <stdint.h>

struct config_1 {
    uint32_t rows, workers;
    int32_t threshold;
};

struct history_1 {
    uint64_t own, slowest;
    bool everyone_transmitted;
    double recent_max_s, mean_s;
};

struct send_view_1 {
    uint32_t worker, iteration;
    double now;
    const uint32_t *age;
    const float *magnitude;
    const uint8_t *demanded;
    struct history_1 history;
};

struct send_plan_1 {
    uint32_t *order;
    uint32_t count, mandatory;
    double budget_s;
};

struct admit_view_1 {
    uint32_t worker, iteration;
    double now;
    struct {
        const uint32_t *version, *oldest, *latest;
        const uint8_t *active;
    } versions;
};

struct admission_1 {
    uint32_t *needed;
};

struct strategy_1 {
    uint32_t abi_version, struct_size;
    const char *name, *version, *summary;
    int32_t threshold_min, threshold_max, threshold_default;
    const char *threshold_help;
    int (*create)(const struct config_1 *config, void **state, char *message,
                  uint32_t message_bytes);
    void (*destroy)(void *state);
    void (*plan_push)(void *state, const struct config_1 *config, const struct send_view_1 *view,
                      struct send_plan_1 *plan);
    void (*admit)(void *state, const struct config_1 *config, const struct admit_view_1 *view,
                  struct admission_1 *admission);
    void (*plan_pull)(void *state, const struct config_1 *config, const struct send_view_1 *view,
                      struct send_plan_1 *plan);
};

static void plan(void *state, const struct config_1 *config, const struct send_view_1 *view,
                 struct send_plan_1 *plan)
{
    (void)state, (void)view;
    for (uint32_t row = 0; row < config->rows; row++)
        plan->order[row] = row;
    plan->count = config->rows;
    plan->mandatory = config->rows;
}

static void admit(void *state, const struct config_1 *config, const struct admit_view_1 *view,
                  struct admission_1 *admission)
{
    (void)state;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        admission->needed[worker] = view->iteration;
}

/* What stands behind it in memory is none of its strategy: bytes that no program may read as one.
 */
struct exported {
    struct strategy_1 strategy;
    unsigned char behind[256];
};

#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(struct strategy_1)
#endif

extern const struct exported rog_strategy_plugin;
__attribute__((visibility("default"))) const struct exported rog_strategy_plugin = {
    .strategy = {.abi_version = 1,
                 .struct_size = STRUCT_SIZE,
                 .name = "VERSION_1",
                 .version = "1.0",
                 .summary = "made for version 1 of the interface",
                 .threshold_help = "always 0",
                 .plan_push = plan,
                 .admit = admit,
                 .plan_pull = plan},
    .behind = {[0 ... 255] = 0x5a},
};
