/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONF_EXPERIMENT_H
#define ROG_CONF_EXPERIMENT_H

/*
 * Experiment files: a case and its runs.
 *
 *     case = "threshold";  figure = "10";  target_accuracy = 64.0;  contender = "ROG";
 *     cluster = "robots.conf";
 *     control = "outdoors";                            settings at top level apply to every run
 *     runs = ( { library = "ROG"; threshold = 4; note = "ROG 4"; }, ... );
 * and, beside runs or instead of them, every combination of
 *     matrix = { library = ["ROG"]; threshold = [4, 20]; seed = [1, 2, 3]; };
 * where the last setting changes fastest; several matrices are a list of such groups. A strategy's
 * own parameters are one setting, a group, and in a matrix a list of groups. All settings are those
 * of rog_run_settings.
 */

#include <stddef.h>

#include <common/json.h>
#include <common/settings.h>
#include <rog/error.h>

/* A file with more cells than this is probably a mistake. */
#define ROG_EXPERIMENT_MAX_RUNS 10000

/* Settings at top level of an experiment file, in addition to those of a run. */
extern const struct rog_setting rog_case_settings[];

struct rog_experiment_run {
    struct rog_json *settings; /* the settings from the file: the run's own override those at top
                                * level */
    struct rog_json *own;      /* those given in the run itself; none in a cell of a matrix */
    struct rog_json *axes;     /* the settings that the matrix varies and that notes show; NULL in
                                * `runs` */
    char *label;               /* of its method (methods.h); NULL: none */
    int line;                  /* where the run, or the matrix, is */
};

/* A value in the file, and its line. */
struct rog_experiment_name {
    char *name; /* NULL when not given */
    int line;
};

struct rog_experiment {
    char *path;
    char *case_name;                                /* without -caseK */
    char *figure;                                   /* NULL when not given */
    double target_accuracy;                         /* of the tested metric; NaN if not given */
    struct rog_experiment_name contender, baseline; /* a library or a run's note */
    struct rog_experiment_name cluster;             /* a path from the file's folder, or a name for
                                                     * rog_cluster_read */
    struct rog_experiment_name methods;             /* a file of methods, a path from the file's
                                                       folder */
    char *on_done, *on_failed; /* commands for /bin/sh at the end of a run; NULL: none */
    /* Settings for drawing and reading its curves that are given: an object of rog_curve_settings
     * and rog_look_settings. */
    struct rog_json *options;
    struct rog_json *lines; /* {setting: the line} of those at top level */
    struct rog_experiment_run *run;
    size_t run_count;
};

/* The line for an error about the run: that of the setting with which the message begins, if the
 * run has it from the top level; otherwise the run's. */
int rog_experiment_line(const struct rog_experiment *experiment,
                        const struct rog_experiment_run *run, const char *message);

/* Every error is ROG_EINVAL and names file, line, setting, what was found and what is allowed. */
int rog_experiment_read(struct rog_experiment **experiment, const char *path,
                        struct rog_error *err);
int rog_experiment_parse(struct rog_experiment **experiment, const char *text, const char *origin,
                         struct rog_error *err);
/* The note of a cell of a matrix, from its settings: "ROG 20" and, for other settings that the
 * matrix varies (`axes`, may be NULL), ", batchsize 2". `name` is the strategy's. The second
 * function begins with the label of a method instead. Seeds are left out: repeats of a run have the
 * same label. Heap memory, NULL without memory. */
char *rog_experiment_note(const char *name, const struct rog_json *settings,
                          const struct rog_json *axes);
char *rog_experiment_method_note(const char *label, const struct rog_json *settings,
                                 const struct rog_json *axes);
void rog_experiment_free(struct rog_experiment *experiment);

#endif
