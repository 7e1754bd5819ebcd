/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ROG_H
#define ROG_ROG_H

/*
 * librog: row-granular synchronization (ROG, MICRO 2022) for a training program of one's own.
 *
 * A worker registers the tensors it trains, starts, and exchanges once an iteration:
 *
 *     struct rog_options options;
 *     rog_options_init(&options);
 *     options.server = "10.42.0.1:7400";
 *     options.key_file = "key";
 *     options.rank = 1, options.workers = 4;
 *     rog_open(&rog, &options, &err);
 *     rog_tensor(rog, "weight", 2, (uint32_t[]){100, 512}, weight, ROG_TENSOR_TRAINED, &err);
 *     rog_start(rog, &err);
 *     while (...) {
 *         ... gradients of the loss at the tensors as they are now ...
 *         rog_exchange(rog, &step, &err);
 *     }
 *     rog_finish(rog, &err);
 *     rog_close(rog);
 *
 * `rog-trainer serve --workers N` is the server. It knows no model: the first worker brings names,
 * shapes and starting values, and workers that have others are given these values.
 *
 * Functions that can fail return 0 or a negative enum rog_code (rog/error.h) and fill *err, which
 * may be NULL: object, value, cause and a hint in one sentence. The library never prints,
 * never ends the process and has no global state: a program may hold any number of `struct rog`.
 *
 * Threads: rog_start makes one, which answers the server also while the program computes; it blocks
 * all signals. (None on a virtual cluster, see rog_open_from_environment.) Calls with the same
 * `struct rog` must not overlap; which thread makes them does not matter. Between
 * rog_exchange_begin and the rog_exchange_wait that gives 0 the tensors and the gradients are the
 * library's, at any other time the program's. After fork the child may only leave its copy alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROG_EXPORT __attribute__((visibility("default")))

struct rog;

/* Strings are copied. Set what is needed after rog_options_init. */
struct rog_options {
    uint32_t struct_size;     /* sizeof(struct rog_options), by rog_options_init */
    uint32_t rank, workers;   /* this worker, 1..workers */
    const char *server;       /* HOST:PORT; virtual:NAME, the simulation of a virtual cluster */
    const char *key_file;     /* 32 bytes or 64 hexadecimal digits, readable by its owner alone */
    const unsigned char *key; /* instead of a file: 32 bytes */
    const char *strategy;     /* a plugin: "ROG", "SSP", "BSP", ... or a path with a '/' */
    int32_t threshold;        /* staleness; -1: the strategy's default */
    const char *compression;  /* "sign": a bit an element; "none": 32, exact */
    const char *out_dir;      /* folder for events.jsonl (rog/events.h), made if missing; NULL:
                                 nothing is written */
    double server_timeout_s;  /* give up when the server cannot be reached for so long */

    /* For runs that rogctl executes: the run's configuration as JSON text. Strategy, threshold,
     * compression and the number of workers are taken from it, and how long each part of an
     * iteration takes at least on the device that is stood for. NULL: none of that. */
    const char *config;
    const char *workload; /* what the server was started for, "program" */
    const char *data_id;  /* what must be alike at all nodes of workload "train" */
    double wire_scale;    /* bytes on the wire for each byte of a message, for standing in for
                             a larger model; 1: none */
    bool pace;            /* send along the bandwidth trace of `config` */
    bool energy;          /* report energy by the power model of `config` */
    bool catch_signals;   /* SIGINT and SIGTERM take leave of the server: ROG_EINTR */
    bool background;      /* exchanges go on while the program computes: see rog_exchange */
    bool without_values;  /* tensors have no values: messages of the size they would have, for
                             studies of strategy and network */

    /* More settings of the run, without `config`: their names and values as in an experiment file
     * (docs/experiment-files.md), as JSON text: {"contribution": "delta", "merge": 0.5}. They are
     * compression, compression_parameters, pull_compression, pull_compression_parameters,
     * compression_warmup, error_feedback, contribution, momentum_masking, merge, and parameters
     * (the strategy's own); the server is told the same by options of the same names. NULL: all
     * have their defaults. */
    const char *settings;
    /* What the program means to do between two exchanges, for the strategy and the record; what it
     * is to do says rog_local_steps. 0: as `config` has it, 1 without. */
    uint32_t local_steps;
};
ROG_EXPORT void rog_options_init(struct rog_options *options);

/* ROG_EINVAL: an option, ROG_EIO, ROG_EFORMAT: a file, ROG_EABI: the strategy. */
ROG_EXPORT int rog_open(struct rog **rog, const struct rog_options *options, struct rog_error *err);

/*
 * The same from the environment of a program that rogctl started as the workload of a run:
 * ROG_SERVER, ROG_KEY_FILE, ROG_CONFIG (a file), ROG_RANK, ROG_OUT, ROG_SERVER_TIMEOUT (s),
 * ROG_PACE (1: the link is paced), ROG_ENERGY (0: something else measures it). ROG_ENOTFOUND when
 * ROG_SERVER is not set: the program was not started by a run.
 *
 * On a virtual cluster ROG_SERVER is virtual:NAME, and no key is needed: the worker is in the
 * simulation, and the program computes for it. All that is said here holds there, but that times
 * are virtual: however long the program computes, an exchange is over when that of its worker is.
 */
ROG_EXPORT int rog_open_from_environment(struct rog **rog, struct rog_error *err);

/* Takes leave of the server where rog_finish has not, stops the thread, frees. Harmless on NULL. */
ROG_EXPORT void rog_close(struct rog *rog);

/* The program cannot go on and says why, in words of its own such as a traceback: the record of the
 * run has them, on a virtual cluster also what the run is said to have failed by. Of a text that is
 * too long that has its end. Only rog_close makes sense after it. Harmless before rog_start. */
ROG_EXPORT void rog_leave(struct rog *rog, const char *why);

enum rog_tensor_kind {
    ROG_TENSOR_TRAINED = 0,
    ROG_TENSOR_CONSTANT = 1, /* not exchanged; as the first worker had it in every worker and
                                checkpoint: running statistics that are frozen */
};

/*
 * Registers a tensor before rog_start: `values` are its elements, contiguous, float32, borrowed
 * until rog_close; NULL with without_values. From rog_start on they are the server's: what the
 * program writes into them the next exchange undoes. All workers register the same names and shapes
 * in the same order, trained ones first. ROG_EINVAL names what is wrong.
 */
ROG_EXPORT int rog_tensor(struct rog *rog, const char *name, uint32_t dims, const uint32_t *shape,
                          float *values, enum rog_tensor_kind kind, struct rog_error *err);

/* Connects and waits until all workers are there and the run begins; tensors then have the values
 * that all start from. ROG_EINVAL: the server or another worker has another configuration or model;
 * ROG_EFAILED: the server cannot be reached, or the run has failed. */
ROG_EXPORT int rog_start(struct rog *rog, struct rog_error *err);

/* The same in two parts: the second waits at most timeout_s (negative: as long as it takes), then
 * ROG_EBUSY. */
ROG_EXPORT int rog_start_begin(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_start_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* How a gradient becomes an update, w the tensor, g its gradient, m its momentum, mu the momentum's
 * factor, wd the decay. */
enum rog_rule_kind {
    ROG_RULE_BLOCK = 0,      /* m <- mu m + g;  lr (g + mu m + wd/(1-mu) w): dist-EF-blockSGDM
                                (Zheng, Huang, Kwok, NeurIPS 2019), as published with ROG */
    ROG_RULE_NESTEROV = 1,   /* d <- g + wd w;  m <- mu m + d;  lr (d + mu m): torch.optim.SGD with
                                nesterov=True */
    ROG_RULE_HEAVY_BALL = 2, /* d <- g + wd w;  m <- mu m + d;  lr m: torch.optim.SGD */
};
struct rog_rule {
    double learning_rate; /* >= 0 */
    double momentum;      /* [0, 1) */
    double weight_decay;  /* >= 0 */
    enum rog_rule_kind kind;
};

/* One iteration's contribution. With deltas (rog_takes_deltas) there are neither gradients nor
 * rules: both are NULL, and rule_count is 0. */
struct rog_step {
    const float *const *gradients; /* one for each trained tensor, in their order, its size; NULL
                                      for one that has none this time: neither momentum nor decay
                                      act on it. NULL with without_values */
    const struct rog_rule *rules;
    uint32_t rule_count; /* 1: for all tensors; or one for each */
    double loss;         /* for the record; NAN: none */
};

/* What rog_exchange is given, known from rog_open on: false: gradients, by which the tensors are
 * changed; true: contribution "delta" of the settings or the configuration: the program changes the
 * tensors itself, by local steps with an optimizer of its own. */
ROG_EXPORT bool rog_takes_deltas(const struct rog *rog);

/*
 * Pushes the gradients, waits until the strategy lets this worker go on, pulls and applies: the
 * tensors are the next iteration's when it returns. When this worker had been away for so long that
 * the server gave it up, it gets the whole model and the gradients are dropped: rog_statistics says
 * from which iteration it goes on.
 *
 * In the background it first waits for the exchange before, puts what that has brought into the
 * tensors, and returns as soon as its push begins: gradients are the program's again. So computing
 * and communicating overlap, and each gradient is of a model that lacks the worker's own last
 * exchange: an iteration more of staleness, which the record (events.h) counts, as it counts as
 * compute_s only what was not overlapped. The program must not write into the tensors. rog_finish
 * puts the last exchange into them, and so does rog_exchange_wait where no other call has just
 * begun something.
 *
 * With deltas it pushes how far the program has moved the tensors since the exchange before, and
 * what a pull brings takes the place of their rows, or is mixed with them (setting merge). So all
 * that the program writes into them between exchanges is contributed: one worker under BSP, with
 * compression "none" and the server optimizer "mean", trains as without librog. In the background
 * local steps may go on at once; steps made meanwhile stay on top of what a pull brings, and are
 * pushed next. rog_finish does not push what has moved since the last exchange.
 *
 * ROG_EINVAL: a gradient that is not finite (it names the tensor),
 * or a rule; ROG_EFAILED: the server is gone, the run has failed, or a delta is not finite. After
 * an error only rog_close makes sense, but for a rule that is out of range or a call out of turn.
 */
ROG_EXPORT int rog_exchange(struct rog *rog, const struct rog_step *step, struct rog_error *err);

/* The same in two parts, for programs that look after something else meanwhile: the first returns
 * at once, the second waits at most timeout_s (negative: as long as it takes), then ROG_EBUSY. */
ROG_EXPORT int rog_exchange_begin(struct rog *rog, const struct rog_step *step,
                                  struct rog_error *err);
ROG_EXPORT int rog_exchange_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* The run is over, because the server has ended it (at its limit of time) or all are through. As of
 * the last call that returned: where it ends while the program computes, the next exchange does
 * nothing, and this is true after it. */
ROG_EXPORT bool rog_over(const struct rog *rog);

/*
 * This worker is through: nobody waits for it any more. Returns when the whole run is over, so that
 * the server has everything. 0 without rog_over: the server was started again from a checkpoint
 * before this worker's last iteration; go on from where rog_statistics says.
 */
ROG_EXPORT int rog_finish(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_finish_begin(struct rog *rog, struct rog_error *err);
/* Its second part is rog_exchange_wait. */

/* How many local steps the next exchange is of: its gradients should be their mean, its delta their
 * way. What the run's configuration or the options have for this worker, or a strategy has planned
 * instead. As of the last call that returned; 0 before rog_start. */
ROG_EXPORT uint32_t rog_local_steps(const struct rog *rog);

struct rog_statistics {
    double t_s;                 /* of the run */
    uint32_t iteration;         /* exchanges that are done */
    uint32_t largest_iteration; /* of any worker, as far as known */
    bool over;
    uint32_t joins; /* times the whole model was taken over */
    /* Of the last exchange. */
    double compute_s, push_s, stall_s, pull_s;
    uint32_t rows_pushed, rows_pulled, rows_total;
    uint64_t bytes_pushed, bytes_pulled;
    /* Of all. */
    uint64_t all_bytes_pushed, all_bytes_pulled;
};
/* As of the last call that returned. */
ROG_EXPORT void rog_statistics(const struct rog *rog, struct rog_statistics *statistics);

/* Where the momentum of the trained tensor of that number is (NULL with deltas), and its residual:
 * the updates that are computed and not sent yet. Both have its size and are the program's to read
 * and to write between exchanges, so that it can save them and go on from them; after an exchange
 * it has to ask again. ROG_EINVAL before rog_start, and while an exchange goes on in the
 * background. */
ROG_EXPORT int rog_state(struct rog *rog, uint32_t tensor, float **momentum, float **residual,
                         struct rog_error *err);

/*
 * On virtual clusters (see rog_open_from_environment) alone; elsewhere both are false.
 *
 * A run there can be taken up from a snapshot, which is of the programs too where they say what is
 * to be kept of them. rog_keep_due: that is wanted now, as it was when the last exchange was over:
 * the program writes the file "kept" into the folder ROG_OUT and calls rog_kept before the next
 * exchange, or says why not. rog_resumed: the run was taken up, and the file of then is there
 * again.
 */
ROG_EXPORT bool rog_keep_due(const struct rog *rog);
ROG_EXPORT bool rog_resumed(const struct rog *rog);
/* why_not: NULL where the file is written. ROG_EINVAL where rog_keep_due is false. */
ROG_EXPORT int rog_kept(struct rog *rog, const char *why_not, struct rog_error *err);

/* On virtual clusters alone (ROG_EINVAL elsewhere): a message of the program's own to the server,
 * and, when those of all workers have come, one back, by the links of this worker. They take the
 * time that so many bytes take, what is in them is the program's own affair. In two parts as
 * rog_finish. */
ROG_EXPORT int rog_transfer(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                            struct rog_error *err);
ROG_EXPORT int rog_transfer_begin(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                                  struct rog_error *err);
/* The iteration is over, and what was transferred in it was its exchange: it is recorded with this
 * loss (NAN: none), and the next one begins. The tensors stay the program's; is_model: they are
 * what checkpoints have from here on, instead of the server's model. Likewise in two parts. */
ROG_EXPORT int rog_end_iteration(struct rog *rog, double loss, bool is_model,
                                 struct rog_error *err);
ROG_EXPORT int rog_end_iteration_begin(struct rog *rog, double loss, bool is_model,
                                       struct rog_error *err);

/* "0.1.0" */
ROG_EXPORT const char *rog_version(void);

#ifdef __cplusplus
}
#endif

#endif
