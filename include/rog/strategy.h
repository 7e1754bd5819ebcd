/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STRATEGY_H
#define ROG_STRATEGY_H

/*
 * The interface between the synchronization core and a strategy plugin.
 *
 * A strategy is policy only: it never sees a gradient or a socket. Over the row table it answers
 * three questions, and where it has to some more:
 *   plan_push   in which order, how many at least and for how long a worker sends its push;
 *   admit       whether a worker that pushed iteration t may go on, and if not, for which rows or
 *               iterations of which workers it waits, for how many of them, and for how long;
 *   plan_pull   the same sending plan for the server's answer to that worker;
 *   grant       of the workers that may go on, who does now, where not all of them are to at once;
 *   weigh       what the rows of a push count for;
 *   plan_work   how many local steps a worker makes before its next push.
 *
 * admit, plan_pull, grant and weigh are asked at the server, plan_push and plan_work at the worker.
 * Each has a state of its own: what one of them remembers the other does not know.
 *
 * A plugin is one shared object that exports one constant:
 *
 *     ROG_STRATEGY_EXPORT const struct rog_strategy rog_strategy_plugin = { ... };
 *
 * It includes this header and nothing else of the project. Numbers of workers are zero-based here
 * (worker 0 is host rank 1). Iterations count from 1; version 0 means "never".
 * All hooks must be deterministic functions of their arguments and of the strategy's state: the
 * virtual cluster is reproducible to the byte.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/parameter.h>
#include <rog/random.h>

/* A plugin is made for one version. Each version has the members of the one before at the same
 * places and appends its own, so that a program runs the plugins of its own version and of all
 * earlier ones; what those lack is as if they had left it out. */
#define ROG_STRATEGY_ABI 6
#define ROG_STRATEGY_SYMBOL "rog_strategy_plugin"
#define ROG_STRATEGY_EXPORT __attribute__((visibility("default")))

#define ROG_NOBODY UINT32_MAX /* among workers */

/* A threshold without end: asynchronous training (SSP with it is ASP). */
#define ROG_THRESHOLD_INFINITE 2147483647

/* What a strategy may ask for (struct rog_strategy, wants), as it costs something. */
#define ROG_WANTS_WEIGHTS 1u /* rog_send_view.weight: one pass over the model for each plan */
#define ROG_WANTS_REPORTS                                                   \
    2u /* compute_s, loss, energy_j and local_steps of rog_node_view at the \
          server: 28 bytes more in each push */

/* The largest that an answer may be: more is taken for a mistake, and refused. */
#define ROG_WEIGHT_MAX 1000.0
#define ROG_LOCAL_STEPS_MAX 1000000u

/* The model's tensors, in parameter order, and the rows that they are cut into. The rows of a
 * tensor are of one length. Members are only appended. */
struct rog_model_view {
    uint32_t tensors;          /* > 0 */
    const uint32_t *first_row; /* [tensors + 1]: tensor i has the rows from first_row[i] up to, and
                                  without, first_row[i + 1] */
    /* Since version 5. A codec may have several levels, coarser ones of fewer bytes: level 0 is its
     * best, and what a plan that chooses none has. */
    uint32_t levels;              /* of pushes, > 0 */
    uint32_t pull_levels;         /* of pulls, > 0 */
    const uint32_t *row_elements; /* [tensor]: elements of each of its rows */
    const char *const *names;     /* [tensor]: "" where it has none */
    const uint32_t *push_bytes;   /* [tensor * levels + level]: most bytes of a row */
    const uint32_t *pull_bytes;   /* [tensor * pull_levels + level] */
};

/* What a strategy is created with. Lives as long as the strategy's state. */
struct rog_strategy_config {
    uint32_t rows;     /* rows of the model, > 0 */
    uint32_t workers;  /* number of workers, > 0 */
    int32_t threshold; /* staleness threshold S, within the plugin's range */
    /* Since version 2: the strategy's struct of parameters, every member filled and within its
     * range; NULL where the strategy has none. */
    const void *parameters;
    /* Since version 4: NULL where a strategy is asked for no more than its promises
     * (staleness_bound, least_share). */
    const struct rog_model_view *model;
    /* Since version 5: the run's seed, for rog_random; and whose state this is: a worker's, or the
     * server's (ROG_NOBODY, also where only promises are asked for). */
    uint64_t seed;
    uint32_t worker;
};

/*
 * Transmission history, as the server knows it (a worker sees the copy that came with its last
 * pull). A transmission is one finished push or one finished pull of one worker, so an iteration
 * has two.
 */
struct rog_history {
    uint64_t own;              /* transmissions of this worker */
    uint64_t slowest;          /* the smallest number over all workers */
    bool everyone_transmitted; /* slowest > 0 */
    double recent_max_s;       /* longest of the last 30 transmission times of all workers, s */
    double mean_s;             /* mean of all transmission times of all workers, s */
};

/*
 * What is known of a worker, since version 5, each as it was last. Seconds, loss and energy that
 * are not known are NAN, goodputs and local steps 0. The server knows of all workers what it
 * measures, and with ROG_WANTS_REPORTS what they say of themselves; a worker knows itself alone.
 * Pushes and pulls of no rows leave what is known as it was.
 */
struct rog_node_view {
    double compute_s;      /* the local steps of an iteration, s */
    double push_s, pull_s; /* a push and a pull, s */
    double goodput_up;     /* bytes a second that came through of a push */
    double goodput_down;   /* of a pull */
    double loss;           /* of an iteration, mean of its batches */
    double energy_j;       /* taken since the run's start, J */
    uint32_t local_steps;  /* of an iteration */
};

/* One sending decision: a push of worker `worker` after iteration `iteration`, or the pull that
 * answers it. All arrays have config->rows entries and belong to the core. */
struct rog_send_view {
    uint32_t worker;
    uint32_t iteration;      /* iteration of this push, or that the pull answers */
    double now;              /* seconds since the run's start */
    const uint32_t *age;     /* push: iterations since this row was last sent (iteration - version);
                                pull: versions of this row that the worker has not seen */
    const float *magnitude;  /* mean |value| that waits to be sent, per row, >= 0 */
    const uint8_t *demanded; /* 1 where the server has asked for this row (push), else 0 */
    struct rog_history history;
    /* Since version 5. Of the model that is at hand, the worker's or the server's: mean |w| of each
     * row; 1 in a run without values. NULL unless it is wanted (ROG_WANTS_WEIGHTS). */
    const float *weight;
    const struct rog_node_view *node; /* what is known of that worker */
};

/* The answer. The first `mandatory` rows of `order` are sent whatever it takes; the following up
 * to `count` only until `budget_s` seconds after the sending began. Rows not in `order` are not
 * sent. Demanded rows that the plan leaves out, or does not make mandatory, the core puts first.
 * With count 0 and nothing demanded the push or pull is silent: a few bytes, and no time for
 * compressing. A strategy that promises no least_share above 0 is asked before that time is taken,
 * the others after it. */
struct rog_send_plan {
    uint32_t *order;    /* out: room for config->rows distinct row numbers */
    uint32_t count;     /* out: entries in order, <= rows */
    uint32_t mandatory; /* out: <= count */
    double budget_s;    /* out: >= 0 */
    /* Since version 5, out: [row], filled with 0 beforehand: at which level a row of `order` goes,
     * below the model's levels (of a pull: pull_levels). Rows that the core puts in go at level 0.
     */
    uint8_t *level;
};

/* The versions table: version(row, worker) is the iteration of the last push of that worker that
 * carried that row and has arrived. */
struct rog_version_view {
    const uint32_t *version; /* [worker * rows + row] */
    const uint32_t *oldest;  /* [worker]: the smallest version over this worker's rows */
    const uint32_t *latest;  /* [worker]: the last iteration whose push has arrived completely */
    const uint8_t *active;   /* [worker]: 0 once it has finished or was given up; not waited for */
};

/* A worker asks for its pull after iteration `iteration`. */
struct rog_admit_view {
    uint32_t worker;
    uint32_t iteration;
    double now;
    struct rog_version_view versions;
    /* Since version 5. */
    const struct rog_node_view *nodes; /* [worker] */
    bool again;                        /* the deadline of the last answer has passed */
    double waited_s;                   /* since the worker's push was complete; 0 at first */
};

/*
 * The answer: the conditions on which the asking worker may go on, those of each worker j.
 *   needed[j]     the version that all rows of j must have reached. The core asks each j that has
 *                 finished an iteration >= needed[j] for exactly the rows that are older ("must
 *                 update").
 *   iteration[j]  the iteration that j must have reached: a push of it, or of a later one, has
 *                 arrived completely, whatever rows it had. Nothing is asked for.
 * Both are 0 where nothing is waited for; a worker that is not active is not waited for. With
 * needed[j] <= oldest[j] and iteration[j] <= latest[j] for as many workers as `quorum` says the
 * worker is admitted at once; else it stalls until that holds, or until the deadline: then the
 * strategy is asked again, and its new answer takes the place of the last one.
 */
struct rog_admission {
    uint32_t *needed; /* out: [worker], filled with 0 beforehand; entries of inactive workers are
                         ignored */
    /* Since version 5. */
    uint32_t *iteration; /* out: the same */
    uint32_t quorum;     /* out: of all active workers, the asking one with them, how many must
                            fulfil their conditions, <= config->workers; all of them where fewer are
                            active; 0: all */
    double deadline_s;   /* out: on the run's clock, later than now; INFINITY, which it is
                            beforehand: none. A thousandth of a second is the shortest wait */
};

/* Waits for everybody who is more than `ahead` iterations behind the worker that asks, in the way
 * that `wanted` says: an admission's `needed` (each row) or its `iteration` (a whole push). For
 * nobody where `ahead` is ROG_THRESHOLD_INFINITE. */
static inline void rog_wait_beyond(const struct rog_strategy_config *config,
                                   const struct rog_admit_view *view, uint32_t ahead,
                                   uint32_t *wanted)
{
    if (view->iteration <= ahead || ahead == ROG_THRESHOLD_INFINITE)
        return;
    for (uint32_t worker = 0; worker < config->workers; worker++)
        wanted[worker] = view->iteration - ahead;
}

/* Workers that `admit` lets go on wait for a grant. A worker that was granted keeps its grant until
 * the server has sent all of its pull; which workers those are is seen in `granted`. */
struct rog_grant_view {
    double now;
    const uint32_t *waiting; /* [waiting_count]: workers, those who wait longest first */
    uint32_t waiting_count;  /* > 0 */
    uint32_t granted_count;
    const uint8_t *granted; /* [worker]: 1 while it has a grant */
    const double *goodput;  /* [worker]: bytes a second that came through of its last push, measured
                               at the server; 0: not measured yet */
    struct rog_version_view versions;
    const struct rog_node_view *nodes; /* [worker], since version 5 */
};

/* The answer: one worker whose pull begins now. The strategy is asked again at once until it names
 * nobody, and then whenever a worker begins to wait, a pull has been sent or a worker has left.
 * While nobody has a grant it must name somebody, or all may wait for ever. */
struct rog_grant {
    uint32_t next; /* out: a worker that waits; ROG_NOBODY, or any other that does not wait: none */
};

/* A push begins to arrive. Since version 5. */
struct rog_weigh_view {
    uint32_t worker;
    uint32_t iteration; /* of the push */
    uint32_t lag;       /* pushes of others that have begun to arrive since its last pull began */
    uint32_t steps;     /* steps that the server's model has made since then: as many, or fewer
                           where the server's optimizer gathers pushes */
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
    const struct rog_node_view *node; /* what it knows of itself */
};

/* The answer, filled beforehand with the worker's settings. */
struct rog_work_plan {
    uint32_t local_steps; /* out: 1 to ROG_LOCAL_STEPS_MAX */
    bool overlap;         /* out: while this iteration's push and pull are on their way the next
                             one is computed already; only where the setting allows it */
};

struct rog_strategy {
    uint32_t abi_version; /* ROG_STRATEGY_ABI */
    uint32_t struct_size; /* sizeof(struct rog_strategy) */
    const char *name;     /* upper case as in --library, for example "ROG" */
    const char *version;  /* the plugin's own version */
    const char *summary;  /* one line for `rogctl plugins` */
    int32_t threshold_min, threshold_max, threshold_default;
    const char *threshold_help; /* what the threshold means here; part of error messages */

    /* Optional: make and free the strategy's state. create returns 0, or non-zero with a message
     * in `message` (at most message_bytes). Without create the state is NULL. */
    int (*create)(const struct rog_strategy_config *config, void **state, char *message,
                  uint32_t message_bytes);
    void (*destroy)(void *state);

    /* `admit` is required. The plans are too before version 4; since then a plan that is left out
     * sends all rows each time. */
    void (*plan_push)(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan);
    void (*admit)(void *state, const struct rog_strategy_config *config,
                  const struct rog_admit_view *view, struct rog_admission *admission);
    void (*plan_pull)(void *state, const struct rog_strategy_config *config,
                      const struct rog_send_view *view, struct rog_send_plan *plan);

    /* Since version 2, optional: what the strategy promises under a configuration. `rogctl verify`
     * holds the record of a run to it, and says what it could not check where nothing is stated.
     *
     * staleness_bound: how many iterations behind a worker that is admitted any row of any worker
     *                  may be, so that needed[j] >= iteration - bound; negative: no bound.
     * least_share:     the least share of all rows in each push and each pull, in [0, 1]; 1: always
     *                  all of them; 0: there may be none. */
    int64_t (*staleness_bound)(const struct rog_strategy_config *config);
    double (*least_share)(const struct rog_strategy_config *config);

    /* Since version 2, optional: the strategy's own parameters, a table and the size of the struct
     * that it describes. Runs give values as `parameters = { NAME = VALUE; };`. */
    const struct rog_parameter *parameters;
    uint32_t parameter_bytes;

    /* Since version 3, optional, both or none: what the state remembers that `create` does not know
     * of, so that an interrupted run goes on where it was. A strategy with `create` and without
     * these can be used as any other; its runs on a virtual cluster begin anew where they are
     * interrupted.
     *
     * save: returns how many bytes that are, 0 where it remembers nothing, and writes them where
     *       `room` is enough for them all; `bytes` may be NULL where room is 0.
     * load: takes what `save` wrote, by a state that `create` has just made of the same
     *       configuration. Non-zero: these bytes it cannot have written. Any others must leave a
     *       state that can be worked with. */
    uint32_t (*save)(const void *state, const struct rog_strategy_config *config, uint8_t *bytes,
                     uint32_t room);
    int (*load)(void *state, const struct rog_strategy_config *config, const uint8_t *bytes,
                uint32_t size);

    /* Since version 4, optional: who goes on now, of those that may. Left out: all of them. */
    void (*grant)(void *state, const struct rog_strategy_config *config,
                  const struct rog_grant_view *view, struct rog_grant *grant);
    /* Since version 4, optional: a promise as those above, how many workers have a grant at once at
     * most. */
    uint32_t (*most_granted)(const struct rog_strategy_config *config);

    /* Since version 5, optional.
     *
     * weigh:     what the rows of a push count for, 0 to ROG_WEIGHT_MAX: 1 is usual, and what a
     *            strategy without it has; 0: they are dropped. Rows that are asked for after a push
     *            count as it did.
     * plan_work: how much a worker works before its next push.
     * wants:     ROG_WANTS_..., or-ed. */
    double (*weigh)(void *state, const struct rog_strategy_config *config,
                    const struct rog_weigh_view *view);
    void (*plan_work)(void *state, const struct rog_strategy_config *config,
                      const struct rog_work_view *view, struct rog_work_plan *plan);
    uint32_t wants;

    /* Since version 5, optional: promises as those above, about whole pushes.
     *
     * iteration_bound: how many iterations a worker that is admitted is at most ahead of the last
     *                  complete push of any active worker; negative: no bound.
     * least_quorum:    how many active workers, the admitted one with them, have at least completed
     *                  a push of its iteration or of a later one; all of them where fewer are
     *                  active. */
    int64_t (*iteration_bound)(const struct rog_strategy_config *config);
    uint32_t (*least_quorum)(const struct rog_strategy_config *config);

    /* Since version 6, optional: why the strategy cannot go on, one sentence; NULL: it can. Asked
     * after each call of another hook of that state (NULL: after the promises), whose answer counts
     * for nothing where there is a sentence: the run ends with it. Once there is one it stays. */
    const char *(*failure)(const void *state, const struct rog_strategy_config *config);

    /* Fields are only appended below this line. */
};

#endif
