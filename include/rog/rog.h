/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ROG_H
#define ROG_ROG_H

/*
 * librog: row-granular synchronization (ROG, MICRO 2022) for training programs.
 *
 * A worker registers the tensors that it trains, starts, and exchanges once per iteration:
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
 *         ... gradients of the loss at the current tensors ...
 *         rog_exchange(rog, &step, &err);
 *     }
 *     rog_finish(rog, &err);
 *     rog_close(rog);
 *
 * `rog-trainer serve --workers N` is the server. It does not know the model: the first worker
 * sends names, shapes and initial values, and workers with other values receive these.
 *
 * Functions that can fail return 0 or a negative enum rog_code (rog/error.h) and fill *err, which
 * may be NULL, with one sentence: object, value, cause and a hint. The library never prints, never
 * ends the process and has no global state: a program may have any number of `struct rog`.
 *
 * Threads: rog_start creates one, which answers the server even while the program computes, with
 * all signals blocked. (None on a virtual cluster, see rog_open_from_environment.) Calls with the
 * same `struct rog` must not overlap, but may come from different threads. Between
 * rog_exchange_begin and the rog_exchange_wait that returns 0 the tensors and the gradients belong
 * to the library, at other times to the program. After fork the child must not use its copy.
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

/* Strings are copied. Set members after rog_options_init. */
struct rog_options {
    uint32_t struct_size;     /* sizeof(struct rog_options), set by rog_options_init */
    uint32_t rank, workers;   /* this worker, 1..workers */
    const char *server;       /* HOST:PORT; virtual:NAME for a virtual cluster */
    const char *key_file;     /* 32 bytes or 64 hexadecimal digits, readable by its owner only */
    const unsigned char *key; /* instead of a file: 32 bytes */
    const char *strategy;     /* a plugin: "ROG", "SSP", "BSP", ... or a path with a '/' */
    int32_t threshold;        /* staleness threshold; -1: the strategy's default */
    const char *compression;  /* "sign": one bit per element; "none": 32, exact */
    const char *out_dir;      /* folder for events.jsonl (rog/events.h), created if missing; NULL:
                                 nothing is written */
    double server_timeout_s;  /* give up if the server cannot be reached for this long */

    /* For runs of rogctl: the run's configuration as JSON text. It determines strategy, threshold,
     * compression and number of workers, and the minimum duration of each part of an iteration on
     * the modelled device. NULL: none. */
    const char *config;
    const char *workload; /* the workload that the server was started for, "program" */
    const char *data_id;  /* must be equal at all nodes of workload "train" */
    double wire_scale;   /* bytes on the link per byte of a message, to stand in for a larger model;
                            1: as they are */
    bool pace;           /* limit sending to the bandwidth trace of `config` */
    bool energy;         /* report energy with the power model of `config` */
    bool catch_signals;  /* on SIGINT and SIGTERM leave the server and return ROG_EINTR */
    bool background;     /* exchanges continue while the program computes: see rog_exchange */
    bool without_values; /* tensors have no values: messages of the same size, for studies of
                            strategy and network */

    /* More settings of the run, without `config`: names and values as in an experiment file
     * (docs/experiment-files.md), as JSON text: {"contribution": "delta", "merge": 0.5}. Allowed:
     * compression, compression_parameters, pull_compression, pull_compression_parameters,
     * compression_warmup, error_feedback, contribution, momentum_masking, merge, and parameters
     * (of the strategy). The server needs the same, by options of the same names. NULL: defaults.
     */
    const char *settings;
    /* The number of local steps that the program intends to make between two exchanges, for the
     * strategy and the record; rog_local_steps returns the number to make. 0: as in `config`, 1
     * without it. */
    uint32_t local_steps;
};
ROG_EXPORT void rog_options_init(struct rog_options *options);

/* ROG_EINVAL: an option; ROG_EIO, ROG_EFORMAT: a file; ROG_EABI: the strategy. */
ROG_EXPORT int rog_open(struct rog **rog, const struct rog_options *options, struct rog_error *err);

/*
 * The same from the environment of a program that rogctl started as the workload of a run:
 * ROG_SERVER, ROG_KEY_FILE, ROG_CONFIG (a file), ROG_RANK, ROG_OUT, ROG_SERVER_TIMEOUT (s),
 * ROG_PACE (1: limit sending to the trace), ROG_ENERGY (0: something else measures it).
 * ROG_ENOTFOUND if ROG_SERVER is not set: the program was not started by a run.
 *
 * On a virtual cluster ROG_SERVER is virtual:NAME, and no key is needed: the worker is part of the
 * simulation, and the program computes for it. Everything here applies there too, except that
 * times are virtual: however long the program computes, an exchange ends when that of its worker
 * ends.
 */
ROG_EXPORT int rog_open_from_environment(struct rog **rog, struct rog_error *err);

/* Leaves the server if rog_finish was not called, stops the thread, frees. No effect on NULL. */
ROG_EXPORT void rog_close(struct rog *rog);

/* The program cannot continue and gives the reason, such as a traceback. The record of the run
 * contains it; on a virtual cluster it is also the error of the run. A text that is too long loses
 * its beginning. Only rog_close may follow. No effect before rog_start. */
ROG_EXPORT void rog_leave(struct rog *rog, const char *why);

enum rog_tensor_kind {
    ROG_TENSOR_TRAINED = 0,
    ROG_TENSOR_CONSTANT = 1, /* not exchanged; the first worker's values in every worker and
                                checkpoint, such as frozen running statistics */
};

/*
 * Registers a tensor before rog_start: `values` are its elements, contiguous, float32, borrowed
 * until rog_close; NULL with without_values. From rog_start on they belong to the server: the next
 * exchange overwrites what the program writes into them. All workers register the same names and
 * shapes in the same order, trained ones first. ROG_EINVAL names the error.
 */
ROG_EXPORT int rog_tensor(struct rog *rog, const char *name, uint32_t dims, const uint32_t *shape,
                          float *values, enum rog_tensor_kind kind, struct rog_error *err);

/* Connects and waits until all workers have connected and the run starts; the tensors then have
 * the common initial values. ROG_EINVAL: the server or another worker has another configuration or
 * model; ROG_EFAILED: the server cannot be reached, or the run has failed. */
ROG_EXPORT int rog_start(struct rog *rog, struct rog_error *err);

/* The same in two parts: the second waits at most timeout_s (negative: without limit), then
 * returns ROG_EBUSY. */
ROG_EXPORT int rog_start_begin(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_start_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* How a gradient becomes an update: w is the tensor, g its gradient, m its momentum, mu the
 * momentum's factor, wd the decay. */
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
    const float *const *gradients; /* one per trained tensor, in their order, of the same size; NULL
                                      if a tensor has none this time: neither momentum nor decay is
                                      applied. NULL with without_values */
    const struct rog_rule *rules;
    uint32_t rule_count; /* 1: for all tensors; or one per tensor */
    double loss;         /* for the record; NAN: none */
};

/* What rog_exchange needs, known from rog_open on. false: gradients, which change the tensors.
 * true (contribution "delta" in the settings or the configuration): the program changes the
 * tensors itself, with local steps of its own optimizer. */
ROG_EXPORT bool rog_takes_deltas(const struct rog *rog);

/*
 * Pushes the gradients, waits until the strategy lets this worker continue, pulls and applies:
 * when it returns, the tensors are those of the next iteration. If this worker was away so long
 * that the server dropped it, it receives the whole model and the gradients are discarded:
 * rog_statistics returns the iteration from which it continues.
 *
 * In the background it first waits for the previous exchange, puts its result into the tensors,
 * and returns as soon as its push begins; the gradients then belong to the program again.
 * Computing and communication overlap, and each gradient belongs to a model without the worker's
 * own last exchange: one more iteration of staleness, which the record (events.h) counts; its
 * compute_s is only the time that did not overlap. The program must not write into the tensors.
 * rog_finish puts the last exchange into them, and so does rog_exchange_wait if no other call has
 * just begun something.
 *
 * With deltas it pushes how far the program has moved the tensors since the previous exchange, and
 * a pull replaces their rows or is mixed with them (setting merge). Everything that the program
 * writes into them between exchanges is contributed: one worker under BSP, with compression "none"
 * and the server optimizer "mean", trains as without librog. In the background local steps may
 * continue at once; steps made meanwhile are added to the result of the pull, and pushed next.
 * rog_finish does not push what has moved since the last exchange.
 *
 * ROG_EINVAL: a gradient that is not finite (it names the tensor), or a rule; ROG_EFAILED: the
 * connection to the server is lost, the run has failed, or a delta is not finite. After an error
 * only rog_close may follow, except for a rule that is out of range or a call in the wrong order.
 */
ROG_EXPORT int rog_exchange(struct rog *rog, const struct rog_step *step, struct rog_error *err);

/* The same in two parts, for programs that do something else meanwhile: the first returns at once,
 * the second waits at most timeout_s (negative: without limit), then returns ROG_EBUSY. */
ROG_EXPORT int rog_exchange_begin(struct rog *rog, const struct rog_step *step,
                                  struct rog_error *err);
ROG_EXPORT int rog_exchange_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* The run is over, because the server has ended it (time limit) or all workers have finished. As
 * of the last call that returned: if it ends while the program computes, the next exchange does
 * nothing, and this is true after it. */
ROG_EXPORT bool rog_over(const struct rog *rog);

/*
 * This worker has finished: no worker waits for it any more. Returns when the whole run is over,
 * so that the server has everything. 0 without rog_over: the server has restarted from a
 * checkpoint before this worker's last iteration; continue from the iteration in rog_statistics.
 */
ROG_EXPORT int rog_finish(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_finish_begin(struct rog *rog, struct rog_error *err);
/* Its second part is rog_exchange_wait. */

/* The number of local steps for the next exchange: its gradients should be their mean, its delta
 * their sum. From the configuration or the options, or planned by a strategy. As of the last call
 * that returned; 0 before rog_start. */
ROG_EXPORT uint32_t rog_local_steps(const struct rog *rog);

struct rog_statistics {
    double t_s;                 /* of the run */
    uint32_t iteration;         /* completed exchanges */
    uint32_t largest_iteration; /* of any worker, as far as known */
    bool over;
    uint32_t joins; /* how often the whole model was received */
    /* Of the last exchange. */
    double compute_s, push_s, stall_s, pull_s;
    uint32_t rows_pushed, rows_pulled, rows_total;
    uint64_t bytes_pushed, bytes_pulled;
    /* Of all. */
    uint64_t all_bytes_pushed, all_bytes_pulled;
};
/* As of the last call that returned. */
ROG_EXPORT void rog_statistics(const struct rog *rog, struct rog_statistics *statistics);

/* Returns the momentum of the trained tensor with this number (NULL with deltas), and its
 * residual: the updates that are computed but not sent yet. Both have its size. The program may
 * read and write them between exchanges, to save and restore them; after an exchange it must call
 * this again. ROG_EINVAL before rog_start, and during an exchange in the background. */
ROG_EXPORT int rog_state(struct rog *rog, uint32_t tensor, float **momentum, float **residual,
                         struct rog_error *err);

/*
 * Only on virtual clusters (see rog_open_from_environment); elsewhere both are false.
 *
 * A run there can resume from a snapshot, which includes the state that programs save.
 * rog_keep_due: a snapshot of the end of the last exchange is due; the program writes the file
 * "kept" into the folder ROG_OUT and calls rog_kept before the next exchange, or gives the reason
 * why not. rog_resumed: the run was resumed, and this file is there again.
 */
ROG_EXPORT bool rog_keep_due(const struct rog *rog);
ROG_EXPORT bool rog_resumed(const struct rog *rog);
/* why_not: NULL if the file is written. ROG_EINVAL if rog_keep_due is false. */
ROG_EXPORT int rog_kept(struct rog *rog, const char *why_not, struct rog_error *err);

/* Only on virtual clusters (ROG_EINVAL elsewhere): a message of the program's own to the server,
 * and, when those of all workers have arrived, one back, over the links of this worker. They take
 * as long as this number of bytes takes; their content is up to the program. In two parts as
 * rog_finish. */
ROG_EXPORT int rog_transfer(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                            struct rog_error *err);
ROG_EXPORT int rog_transfer_begin(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                                  struct rog_error *err);
/* The iteration is over, and its transfers were its exchange: it is recorded with this loss (NAN:
 * none), and the next one begins. The tensors still belong to the program; is_model: checkpoints
 * contain them from now on, instead of the server's model. Also in two parts. */
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
