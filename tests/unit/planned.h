/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_PLANNED_H
#define ROG_TESTS_PLANNED_H

/* A strategy of the build tree whose hooks a test calls directly. */

#include <stdbool.h>
#include <stdint.h>

#include <common/plugin.h>
#include <rog/strategy.h>

struct planned {
    struct rog_plugin plugin;
    const struct rog_strategy *strategy;
    struct rog_strategy_config config;
    void *state;
    /* Arguments of the next call; all rows have age 0 and nothing waits. */
    struct rog_send_view view;
    struct rog_node_view node;
    uint32_t *age;
    float *magnitude;
    uint8_t *demanded;
    /* The last plan, checked like in the core. */
    struct rog_send_plan plan;
};

/* `parameters` as JSON. Three workers, unless config.workers is set before. */
void planned_init_with(struct planned *planned, const char *library, int32_t threshold,
                       uint32_t rows, const char *parameters);
void planned_init(struct planned *planned, const char *library, int32_t threshold, uint32_t rows);
void planned_release(struct planned *planned);
/* Creates another state from the current configuration. */
void planned_restart(struct planned *planned);

void planned_ask(struct planned *planned, bool pull);

#endif
