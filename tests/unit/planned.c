/* SPDX-License-Identifier: Apache-2.0 */
/* A strategy whose hooks a test calls directly. */
#include "planned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/json.h>
#include <librog/sync/sending.h>

#include "sync_cluster.h"

void planned_restart(struct planned *planned)
{
    char message[100];
    if (planned->state && planned->strategy->destroy)
        planned->strategy->destroy(planned->state);
    planned->state = NULL;
    if (planned->strategy->create)
        assert_int_equal(
            planned->strategy->create(&planned->config, &planned->state, message, sizeof message),
            0);
}

void planned_init_with(struct planned *planned, const char *library, int32_t threshold,
                       uint32_t rows, const char *parameters)
{
    struct rog_error err;
    struct rog_json *given = NULL;
    memset(planned, 0, sizeof *planned);
    load_strategy(&planned->plugin, library);
    assert_int_equal(rog_json_parse(parameters, strlen(parameters), "parameters", &given, &err), 0);
    if (rog_plugin_configure(&planned->plugin, given, &err))
        fail_msg("%s", err.message);
    rog_json_free(given);
    planned->strategy = planned->plugin.strategy;
    planned->config = (struct rog_strategy_config){.rows = rows,
                                                   .workers = 3,
                                                   .threshold = threshold,
                                                   .parameters = planned->plugin.parameters,
                                                   .worker = ROG_NOBODY};
    planned->age = calloc(rows, sizeof *planned->age);
    planned->magnitude = calloc(rows, sizeof *planned->magnitude);
    planned->demanded = calloc(rows, sizeof *planned->demanded);
    planned->plan.order = calloc(rows, sizeof *planned->plan.order);
    planned->plan.level = calloc(rows, sizeof *planned->plan.level);
    assert_true(planned->age && planned->magnitude && planned->demanded && planned->plan.order &&
                planned->plan.level);
    planned->view = (struct rog_send_view){.iteration = 1,
                                           .age = planned->age,
                                           .magnitude = planned->magnitude,
                                           .demanded = planned->demanded,
                                           .node = &planned->node};
    planned_restart(planned);
}

void planned_init(struct planned *planned, const char *library, int32_t threshold, uint32_t rows)
{
    planned_init_with(planned, library, threshold, rows, "{}");
}

void planned_release(struct planned *planned)
{
    if (planned->strategy->destroy)
        planned->strategy->destroy(planned->state);
    free(planned->plan.level);
    free(planned->plan.order);
    free(planned->demanded);
    free(planned->magnitude);
    free(planned->age);
    rog_plugin_release(&planned->plugin);
}

void planned_ask(struct planned *planned, bool pull)
{
    const struct rog_strategy *strategy = planned->strategy;
    const struct rog_model_view *model = planned->config.model;
    uint32_t levels = !model || !model->levels ? 1 : pull ? model->pull_levels : model->levels;
    struct rog_sending sending = {
        .order = planned->plan.order, .level = planned->plan.level, .levels = levels};
    struct rog_error err;
    memset(planned->plan.level, 0, planned->config.rows);
    if (rog_sending_plan(&sending, &(struct rog_sender){0}, strategy,
                         pull ? strategy->plan_pull : strategy->plan_push, planned->state,
                         &planned->config, &planned->view, &err))
        fail_msg("%s", err.message);
    planned->plan = (struct rog_send_plan){.order = sending.order,
                                           .level = sending.level,
                                           .count = sending.count,
                                           .mandatory = sending.mandatory,
                                           .budget_s = sending.budget_s};
}
