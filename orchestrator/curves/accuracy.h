/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_ACCURACY_H
#define ROG_CURVES_ACCURACY_H

/*
 * The accuracy of a run at a time T.
 *
 *     interpolated     on the straight line between the checkpoints before and after T
 *     last             of the last checkpoint up to T
 *     smoothed         of the drawn line
 *     mean:K           mean of the last K checkpoints up to T, of fewer at the run's beginning
 *
 * A run that ended before T has no accuracy at T, whatever the rule.
 */

#include <stddef.h>

#include <orchestrator/curves/line.h>
#include <rog/error.h>

struct rog_accuracy_rule {
    size_t kind; /* which of the above */
    double number[2];
};

#define ROG_ACCURACY_DEFAULT "interpolated"
#define ROG_ACCURACY_RULE_BYTES 80

int rog_accuracy_rule_parse(struct rog_accuracy_rule *rule, const char *text,
                            struct rog_error *err);
/* The rule as written in the setting. */
void rog_accuracy_rule_text(const struct rog_accuracy_rule *rule,
                            char text[ROG_ACCURACY_RULE_BYTES]);
/* A description of the rule that follows "accuracy": "interpolated between checkpoints". */
void rog_accuracy_rule_meaning(const struct rog_accuracy_rule *rule,
                               char text[ROG_ACCURACY_RULE_BYTES]);

enum rog_accuracy_state {
    ROG_ACCURACY_UNKNOWN, /* no checkpoint determines it */
    ROG_ACCURACY_NOT_RUN, /* the run had ended before */
    ROG_ACCURACY_KNOWN,
};

struct rog_accuracy_value {
    enum rog_accuracy_state state;
    double percent; /* NaN unless known */
};

/* measured: the tested checkpoints against time; drawn: the line drawn from them; ended: end of the
 * run, s. If `at` is INFINITY: the value at the last checkpoint. */
struct rog_accuracy_value rog_accuracy_rule_at(const struct rog_accuracy_rule *rule,
                                               const struct rog_line *measured,
                                               const struct rog_line *drawn, double ended,
                                               double at);

#endif
