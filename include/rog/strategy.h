/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STRATEGY_H
#define ROG_STRATEGY_H

/*
 * The interface between the synchronization core and a strategy plugin.
 *
 * A strategy is policy only: it never sees a gradient or a socket. It decides
 *   plan_push   in which order, how many at least, and for how long a worker sends rows of its
 *               push;
 *   admit       whether a worker that pushed iteration t may continue, and if not, for which rows
 *               or iterations of which workers it waits, for how many of them, and for how long;
 *   plan_pull   the same as plan_push, for the server's pull to that worker;
 *   grant       which of the workers that may continue does so now;
 *   weigh       by what the rows of a push are multiplied;
 *   plan_work   how many local steps a worker makes before its next push.
 *
 * admit, plan_pull, grant and weigh are called at the server, plan_push and plan_work at the
 * worker. Each node has its own state of the strategy and does not know the state of other nodes.
 *
 * A plugin is one shared object that exports one constant:
 *
 *     ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = { ... };
 *
 * Its source includes this header and nothing else of the project. Workers are numbered from 0 here
 * (worker 0 is rank 1). Iterations count from 1; version 0 means "never". All hooks must be
 * deterministic functions of their arguments and of the strategy's state, because virtual runs are
 * reproducible to the byte.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/parameter.h>
#include <rog/random.h>

/* A plugin is built for one version of this interface. Each version has the members of the
 * previous one at the same places and appends its own, so that a program can run plugins of its
 * own version and of all earlier ones. Members that a plugin's version lacks count as left out. */
#define ROG_STRATEGY_ABI 6
#define ROG_STRATEGY_SYMBOL "rog_strategy_plugin"
#define ROG_STRATEGY_EXPORT __attribute__((visibility("default")))

#define ROG_NOBODY UINT32_MAX /* no worker */

/* A threshold without limit: asynchronous training (SSP with it is ASP). */
#define ROG_THRESHOLD_INFINITE 2147483647

/* What a strategy may request in rog_strategy.wants; each request has a cost. */
#define ROG_WANTS_WEIGHTS 1u /* rog_send_view.weight: one pass over the model for each plan */
#define ROG_WANTS_REPORTS                                                   \
    2u /* compute_s, loss, energy_j and local_steps of rog_node_view at the \
          server: 28 bytes more in each push */

/* The largest valid answers of `weigh` and `plan_work`; larger ones are treated as errors. */
#define ROG_WEIGHT_MAX 1000.0
#define ROG_LOCAL_STEPS_MAX 1000000u

/* The model's tensors, in parameter order, and their rows. All rows of a tensor have the same
 * length. Members are only appended. */
struct rog_model_view {
    uint32_t tensors;          /* number of tensors, > 0 */
    const uint32_t *first_row; /* [tensors + 1]: tensor i has the rows first_row[i] to
                                  first_row[i + 1] - 1 */
    /* Since version 5. A codec may have several levels; coarser ones have fewer bytes. Level 0 is
     * the best and the default. */
    uint32_t levels;              /* levels of pushes, > 0 */
    uint32_t pull_levels;         /* levels of pulls, > 0 */
    const uint32_t *row_elements; /* [tensor]: elements of each of its rows */
    const char *const *names;     /* [tensor]: "" if it has no name */
    const uint32_t *push_bytes;   /* [tensor * levels + level]: maximum bytes of a row */
    const uint32_t *pull_bytes;   /* [tensor * pull_levels + level]: the same for pulls */
};

/* The configuration of a strategy. Lives as long as the strategy's state. */
struct rog_strategy_config {
    uint32_t rows;     /* rows of the model, > 0 */
    uint32_t workers;  /* number of workers, > 0 */
    int32_t threshold; /* staleness threshold S, within the plugin's range */
    /* Since version 2: the strategy's struct of parameters, with every member set and within its
     * range; NULL if the strategy has none. */
    const void *parameters;
    /* Since version 4: NULL when only promises are requested (staleness_bound, least_share). */
    const struct rog_model_view *model;
    /* Since version 5: the run's seed, for rog_random; and the owner of this state: the number
     * of a worker, or ROG_NOBODY for the server and when only promises are requested. */
    uint64_t seed;
    uint32_t worker;
};

/*
 * Transmission history, as the server knows it (a worker has the copy that came with its last
 * pull). A transmission is one completed push or pull of one worker, so an iteration has two.
 */
struct rog_history {
    uint64_t own;              /* number of transmissions of this worker */
    uint64_t slowest;          /* the smallest number over all workers */
    bool everyone_transmitted; /* slowest > 0 */
    double recent_max_s;       /* longest of the last 30 transmission times of all workers, s */
    double mean_s;             /* mean of all transmission times of all workers, s */
};

/*
 * The last known values of a worker, since version 5. Unknown seconds, loss and energy are NAN,
 * unknown goodputs and local steps are 0. The server knows what it measures of all workers, and
 * with ROG_WANTS_REPORTS what they report; a worker knows only itself. Pushes and pulls without
 * rows do not change these values.
 */
struct rog_node_view {
    double compute_s;      /* duration of the local steps of an iteration, s */
    double push_s, pull_s; /* duration of a push and of a pull, s */
    double goodput_up;     /* goodput of a push, bytes/s */
    double goodput_down;   /* goodput of a pull, bytes/s */
    double loss;           /* loss of an iteration, mean of its batches */
    double energy_j;       /* energy used since the run's start, J */
    uint32_t local_steps;  /* local steps of an iteration */
};

/* One sending decision: a push of worker `worker` after iteration `iteration`, or the following
 * pull. All arrays have config->rows entries and belong to the core. */
struct rog_send_view {
    uint32_t worker;
    uint32_t iteration;      /* iteration of this push, or of the push before this pull */
    double now;              /* seconds since the run's start */
    const uint32_t *age;     /* push: iterations since this row was last sent (iteration - version);
                                pull: versions of this row that the worker has not received */
    const float *magnitude;  /* mean |value| waiting to be sent, per row, >= 0 */
    const uint8_t *demanded; /* 1 if the server demanded this row (push), else 0 */
    struct rog_history history;
    /* Since version 5. Mean |w| of each row of the local model (the worker's or the server's); 1
     * for every row in a run without values. NULL unless requested (ROG_WANTS_WEIGHTS). */
    const float *weight;
    const struct rog_node_view *node; /* what is known of that worker */
};

/* The answer. The first `mandatory` rows of `order` are always sent; the following rows, up to
 * `count`, only until `budget_s` seconds after sending began. Rows not in `order` are not sent.
 * The core puts demanded rows first if the plan omits them or does not make them mandatory. With
 * count 0 and no demanded rows the push or pull has a few bytes and takes no time for
 * compressing. A strategy whose least_share is 0 is called before the rows are compressed, other
 * strategies after that. */
struct rog_send_plan {
    uint32_t *order;    /* out: room for config->rows distinct row numbers */
    uint32_t count;     /* out: entries in order, <= rows */
    uint32_t mandatory; /* out: <= count */
    double budget_s;    /* out: >= 0 */
    /* Since version 5, out: [row], filled with 0 beforehand: the level of each row of `order`,
     * below the model's levels (for a pull: pull_levels). Rows that the core adds have level 0. */
    uint8_t *level;
};

/* The table of versions: version(row, worker) is the iteration of the last push of that worker
 * that contained this row and has arrived. */
struct rog_version_view {
    const uint32_t *version; /* [worker * rows + row]: version of the row */
    const uint32_t *oldest;  /* [worker]: the smallest version over this worker's rows */
    const uint32_t *latest;  /* [worker]: the last iteration whose push has arrived completely */
    const uint8_t *active;   /* [worker]: 0 once it has finished or was dropped; not waited for */
};

/* A worker asks for its pull after iteration `iteration`. */
struct rog_admit_view {
    uint32_t worker;
    uint32_t iteration;
    double now;
    struct rog_version_view versions;
    /* Since version 5. */
    const struct rog_node_view *nodes; /* [worker] */
    bool again;      /* called again because the deadline of the last answer has passed */
    double waited_s; /* since the worker's push was complete, s; 0 at first */
};

/*
 * The answer: the conditions under which the asking worker may continue, for each worker j.
 *   needed[j]     the version that all rows of j must have reached. The core demands the rows that
 *                 are older from each j that has finished an iteration >= needed[j] ("must
 *                 update").
 *   iteration[j]  the iteration that j must have reached: a push of it, or of a later one, has
 *                 arrived completely, whatever its rows. Nothing is demanded.
 * Both are 0 for no condition; workers that are not active are ignored. The worker is admitted at
 * once if needed[j] <= oldest[j] and iteration[j] <= latest[j] for at least `quorum` workers.
 * Otherwise it stalls until this holds, or until the deadline; then the hook is called again, and
 * its new answer replaces the last one.
 */
struct rog_admission {
    uint32_t *needed; /* out: [worker], filled with 0 beforehand; entries of inactive workers are
                         ignored */
    /* Since version 5. */
    uint32_t *iteration; /* out: [worker], like `needed` */
    uint32_t quorum;     /* out: how many active workers, including the asking one, must meet their
                            conditions, <= config->workers; all if fewer are active; 0: all */
    double deadline_s;   /* out: on the run's clock, later than now; INFINITY, the value beforehand,
                            for no deadline. The shortest wait is 0.001 s */
};

/* Sets conditions to wait for every worker that is more than `ahead` iterations behind the
 * asking one. `wanted` is an admission's `needed` (each row) or its `iteration` (a whole push).
 * Does nothing if `ahead` is ROG_THRESHOLD_INFINITE. */
static inline void rog_wait_beyond(const struct rog_strategy_config *config,
                                   const struct rog_admit_view *view, uint32_t ahead,
                                   uint32_t *wanted)
{
    if (view->iteration <= ahead || ahead == ROG_THRESHOLD_INFINITE)
        return;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        wanted[worker] = view->iteration - ahead;
}

/* Admitted workers wait for a grant. A worker keeps its grant until the server has sent all of its
 * pull; `granted` shows these workers. */
struct rog_grant_view {
    double now;
    const uint32_t *waiting; /* [waiting_count]: workers, longest waiting first */
    uint32_t waiting_count;  /* number of waiting workers, > 0 */
    uint32_t granted_count;
    const uint8_t *granted; /* [worker]: 1 while it has a grant, else 0 */
    const double *goodput;  /* [worker]: goodput of its last push, bytes/s, measured at the server;
                               0: not measured yet */
    struct rog_version_view versions;
    const struct rog_node_view *nodes; /* [worker], since version 5 */
};

/* The answer: one worker whose pull begins now. The hook is called again until it names no
 * worker, and then whenever a worker begins to wait, a pull has been sent or a worker has left.
 * While no worker has a grant it must name one, or all workers may wait forever. */
struct rog_grant {
    uint32_t next; /* out: a waiting worker; ROG_NOBODY, or a worker that does not wait, for none */
};

/* A push begins to arrive. Since version 5. */
struct rog_weigh_view {
    uint32_t worker;
    uint32_t iteration; /* iteration of the push */
    uint32_t lag; /* pushes of other workers that have begun to arrive since this worker's last pull
                     began */
    uint32_t steps; /* steps that the server's model has made since then: the same number, or fewer
                       if the server's optimizer works in rounds */
    double now;
    struct rog_version_view versions;
    const struct rog_node_view *node; /* what is known of that worker */
};

/* A worker begins iteration `iteration`. Since version 5. */
struct rog_work_view {
    uint32_t iteration;
    uint32_t local_steps; /* the worker's setting */
    double now;
    struct rog_history history;
    const struct rog_node_view *node; /* what the worker knows of itself */
};

/* The answer, filled with the worker's settings beforehand. */
struct rog_work_plan {
    uint32_t local_steps; /* out: 1 to ROG_LOCAL_STEPS_MAX */
    bool overlap; /* out: compute the next iteration during this one's push and pull; only if the
                     setting allows it */
};

struct rog_strategy {
    uint32_t abi_version; /* ROG_STRATEGY_ABI */
    uint32_t struct_size; /* sizeof(struct rog_strategy) */
    const char *name;     /* in upper case, as in --library, for example "ROG" */
    const char *version;  /* the plugin's own version */
    const char *summary;  /* one line for `rogctl plugins` */
    int32_t threshold_min, threshold_max, threshold_default;
    const char *threshold_help; /* meaning of the threshold; part of error messages */

    /* Optional: create and free the strategy's state. create returns 0, or non-zero with a message
     * in `message` (at most message_bytes). Without create the state is NULL. */
    int (*create)(const struct rog_strategy_config *config, void **state, char *message,
                  uint32_t message_bytes);
    void (*destroy)(void *state);

    /* `admit` is required. Before version 4 plan_push and plan_pull are required too; since
     * then, without them, all rows are sent each time. */
    void (*plan_push)(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan);
    void (*admit)(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission);
    void (*plan_pull)(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan);

    /* Since version 2, optional: promises of the strategy for a configuration. `rogctl verify`
     * checks recorded runs against them, and reports what it could not check.
     *
     * staleness_bound: by how many iterations any row of any worker may be behind a worker
     * that is
     *                  admitted, so that needed[j] >= iteration - bound; negative: no bound.
     * least_share:     the minimum share of all rows in each push and each pull, in [0, 1]; 1:
     *                  always all rows; 0: possibly none. */
    int64_t (*staleness_bound)(const struct rog_strategy_config *config);
    double (*least_share)(const struct rog_strategy_config *config);

    /* Since version 2, optional: the strategy's parameters, a table and the size of the struct
     * that it describes. Runs set them with `parameters = { NAME = VALUE; };`. */
    const struct rog_parameter *parameters;
    uint32_t parameter_bytes;

    /* Since version 3, optional, both or neither: the part of the state that `create` cannot
     * restore, so that an interrupted run can resume. A strategy with `create` works without
     * these hooks, but its interrupted runs on a virtual cluster restart from the beginning.
     *
     * save: returns the number of bytes, 0 if there is nothing to save, and writes them if
     *       `room` is large enough for all; `bytes` may be NULL if room is 0.
     * load: restores what `save` wrote, into a state that `create` has just made for the same
     *       configuration. Returns non-zero if `save` cannot have written these bytes. If it
     *       returns 0, the state must be valid, whatever the bytes. */
    uint32_t (*save)(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room);
    int (*load)(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size);

    /* Since version 4, optional: which of the admitted workers continues now. If left out, all
     * of them continue. */
    void (*grant)(void *state, const struct rog_strategy_config *config,
                  const struct rog_grant_view *view, struct rog_grant *grant);
    /* Since version 4, optional: another promise, the maximum number of workers with a grant. */
    uint32_t (*most_granted)(const struct rog_strategy_config *config);

    /* Since version 5, optional.
     *
     * weigh:     the factor of the rows of a push, 0 to ROG_WEIGHT_MAX: 1 is the default, 0
     *            drops the rows. Rows that are demanded after a push have the factor of that
     *            push.
     * plan_work: how much a worker computes before its next push.
     * wants:     ROG_WANTS_..., or-ed. */
    double (*weigh)(void *state, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view);
    void (*plan_work)(void *state, const struct rog_strategy_config *config,
                      const struct rog_work_view *view, struct rog_work_plan *plan);
    uint32_t wants;

    /* Since version 5, optional: more promises, about whole pushes.
     *
     * iteration_bound: by how many iterations a worker that is admitted may be ahead of the
     * last
     *                  complete push of any active worker; negative: no bound.
     * least_quorum:    how many active workers, including the admitted one, have at least
     *                  completed a push of its iteration or of a later one; all of them if
     *                  fewer are active. */
    int64_t (*iteration_bound)(const struct rog_strategy_config *config);
    uint32_t (*least_quorum)(const struct rog_strategy_config *config);

    /* Since version 6, optional: returns why the strategy cannot continue, as one sentence, or
     * NULL if it can. Called after each call of another hook of that state (with state NULL:
     * after the promises). If it returns a sentence, the answer of that hook is ignored and the
     * run ends with this error. Once a strategy has failed, the hook must return the sentence
     * each time. */
    const char *(*failure)(const void *state, const struct rog_strategy_config *config);

    /* Fields are only appended below this line. */
};

#endif
