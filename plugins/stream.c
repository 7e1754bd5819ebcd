/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fragments in turn (Streaming DiLoCo: Douillard et al., arXiv:2501.18512, Section 2.2 and
 * Algorithm 2): the layers of the model are divided into P fragments, and iteration t exchanges
 * only fragment (t - 1) mod P, in both directions. For fragments that are exchanged every H steps,
 * an iteration has H / P local steps. Sequential fragments are adjacent layers; strided ones, which
 * the paper prefers, have every P-th layer. Adjacent tensors belong to one layer if their names
 * differ only after the last dot. The other parts of the paper's method are settings of a run:
 * contribution, local and server optimizer, overlap, merge and compression.
 */

#include <rog/strategy.h>

#include <string.h>

enum { PATTERN_STRIDED, PATTERN_SEQUENTIAL };

struct parameters {
    int64_t fragments;
    uint32_t pattern;
};

static const struct rog_parameter parameters[] = {
    {.name = "fragments",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, fragments),
     .fallback = "4",
     .min = 1,
     .max = 1000000,
     .help = "P: number of fragments; at most the number of layers"},
    {.name = "pattern",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct parameters, pattern),
     .fallback = "strided",
     .choices = "strided|sequential",
     .help = "layers of a fragment: every P-th one, or adjacent ones"},
    {.name = NULL},
};

static bool begins_layer(const struct rog_model_view *model, uint32_t tensor)
{
    if (tensor == 0)
        return true;
    const char *name = model->names[tensor], *before = model->names[tensor - 1];
    const char *dot = strrchr(name, '.');
    return !dot || strrchr(before, '.') != before + (dot - name) ||
           memcmp(before, name, (size_t)(dot - name)) != 0;
}

static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    const struct rog_model_view *model = config->model;
    const struct parameters *chosen = config->parameters;
    uint64_t layers = 0, next = 0, fragment = 0;
    for (uint32_t tensor = 0; tensor < model->tensors; tensor++)
        layers += begins_layer(model, tensor);
    uint64_t fragments =
        (uint64_t)chosen->fragments < layers ? (uint64_t)chosen->fragments : layers;
    for (uint32_t tensor = 0; tensor < model->tensors; tensor++) {
        if (begins_layer(model, tensor)) {
            fragment =
                chosen->pattern == PATTERN_STRIDED ? next % fragments : next * fragments / layers;
            next++;
        }
        if (fragment != (view->iteration - 1) % fragments)
            continue;
        for (uint32_t row = model->first_row[tensor]; row < model->first_row[tensor + 1]; row++)
            plan->order[plan->count++] = row;
    }
    plan->mandatory = plan->count;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->iteration);
}

/* A row is sent every P iterations. */
static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    return config->threshold + chosen->fragments - 1;
}

static int64_t iteration_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "STREAM",
    .version = "1.0",
    .summary = "sends one fragment of the model per iteration, in turn (arXiv:2501.18512)",
    .threshold_min = 0,
    .threshold_max = 1000000,
    .threshold_default = 0,
    .threshold_help = "S: how many iterations a worker may be ahead of the slowest",
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .staleness_bound = staleness_bound,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .iteration_bound = iteration_bound,
};
