/* SPDX-License-Identifier: Apache-2.0 */
/* A server and two workers that send their messages when a test lets them. */
#include "protocol_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <librog/sync/message.h>

/* ---- its strategy ---- */

static void plan_by(const struct rog_strategy_config *config, const struct rog_send_view *view,
                    bool by_age, struct rog_send_plan *plan)
{
    for (uint32_t row = 0; row < config->rows; row++) {
        uint32_t at = row;
        for (; at > 0; at--) {
            uint32_t other = plan->order[at - 1];
            if (by_age ? view->age[other] >= view->age[row]
                       : view->magnitude[other] >= view->magnitude[row])
                break;
            plan->order[at] = other;
        }
        plan->order[at] = row;
    }
    plan->count = config->rows;
    plan->mandatory = (uint32_t)config->threshold;
    plan->budget_s = 0.05;
}

void scene_plan_push(void *state, const struct rog_strategy_config *config,
                     const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan_by(config, view, false, plan);
}

void scene_plan_pull(void *state, const struct rog_strategy_config *config,
                     const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    plan_by(config, view, true, plan);
}

static void admit_all(void *state, const struct rog_strategy_config *config,
                      const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state, (void)config, (void)view, (void)admission;
}

void scene_admit_one_ahead(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    for (uint32_t i = 0; i < config->workers; i++)
        admission->needed[i] = view->iteration - 1;
}

struct rog_strategy scene_strategy(void)
{
    return (struct rog_strategy){.abi_version = ROG_STRATEGY_ABI,
                                 .struct_size = sizeof(struct rog_strategy),
                                 .name = "SCENE",
                                 .plan_push = scene_plan_push,
                                 .admit = admit_all,
                                 .plan_pull = scene_plan_pull};
}

/* ---- the scene ---- */

void scene_init(struct scene *scene, struct rog_strategy strategy, int32_t threshold)
{
    struct rog_error err;
    memset(scene, 0, sizeof *scene);
    scene->strategy = strategy;
    scene->rows = cluster_rows(false);
    uint64_t params = scene->rows->params;
    scene->bytes = rog_message_min_bytes(scene->rows);
    scene->buffer = malloc(scene->bytes);
    scene->model = calloc(params, sizeof(float));
    scene->gradients = calloc(params, sizeof(float));
    assert_true(scene->buffer && scene->model && scene->gradients);
    assert_int_equal(rog_set_init(&scene->carried, scene->rows->row_count, &err), 0);
    struct rog_strategy_config policy = {
        .rows = scene->rows->row_count, .workers = SCENE_WORKERS, .threshold = threshold};
    struct rog_server_config server = {
        .rows = scene->rows, .strategy = &scene->strategy, .policy = policy};
    assert_int_equal(rog_server_new(&scene->server, &server, scene->model, &err), 0);
    for (uint32_t i = 0; i < SCENE_WORKERS; i++) {
        struct rog_worker_config worker = {
            .rows = scene->rows, .strategy = &scene->strategy, .policy = policy, .worker = i};
        scene->params[i] = calloc(params, sizeof(float));
        assert_non_null(scene->params[i]);
        assert_int_equal(flat_worker_new(&scene->worker[i], &worker, scene->params[i], &err), 0);
    }
}

void scene_release(struct scene *scene)
{
    for (uint32_t i = 0; i < SCENE_WORKERS; i++) {
        rog_worker_free(scene->worker[i]);
        free(scene->params[i]);
    }
    rog_server_free(scene->server);
    rog_set_release(&scene->carried);
    rog_rows_free(scene->rows);
    free(scene->gradients);
    free(scene->model);
    free(scene->buffer);
}

void scene_note_message(struct scene *scene, size_t size)
{
    struct rog_wire wire;
    uint32_t first, length;
    assert_int_equal(rog_wire_parse(scene->rows, scene->buffer, size, &wire, NULL), 0);
    scene->messages++;
    scene->now += scene->message_s;
    if (wire.header.kind == ROG_WIRE_BEGIN) {
        rog_set_clear(&scene->carried);
        scene->begin = wire;
    }
    if (wire.header.kind == ROG_WIRE_END)
        scene->last = wire;
    while (wire.header.kind == ROG_WIRE_ROWS && rog_wire_run(&wire.numbers, &first, &length))
        for (uint32_t row = first; row < first + length; row++)
            assert_true(rog_set_add(&scene->carried, row));
}

void scene_flow_up(struct scene *scene, uint32_t worker)
{
    struct rog_error err;
    size_t size;
    scene->messages = 0;
    do {
        if (rog_worker_send(scene->worker[worker], scene->now, scene->buffer, scene->bytes, &size,
                            &err))
            fail_msg("%s", err.message);
        if (size == 0)
            break;
        scene_note_message(scene, size);
        if (rog_server_receive(scene->server, worker, scene->buffer, size, scene->now, &err))
            fail_msg("%s", err.message);
    } while (true);
}

enum rog_worker_notice scene_flow_down(struct scene *scene, uint32_t worker)
{
    struct rog_error err;
    size_t size;
    enum rog_worker_notice notice, last = ROG_WORKER_NOTHING;
    scene->messages = 0;
    do {
        if (rog_server_send(scene->server, worker, scene->now, scene->buffer, scene->bytes, &size,
                            &err))
            fail_msg("%s", err.message);
        if (size == 0)
            break;
        scene_note_message(scene, size);
        if (rog_worker_receive(scene->worker[worker], scene->buffer, size, scene->now, &notice,
                               &err))
            fail_msg("%s", err.message);
        last = notice == ROG_WORKER_NOTHING ? last : notice;
    } while (true);
    return last;
}

int scene_push_at(struct scene *scene, const float *gradients, double rate, struct rog_error *err)
{
    const struct rog_rule rule = {.learning_rate = rate};
    return flat_worker_push(scene->worker[0], scene->rows, gradients, &rule, scene->now, err);
}

void scene_push(struct scene *scene, uint32_t worker)
{
    const struct rog_rule rule = {.learning_rate = 1};
    struct rog_error err;
    if (flat_worker_push(scene->worker[worker], scene->rows, scene->gradients, &rule, scene->now,
                         &err))
        fail_msg("%s", err.message);
}

const char *scene_notices(struct scene *scene, char text[64])
{
    static const char letter[] = {
        [ROG_SERVER_PUSH_BEGUN] = 'b', [ROG_SERVER_PUSHED] = 'p',   [ROG_SERVER_STALLED] = 's',
        [ROG_SERVER_ADMITTED] = 'a',   [ROG_SERVER_DEMANDED] = 'd', [ROG_SERVER_PULL_SENT] = 'e',
    };
    struct rog_server_notice notice;
    size_t count = 0;
    while (rog_server_notice(scene->server, &notice) && count + 3 < 64) {
        text[count++] = letter[notice.kind];
        text[count++] = (char)('0' + notice.worker);
    }
    text[count] = '\0';
    return text;
}

void scene_fill_row(struct scene *scene, uint32_t row, float value)
{
    for (uint32_t k = 0; k < rog_rows_size(scene->rows, row); k++)
        scene->gradients[rog_rows_offset(scene->rows, row) + k] = k % 2 ? -value : value;
}
