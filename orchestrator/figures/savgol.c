/* SPDX-License-Identifier: Apache-2.0 */
/* Savitzky-Golay smoothing by orthogonal polynomials. */
#include <orchestrator/figures/savgol.h>

#include <assert.h>
#include <string.h>

/* Polynomials that are orthogonal on the points -half..half (Gram's), so that the least-squares
 * fit of any values is a sum of projections. */
struct basis {
    size_t window;
    double value[ROG_SAVGOL_ORDER + 1][ROG_SAVGOL_WINDOW];
    double norm[ROG_SAVGOL_ORDER + 1]; /* sum of squares */
};

size_t rog_savgol_window(size_t count)
{
    if (count >= ROG_SAVGOL_WINDOW)
        return ROG_SAVGOL_WINDOW;
    if (count < 5)
        return 1;
    size_t half = count / 2;
    size_t odd = half % 2 ? half : half - 1;
    return odd < 5 ? 5 : odd;
}

static void basis_init(struct basis *basis, size_t window)
{
    double half = (double)(window / 2);
    basis->window = window;
    for (size_t k = 0; k <= ROG_SAVGOL_ORDER; k++) {
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

/* The value at place `at` of the polynomial that fits values[0..window) best. */
static double fit_at(const struct basis *basis, const double *values, size_t at)
{
    double sum = 0;
    for (size_t k = 0; k <= ROG_SAVGOL_ORDER; k++) {
        double projection = 0;
        for (size_t i = 0; i < basis->window; i++)
            projection += basis->value[k][i] * values[i];
        sum += projection / basis->norm[k] * basis->value[k][at];
    }
    return sum;
}

void rog_savgol(const double *values, size_t count, double *smooth)
{
    size_t window = rog_savgol_window(count);
    if (window == 1) {
        if (count)
            memcpy(smooth, values, count * sizeof *smooth);
        return;
    }
    assert(window > ROG_SAVGOL_ORDER && window <= count);
    struct basis basis;
    basis_init(&basis, window);
    size_t half = window / 2;
    for (size_t i = 0; i < count; i++) {
        size_t first = i < half ? 0 : i - half;
        if (first > count - window)
            first = count - window;
        smooth[i] = fit_at(&basis, values + first, i - first);
    }
}
