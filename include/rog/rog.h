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
 * Functions that can fail return 0 or a negative enum rog_code (rog/error.h). On failure they fill
 * *err, which may be NULL, with a message: object, value, cause and a hint. The library never
 * prints, never terminates the process and has no global state: a program may have any number of
 * `struct rog`.
 *
 * Threads: rog_start creates a thread, with all signals blocked, that answers the server even while
 * the program computes. (There is no thread on a virtual cluster, see rog_open_from_environment.)
 * Calls with the same `struct rog` must not overlap, but may come from different threads. Between
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

/* Call rog_options_init first, then set members. rog_open copies the strings. */
struct rog_options {
    uint32_t struct_size;     /* sizeof(struct rog_options), set by rog_options_init */
    uint32_t rank, workers;   /* this worker, 1..workers */
    const char *server;       /* HOST:PORT; virtual:NAME for a virtual cluster */
    const char *key_file;     /* file: 32 bytes or 64 hex digits, readable by its owner only */
    const unsigned char *key; /* the key itself, 32 bytes, instead of key_file */
    const char *strategy;     /* strategy plugin: "ROG", "SSP", "BSP", ... or a path with a '/' */
    int32_t threshold;        /* staleness threshold; -1: the strategy's default */
    const char *compression;  /* codec: "sign" (1 bit per element), "none" (32 bits, exact), ... */
    const char *out_dir;      /* folder for events.jsonl (rog/events.h), created if missing; NULL:
                                 nothing is written */
    double server_timeout_s;  /* give up if the server cannot be reached for this long */

    /* The configuration of a run as JSON text, given by rogctl. It determines strategy,
     * threshold, compression and number of workers, and the minimum duration of each part of an
     * iteration on the modelled device. NULL: none. */
    const char *config;
    const char *workload; /* the workload that the server was started for, "program" */
    const char *data_id;  /* identifies the data; must be equal at all nodes of workload "train" */
    double wire_scale;    /* bytes on the link per byte of a message, to imitate a larger model; 1:
                             actual size */
    bool pace;            /* limit sending to the bandwidth trace of `config` */
    bool energy;          /* report energy with the power model of `config` */
    bool catch_signals;   /* on SIGINT and SIGTERM leave the server and return ROG_EINTR */
    bool background;      /* exchanges continue while the program computes (see rog_exchange) */
    bool without_values;  /* tensors have no values; messages keep their sizes. For studies of
                             strategies and networks */

    /* More settings of the run, if there is no `config`: names and values as in an experiment
     * file (docs/experiment-files.md), as JSON text: {"contribution": "delta", "merge": 0.5}.
     * Allowed: compression, compression_parameters, pull_compression,
     * pull_compression_parameters, compression_warmup, error_feedback, contribution,
     * momentum_masking, merge, and parameters (of the strategy). Start the server with the same
     * settings; its options have the same names. NULL: defaults. */
    const char *settings;
    /* The number of local steps that the program intends to make between two exchanges, for the
     * strategy and the record; rog_local_steps returns the number to make. 0: the number in
     * `config`, or 1 without `config`. */
    uint32_t local_steps;
};
ROG_EXPORT void rog_options_init(struct rog_options *options);

/* Creates a worker in *rog; rog_close frees it. ROG_EINVAL: an option is not valid; ROG_EIO,
 * ROG_EFORMAT: a file cannot be read or has the wrong format; ROG_EABI: the strategy was built
 * for another version. */
ROG_EXPORT int rog_open(struct rog **rog, const struct rog_options *options, struct rog_error *err);

/*
 * As rog_open, with options from the environment of a program that rogctl started as the workload
 * of a run: ROG_SERVER, ROG_KEY_FILE, ROG_CONFIG (a file), ROG_RANK, ROG_OUT, ROG_SERVER_TIMEOUT
 * (s), ROG_PACE (1: limit sending to the trace), ROG_ENERGY (0: something else measures it).
 * Returns ROG_ENOTFOUND if ROG_SERVER is not set: the program was not started by a run.
 *
 * On a virtual cluster ROG_SERVER is virtual:NAME, and no key is needed: the worker is part of the
 * simulation, and the program computes for it. Everything in this header applies there too, except
 * that times are virtual: an exchange takes the simulated time of its worker, however long the
 * program computes.
 */
ROG_EXPORT int rog_open_from_environment(struct rog **rog, struct rog_error *err);

/* Leaves the server if rog_finish was not called, stops the thread and frees *rog. No effect on
 * NULL. */
ROG_EXPORT void rog_close(struct rog *rog);

/* Tells the server that the program cannot continue, and why, for example with a traceback. The
 * reason is stored in the record of the run; on a virtual cluster it is also the error of the
 * run. If it is too long, its beginning is cut off. Only rog_close may follow. No effect before
 * rog_start. */
ROG_EXPORT void rog_leave(struct rog *rog, const char *why);

enum rog_tensor_kind {
    ROG_TENSOR_TRAINED = 0,
    ROG_TENSOR_CONSTANT = 1, /* not exchanged; every worker and checkpoint has the first worker's
                                values. For example frozen running statistics */
};

/*
 * Registers a tensor; call it before rog_start. `values` points to its elements, contiguous
 * float32, which must stay valid until rog_close; NULL with without_values. From rog_start on the
 * server determines the values: the next exchange overwrites what the program writes into them. All
 * workers register the same names and shapes in the same order, trained ones first. Returns
 * ROG_EINVAL if an argument is not valid.
 */
ROG_EXPORT int rog_tensor(struct rog *rog, const char *name, uint32_t dims, const uint32_t *shape,
                          float *values, enum rog_tensor_kind kind, struct rog_error *err);

/* Connects and waits until all workers have connected and the run starts; the tensors then have
 * the common initial values. ROG_EINVAL: the server or another worker has another configuration or
 * model; ROG_EFAILED: the server cannot be reached, or the run has failed. */
ROG_EXPORT int rog_start(struct rog *rog, struct rog_error *err);

/* As rog_start, in two parts. rog_start_wait waits at most timeout_s (negative: without limit),
 * then returns ROG_EBUSY. */
ROG_EXPORT int rog_start_begin(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_start_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* How a gradient becomes an update: w is the tensor, g its gradient, m its momentum, mu the
 * momentum factor, wd the weight decay, lr the learning rate. */
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
    const float *const *gradients; /* one per trained tensor, in the order of registration, of the
                                      tensor's size; NULL if a tensor has no gradient in this
                                      iteration: neither momentum nor decay is applied then. NULL
                                      with without_values */
    const struct rog_rule *rules;
    uint32_t rule_count; /* 1: for all tensors; or one per tensor */
    double loss;         /* recorded with the iteration; NAN: none */
};

/* Returns what rog_exchange needs; may be called after rog_open. false: gradients, from which
 * the library computes the new tensors. true (contribution "delta" in the settings or the
 * configuration): deltas; the program changes the tensors itself, with local steps of its own
 * optimizer. */
ROG_EXPORT bool rog_takes_deltas(const struct rog *rog);

/*
 * Pushes the gradients, waits until the strategy admits this worker, pulls, and applies the pull:
 * when it returns, the tensors are those of the next iteration. If this worker was away so long
 * that the server dropped it, it receives the whole model and the gradients are discarded:
 * rog_statistics returns the iteration from which it continues.
 *
 * With options.background it first waits for the previous exchange, puts its result into the
 * tensors, and returns as soon as its push begins; the gradients then belong to the program again.
 * Computing and communication overlap, and each gradient was computed with a model that lacks the
 * worker's own last exchange. This adds one iteration of staleness, which the record (events.h)
 * includes; its compute_s is only the time that did not overlap. The program must not write into
 * the tensors. rog_finish puts the last exchange into the tensors, and so does rog_exchange_wait if
 * no other operation has begun since.
 *
 * With deltas it pushes how far the program has moved the tensors since the previous exchange, and
 * a pull replaces their rows or is mixed with them (setting merge). Everything that the program
 * writes into the tensors between exchanges is contributed: a single worker under BSP, with
 * compression "none" and the server optimizer "mean", trains as it would without librog. With
 * options.background local steps may continue at once; steps made meanwhile are added to the result
 * of the pull, and pushed next. rog_finish does not push changes made since the last exchange.
 *
 * ROG_EINVAL: a gradient is not finite (the message names the tensor), or a rule is not valid;
 * ROG_EFAILED: the connection to the server is lost, the run has failed, or a delta is not finite.
 * After an error only rog_close may follow, except for a rule that is out of range or a call in the
 * wrong order.
 */
ROG_EXPORT int rog_exchange(struct rog *rog, const struct rog_step *step, struct rog_error *err);

/* As rog_exchange, in two parts, for programs that do something else meanwhile: the first
 * returns at once, the second waits at most timeout_s (negative: without limit), then returns
 * ROG_EBUSY. */
ROG_EXPORT int rog_exchange_begin(struct rog *rog, const struct rog_step *step,
                                  struct rog_error *err);
ROG_EXPORT int rog_exchange_wait(struct rog *rog, double timeout_s, struct rog_error *err);

/* Returns true if the run has ended, because the server ended it (time limit) or all workers
 * have finished. As known when the last call returned: if the run ends while the program
 * computes, the next exchange does nothing, and rog_over returns true after it. */
ROG_EXPORT bool rog_over(const struct rog *rog);

/*
 * Declares that this worker has finished: no worker waits for it any more. Returns when the whole
 * run has ended, so that the server has received everything. If it returns 0 and rog_over returns
 * false, the server has restarted from a checkpoint before this worker's last iteration; continue
 * from the iteration in rog_statistics.
 */
ROG_EXPORT int rog_finish(struct rog *rog, struct rog_error *err);
ROG_EXPORT int rog_finish_begin(struct rog *rog, struct rog_error *err);
/* The second part of rog_finish_begin is rog_exchange_wait. */

/* Returns the number of local steps for the next exchange: its gradients should be their mean,
 * its delta their sum. The number is from the configuration or the options, or planned by the
 * strategy. As known when the last call returned; 0 before rog_start. */
ROG_EXPORT uint32_t rog_local_steps(const struct rog *rog);

struct rog_statistics {
    double t_s;                 /* seconds since the run's start */
    uint32_t iteration;         /* completed exchanges */
    uint32_t largest_iteration; /* of any worker, as far as this worker knows */
    bool over;
    uint32_t joins; /* how often this worker received the whole model */
    /* The last exchange. */
    double compute_s, push_s, stall_s, pull_s;
    uint32_t rows_pushed, rows_pulled, rows_total;
    uint64_t bytes_pushed, bytes_pulled;
    /* All exchanges. */
    uint64_t all_bytes_pushed, all_bytes_pulled;
};
/* Fills *statistics with the values as of the last call that returned. */
ROG_EXPORT void rog_statistics(const struct rog *rog, struct rog_statistics *statistics);

/* Returns the momentum of trained tensor number `tensor`, from 0 on (NULL with deltas), and its
 * residual: the updates that have been computed but not sent yet. Both have the size of the
 * tensor. The program may read and write them between exchanges, to save and restore them; after
 * an exchange it must call this again. Returns ROG_EINVAL before rog_start, and during an
 * exchange in the background. */
ROG_EXPORT int rog_state(struct rog *rog, uint32_t tensor, float **momentum, float **residual,
                         struct rog_error *err);

/*
 * For virtual clusters only (see rog_open_from_environment); elsewhere both return false.
 *
 * A run on a virtual cluster can resume from a snapshot, which includes the state that programs
 * save. If rog_keep_due returns true, a snapshot of the state after the last exchange is due: the
 * program writes its state to the file "kept" in the folder ROG_OUT and calls rog_kept before the
 * next exchange, or calls rog_kept with the reason why it cannot. If rog_resumed returns true, the
 * run has resumed, and this file is in ROG_OUT again.
 */
ROG_EXPORT bool rog_keep_due(const struct rog *rog);
ROG_EXPORT bool rog_resumed(const struct rog *rog);
/* why_not: NULL if the file has been written. Returns ROG_EINVAL if rog_keep_due is false. */
ROG_EXPORT int rog_kept(struct rog *rog, const char *why_not, struct rog_error *err);

/* For virtual clusters only (ROG_EINVAL elsewhere): simulates a message of the program to the
 * server and, when the messages of all workers have arrived, one back, over the links of this
 * worker. The messages take as long as these numbers of bytes take on the links; their content
 * is up to the program. The variant in two parts works as that of rog_finish. */
ROG_EXPORT int rog_transfer(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                            struct rog_error *err);
ROG_EXPORT int rog_transfer_begin(struct rog *rog, uint64_t bytes_up, uint64_t bytes_down,
                                  struct rog_error *err);
/* Ends the iteration, whose exchange consisted of transfers, records it with this loss (NAN:
 * none), and begins the next one. The tensors still belong to the program; if is_model is true,
 * checkpoints contain them from now on, instead of the server's model. The variant in two parts
 * works as that of rog_finish. */
ROG_EXPORT int rog_end_iteration(struct rog *rog, double loss, bool is_model,
                                 struct rog_error *err);
ROG_EXPORT int rog_end_iteration_begin(struct rog *rog, double loss, bool is_model,
                                       struct rog_error *err);

/* Returns the version of the library, such as "0.1.0". */
ROG_EXPORT const char *rog_version(void);

#ifdef __cplusplus
}
#endif

#endif
