/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_EXPERIMENT_H
#define ROG_CONF_EXPERIMENT_H

/*
 * Experiment files: a case and its runs.
 *
 *     case = "threshold";  figure = "10";  target_accuracy = 64.0;  contender = "ROG";
 *     cluster = "robots.conf";
 *     control = "outdoors";                            settings at top level hold for every run
 *     runs = ( { library = "ROG"; threshold = 4; note = "ROG 4"; }, ... );
 * or, instead of runs, every combination of
 *     matrix = { library = ["ROG"]; threshold = [4, 20]; seed = [1, 2, 3]; };
 * where the last setting changes fastest. A strategy's own parameters are one setting, a group, and
 * in a matrix a list of groups. All settings are those of rog_run_settings.
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

/* More cells than that in one file are taken for a slip. */
#define ROG_EXPERIMENT_MAX_RUNS 10000

struct rog_experiment_run {
    struct rog_json *settings; /* what the file says: its own settings over the top level's */
    int line;                  /* where the run stands */
};

/* What the file names, and where it stands. */
struct rog_experiment_name {
    char *name; /* NULL when not given */
    int line;
};

struct rog_experiment {
    char *path;
    char *case_name;                                /* without -caseK */
    char *figure;                                   /* NULL when not given */
    double target_accuracy;                         /* percent; NaN when not given */
    struct rog_experiment_name contender, baseline; /* a library or a run's note */
    struct rog_experiment_name cluster;             /* a path from the file's folder, or a name that
                                                       rog_cluster_path knows */
    struct rog_experiment_run *run;
    size_t run_count;
};

/* Every error is ROG_EINVAL and names file, line, setting, what was found and what is allowed. */
int rog_experiment_read(struct rog_experiment **experiment, const char *path,
                        struct rog_error *err);
int rog_experiment_parse(struct rog_experiment **experiment, const char *text, const char *origin,
                         struct rog_error *err);
void rog_experiment_free(struct rog_experiment *experiment);

#endif
