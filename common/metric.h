/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_METRIC_H
#define ROG_COMMON_METRIC_H

/*
 * The metric that the test of a run's checkpoints measures, read from its configuration: the
 * setting `metric`, {name, unit, better ("higher" or "lower")}. Default: accuracy in %, higher is
 * better. Events and results.db always call the number "accuracy".
 */

#include <stdbool.h>

#include <common/json.h>
#include <rog/error.h>

struct rog_metric {
    char name[40]; /* "accuracy"; plain text */
    char unit[16]; /* "%"; empty: none */
    bool less_is_better;
};

/* Reads a run's configuration; NULL or no metric: the default. ROG_EINVAL: the message begins with
 * "metric" and says what is allowed; *metric is then the default. */
int rog_metric_read(const struct rog_json *config, struct rog_metric *metric,
                    struct rog_error *err);
/* Reads the setting's JSON text; NULL or invalid text: the default. */
void rog_metric_parse(const char *text, struct rog_metric *metric);
/* Normalizes a configuration's `metric`, so that the same run always has the same one: all members,
 * in order; no metric if it is the default. */
int rog_metric_resolve(struct rog_json *config, struct rog_error *err);

bool rog_metric_is_same(const struct rog_metric *one, const struct rog_metric *two);
bool rog_metric_is_percent(const struct rog_metric *metric);
/* Returns whether a test may have this result: a finite number, or for percentages 0 to 100. */
bool rog_metric_may_be(const struct rog_metric *metric, double value);
/* Writes what is allowed, for messages: "an accuracy from 0 to 100%", "a finite number (loss)". */
#define ROG_METRIC_TEXT_BYTES 96
void rog_metric_range(const struct rog_metric *metric, char text[ROG_METRIC_TEXT_BYTES]);

/* Writes a title for axes and headings: "accuracy (%)", "mIoU". */
void rog_metric_title(const struct rog_metric *metric, char text[ROG_METRIC_TEXT_BYTES]);
/* Writes a value with its unit: "64%", "0.512", "21.5 dB". */
void rog_metric_value(const struct rog_metric *metric, double value,
                      char text[ROG_METRIC_TEXT_BYTES]);
/* Returns the unit of differences: "points", the unit, or the name if there is no unit. */
const char *rog_metric_difference(const struct rog_metric *metric);
/* Returns the number of decimals needed to distinguish values of about this size. */
int rog_metric_digits(const struct rog_metric *metric, double largest);

/* Returns {name, unit, better}. Owned by the caller. */
struct rog_json *rog_metric_json(const struct rog_metric *metric);

#endif
