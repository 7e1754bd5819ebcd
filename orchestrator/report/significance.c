/* SPDX-License-Identifier: Apache-2.0 */
/* Computes the sign test, the permutation test, and Holm's correction. */
#include <orchestrator/report/significance.h>

#include <math.h>
#include <stdlib.h>

#include <common/rng.h>

/* Relative to the sum of all absolute differences: sums that differ by less are equal. */
#define ROUNDING 1e-12

double rog_sign_test(size_t ahead, size_t behind)
{
    double n = (double)(ahead + behind), tail = 0;
    size_t fewer = ahead < behind ? ahead : behind;
    for (size_t k = 0; k <= fewer; k++)
        tail += exp(lgamma(n + 1) - lgamma((double)k + 1) - lgamma(n - (double)k + 1) - n * log(2));
    return fmin(1, 2 * tail);
}

static int compare(const void *one, const void *two)
{
    double a = *(const double *)one, b = *(const double *)two;
    return (a > b) - (a < b);
}

/* Computes the sums of `count` differences under all 2^count choices of their signs, ascending. */
static void all_sums(const double *differences, size_t count, double *sums)
{
    size_t made = 1;
    sums[0] = 0;
    for (size_t i = 0; i < count; i++, made *= 2)
        for (size_t k = 0; k < made; k++) {
            sums[made + k] = sums[k] - differences[i];
            sums[k] += differences[i];
        }
    qsort(sums, made, sizeof *sums, compare);
}

/* Returns the share of all sums that are at least `least`. Each sum is one of the first half of the
 * differences plus one of the second half. */
static double exact_share(const double *differences, size_t count, double least)
{
    size_t ones = count / 2, twos = count - ones;
    size_t one_count = (size_t)1 << ones, two_count = (size_t)1 << twos;
    double *one = calloc(one_count, sizeof *one), *two = calloc(two_count, sizeof *two);
    double found = one && two ? 0 : (double)NAN;
    if (one && two) {
        all_sums(differences, ones, one);
        all_sums(differences + ones, twos, two);
        size_t from = two_count; /* for two[from...] the sum is large enough */
        for (size_t i = 0; i < one_count; i++) {
            while (from > 0 && one[i] + two[from - 1] >= least)
                from--;
            found += (double)(two_count - from);
        }
    }
    free(one);
    free(two);
    return found / ((double)one_count * (double)two_count);
}

/* Draws signs at random; the observed choice of signs counts as one of those drawn (Phipson & Smyth
 * 2010). */
static double drawn_share(const double *differences, size_t count, double least)
{
    struct rog_rng rng;
    double found = 1;
    rog_rng_init(&rng, count);
    for (int i = 0; i < ROG_PERMUTATION_DRAWS; i++) {
        double sum = 0;
        uint64_t signs = 0;
        for (size_t k = 0; k < count; k++, signs >>= 1) {
            if (k % 64 == 0)
                signs = rog_rng_u64(&rng);
            sum += signs & 1 ? differences[k] : -differences[k];
        }
        found += fabs(sum) >= least;
    }
    return found / (ROG_PERMUTATION_DRAWS + 1);
}

double rog_permutation_test(const double *differences, size_t count, bool *exact)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        sum += differences[i];
        size += fabs(differences[i]);
    }
    double least = fabs(sum) - ROUNDING * size;
    *exact = count <= ROG_PERMUTATION_EXACT_MOST;
    if (least <= 0)
        return 1;
    /* By symmetry, sums below -least are as frequent as those above least. */
    return *exact ? 2 * exact_share(differences, count, least)
                  : drawn_share(differences, count, least);
}

static size_t next_larger(const double *p, size_t count, const bool *done)
{
    size_t next = count;
    for (size_t i = 0; i < count; i++)
        if (!isnan(p[i]) && !done[i] && (next == count || p[i] < p[next]))
            next = i;
    return next;
}

size_t rog_holm(const double *p, size_t count, double *adjusted)
{
    size_t compared = 0, left;
    double least = 0;
    bool *done = calloc(count + 1, sizeof *done);
    for (size_t i = 0; i < count; i++) {
        compared += !isnan(p[i]);
        adjusted[i] = (double)NAN;
    }
    left = compared;
    for (size_t i; done && (i = next_larger(p, count, done)) < count; left--) {
        done[i] = true;
        least = fmax(least, fmin(1, (double)left * p[i]));
        adjusted[i] = least;
    }
    free(done);
    return compared;
}
