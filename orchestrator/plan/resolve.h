/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_RESOLVE_H
#define ROG_PLAN_RESOLVE_H

/*
 * A resolved run: settings, cluster and plugin combined into one JSON object, which the trainer
 * receives and the run's row contains.
 */

#include <stdint.h>

#include <common/hash.h>
#include <common/json.h>
#include <librog/parts/parts.h>
#include <orchestrator/conf/cluster.h>
#include <orchestrator/inputs/inputs.h>
#include <orchestrator/plan/strategies.h>

struct rog_resolved_run {
    struct rog_json *config;  /* every setting, and "workers" */
    struct rog_parts parts;   /* codecs, optimizers and the like */
    struct rog_inputs inputs; /* the files that it reads */
    /* Identifies the run when rogctl decides whether it is done already: hash of its settings
     * without those that are aside, with the contents of files in place of their names, and the
     * version of the trainer's results (ROG_RESULTS_VERSION). */
    char hash[ROG_SHA256_HEX_BYTES];
    /* Hash of the settings alone, with files by name: equal if only file contents differ. */
    char settings_hash[ROG_SHA256_HEX_BYTES];
    /* Hash that identified a run in earlier versions, without file contents: of its settings and
     * the texts of a program's files. */
    char older_hash[ROG_SHA256_HEX_BYTES];
    /* From config; texts are borrowed from it. */
    const char *control, *note, *workload;
    int64_t threshold, batchsize, epochs, seed;
    bool has_threshold; /* the strategy supports several thresholds */
    bool plans_work;    /* the strategy decides how many local steps a worker does */
    char *library;      /* the plugin's own name, even if the setting is a path */
    char *plugin;       /* path of the plugin's file */
    /* Version of the Python that executes a strategy in Python, "3.11"; otherwise NULL. */
    char *python;
};

/*
 * settings: checked members of rog_run_settings; others get their defaults, threshold that of the
 * plugin. folder: what relative paths in the settings are relative to. ROG_EINVAL or ROG_EABI for a
 * missing plugin, one of another ABI, a threshold outside its range, or a missing file.
 */
int rog_run_resolve(struct rog_resolved_run *run, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *folder,
                    struct rog_contents *contents, struct rog_strategies *strategies,
                    struct rog_error *err);
/* Shares values that are equal in both configurations: thousands of runs of a sweep differ in few
 * of them. */
void rog_resolved_run_share(struct rog_resolved_run *run, const struct rog_resolved_run *with);
void rog_resolved_run_release(struct rog_resolved_run *run);

#endif
