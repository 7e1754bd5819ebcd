/* SPDX-License-Identifier: Apache-2.0 */
/* Computes Savitzky-Golay smoothing with orthogonal polynomials. */
#include <orchestrator/curves/savgol.h>

#include <assert.h>
#include <string.h>

/* Polynomials that are orthogonal on the points -half..half (Gram's), so that the least-squares
 * fit of any values is a sum of projections. */
struct basis {
    size_t window, order;
    double value[ROG_SAVGOL_ORDER_MAX + 1][ROG_SAVGOL_WINDOW_MAX];
    double norm[ROG_SAVGOL_ORDER_MAX + 1]; /* sum of squares */
};

size_t rog_savgol_window(size_t count, size_t window, size_t order)
{
    /* odd, and with more points than the polynomial can fit exactly */
    size_t least = order % 2 ? order + 2 : order + 3;
    least = least < window ? least : window;
    if (count < least)
        return 1;
    size_t half = count / 2;
    size_t odd = half % 2 ? half : half - 1;
    odd = odd < least ? least : odd;
    return odd < window ? odd : window;
}

static void basis_init(struct basis *basis, size_t window, size_t order)
{
    double half = (double)(window / 2);
    basis->window = window;
    basis->order = order;
    for (size_t k = 0; k <= order; k++) {
        double before = k < 2 ? 0 : basis->norm[k - 1] / basis->norm[k - 2];
        double norm = 0;
        for (size_t i = 0; i < window; i++) {
            double x = (double)i - half;
            double value = 1;
            if (k > 0)
                value = x * basis->value[k - 1][i];
            if (k > 1)
                value -= before * basis->value[k - 2][i];
            basis->value[k][i] = value;
            norm += value * value;
        }
        basis->norm[k] = norm;
    }
}

/* Returns the value at index `at` of the polynomial that fits values[0..window) best. */
static double fit_at(const struct basis *basis, const double *values, size_t at)
{
    double sum = 0;
    for (size_t k = 0; k <= basis->order; k++) {
        double projection = 0;
        for (size_t i = 0; i < basis->window; i++)
            projection += basis->value[k][i] * values[i];
        sum += projection / basis->norm[k] * basis->value[k][at];
    }
    return sum;
}

void rog_savgol(const double *values, size_t count, size_t window, size_t order, double *smooth)
{
    assert(window % 2 == 1 && window <= ROG_SAVGOL_WINDOW_MAX && order <= ROG_SAVGOL_ORDER_MAX);
    if (window == 1) {
        if (count)
            memcpy(smooth, values, count * sizeof *smooth);
        return;
    }
    assert(window > order && window <= count);
    struct basis basis;
    basis_init(&basis, window, order);
    size_t half = window / 2;
    for (size_t i = 0; i < count; i++) {
        size_t first = i < half ? 0 : i - half;
        if (first > count - window)
            first = count - window;
        smooth[i] = fit_at(&basis, values + first, i - first);
    }
}
