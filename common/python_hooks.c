/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of strategies in Python. Each sends its view as a question and checks the size of the
 * answer; the core checks its content, as for any other strategy. python/rog/strategy_host.py is
 * the other half. */
#include <common/python_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- data that are exchanged ---- */

/* The numbers in the views of all hooks; arrays follow. */
struct view {
    double now, waited_s;
    uint64_t own, slowest;
    double recent_max_s, mean_s;
    double compute_s, push_s, pull_s, goodput_up, goodput_down, loss, energy_j;
    uint32_t worker, iteration, everyone_transmitted, again, lag, steps, local_steps;
    uint32_t waiting_count, granted_count, node_local_steps, overlap, weights;
};

/* The numbers in the answers of all hooks; arrays may follow. */
struct answer {
    double real;
    uint32_t number[4];
};

/* One worker in an array. */
struct node {
    double seconds_and_so_on[7], local_steps;
};

_Static_assert(sizeof(struct view) == 152 && sizeof(struct answer) == 24 &&
                   sizeof(struct node) == 64,
               "as VIEW, ANSWER and Nodes of the other half");

struct state {
    struct rog_python *python;
    uint32_t number;
};

static void show_history(struct view *view, const struct rog_history *history)
{
    view->own = history->own;
    view->slowest = history->slowest;
    view->recent_max_s = history->recent_max_s;
    view->mean_s = history->mean_s;
    view->everyone_transmitted = history->everyone_transmitted;
}

static void show_node(struct view *view, const struct rog_node_view *node)
{
    view->compute_s = node->compute_s;
    view->push_s = node->push_s;
    view->pull_s = node->pull_s;
    view->goodput_up = node->goodput_up;
    view->goodput_down = node->goodput_down;
    view->loss = node->loss;
    view->energy_j = node->energy_j;
    view->node_local_steps = node->local_steps;
}

static void put_nodes(struct rog_python_link *link, const struct rog_node_view *nodes,
                      uint32_t workers)
{
    for (uint32_t i = 0; i < workers; i++) {
        const struct rog_node_view *from = &nodes[i];
        const struct node node = {{from->compute_s, from->push_s, from->pull_s, from->goodput_up,
                                   from->goodput_down, from->loss, from->energy_j},
                                  from->local_steps};
        rog_python_put(link, &node, sizeof node);
    }
}

static void put_versions(struct rog_python_link *link, const struct rog_version_view *versions,
                         uint32_t workers)
{
    rog_python_put(link, versions->oldest, workers * sizeof *versions->oldest);
    rog_python_put(link, versions->latest, workers * sizeof *versions->latest);
    rog_python_put(link, versions->active, workers * sizeof *versions->active);
}

static size_t table_bytes(const struct rog_strategy_config *config)
{
    return (size_t)config->workers * config->rows * sizeof(uint32_t);
}

/* Asks; returns false if there is no answer. `arrays`: expected bytes after the numbers, if these
 * do not determine them. */
static bool ask(const struct state *state, enum rog_python_hook hook,
                const struct rog_version_view *versions, const struct rog_strategy_config *config,
                size_t arrays, struct answer *answer)
{
    struct rog_python_link *link = &state->python->link;
    state->python->saved = 0;
    if (!rog_python_ask(link, hook, state->number, versions ? versions->version : NULL,
                        versions ? table_bytes(config) : 0))
        return false;
    if (link->answer.size < sizeof *answer ||
        (arrays != SIZE_MAX && link->answer.size != sizeof *answer + arrays))
        return rog_python_fail(link, hook, "invalid answer of %zu bytes", link->answer.size);
    memcpy(answer, link->answer.at, sizeof *answer);
    return true;
}

/* ---- configurations ---- */

static void put_parameter(struct rog_json *object, const struct rog_parameter *row,
                          const void *parameters)
{
    const char *member = (const char *)parameters + row->offset;
    char text[256] = "";
    int64_t whole;
    double number;
    uint32_t choice;
    switch ((enum rog_parameter_type)row->type) {
    case ROG_PARAMETER_INTEGER:
        memcpy(&whole, member, sizeof whole);
        snprintf(text, sizeof text, "%lld", (long long)whole);
        break;
    case ROG_PARAMETER_NUMBER: /* exact to the last bit */
        memcpy(&number, member, sizeof number);
        snprintf(text, sizeof text, "%a", number);
        break;
    case ROG_PARAMETER_BOOLEAN:
        snprintf(text, sizeof text, "%s", *(const bool *)member ? "true" : "false");
        break;
    case ROG_PARAMETER_CHOICE:
        memcpy(&choice, member, sizeof choice);
        const char *word = row->choices;
        for (; choice > 0; choice--)
            word = strchr(word, '|') + 1;
        snprintf(text, sizeof text, "%.*s", (int)strcspn(word, "|"), word);
        break;
    }
    rog_json_put_string(object, row->name, text);
}

static struct rog_json *numbers(const uint32_t *from, uint32_t count)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < count; i++)
        rog_json_append(list, rog_json_new_integer(from[i]));
    return list;
}

static struct rog_json *by_level(const uint32_t *from, uint32_t tensors, uint32_t levels)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < tensors; i++)
        rog_json_append(list, numbers(from + (size_t)i * levels, levels));
    return list;
}

static struct rog_json *model_json(const struct rog_model_view *model)
{
    struct rog_json *made = rog_json_object(), *names = rog_json_array();
    for (uint32_t i = 0; i < model->tensors; i++)
        rog_json_append(names, rog_json_new_string(model->names[i]));
    rog_json_put_integer(made, "tensors", model->tensors);
    rog_json_put(made, "first_row", numbers(model->first_row, model->tensors + 1));
    rog_json_put_integer(made, "levels", model->levels);
    rog_json_put_integer(made, "pull_levels", model->pull_levels);
    rog_json_put(made, "row_elements", numbers(model->row_elements, model->tensors));
    rog_json_put(made, "names", names);
    rog_json_put(made, "push_bytes", by_level(model->push_bytes, model->tensors, model->levels));
    rog_json_put(made, "pull_bytes",
                 by_level(model->pull_bytes, model->tensors, model->pull_levels));
    return made;
}

/* Writes the configuration with which the strategy is created into the question. */
static void put_config(struct rog_python *python, const struct rog_strategy_config *config,
                       const struct rog_model_view *model)
{
    struct rog_json *made = rog_json_object(), *parameters = rog_json_object();
    char seed[24];
    for (const struct rog_parameter *row = python->parameters; row->name; row++)
        put_parameter(parameters, row, config->parameters);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)config->seed);
    rog_json_put_integer(made, "rows", config->rows);
    rog_json_put_integer(made, "workers", config->workers);
    rog_json_put_integer(made, "threshold", config->threshold);
    rog_json_put(made, "parameters", parameters);
    rog_json_put(made, "model", model ? model_json(model) : rog_json_new_string(NULL));
    rog_json_put_string(made, "seed", seed);
    rog_json_put(made, "worker",
                 config->worker == ROG_NOBODY ? rog_json_new_string(NULL)
                                              : rog_json_new_integer(config->worker));
    char *text = rog_json_text(made);
    rog_python_begin(&python->link);
    if (text)
        rog_python_put(&python->link, text, strlen(text));
    else
        rog_python_fail(&python->link, ROG_PYTHON_CREATE, "no memory");
    free(text);
    rog_json_free(made);
}

static struct rog_python *python_of(const struct rog_strategy_config *config)
{
    const struct rog_python_head *head = config->parameters;
    return head->python;
}

static const char *failure(const void *state, const struct rog_strategy_config *config)
{
    (void)state;
    const char *text = python_of(config)->link.failure;
    return text[0] ? text : NULL;
}

/* ---- creation ---- */

static int create(const struct rog_strategy_config *config, void **out, char *message,
                  uint32_t message_bytes)
{
    struct rog_python *python = python_of(config);
    struct state *state = malloc(sizeof *state);
    if (!state) {
        snprintf(message, message_bytes, "no memory");
        return -1;
    }
    *state = (struct state){python, ++python->states};
    put_config(python, config, config->model);
    if (!rog_python_ask(&python->link, ROG_PYTHON_CREATE, state->number, NULL, 0)) {
        snprintf(message, message_bytes, "%s", python->link.failure);
        free(state);
        return -1;
    }
    *out = state;
    return 0;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    rog_python_begin(link);
    rog_python_ask(link, ROG_PYTHON_DESTROY, state->number, NULL, 0);
    free(state);
}

static uint32_t save(const void *opaque, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    const struct state *state = opaque;
    struct rog_python *python = state->python;
    struct rog_python_link *link = &python->link;
    (void)config;
    if (python->saved != state->number) {
        rog_python_begin(link);
        if (!rog_python_ask(link, ROG_PYTHON_SAVE, state->number, NULL, 0))
            return 0;
        python->saved = state->number;
    }
    if (room >= link->answer.size && link->answer.size > 0)
        memcpy(bytes, link->answer.at, link->answer.size);
    return (uint32_t)link->answer.size;
}

static int load(void *opaque, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    const struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    (void)config;
    state->python->saved = 0;
    rog_python_begin(link);
    rog_python_put(link, bytes, size);
    rog_python_ask(link, ROG_PYTHON_LOAD, state->number, NULL, 0); /* rog_strategy.failure reports
                                                                      an error */
    return 0;
}

/* For a strategy without state to save. */
static uint32_t save_nothing(const void *state, const struct rog_strategy_config *config,
                             uint8_t *bytes, uint32_t room)
{
    (void)state, (void)config, (void)bytes, (void)room;
    return 0;
}

static int load_nothing(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                        uint32_t size)
{
    (void)state, (void)config, (void)bytes;
    return size != 0;
}

/* ---- questions ---- */

static void make_plan(const struct state *state, enum rog_python_hook hook,
                      const struct rog_strategy_config *config, const struct rog_send_view *from,
                      struct rog_send_plan *plan)
{
    struct rog_python_link *link = &state->python->link;
    uint32_t rows = config->rows;
    struct view view = {.now = from->now,
                        .worker = from->worker,
                        .iteration = from->iteration,
                        .weights = from->weight != NULL};
    struct answer answer = {0};
    show_history(&view, &from->history);
    show_node(&view, from->node);
    rog_python_begin(link);
    rog_python_put(link, &view, sizeof view);
    rog_python_put(link, from->age, rows * sizeof *from->age);
    rog_python_put(link, from->magnitude, rows * sizeof *from->magnitude);
    if (from->weight)
        rog_python_put(link, from->weight, rows * sizeof *from->weight);
    rog_python_put(link, from->demanded, rows * sizeof *from->demanded);
    if (!ask(state, hook, NULL, config, SIZE_MAX, &answer))
        return;
    uint32_t count = answer.number[0], sent = count < rows ? count : rows;
    size_t order_bytes = sent * sizeof *plan->order, level_bytes = answer.number[2] ? rows : 0;
    if (link->answer.size != sizeof answer + order_bytes + level_bytes) {
        rog_python_fail(link, hook, "invalid answer of %zu bytes", link->answer.size);
        return;
    }
    memcpy(plan->order, link->answer.at + sizeof answer, order_bytes);
    memcpy(plan->level, link->answer.at + sizeof answer + order_bytes, level_bytes);
    plan->count = count;
    plan->mandatory = answer.number[1];
    plan->budget_s = answer.real;
}

static void plan_push(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    make_plan(state, ROG_PYTHON_PLAN_PUSH, config, view, plan);
}

static void plan_pull(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan)
{
    make_plan(state, ROG_PYTHON_PLAN_PULL, config, view, plan);
}

static void admit(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_admit_view *from, struct rog_admission *admission)
{
    const struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    size_t bytes = config->workers * sizeof *admission->needed;
    const struct view view = {.now = from->now,
                              .waited_s = from->waited_s,
                              .worker = from->worker,
                              .iteration = from->iteration,
                              .again = from->again};
    struct answer answer = {0};
    rog_python_begin(link);
    rog_python_put(link, &view, sizeof view);
    put_nodes(link, from->nodes, config->workers);
    put_versions(link, &from->versions, config->workers);
    if (!ask(state, ROG_PYTHON_ADMIT, &from->versions, config, 2 * bytes, &answer))
        return;
    memcpy(admission->needed, link->answer.at + sizeof answer, bytes);
    memcpy(admission->iteration, link->answer.at + sizeof answer + bytes, bytes);
    admission->quorum = answer.number[0];
    admission->deadline_s = answer.real;
}

static void grant(void *opaque, const struct rog_strategy_config *config,
                  const struct rog_grant_view *from, struct rog_grant *grant)
{
    const struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    const struct view view = {.now = from->now,
                              .waiting_count = from->waiting_count,
                              .granted_count = from->granted_count};
    struct answer answer = {0};
    rog_python_begin(link);
    rog_python_put(link, &view, sizeof view);
    put_nodes(link, from->nodes, config->workers);
    rog_python_put(link, from->goodput, config->workers * sizeof *from->goodput);
    put_versions(link, &from->versions, config->workers);
    rog_python_put(link, from->granted, config->workers * sizeof *from->granted);
    rog_python_put(link, from->waiting, from->waiting_count * sizeof *from->waiting);
    if (ask(state, ROG_PYTHON_GRANT, &from->versions, config, 0, &answer))
        grant->next = answer.number[0];
}

static double weigh(void *opaque, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *from)
{
    const struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    struct view view = {.now = from->now,
                        .worker = from->worker,
                        .iteration = from->iteration,
                        .lag = from->lag,
                        .steps = from->steps};
    struct answer answer = {0};
    show_node(&view, from->node);
    rog_python_begin(link);
    rog_python_put(link, &view, sizeof view);
    put_versions(link, &from->versions, config->workers);
    return ask(state, ROG_PYTHON_WEIGH, &from->versions, config, 0, &answer) ? answer.real : 1;
}

static void plan_work(void *opaque, const struct rog_strategy_config *config,
                      const struct rog_work_view *from, struct rog_work_plan *plan)
{
    const struct state *state = opaque;
    struct rog_python_link *link = &state->python->link;
    struct view view = {.now = from->now,
                        .iteration = from->iteration,
                        .local_steps = plan->local_steps,
                        .overlap = plan->overlap};
    struct answer answer = {0};
    show_history(&view, &from->history);
    show_node(&view, from->node);
    rog_python_begin(link);
    rog_python_put(link, &view, sizeof view);
    if (!ask(state, ROG_PYTHON_PLAN_WORK, NULL, config, 0, &answer))
        return;
    plan->local_steps = answer.number[0];
    plan->overlap = answer.number[1] != 0;
}

/* ---- promises ---- */

/* Asks once per configuration; without an answer nothing is promised. */
static const struct rog_python_promises *promises(const struct rog_strategy_config *config)
{
    struct rog_python *python = python_of(config);
    struct rog_python_promises *known = &python->promises;
    struct rog_json *said = NULL;
    if (known->known && known->rows == config->rows && known->workers == config->workers &&
        known->threshold == config->threshold)
        return known;
    python->saved = 0;
    put_config(python, config, NULL);
    if (rog_python_ask(&python->link, ROG_PYTHON_PROMISES, 0, NULL, 0))
        rog_json_parse((const char *)python->link.answer.at, python->link.answer.size, "promises",
                       &said, NULL);
    *known = (struct rog_python_promises){
        .known = said != NULL,
        .rows = config->rows,
        .workers = config->workers,
        .threshold = config->threshold,
        .staleness_bound = rog_json_get_integer(said, "staleness_bound", -1),
        .iteration_bound = rog_json_get_integer(said, "iteration_bound", -1),
        .least_share = rog_json_get_number(said, "least_share", 0),
        .most_granted = (uint32_t)rog_json_get_integer(said, "most_granted", 0),
        .least_quorum = (uint32_t)rog_json_get_integer(said, "least_quorum", 0),
    };
    rog_json_free(said);
    return known;
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    return promises(config)->staleness_bound;
}

static double least_share(const struct rog_strategy_config *config)
{
    return promises(config)->least_share;
}

static uint32_t most_granted(const struct rog_strategy_config *config)
{
    return promises(config)->most_granted;
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return promises(config)->iteration_bound;
}

static uint32_t least_quorum(const struct rog_strategy_config *config)
{
    return promises(config)->least_quorum;
}

/* ---- available hooks ---- */

static bool has(const struct rog_json *description, const char *name)
{
    const struct rog_json *hooks = rog_json_get(description, "hooks");
    for (size_t i = 0; i < rog_json_size(hooks); i++)
        if (strcmp(rog_json_string(rog_json_at(hooks, i), ""), name) == 0)
            return true;
    return false;
}

void rog_python_set_hooks(struct rog_strategy *strategy, const struct rog_json *description)
{
    bool saves = !rog_json_get_bool(description, "remembers", true);
    strategy->create = create;
    strategy->destroy = destroy;
    strategy->failure = failure;
    strategy->save = has(description, "save") ? save : saves ? save_nothing : NULL;
    strategy->load = has(description, "load") ? load : saves ? load_nothing : NULL;
    strategy->plan_push = has(description, "plan_push") ? plan_push : NULL;
    strategy->admit = has(description, "admit") ? admit : NULL;
    strategy->plan_pull = has(description, "plan_pull") ? plan_pull : NULL;
    strategy->grant = has(description, "grant") ? grant : NULL;
    strategy->weigh = has(description, "weigh") ? weigh : NULL;
    strategy->plan_work = has(description, "plan_work") ? plan_work : NULL;
    strategy->staleness_bound = has(description, "staleness_bound") ? staleness_bound : NULL;
    strategy->least_share = has(description, "least_share") ? least_share : NULL;
    strategy->most_granted = has(description, "most_granted") ? most_granted : NULL;
    strategy->iteration_bound = has(description, "iteration_bound") ? iteration_bound : NULL;
    strategy->least_quorum = has(description, "least_quorum") ? least_quorum : NULL;
}
