/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Spends bytes where they help most, with the staleness bound of ROG (RSP, MICRO 2022). The bytes
 * that the link can carry in `time` are divided among rows and levels of the codec by reverse
 * water-filling (Cover, Thomas, Elements of Information Theory, 10.3.3), which minimizes the sum
 * over rows of (age |u|)^2 D(bits). D is the distortion of the best quantizer of a normal
 * distribution (Max, IRE Trans. Inf. Theory 1960, table I); bits are the bytes of a level per
 * element. Rows that are S iterations old are always sent. Until a goodput is known, only the time
 * limits the others.
 */

#include <rog/strategy.h>

#include <math.h>

#define LEVELS 256 /* number that a plan can name; further levels are not used */
#define STEPS 14   /* halvings of the range of prices, in octaves */

struct parameters {
    double time;
};

static const struct rog_parameter parameters[] = {
    {.name = "time",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct parameters, time),
     .fallback = "0.5",
     .min = 0.001,
     .max = 1000,
     .help =
         "time limit of each push and each pull, as a multiple of an iteration's computing time"},
    {.name = NULL},
};

/* The bytes of a row of a tensor at each level, and the distortion that remains. */
struct offer {
    uint32_t levels;
    double elements, cost[LEVELS], left[LEVELS];
};

static void make_offer(struct offer *offer, double elements, const uint32_t *bytes)
{
    static const double distortion[] = {1, .3634, .1175, .03454, .009497, .0025, .00064, .00016, 0};
    offer->elements = elements;
    for (uint32_t level = 0; level < offer->levels; level++) {
        double bits = fmin(8 * bytes[level] / elements, 7.999);
        const double *at = &distortion[(int)bits];
        offer->cost[level] = bytes[level];
        offer->left[level] = at[0] + (bits - floor(bits)) * (at[1] - at[0]);
    }
}

/* The best level for a row of this value at this price per byte; offer->levels: none. */
static uint32_t level_of(const struct offer *offer, double value, bool must, double price)
{
    uint32_t best = offer->levels;
    double least = must ? INFINITY : value;
    for (uint32_t level = offer->levels; level-- > 0;) {
        double loss = value * offer->left[level] + price * offer->cost[level];
        if (loss < least) {
            least = loss;
            best = level;
        }
    }
    return best;
}

/* Buys at a price, into the plan if there is one; returns the bytes. */
static double buy(const struct rog_strategy_config *config, const struct rog_send_view *view,
                  const uint32_t *bytes, uint32_t levels, double price, struct rog_send_plan *plan)
{
    const struct rog_model_view *model = config->model;
    struct offer offer = {.levels = levels < LEVELS ? levels : LEVELS};
    double spent = 0;

    for (uint32_t tensor = 0; tensor < model->tensors; tensor++) {
        make_offer(&offer, model->row_elements[tensor], bytes + (size_t)tensor * levels);
        for (uint32_t row = model->first_row[tensor]; row < model->first_row[tensor + 1]; row++) {
            bool must = view->age[row] >= (uint32_t)config->threshold;
            double value = pow(view->age[row] * (double)view->magnitude[row], 2) * offer.elements;
            uint32_t level = level_of(&offer, value, must, price);
            spent += level < offer.levels ? offer.cost[level] : 0;
            if (!plan || level == offer.levels)
                continue;
            plan->level[row] = (uint8_t)level;
            plan->order[plan->count++] = row;
            if (!must)
                continue;
            plan->order[plan->count - 1] = plan->order[plan->mandatory];
            plan->order[plan->mandatory++] = row;
        }
    }
    return spent;
}

/* Called at the server for a pull and at a worker for a push. */
static void plan(void *state, const struct rog_strategy_config *config,
                 const struct rog_send_view *view, struct rog_send_plan *plan)
{
    (void)state;
    const bool pull = config->worker == ROG_NOBODY;
    const uint32_t *bytes = pull ? config->model->pull_bytes : config->model->push_bytes;
    uint32_t levels = pull ? config->model->pull_levels : config->model->levels;
    double goodput = pull ? view->node->goodput_down : view->node->goodput_up;
    double time = ((const struct parameters *)config->parameters)->time;
    double low = -256, high = 128, seconds = time * view->node->compute_s;
    plan->budget_s = seconds > 0 ? seconds : time;
    for (int i = 0; i < STEPS; i++) {
        double middle = (low + high) / 2, most = goodput > 0 ? goodput * plan->budget_s : INFINITY;
        bool dear = buy(config, view, bytes, levels, exp2(middle), NULL) > most;
        *(dear ? &low : &high) = middle;
    }
    buy(config, view, bytes, levels, exp2(high), plan);
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    (void)state;
    rog_wait_beyond(config, view, (uint32_t)config->threshold, admission->needed);
}

static int64_t staleness_bound(const struct rog_strategy_config *config)
{
    return config->threshold;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "BITS",
    .version = "1.0",
    .summary = "chooses rows and bits by their benefit, as many as the link can carry in time",
    .threshold_min = 1,
    .threshold_max = 1000000,
    .threshold_default = 4,
    .threshold_help = "S: how many iterations a row may be older than the worker that waits for it",
    .plan_push = plan,
    .admit = admit,
    .plan_pull = plan,
    .staleness_bound = staleness_bound,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .wants = ROG_WANTS_REPORTS,
};
