/* SPDX-License-Identifier: Apache-2.0 */
/* Compares series, run by run. */
#include <orchestrator/report/comparison.h>

#include <math.h>
#include <stdlib.h>

#include <orchestrator/report/significance.h>

/* Buffers for the pairs of two series. */
struct work {
    struct rog_run_pair *pair;
    double *gain, *difference; /* of each pair, NaN if unknown */
    double *known;             /* the differences without NaN */
};

static double better_by(const struct rog_measure *measure, double own, double other)
{
    return measure->more_is_better ? own - other : other - own;
}

static double gain_in(const struct rog_measure *measure, double own, double other)
{
    double by = better_by(measure, own, other);
    if (measure->kind == ROG_MEASURE_ACCURACY)
        return by;
    return other > 0 ? 100 * by / other : (double)NAN; /* there is no share of zero */
}

/* Returns which value is better: 1 the first, -1 the second, 0 neither, 2 unknown. A run that did
 * not reach the target is worse than one that reached it before the first run's end. */
static int direction(const struct rog_measure *measure, const struct rog_measured *own,
                     const struct rog_measured *other)
{
    double by = better_by(measure, own->value, other->value);
    if (!isnan(by))
        return (by > 0) - (by < 0);
    if (own->censored && other->censored)
        return 0;
    if (own->censored && other->value <= own->until)
        return -1;
    if (other->censored && own->value <= other->until)
        return 1;
    return 2;
}

static void count_direction(const struct rog_measure *of, const struct rog_measured *own,
                            const struct rog_measured *other, struct rog_gain_value *value)
{
    int which = direction(of, own, other);
    value->ahead += which == 1;
    value->behind += which == -1;
    value->level += which == 0;
    value->neither += own->censored && other->censored;
    value->unknown += which == 2;
    value->censored = value->censored || own->censored || other->censored;
}

const char *rog_gain_state(const struct rog_gain_value *value)
{
    size_t pairs = value->ahead + value->behind + value->level + value->unknown;
    if (pairs == 0 || value->unknown == pairs)
        return "unknown";
    if (value->ahead == pairs)
        return "ahead";
    if (value->behind == pairs)
        return "behind";
    if (value->level == pairs)
        return value->neither == pairs ? "neither reached" : "level";
    return "mixed";
}

static void count_directions(const struct rog_compared *compared, size_t measure,
                             const struct rog_run_pair *pair, size_t pairs, const struct work *work,
                             struct rog_gain_value *value)
{
    const struct rog_measure *of = &compared->measures->of[measure];
    size_t width = compared->measures->count;
    for (size_t i = 0; i < pairs; i++) {
        const struct rog_measured *own = &compared->run[pair[i].own * width + measure];
        const struct rog_measured *other = &compared->run[pair[i].other * width + measure];
        count_direction(of, own, other, value);
        work->gain[i] = gain_in(of, own->value, other->value);
        work->difference[i] = better_by(of, own->value, other->value);
    }
}

/* Compares the displayed values of two series that have no pairs of runs. */
static void compare_shown(const struct rog_compared *compared, size_t measure,
                          const struct rog_gain_pair *pair, struct rog_gain_value *value)
{
    const struct rog_measure *of = &compared->measures->of[measure];
    const struct rog_measured own = compared->shown(compared->user, pair->series, measure);
    const struct rog_measured other = compared->shown(compared->user, pair->against, measure);
    double gain = gain_in(of, own.value, other.value);
    count_direction(of, &own, &other, value);
    value->gain = rog_interval_of(&gain, 1);
}

/* Tests the differences. With two of them no test can be significant: p is at least 0.5. */
static void test(struct rog_gain_value *value, const struct work *work, size_t pairs)
{
    size_t known = 0;
    for (size_t i = 0; i < pairs; i++)
        if (!isnan(work->difference[i]))
            work->known[known++] = work->difference[i];
    value->exact = true;
    if (value->censored && value->ahead + value->behind >= ROG_INTERVAL_LEAST) {
        value->test = ROG_TEST_SIGN;
        value->tested = value->ahead + value->behind;
        value->p = rog_sign_test(value->ahead, value->behind);
    } else if (!value->censored && known >= ROG_INTERVAL_LEAST) {
        value->test = ROG_TEST_PERMUTATION;
        value->tested = known;
        value->p = rog_permutation_test(work->known, known, &value->exact);
    }
}

/* Returns whether the measure of two series can be compared. Times of iterations cannot if the
 * numbers of local steps differ. */
static bool is_comparable(const struct rog_compared *compared, size_t measure,
                          const struct rog_gain_pair *pair)
{
    enum rog_measure_kind kind = compared->measures->of[measure].kind;
    size_t steps = rog_measures_index(compared->measures, ROG_MEASURE_LOCAL_STEPS);
    return rog_measure_facts[kind].is_compared &&
           (!rog_measure_is_per_iteration(kind) ||
            rog_measure_compares_steps(
                compared->shown(compared->user, pair->series, steps).value,
                compared->shown(compared->user, pair->against, steps).value));
}

static struct rog_gain_value compare_in(const struct rog_compared *compared, size_t measure,
                                        const struct rog_comparison *comparison,
                                        const struct work *work)
{
    const struct rog_gain_pair *pair = &comparison->pair;
    struct rog_gain_value value = {.gain = rog_interval_of(NULL, 0),
                                   .difference = rog_interval_of(NULL, 0),
                                   .effect = (double)NAN,
                                   .p = (double)NAN,
                                   .p_holm = (double)NAN};
    if (!is_comparable(compared, measure, pair))
        return value;
    if (comparison->pairs < 2) {
        compare_shown(compared, measure, pair, &value);
        return value;
    }
    count_directions(compared, measure, work->pair, comparison->pairs, work, &value);
    if (!value.censored) {
        value.gain = rog_interval_of(work->gain, comparison->pairs);
        value.difference = rog_interval_of(work->difference, comparison->pairs);
        if (value.difference.deviation > 0 && value.difference.count >= ROG_INTERVAL_LEAST)
            value.effect = value.difference.mean / value.difference.deviation;
    }
    if (pair->decides)
        test(&value, work, comparison->pairs);
    return value;
}

/* Corrects p of each measure for all comparisons that are tested in it. */
static int correct(struct rog_comparison *comparisons, size_t count, size_t measures,
                   struct rog_error *err)
{
    double *p = calloc(2 * count + 1, sizeof *p);
    if (!p)
        return rog_fail_nomem(err);
    for (size_t m = 0; m < measures; m++) {
        for (size_t i = 0; i < count; i++)
            p[i] = p[count + i] = comparisons[i].value[m].p;
        size_t compared = rog_holm(p, count, p + count);
        for (size_t i = 0; i < count; i++) {
            comparisons[i].value[m].p_holm = p[count + i];
            comparisons[i].value[m].compared = compared;
        }
    }
    free(p);
    return 0;
}

static int work_make(struct work *work, size_t runs, struct rog_error *err)
{
    work->pair = calloc(runs + 1, sizeof *work->pair);
    work->gain = calloc(3 * (runs + 1), sizeof *work->gain);
    if (!work->pair || !work->gain)
        return rog_fail_nomem(err);
    work->difference = work->gain + runs + 1;
    work->known = work->difference + runs + 1;
    return 0;
}

int rog_comparisons_make(const struct rog_compared *compared, struct rog_comparison **comparisons,
                         size_t *count, struct rog_error *err)
{
    struct rog_gain_pair *pairs = NULL;
    struct work work = {0};
    *comparisons = NULL;
    int code = rog_gain_pairs(compared->data, &pairs, count, err);
    if (code == 0)
        code = work_make(&work, compared->data->run_count, err);
    if (code == 0 && !(*comparisons = calloc(*count + 1, sizeof **comparisons)))
        code = rog_fail_nomem(err);
    for (size_t i = 0; i < *count && code == 0; i++) {
        struct rog_comparison *comparison = &(*comparisons)[i];
        comparison->pair = pairs[i];
        comparison->pairs = rog_gain_run_pairs(compared->data, &pairs[i], work.pair);
        for (size_t m = 0; m < compared->measures->count; m++)
            comparison->value[m] = compare_in(compared, m, comparison, &work);
    }
    if (code == 0)
        code = correct(*comparisons, *count, compared->measures->count, err);
    free(work.pair);
    free(work.gain);
    free(pairs);
    if (code < 0) {
        free(*comparisons);
        *comparisons = NULL;
        *count = 0;
    }
    return code;
}
