/* SPDX-License-Identifier: Apache-2.0 */
/* A run of the virtual cluster, from its configuration to its result. */
#include <trainer/sim/cluster.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <librog/trace/source.h>
#include <rog/events.h>
#include <trainer/run/exchange.h>
#include <trainer/sim/cluster_state.h>

/* Events between two checks for an interruption, each of which costs a system call. */
#define CHECK_EVERY 64
/* Limit of consecutive deadlines at which a strategy is asked again while nothing else happens. */
#define MAX_ASKED 100000

/* ---- setting up and releasing ---- */

/* Opens the trace of the node's link and its recorded compute times. */
static int open_records(const struct rog_run_config *run, uint32_t index, struct rog_sim_node *node,
                        struct rog_error *err)
{
    const struct rog_run_worker *profile = node->profile;
    const struct rog_trace_source source = rog_trace_source_of(run, index);
    int code = rog_trace_open_run(&node->trace, &node->trace_start_s, &source, err);
    if (!code && profile->step_times)
        code = rog_times_read(&node->times, profile->step_times, err);
    if (code)
        rog_fail_prefix(err, "worker %u", profile->rank);
    else if (node->trace && profile->zero_mbps > 0)
        rog_trace_lift_zeros(node->trace, profile->zero_mbps);
    return code;
}

/* Returns the batch of a sender in rows of the trained model. batch_rows counts rows of the model
 * whose size the messages have; the batch is the same fraction of the trained one. */
static uint32_t batch_rows(const struct rog_sim_cluster *cluster,
                           const struct rog_run_worker *profile)
{
    if (!cluster->selects || !profile->batch_rows)
        return 0;
    return (uint32_t)fmax(1, round(profile->batch_rows / cluster->config->wire_scale));
}

/* Chooses the memory of the worker's model and fills it with the initial values. */
static int place_values(struct rog_sim_cluster *cluster, uint32_t index, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_sim_node *node = &cluster->nodes[index];
    if (!config->params)
        return ROG_OK;
    if (config->values)
        node->params = config->values(config->user, index);
    if (!node->params) {
        node->params = node->own = rog_floats(config->rows->params);
        if (!node->own)
            return rog_fail_nomem(err);
    } else if (config->resume) {
        return ROG_OK;
    }
    memcpy(node->params, config->params, config->rows->params * sizeof *node->params);
    return ROG_OK;
}

static int node_init(struct rog_sim_cluster *cluster, uint32_t index, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_sim_node *node = &cluster->nodes[index];
    node->profile = &config->run->workers[index];
    node->mbps = -1;
    const char *answers = node->profile->answers ? node->profile->answers : "always";
    const char *takes = node->profile->server_takes ? node->profile->server_takes : "rows";
    node->only_waiting = strcmp(answers, "always") != 0;
    node->pushes_whole = strcmp(takes, "pushes") == 0;
    const struct rog_server_ways ways = {
        .sender = {.batch_rows = batch_rows(cluster, node->profile),
                   .budget_step_s = node->profile->budget_step_s},
        .asks_stalled_only = strcmp(answers, "stalled") == 0,
    };
    rog_server_set_ways(cluster->server, index, &ways);
    int code = open_records(config->run, index, node, err);
    if (!code)
        code = place_values(cluster, index, err);
    if (code)
        return code;
    const struct rog_worker_config worker = {
        .rows = config->rows,
        .strategy = config->strategy,
        .policy = {.rows = config->rows->row_count,
                   .workers = cluster->workers,
                   .threshold = config->threshold,
                   .parameters = config->parameters,
                   .seed = config->run->seed},
        .worker = index,
        .local_steps = node->profile->local_steps,
        .sender = ways.sender,
        .magnitudes = config->magnitudes,
        .contribution = config->contribution,
    };
    if (node->params)
        rog_rows_places(config->rows, node->params, cluster->places);
    return rog_worker_new(&node->core, &worker, node->params ? cluster->places : NULL, err);
}

static int cluster_init(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    const struct rog_run_config *run = config->run;
    cluster->workers = run->worker_count;
    cluster->running = run->worker_count;
    if (!cluster->workers)
        return rog_fail(err, ROG_EINVAL, "the configuration has no workers");
    cluster->nodes = calloc(cluster->workers, sizeof *cluster->nodes);
    cluster->places = calloc(config->rows->tensor_count, sizeof *cluster->places);
    cluster->gradients = calloc(config->rows->tensor_count, sizeof *cluster->gradients);
    if (!cluster->nodes || !cluster->places || !cluster->gradients)
        return rog_fail_nomem(err);
    rog_schedule_init(&cluster->schedule, run->checkpoint_period, run->checkpoint_count,
                      run->checkpoint_growth);
    cluster->slots.bytes = rog_exchange_message_bytes(config->rows);

    const struct rog_server_config server = {
        .rows = config->rows,
        .strategy = config->strategy,
        .policy = {.rows = config->rows->row_count,
                   .workers = cluster->workers,
                   .threshold = config->threshold,
                   .parameters = config->parameters,
                   .seed = run->seed},
        .optimizer = config->optimizer,
        .optimizer_parameters = config->optimizer_parameters,
        .average = run->checkpoint_average,
        .magnitudes = config->magnitudes,
    };
    int code = rog_server_new(&cluster->server, &server, config->params, err);
    if (!code)
        code = rog_exchange_selects(config->rows, config->strategy, &server.policy,
                                    &cluster->selects, err);
    cluster->may_be_silent = rog_strategy_may_be_silent(config->strategy, &server.policy);
    for (uint32_t i = 0; i < cluster->workers && !code; i++)
        code = node_init(cluster, i, err);
    return code ? code : rog_sim_links_init(cluster, err);
}

static void cluster_release(struct rog_sim_cluster *cluster)
{
    rog_sim_links_release(cluster);
    for (uint32_t i = 0; cluster->nodes && i < cluster->workers; i++) {
        rog_worker_free(cluster->nodes[i].core);
        rog_trace_free(cluster->nodes[i].trace);
        rog_times_release(&cluster->nodes[i].times);
        free(cluster->nodes[i].own);
    }
    rog_server_free(cluster->server);
    rog_processor_release(&cluster->processor);
    rog_slots_release(&cluster->slots);
    rog_queue_release(&cluster->queue);
    free(cluster->gradients);
    free(cluster->places);
    free(cluster->nodes);
    free(cluster->handed_model);
}

/* ---- events of the clock ---- */

/* Reports the link's current rate if it has changed, and schedules the event of its next change.
 * There is nothing to report for a link without a limit. Times of the trace are kept without
 * conversion, so that rounding cannot hide a change. */
static int bandwidth(struct rog_sim_cluster *cluster, uint32_t worker, struct rog_error *err)
{
    struct rog_sim_node *node = &cluster->nodes[worker];
    if (node->state == ROG_SIM_LEFT || !node->trace)
        return ROG_OK;
    double mbps = rog_trace_rate(node->trace, node->change_s);
    int code = ROG_OK;
    if (mbps < node->mbps || mbps > node->mbps) {
        node->mbps = mbps;
        rog_event_begin(cluster->config->events, ROG_EVENT_BANDWIDTH, cluster->now_s,
                        (int64_t)worker + 1);
        rog_event_number(cluster->config->events, "mbps", mbps);
        code = rog_event_end(cluster->config->events, err);
    }
    node->change_s = rog_trace_next_change(node->trace, node->change_s);
    if (code || isinf(node->change_s))
        return code;
    return rog_sim_put(cluster, ROG_SIM_BANDWIDTH, node->change_s - node->trace_start_s, worker, 0,
                       err);
}

static int report_energy(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_events *events = cluster->config->events;
    int code = ROG_OK;
    for (uint32_t i = 0; i < cluster->workers && !code; i++) {
        rog_sim_meter(cluster, &cluster->nodes[i]);
        if (!cluster->nodes[i].profile->watts_known)
            continue;
        rog_event_begin(events, ROG_EVENT_ENERGY, cluster->now_s, (int64_t)i + 1);
        rog_event_seconds(events, "joules", cluster->nodes[i].joules);
        rog_event_string(events, "source", "model");
        code = rog_event_end(events, err);
    }
    cluster->energy_reported_s = cluster->now_s;
    return code;
}

static int energy(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    int code = report_energy(cluster, err);
    if (!code)
        code = rog_sim_put(cluster, ROG_SIM_ENERGY, cluster->now_s + ROG_CLUSTER_ENERGY_PERIOD_S, 0,
                           0, err);
    return code;
}

/* Saves the server's model, or the model that was handed over instead. */
static int save_model(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    const float *change = rog_server_saved_change(cluster->server);
    uint32_t iteration = rog_server_iteration(cluster->server);
    float *handed = NULL;
    if (cluster->handed_model) {
        change = handed = rog_floats(config->rows->params);
        if (!handed)
            return rog_fail_nomem(err);
        for (uint64_t i = 0; i < config->rows->params; i++)
            handed[i] = cluster->handed_model[i] - config->params[i];
        iteration = cluster->iterations;
    }
    int code = config->checkpoint(config->user, change, cluster->schedule.taken, cluster->now_s,
                                  iteration, err);
    free(handed);
    return code;
}

static int checkpoint(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    int code = save_model(cluster, err);
    if (code)
        return code;
    rog_schedule_advance(&cluster->schedule);
    return rog_sim_put(cluster, ROG_SIM_CHECKPOINT, cluster->schedule.next_s, 0, 0, err);
}

static int start(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_run_config *run = cluster->config->run;
    int code = ROG_OK;
    for (uint32_t i = 0; i < cluster->workers && !code; i++) {
        struct rog_sim_node *node = &cluster->nodes[i];
        rog_event_begin(cluster->config->events, ROG_EVENT_JOIN, 0, (int64_t)i + 1);
        code = rog_event_end(cluster->config->events, err);
        node->change_s = node->trace_start_s;
        if (!code)
            code = bandwidth(cluster, i, err);
    }
    if (!code && cluster->config->params)
        code = checkpoint(cluster, err);
    if (!code)
        code = energy(cluster, err);
    if (!code && run->seconds > 0)
        code = rog_sim_put(cluster, ROG_SIM_DEADLINE, run->seconds, 0, 0, err);
    for (uint32_t i = 0; i < cluster->workers && !code; i++)
        code = rog_sim_begin(cluster, i, err);
    return code;
}

static int handle(struct rog_sim_cluster *cluster, const struct rog_queue_item *item,
                  struct rog_error *err)
{
    switch ((enum rog_sim_event)item->kind) {
    case ROG_SIM_BANDWIDTH:
        return bandwidth(cluster, item->worker, err);
    case ROG_SIM_ENERGY:
        return energy(cluster, err);
    case ROG_SIM_CHECKPOINT:
        return checkpoint(cluster, err);
    case ROG_SIM_DEADLINE:
        cluster->over = true;
        return ROG_OK;
    default:
        cluster->work--;
        return rog_sim_work(cluster, item, err);
    }
}

/* Fails: nothing is in flight and no worker computes, so the remaining workers would wait
 * forever. */
static int stuck(const struct rog_sim_cluster *cluster, struct rog_error *err)
{
    uint32_t worker = 0;
    int code = rog_server_check_strategy(cluster->server, err);
    if (code)
        return code;
    while (worker + 1 < cluster->workers && cluster->nodes[worker].state != ROG_SIM_STALLED)
        worker++;
    return rog_fail(err, ROG_EFAILED,
                    "deadlock at %.3f s: strategy %s with threshold %d will never admit worker %u "
                    "after iteration %u",
                    cluster->now_s, cluster->config->strategy->name, cluster->config->threshold,
                    worker + 1, cluster->nodes[worker].iterations + 1);
}

static void move_clock(struct rog_sim_cluster *cluster, double now_s)
{
    assert(now_s >= cluster->now_s);
    cluster->now_s = now_s;
}

static int happen(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_queue_item item;
    rog_queue_take(&cluster->queue, &item);
    if (item.kind < ROG_SIM_WORK_KINDS)
        cluster->asked = 0;
    move_clock(cluster, item.at.t_s);
    return handle(cluster, &item, err);
}

static int happen_on_air(struct rog_sim_cluster *cluster, double t_s, struct rog_error *err)
{
    cluster->asked = 0;
    move_clock(cluster, t_s);
    return rog_sim_work_on_air(cluster, err);
}

/* Asks the strategy again about the waiting workers. */
static int ask_again(struct rog_sim_cluster *cluster, double due_s, struct rog_error *err)
{
    if (++cluster->asked > MAX_ASKED)
        return rog_fail(err, ROG_EFAILED,
                        "at %.3f s strategy %s was asked %d times in a row, at its own deadlines, "
                        "to admit a worker, and admitted none",
                        cluster->now_s, cluster->config->strategy->name, MAX_ASKED);
    move_clock(cluster, fmax(due_s, cluster->now_s));
    int code = rog_server_tick(cluster->server, cluster->now_s, err);
    return code ? code : rog_sim_take_notices(cluster, err);
}

/* Handles the next event. Events at the time of a deadline are handled before the deadline. */
static int handle_next(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    struct rog_moment on_air = cluster->air.medium->next(cluster->air.state);
    const struct rog_queue_item *first = rog_queue_first(&cluster->queue);
    double due_s = rog_server_deadline(cluster->server);
    if (!cluster->work && isinf(on_air.t_s) && isinf(due_s))
        return stuck(cluster, err);
    if (due_s < on_air.t_s && (!first || due_s < first->at.t_s))
        return ask_again(cluster, due_s, err);
    if (!first || rog_moment_before(on_air, first->at))
        return happen_on_air(cluster, on_air.t_s, err);
    return happen(cluster, err);
}

static int take_up(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    rog_cluster_archive(cluster, cluster->config->resume);
    return rog_archive_end(cluster->config->resume, err);
}

/* Calls the hooks that run between two events. */
static int check_hooks(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    if (config->interrupted && config->interrupted(config->user))
        return rog_fail(err, ROG_EINTR, "interrupted at %.3f s of the run", cluster->now_s);
    return config->snapshot && !cluster->transfers
               ? config->snapshot(config->user, cluster, cluster->now_s, err)
               : ROG_OK;
}

static int run(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    int code = config->resume ? take_up(cluster, err) : start(cluster, err);
    for (uint64_t count = 0; !code && !cluster->over && cluster->running; count++) {
        code = count % CHECK_EVERY ? ROG_OK : check_hooks(cluster, err);
        if (!code && config->meanwhile)
            code = config->meanwhile(config->user, err);
        if (!code)
            code = handle_next(cluster, err);
    }
    return code;
}

/* Returns the bytes of messages that are not sent yet, or have arrived and are not handled. */
static uint64_t node_bytes(const struct rog_sim_cluster *cluster, const struct rog_sim_node *node)
{
    const struct rog_slots *slots = &cluster->slots;
    return rog_slots_wire_bytes(slots, &node->link[ROG_SIM_UP].queue) +
           rog_slots_wire_bytes(slots, &node->link[ROG_SIM_DOWN].queue) +
           rog_slots_wire_bytes(slots, &node->held) + rog_slots_wire_bytes(slots, &node->unheard);
}

/* Reports the final energy, saves the final model, and fills in the result. */
static int finish(struct rog_sim_cluster *cluster, struct rog_error *err)
{
    const struct rog_cluster_config *config = cluster->config;
    struct rog_cluster_result *result = cluster->result;
    int code = ROG_OK;
    if (cluster->energy_reported_s < cluster->now_s)
        code = report_energy(cluster, err);
    rog_server_end(cluster->server);
    /* The checkpoint of the end, unless one was just taken at this time. */
    if (!code && config->params && cluster->schedule.last_s < cluster->now_s)
        code = save_model(cluster, err);
    result->seconds = cluster->now_s;
    result->iterations = cluster->iterations;
    for (size_t i = 0; i < cluster->queue.count; i++) {
        const struct rog_queue_item *item = &cluster->queue.items[i];
        if (item->kind == ROG_SIM_ARRIVED_UP || item->kind == ROG_SIM_ARRIVED_DOWN)
            result->in_flight_bytes += cluster->slots.items[item->slot].wire_bytes;
    }
    for (uint32_t i = 0; i < cluster->workers; i++)
        result->in_flight_bytes += node_bytes(cluster, &cluster->nodes[i]);
    cluster->over = true;
    return code || !config->over ? code : config->over(config->user, cluster, err);
}

int rog_cluster_run(const struct rog_cluster_config *config, struct rog_cluster_result *result,
                    struct rog_error *err)
{
    *result = (struct rog_cluster_result){0};
    struct rog_sim_cluster cluster = {.config = config, .result = result};
    int code = cluster_init(&cluster, err);
    if (!code)
        code = run(&cluster, err);
    if (!code)
        code = finish(&cluster, err);
    cluster_release(&cluster);
    return code;
}
