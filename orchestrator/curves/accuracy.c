/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the accuracy at a time by the chosen rule. */
#include <orchestrator/curves/accuracy.h>

#include <math.h>
#include <stdio.h>

#include <orchestrator/curves/spec.h>

enum { INTERPOLATED, LAST, SMOOTHED, MEAN };

static const struct rog_spec_form forms[] = {
    [INTERPOLATED] = {.name = "interpolated", .help = "interpolated"},
    [LAST] = {.name = "last", .help = "last"},
    [SMOOTHED] = {.name = "smoothed", .help = "smoothed"},
    [MEAN] = {.name = "mean",
              .help = "mean:CHECKPOINTS (from 1 to 1000)",
              .numbers = 1,
              .number = {{1, 1000, true, false}}},
    {.name = NULL},
};

static const char *const meanings[] = {
    [INTERPOLATED] = "interpolated between checkpoints",
    [LAST] = "of the last checkpoint up to then",
    [SMOOTHED] = "of the drawn line",
};

int rog_accuracy_rule_parse(struct rog_accuracy_rule *rule, const char *text, struct rog_error *err)
{
    return rog_spec_parse(forms, "accuracy_at", text, &rule->kind, rule->number, err);
}

void rog_accuracy_rule_text(const struct rog_accuracy_rule *rule,
                            char text[ROG_ACCURACY_RULE_BYTES])
{
    snprintf(text, ROG_ACCURACY_RULE_BYTES, forms[rule->kind].numbers ? "%s:%g" : "%s",
             forms[rule->kind].name, rule->number[0]);
}

void rog_accuracy_rule_meaning(const struct rog_accuracy_rule *rule,
                               char text[ROG_ACCURACY_RULE_BYTES])
{
    if (rule->kind == MEAN)
        snprintf(text, ROG_ACCURACY_RULE_BYTES, "mean of the last %g checkpoints up to then",
                 rule->number[0]);
    else
        snprintf(text, ROG_ACCURACY_RULE_BYTES, "%s", meanings[rule->kind]);
}

/* Returns the mean of the last `most` values up to time `at`; NaN if there are none. */
static double mean_until(const struct rog_line *line, double at, size_t most)
{
    size_t end = 0;
    while (end < line->count && line->x[end] <= at)
        end++;
    size_t used = end < most ? end : most;
    double sum = 0;
    for (size_t i = end - used; i < end; i++)
        sum += line->y[i];
    return used ? sum / (double)used : (double)NAN;
}

struct rog_accuracy_value rog_accuracy_rule_at(const struct rog_accuracy_rule *rule,
                                               const struct rog_line *measured,
                                               const struct rog_line *drawn, double ended,
                                               double at)
{
    struct rog_accuracy_value value = {ROG_ACCURACY_UNKNOWN, (double)NAN};
    size_t count = measured->count;
    if (count == 0)
        return value;
    double last = measured->x[count - 1];
    if (isinf(at)) {
        at = last;
    } else if (at > fmax(ended, last)) {
        value.state = ROG_ACCURACY_NOT_RUN;
        return value;
    }
    switch (rule->kind) {
    case INTERPOLATED:
        value.percent = rog_line_at(measured->x, measured->y, count, at);
        break;
    case SMOOTHED: {
        /* The drawn line may end a little before the last checkpoint. */
        double end = drawn->x[drawn->count - 1];
        value.percent =
            rog_line_at(drawn->x, drawn->y, drawn->count, at > end && at <= last ? end : at);
        break;
    }
    default:
        value.percent = mean_until(measured, at, rule->kind == MEAN ? (size_t)rule->number[0] : 1);
    }
    value.state = isnan(value.percent) ? ROG_ACCURACY_UNKNOWN : ROG_ACCURACY_KNOWN;
    return value;
}
