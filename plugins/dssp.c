/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Dynamic stale synchronous parallel (Zhao, An, Liu, Chen, ICDCS 2019, arXiv:1908.11848),
 * Algorithms 1 and 2. When the fastest worker is s_L iterations ahead of the slowest, it is granted
 * r extra iterations, r in 0 to s_U - s_L, so that it stops to wait when a push of the slowest is
 * about to arrive. r is the one for which |(last push of the slowest + (k + 1) its interval) - (now
 * + r own interval)| is smallest, over all k in the same range; an interval is the time between the
 * last two pushes of a worker. In the paper, a worker that has used its extra iterations may be
 * granted more, so nothing bounds how far ahead it gets. Here it never gets more than s_U ahead.
 * Every exchange has all rows.
 */

#include <rog/strategy.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parameters {
    int64_t range;
};

static const struct rog_parameter parameters[] = {
    {.name = "range",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct parameters, range),
     .fallback = "12",
     .max = 1000000,
     .help = "s_U - s_L: how many iterations more than the threshold are allowed at most"},
    {.name = NULL},
};

struct pushes {              /* of one worker */
    double last_s, before_s; /* when its last two pushes were complete; initially 0 */
    uint32_t extra;          /* iterations that it was granted and has not used yet */
};

static int create(const struct rog_strategy_config *config, void **state, char *message,
                  uint32_t message_bytes)
{
    *state = calloc(config->workers, sizeof(struct pushes));
    if (!*state)
        snprintf(message, message_bytes, "out of memory for %u workers", config->workers);
    return *state ? 0 : -1;
}

static uint32_t upper(const struct rog_strategy_config *config)
{
    const struct parameters *chosen = config->parameters;
    return (uint32_t)config->threshold + (uint32_t)chosen->range;
}

/* Algorithm 2. The smallest r wins a tie. */
static uint32_t extra_iterations(const struct pushes *own, const struct pushes *slowest,
                                 uint32_t most)
{
    double interval_s = own->last_s - own->before_s, nearest_s = INFINITY;
    double slow_s = slowest->last_s - slowest->before_s;
    uint32_t best = 0;
    for (uint32_t r = 0; r <= most; r++) {
        double ready_s = own->last_s + r * interval_s;
        double k = fmin(fmax(round((ready_s - slowest->last_s) / slow_s) - 1, 0), most);
        double gap_s = fabs(slowest->last_s + (k + 1) * slow_s - ready_s);
        if (gap_s < nearest_s) {
            nearest_s = gap_s;
            best = r;
        }
    }
    return best;
}

static void admit(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission)
{
    struct pushes *pushes = state, *own = &pushes[view->worker];
    const uint32_t lower = (uint32_t)config->threshold, *latest = view->versions.latest;
    uint32_t slowest = view->worker, fastest = view->iteration;
    for (uint32_t i = 0; i < config->workers; i++) {
        if (view->versions.active[i] && latest[i] < latest[slowest])
            slowest = i;
        if (view->versions.active[i] && latest[i] > fastest)
            fastest = latest[i];
    }
    uint32_t ahead = view->iteration - latest[slowest];
    own->before_s = own->last_s;
    own->last_s = view->now;

    if (own->extra == 0 && ahead > lower && ahead <= upper(config) && view->iteration == fastest)
        own->extra = extra_iterations(own, &pushes[slowest], upper(config) - ahead + 1);
    bool granted = own->extra > 0 && ahead <= upper(config);
    own->extra -= granted;
    uint32_t allowed = granted ? upper(config) : lower;
    rog_wait_beyond(config, view, allowed, admission->needed);
    rog_wait_beyond(config, view, allowed, admission->iteration);
}

static uint32_t save(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room)
{
    const uint32_t size = config->workers * (uint32_t)sizeof(struct pushes);
    if (room >= size)
        memcpy(bytes, state, size);
    return size;
}

static int load(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size)
{
    if (size != config->workers * sizeof(struct pushes))
        return -1;
    memcpy(state, bytes, size);
    return 0;
}

static int64_t bound(const struct rog_strategy_config *config)
{
    return upper(config);
}

static double least_share(const struct rog_strategy_config *config)
{
    (void)config;
    return 1;
}

ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = {
    .abi_version = ROG_STRATEGY_ABI,
    .struct_size = sizeof(struct rog_strategy),
    .name = "DSSP",
    .version = "1.0",
    .summary = "SSP with a dynamic threshold: the fastest worker runs further ahead if that saves "
               "waiting (ICDCS 2019)",
    .threshold_min = 0,
    .threshold_max = 1000000,
    .threshold_default = 3,
    .threshold_help = "s_L: how many iterations a worker may always be ahead of the slowest",
    .create = create,
    .destroy = free,
    .admit = admit,
    .staleness_bound = bound,
    .least_share = least_share,
    .parameters = parameters,
    .parameter_bytes = sizeof(struct parameters),
    .save = save,
    .load = load,
    .iteration_bound = bound,
};
