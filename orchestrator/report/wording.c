/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report's numbers and the names of measures as text. */
#include <orchestrator/report/wording.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define ROUNDING 1e-9  /* relative to a mean */
#define PLAIN_MOST 1e9 /* larger numbers are written with an exponent */

/* Formats a number; a large one with an exponent, because a loss may grow beyond all bounds. */
static struct rog_wording_number number_of(double value, int digits)
{
    struct rog_wording_number number;
    bool plain = fabs(value) < PLAIN_MOST;
    snprintf(number.text, sizeof number.text, plain ? "%.*f" : "%.*e", plain ? digits : 4, value);
    return number;
}

struct rog_wording_number rog_wording_signed(double value, int digits)
{
    struct rog_wording_number number, plain = number_of(value, digits);
    snprintf(number.text, sizeof number.text, "%s%.38s", signbit(value) ? "" : "+", plain.text);
    return number;
}

bool rog_wording_varies(const struct rog_interval *values)
{
    return values->deviation > ROUNDING * fabs(values->mean);
}

/* Returns "68.10 ±0.30" for three or more values, "68.10 [67.90, 68.30]" for two; with the number
 * of values if fewer than `most`. */
static char *interval_text(const struct rog_interval *value, const char *before, int digits,
                           const char *unit, size_t most)
{
    char count[32] = "", spread[112] = "";
    if (isnan(value->mean))
        return rog_strdup("-");
    if (value->count < most)
        snprintf(count, sizeof count, " (n = %zu)", value->count);
    if (!rog_wording_varies(value))
        spread[0] = '\0'; /* values that do not vary: nothing was estimated */
    else if (!isnan(value->half))
        snprintf(spread, sizeof spread, " ±%s", number_of(value->half, digits).text);
    else if (!isnan(value->low))
        snprintf(spread, sizeof spread, " [%s, %s]", number_of(value->low, digits).text,
                 number_of(value->high, digits).text);
    struct rog_wording_number mean =
        before[0] == '+' ? rog_wording_signed(value->mean, digits) : number_of(value->mean, digits);
    return rog_format("%s%s%s%s", mean.text, unit, spread, count);
}

/* Returns "1204"; "1204 (runs 1100 to 1310)" with the range of the single runs' lines, which is no
 * interval of the number before it; "> 10000 (2 of 5)" and "1204 (3 of 5, median 1190)" if some did
 * not reach the target. */
static char *to_target_text(const struct rog_report_value *value, int digits)
{
    const struct rog_wording_number least = number_of(value->least, digits);
    const struct rog_wording_number most = number_of(value->most, digits);
    char spread[128] = "", median[64] = "";
    if (!value->line.censored && isnan(value->line.value) && value->known + value->censored == 0)
        return rog_strdup("-");
    if (!isnan(value->median))
        snprintf(median, sizeof median, ", median %s", number_of(value->median, digits).text);
    if (value->counted > 1 && value->censored > 0)
        snprintf(spread, sizeof spread, " (%zu of %zu%s)", value->known, value->counted, median);
    else if (value->counted > 1 && value->known < value->counted)
        snprintf(spread, sizeof spread, " (n = %zu)", value->known);
    else if (value->counted > 1 && strcmp(least.text, most.text) == 0)
        snprintf(spread, sizeof spread, " (all runs %s)", least.text);
    else if (value->counted > 1)
        snprintf(spread, sizeof spread, " (runs %s to %s)", least.text, most.text);
    if (value->line.censored)
        return rog_format("> %s%s", number_of(value->line.until, digits).text, spread);
    return isnan(value->line.value)
               ? rog_format("-%s", spread)
               : rog_format("%s%s", number_of(value->line.value, digits).text, spread);
}

/* Returns "2.18 at 1620 s". */
static char *worst_text(double by, double at_s, int digits)
{
    if (isnan(by))
        return rog_strdup("-");
    return isnan(at_s) ? rog_strdup("none")
                       : rog_format("%s at %.0f s", number_of(by, digits).text, at_s);
}

/* Returns an accuracy or a time of an iteration, or "ended" if all runs of the series had ended
 * before that time. */
static char *value_text(const struct rog_report_value *value, int digits)
{
    if (value->counted > 0 && value->ended == value->counted)
        return rog_strdup(ROG_WORDING_ENDED);
    char *text = interval_text(&value->runs, "", digits, "", value->counted);
    if (!text || value->ended == 0)
        return text;
    char *longer = rog_format("%s, %zu " ROG_WORDING_ENDED, text, value->ended);
    free(text);
    return longer;
}

char *rog_wording_measured(const struct rog_measured *measured, const struct rog_measure *measure)
{
    int digits = measure->digits;
    if (measured->censored)
        return rog_format("> %s", number_of(measured->until, digits).text);
    if (measured->ended)
        return rog_strdup(ROG_WORDING_ENDED);
    if (measure->kind == ROG_MEASURE_WORST_DROP)
        return worst_text(measured->value, measured->at_s, digits);
    return rog_strdup(isnan(measured->value) ? "-" : number_of(measured->value, digits).text);
}

char *rog_wording_series(const struct rog_report_value *value, const struct rog_measure *measure)
{
    if (rog_measure_is_to_target(measure->kind))
        return to_target_text(value, measure->digits);
    if (measure->kind == ROG_MEASURE_WORST_DROP)
        return worst_text(value->shown, value->at_s, measure->digits);
    return value_text(value, measure->digits);
}

/* Returns "ahead 2, unknown 1"; "ahead in 3 of 3" if all pairs are alike, "ahead" for a single
 * one. */
static char *directions_text(const struct rog_gain_value *value, size_t pairs)
{
    const struct {
        const char *name;
        size_t count;
    } part[] = {{"ahead", value->ahead},
                {"behind", value->behind},
                {"level", value->level - value->neither},
                {"neither reached", value->neither},
                {"unknown", value->unknown}};
    char text[128] = "";
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        size_t used = strlen(text);
        if (part[i].count == 0)
            continue;
        if (part[i].count < pairs)
            snprintf(text + used, sizeof text - used, "%s%s %zu", used ? ", " : "", part[i].name,
                     part[i].count);
        else if (pairs < 2 || part[i].count == value->neither)
            return rog_strdup(part[i].name);
        else
            return rog_format("%s in %zu of %zu", part[i].name, pairs, pairs);
    }
    return rog_strdup(text);
}

char *rog_wording_gain(const struct rog_gain_value *value, const struct rog_measure *measure,
                       size_t pairs)
{
    bool points = measure->kind == ROG_MEASURE_ACCURACY;
    if (value->censored)
        return directions_text(value, pairs);
    return interval_text(&value->gain, points ? "+" : "", points ? measure->digits : 1,
                         points ? "" : "%", pairs > 1 ? pairs : 1);
}

char *rog_wording_p(double p)
{
    return isnan(p) ? rog_strdup("-") : p < 1e-4 ? rog_strdup("< 0.0001") : rog_format("%.4f", p);
}

struct rog_wording_target rog_wording_target(const struct rog_report *report)
{
    struct rog_wording_target name;
    rog_metric_value(&report->data.metric, report->target, name.text);
    return name;
}

const char *rog_wording_worst(const struct rog_report *report)
{
    return report->data.metric.less_is_better ? "worst rise" : "worst drop";
}

char *rog_wording_title(const struct rog_report *report, size_t measure, const char *first)
{
    const struct rog_measure *of = &report->measures.of[measure];
    switch (of->kind) {
    case ROG_MEASURE_ACCURACY:
        return rog_format("%s%s%s", first, of->name, isfinite(of->at_s) ? " s" : "");
    case ROG_MEASURE_SECONDS:
        return rog_format("s to %s", rog_wording_target(report).text);
    case ROG_MEASURE_JOULES:
        return rog_format("J to %s", rog_wording_target(report).text);
    case ROG_MEASURE_COMPUTE:
        return rog_strdup("compute s");
    case ROG_MEASURE_COMMUNICATION:
        return rog_strdup("comm. s");
    case ROG_MEASURE_STALL:
        return rog_strdup("stall s");
    case ROG_MEASURE_ROUGHNESS:
        return rog_strdup("roughness");
    case ROG_MEASURE_WORST_DROP:
        return rog_strdup(rog_wording_worst(report));
    case ROG_MEASURE_SENT:
        return rog_strdup("sent MB");
    case ROG_MEASURE_RECEIVED:
        return rog_strdup("received MB");
    case ROG_MEASURE_LOCAL_STEPS:
        return rog_strdup("local steps");
    case ROG_MEASURE_AGE_PUSHED:
        return rog_strdup("age sent");
    case ROG_MEASURE_AGE_PULLED:
        return rog_strdup("age received");
    case ROG_MEASURE_STALENESS:
        return rog_strdup("staleness");
    default:
        return rog_strdup("iteration s");
    }
}

char *rog_wording_gain_title(const struct rog_report *report, size_t measure, const char *first)
{
    switch (report->measures.of[measure].kind) {
    case ROG_MEASURE_SECONDS:
        return rog_format("less time to %s", rog_wording_target(report).text);
    case ROG_MEASURE_JOULES:
        return rog_format("less energy to %s", rog_wording_target(report).text);
    case ROG_MEASURE_ITERATION:
        return rog_strdup("less time per iteration");
    default:
        return rog_wording_title(report, measure, first);
    }
}

char *rog_wording_test_title(const struct rog_report *report, size_t measure)
{
    const struct rog_measure *of = &report->measures.of[measure];
    switch (of->kind) {
    case ROG_MEASURE_SECONDS:
        return rog_format("time to %s (s)", rog_wording_target(report).text);
    case ROG_MEASURE_JOULES:
        return rog_format("energy to %s (J)", rog_wording_target(report).text);
    case ROG_MEASURE_ITERATION:
        return rog_strdup("time per iteration (s)");
    default:
        return rog_format("%s at %s%s%s", report->data.metric.name,
                          isfinite(of->at_s) ? of->name : "the end", isfinite(of->at_s) ? " s" : "",
                          rog_metric_is_percent(&report->data.metric) ? " (points)" : "");
    }
}
