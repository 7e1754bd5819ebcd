/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_CASE_DATA_H
#define ROG_FIGURES_CASE_DATA_H

/* Everything recorded about a case that its figures and its report show. */

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
    bool done; /* only finished runs are drawn and reported; the fields below are empty otherwise */
    struct rog_accuracy accuracy;
    double *joules;  /* [accuracy.count]: mean over workers at each tested checkpoint, NaN where the
                        energy of a worker is not known */
    double *sent_mb; /* [accuracy.count]: bytes / 1e6 in pushes of iterations that had ended by each
                        tested checkpoint, mean over workers; NaN where they are not recorded */
    double joules_until_s; /* that of every worker is known until then; NaN: never */
    struct rog_composition composition;
    struct rog_exchange_means exchange;
    struct rog_composition as_published; /* as in the published table; see queries.h */
    double power_as_published_w; /* as in the published figures of energy; NaN: not recorded */
    struct rog_extent extent;
    struct rog_replay replay;
    struct rog_setbacks setbacks;
    size_t first; /* the first run of its series that recorded the same, itself included: an index
                     into rog_case_data.run; see same_run.h */
};

/* Runs that differ in nothing but their seed are one series: one line, one bar, one band. */
struct rog_case_series {
    char *label; /* clean text: what tells it from the others (series_label.h) */
    size_t *run; /* [runs]: indexes into rog_case_data.run; only finished ones */
    size_t runs;
    size_t different;              /* runs but those that are copies of another one */
    char mark[ROG_SETBACKS_BYTES]; /* what went wrong in its runs, behind the label; "": nothing */
    size_t strategy;               /* its number among the strategies of the database */
    int64_t recorded;              /* its first run's place among the runs of the database */
    size_t style; /* of its line (style.h): that of its strategy; another one where the case has
                     several series of the strategy, for all but the first recorded */
};

struct rog_case_data {
    struct rog_case_row row;
    bool as_published;          /* see rog_case_data_take_published */
    struct rog_metric metric;   /* what the tests of all its runs measure */
    struct rog_curve_rule rule; /* the case's own, else the defaults */
    char *title;                /* clean text: its name */
    struct rog_case_run *run;
    size_t run_count;
    struct rog_case_series *series;
    size_t series_count;
};

/* What a case's comparison names a series by: its label or its library, in any case. False for a
 * name of NULL. */
bool rog_case_is_named(const struct rog_case_data *data, size_t series, const char *name);

/* ROG_ENOTFOUND for an unknown case. A case without finished runs is loaded, with no series. */
int rog_case_data_load(struct rog_db *db, const char *case_name, struct rog_case_data *data,
                       struct rog_error *err);
/* With one of its runs alone: for what is read off that run's line. */
int rog_case_data_load_run(struct rog_db *db, const char *case_name, const char *run_id,
                           struct rog_case_data *data, struct rog_error *err);
void rog_case_data_release(struct rog_case_data *data);

/* From here on the numbers of its runs are those that the published scripts compute of them:
 * `composition` as in the published table, `joules` at a time as the mean power of host rank 3
 * times the time. What this leaves open is NaN: a run without a host of that rank has neither. */
void rog_case_data_take_published(struct rog_case_data *data);

/* Draws and reads curves by these settings (of rog_curve_settings) where they are said instead of
 * by the case's own. ROG_EINVAL for a value that is not allowed. */
int rog_case_data_override(struct rog_case_data *data, const struct rog_json *settings,
                           struct rog_error *err);

/* What the comparison of energy and time is made at: the case's own, else 64% accuracy as
 * published; NaN for another metric. */
double rog_case_target(const struct rog_case_data *data);
/* That of a case which names none; NaN: there is none for such a metric. */
double rog_target_default(const struct rog_metric *metric);
/* Whether its tests measure what they do without a `metric`: accuracy in percent. */
bool rog_case_is_accuracy(const struct rog_case_data *data);
/* "test accuracy", or the name of what is tested. */
const char *rog_case_tested(const struct rog_case_data *data);

/* "smoothed: savgol:25:3", "not smoothed": what is done to the curves of its runs, as many points
 * as they have. */
#define ROG_CASE_SMOOTHING_BYTES (ROG_SMOOTHING_TEXT_BYTES + 16)
void rog_case_smoothing(const struct rog_case_data *data, char text[ROG_CASE_SMOOTHING_BYTES]);

#endif
