/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PLAN_RESOLVE_H
#define ROG_PLAN_RESOLVE_H

/*
 * One run, resolved: settings, cluster and plugin brought together into the one JSON object that
 * the trainer is given and that the run's row keeps.
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
    struct rog_parts parts;   /* codecs and the like */
    struct rog_inputs inputs; /* the files that it reads */
    /* What identifies the run when it is asked whether it is done already: its settings without
     * those that are aside, with what is in files in the place of their names, and the version of
     * what the trainer computes (ROG_RESULTS_VERSION). */
    char hash[ROG_SHA256_HEX_BYTES];
    /* Of its settings alone, files by their names: the same where only files have changed. */
    char settings_hash[ROG_SHA256_HEX_BYTES];
    /* What identified a run before what is in files did: the hash of its settings and of the texts
     * of a program's files. */
    char older_hash[ROG_SHA256_HEX_BYTES];
    /* Out of config; texts are borrowed from it. */
    const char *control, *note, *workload;
    int64_t threshold, batchsize, epochs, seed;
    bool has_threshold; /* its strategy has a use for one */
    bool plans_work;    /* its strategy says how many local steps a worker makes */
    char *library;      /* the plugin's own name, also where it was given as a path */
    char *plugin;       /* its file */
    char *python;       /* the Python that a strategy in Python is run by, "3.11"; else NULL */
};

/*
 * settings: checked members of rog_run_settings, the rest gets its default; the threshold's is the
 * plugin's. folder: what relative paths in the settings are relative to. A missing plugin, one of
 * another ABI, a threshold outside its range or a file that is not there are ROG_EINVAL or
 * ROG_EABI.
 */
int rog_run_resolve(struct rog_resolved_run *run, const struct rog_json *settings,
                    const struct rog_cluster *cluster, const char *folder,
                    struct rog_contents *contents, struct rog_strategies *strategies,
                    struct rog_error *err);
/* Values that are the same in both configurations are kept once: thousands of runs of a sweep
 * differ in few of them. */
void rog_resolved_run_share(struct rog_resolved_run *run, const struct rog_resolved_run *with);
void rog_resolved_run_release(struct rog_resolved_run *run);

#endif
