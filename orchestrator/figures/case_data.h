/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_CASE_DATA_H
#define ROG_FIGURES_CASE_DATA_H

/* All records of a case that its figures and its report show. */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/curves/rule.h>
#include <orchestrator/store/replay.h>
#include <orchestrator/store/setbacks.h>
#include <orchestrator/store/summary.h>

/* Means over workers: of the whole run, or of their means over iterations (iteration.h). NaN: not
 * recorded. */
struct rog_exchange_means {
    double sent_mb, received_mb; /* bytes / 1e6 */
    double local_steps, age_pushed, age_pulled, staleness;
};

struct rog_case_run {
    struct rog_run_row row;
    bool done; /* only finished runs are drawn and reported; the fields below are empty for
                * others */
    struct rog_accuracy accuracy;
    double *joules;  /* [accuracy.count]: mean over workers at each tested checkpoint, NaN if the
                      * energy of a worker is not known */
    double *sent_mb; /* [accuracy.count]: bytes / 1e6 in pushes of iterations that had ended by each
                      * tested checkpoint, mean over workers; NaN if not recorded */
    double joules_until_s; /* time until which that of every worker is known; NaN: never */
    struct rog_composition composition;
    struct rog_exchange_means exchange;
    struct rog_composition as_published; /* as in the published table; see queries.h */
    double power_as_published_w; /* as in the published figures of energy; NaN: not recorded */
    struct rog_extent extent;
    struct rog_replay replay;
    struct rog_setbacks setbacks;
    size_t first; /* the first run of its series with identical records, possibly itself: an index
                   * into rog_case_data.run; see same_run.h */
};

/* Runs that differ only in their seed form one series: one line, one bar, one band. */
struct rog_case_series {
    char *label; /* clean text that distinguishes it from the others (series_label.h) */
    size_t *run; /* [runs]: indexes into rog_case_data.run; only finished ones */
    size_t runs;
    size_t different;              /* runs that are not copies of another one */
    char mark[ROG_SETBACKS_BYTES]; /* errors in its runs, shown after the label; "": none */
    size_t strategy;               /* its number among the strategies of the database */
    int64_t recorded;              /* index of its first run among the runs of the database */
    size_t style; /* of its line (style.h): that of its strategy; if the case has several series of
                   * the strategy, all but the first recorded have another one */
};

struct rog_case_data {
    struct rog_case_row row;
    bool as_published;          /* see rog_case_data_take_published */
    struct rog_metric metric;   /* the metric of all its runs */
    struct rog_curve_rule rule; /* the case's own, otherwise the defaults */
    char *title;                /* its name as clean text */
    struct rog_case_run *run;
    size_t run_count;
    struct rog_case_series *series;
    size_t series_count;
};

/* Whether `name` is the label or the library of a series, in upper or lower case. False for
 * NULL. */
bool rog_case_is_named(const struct rog_case_data *data, size_t series, const char *name);

/* ROG_ENOTFOUND for an unknown case. A case without finished runs is loaded without series. */
int rog_case_data_load(struct rog_db *db, const char *case_name, struct rog_case_data *data,
                       struct rog_error *err);
/* Loads only one of the case's runs, for reading values off that run's line. */
int rog_case_data_load_run(struct rog_db *db, const char *case_name, const char *run_id,
                           struct rog_case_data *data, struct rog_error *err);
void rog_case_data_release(struct rog_case_data *data);

/* From now on the numbers of its runs are computed as by the published scripts: `composition` as in
 * the published table, `joules` at a time as the mean power of host rank 3 times the time. What
 * cannot be computed is NaN: a run without a host of that rank has neither. */
void rog_case_data_take_published(struct rog_case_data *data);

/* Draws and reads curves with these settings (of rog_curve_settings) instead of the case's own.
 * ROG_EINVAL for a value that is not allowed. */
int rog_case_data_override(struct rog_case_data *data, const struct rog_json *settings,
                           struct rog_error *err);

/* The target at which energy and time are compared: the case's own, otherwise 64% accuracy as
 * published; NaN for another metric. */
double rog_case_target(const struct rog_case_data *data);
/* The default target of that metric; NaN: none. */
double rog_target_default(const struct rog_metric *metric);
/* Whether the metric is the default: accuracy in percent. */
bool rog_case_is_accuracy(const struct rog_case_data *data);
/* "test accuracy", or the name of the metric. */
const char *rog_case_tested(const struct rog_case_data *data);

/* "smoothed: savgol:25:3", "not smoothed": the smoothing of its runs' curves, given their numbers
 * of points. */
#define ROG_CASE_SMOOTHING_BYTES (ROG_SMOOTHING_TEXT_BYTES + 16)
void rog_case_smoothing(const struct rog_case_data *data, char text[ROG_CASE_SMOOTHING_BYTES]);

#endif
