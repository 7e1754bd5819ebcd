/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_RUN_CONFIG_H
#define ROG_COMMON_RUN_CONFIG_H

/*
 * A run's configuration, typed; the trainer's commands get it as one JSON object. Its members are
 * the settings of rog_run_settings (common/settings.h), with the same names, plus "workers": an
 * array of objects with "rank" and the settings of rog_worker_settings. Every member is checked
 * against its row; a member without a row is an error.
 *
 * Settings that are left out have their default. Strings are NULL if they were not given and have
 * no default; they belong to the configuration.
 */

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* One worker, with all settings; defaults that depend on the run's settings are filled in. */
struct rog_run_worker {
    uint32_t rank; /* 1..N */
    const char *host, *profile;
    uint32_t batch;         /* images per local step; default: the run's */
    uint32_t local_steps;   /* local steps between two exchanges, including `batchsize` */
    double step_s;          /* time of one local step, s; 0 if it is measured */
    bool step_measured;     /* the time is that of the program on this machine, divided by
                               `speed` */
    double speed;           /* the speed of the device relative to this machine */
    const char *step_times; /* file of recorded times; may be NULL */
    double compress_s, decompress_s;
    double rank_s, unpack_rows_s; /* for strategies that do not send all rows */
    double pace_s, pace_rows_s;
    double server_unpack_s, server_compress_s, server_rank_s; /* server time for this worker */
    double packet_headers;                                    /* bytes per byte sent */
    double send_buffer;                                       /* bytes */
    double zero_mbps;
    const char *answers; /* "always", "waiting", "stalled"; NULL: always */
    uint32_t batch_rows; /* 0: none */
    double budget_step_s;
    bool drains;
    const char *server_takes; /* "rows", "pushes"; NULL: rows */
    double watts_compute, watts_communicate, watts_stall;
    bool watts_known;    /* all three are given; otherwise its energy is unknown */
    const char *trace;   /* default: the run's */
    double trace_offset; /* s */
    double trace_phase;  /* share of the trace, after trace_offset */
};

struct rog_run_config {
    struct rog_json *json; /* the object from which the values below are read, defaults included */

    const char *library;
    int64_t threshold;                 /* -1: not given, so the plugin's default applies */
    const struct rog_json *parameters; /* the strategy's parameters, as given; NULL: none */
    const char *method;                /* the method with which it was planned; NULL: none */
    /* The parts of the run; librog/parts/parts.h finds them by name. */
    const char *compression, *pull_compression; /* codecs; the second may be NULL: same as the
                                                 * first */
    const struct rog_json *compression_parameters, *pull_compression_parameters;
    uint32_t compression_warmup; /* iterations */
    double error_feedback;       /* 0 to 1 */
    const char *contribution;    /* "gradient" or "delta" */
    const char *momentum_kind;   /* "block", "nesterov" or "heavy_ball" */
    bool momentum_masking;
    double clip_norm;            /* 0: not clipped */
    const char *local_optimizer; /* "sgd", "nesterov" or "adamw" */
    const struct rog_json *local_optimizer_parameters;
    double merge; /* 0 to 1 */
    bool overlap;
    const char *server_optimizer;
    const struct rog_json *server_optimizer_parameters;
    const char *control;
    const char *trace;           /* "synth:CONTROL" if none was given */
    const char *trace_start;     /* "spread", "seed" or NULL; the result is in the workers'
                                    trace_phase */
    double trace_blocks;         /* block length in s for resampling trace files; 0: none */
    const char *trace_blocks_by; /* "run", "worker" or NULL; common/trace_name.h */
    uint32_t batchsize, epochs;
    double seconds; /* 0: the run ends only by epochs */
    const char *note;
    uint64_t seed;

    const char *workload;                   /* "train", "none" or "program" */
    const char *command, *test;             /* for workload "program" (trainer/run/program.h) */
    const struct rog_json *files, *sources; /* lists of strings: names and contents */
    const struct rog_json *metric;          /* the metric that the test prints (common/metric.h) */
    const struct rog_json *executables;     /* names of executable files; or NULL */
    const struct rog_json *ranks;           /* workers that run the program (common/workload.h);
                                               NULL: all */
    uint32_t program_threads;               /* 0: one in virtual time, otherwise the program
                                               decides */
    uint32_t workers_per_process;           /* 1: each has its own process */
    double step_limit;                      /* s of real time */
    double memory_limit;                    /* GiB; 0: depends on available memory */
    const char *magnitudes;                 /* a file (trainer/run/magnitudes.h); NULL: none */
    const char *model;
    const char *layout;     /* a file (librog/net/layout.h) instead of `model`; NULL: none */
    const char *wire_model; /* the name of an architecture, or "same" */
    const char *data;
    uint32_t image_size;
    const char *noise;
    uint32_t test_images; /* 0: all */

    uint32_t batch;
    double learning_rate;
    double *lr_halve_at; /* iterations */
    uint32_t lr_halve_count;
    double momentum, weight_decay, label_smoothing, mixup;

    uint32_t pretrain_epochs, pretrain_batch;
    double pretrain_learning_rate;
    uint64_t pretrain_seed;
    const char *initial_model;

    double checkpoint_period; /* s */
    uint32_t checkpoint_count;
    double checkpoint_growth;
    double checkpoint_average; /* iterations; 0: the model itself is saved */
    double snapshot_period;    /* s of real time */
    double latency;            /* s, one way */
    bool record_rows;

    struct rog_run_worker *workers; /* [worker_count], by rank; may be empty */
    uint32_t worker_count;
};

/* Creates a configuration from an object of settings, which is taken over, even after an error
 * (NULL: ROG_ENOMEM). `origin` names it in errors. */
int rog_run_config_new(struct rog_run_config **config, struct rog_json *json, const char *origin,
                       struct rog_error *err);
/* Reads a JSON file. Errors begin with the file's name. */
int rog_run_config_read(struct rog_run_config **config, const char *path, struct rog_error *err);
/* The same for text in memory; `origin` names it in errors. */
int rog_run_config_parse(struct rog_run_config **config, const char *text, size_t size,
                         const char *origin, struct rog_error *err);
void rog_run_config_free(struct rog_run_config *config);

/* Returns the learning rate of an iteration (from 1 on). */
double rog_run_config_learning_rate(const struct rog_run_config *config, uint32_t iteration);

#endif
