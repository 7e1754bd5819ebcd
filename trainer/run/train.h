/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_TRAIN_H
#define ROG_RUN_TRAIN_H

/*
 * The start of every run of a configuration, on a virtual cluster or real hosts: the strategy, the
 * model and its rows, the data, how long a worker trains; and the events of a run's start,
 * checkpoints and end.
 *
 * An iteration takes `local_steps` batches. An epoch of a worker is a pass over its shard, so that
 * its last iteration is epochs * (shard / batch) / local_steps, rounded down but at least 1.
 * Without data (workload "none") every worker's shard is as large as a published one, 12,500
 * images.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/hash.h>
#include <common/plugin.h>
#include <common/run_config.h>
#include <librog/events/checkpoint.h>
#include <librog/events/events.h>
#include <librog/events/layers.h>
#include <librog/net/layout.h>
#include <librog/parts/parts.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <trainer/nn/arch.h>
#include <trainer/run/learner.h>

#define ROG_TRAIN_SHARD 12500u

struct rog_train {
    const struct rog_run_config *config; /* borrowed */
    struct rog_plugin plugin;
    int32_t threshold;
    struct rog_parts parts; /* codecs and optimizers */
    struct rog_arch *arch;
    struct rog_rows *rows;
    struct rog_layers *layers; /* NULL: rows are not recorded */
    uint64_t wire_bytes;       /* of a full exchange of the wire model (exchange.h) */
    double wire_scale;         /* bytes on the wire per byte of a message */
    float *params, *buffers;   /* weights, arch->params floats, and BatchNorm's running statistics,
                                  arch->buffers floats; NULL with workload "none" */
    struct rog_learner *learner; /* NULL if no network is trained (common/workload.h) */
    uint32_t *iterations;        /* [worker]: its last iteration, > 0; UINT32_MAX: a program, which
                                    finishes by itself; NULL until programs have brought the model */
};

/* start_model: a safetensors file of config->model, unused with workload "none". ROG_EINVAL,
 * ROG_ENOTFOUND: the configuration; ROG_EIO, ROG_EFORMAT: a file. Release it in any case. */
int rog_train_init(struct rog_train *train, const struct rog_run_config *config,
                   const char *start_model, struct rog_error *err);
void rog_train_release(struct rog_train *train);
/* Creates and destroys the strategy in a child process. ROG_EINVAL: it rejects the configuration or
 * crashes. */
int rog_train_try_strategy(const struct rog_train *train, struct rog_error *err);
/* Returns whether the workload is "program". */
bool rog_train_is_program(const struct rog_run_config *config);
/* If a program brings the model (common/workload.h), rog_train_init creates none. This function
 * creates one of the given layout, with `params` and `buffers` (its constants) not yet filled in;
 * or without them, if it has no values. ROG_EINVAL: the model is too large. */
int rog_train_adopt(struct rog_train *train, const struct rog_layout *layout, bool values,
                    struct rog_error *err);
/* Returns the layout of a model that rog_train_init has created. */
int rog_train_layout(const struct rog_train *train, struct rog_layout **layout,
                     struct rog_error *err);

/* Hashes the weights and running statistics in memory. */
int rog_train_model_sha256(const struct rog_train *train, char hex[ROG_SHA256_HEX_BYTES],
                           struct rog_error *err);

/* Events (rog/events.h). */
int rog_train_report_start(const struct rog_train *train, struct rog_events *events,
                           struct rog_error *err);
/* away: the event's "workers_away", owned by the function; NULL in virtual time, where all workers
 * stay until the end. */
int rog_train_report_end(const struct rog_train *train, struct rog_events *events, double seconds,
                         uint32_t iterations, struct rog_json *away, struct rog_error *err);

/* Writes params + change (NULL: params) to chkpt/INDEX.safetensors in `folder` and fills in path
 * and sha256. */
int rog_train_save(const struct rog_train *train, const float *params, const float *change,
                   const char *folder, struct rog_checkpoint *checkpoint, struct rog_error *err);
/* Reads such a checkpoint into the model. */
int rog_train_read(struct rog_train *train, const char *path, struct rog_error *err);

#endif
