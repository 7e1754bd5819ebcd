/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of largest magnitude. */
#include <librog/kernels/select.h>

#include <stdbool.h>
#include <string.h>

#include <librog/kernels/kernels.h>

#define OCTAVE (INT32_C(1) << 23) /* between the bits of x and of 2 x */
#define BOUNDS 3                  /* that are tried in one pass */
#define GROUP 32                  /* elements that are looked at together */
#define PASS (UINT32_C(1) << 24)  /* elements that are counted in 32 bits */

static inline __attribute__((always_inline)) int32_t magnitude(const float *x)
{
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits & INT32_MAX;
}

static ROG_KERNEL_WIDE int32_t greatest(const float *x, size_t n)
{
    int32_t most = 0;
#pragma omp simd reduction(max : most)
    for (size_t i = 0; i < n; i++) {
        int32_t bits = magnitude(&x[i]);
        most = bits > most ? bits : most;
    }
    return most;
}

/* count[k]: magnitudes of at least bound[k]. */
static ROG_KERNEL_WIDE void count_pass(const float *x, size_t n, const int32_t bound[BOUNDS],
                                       uint32_t count[BOUNDS])
{
    int32_t b0 = bound[0], b1 = bound[1], b2 = bound[2], n0 = 0, n1 = 0, n2 = 0;
#pragma omp simd reduction(+ : n0, n1, n2)
    for (size_t i = 0; i < n; i++) {
        int32_t bits = magnitude(&x[i]);
        n0 += bits >= b0;
        n1 += bits >= b1;
        n2 += bits >= b2;
    }
    count[0] = (uint32_t)n0, count[1] = (uint32_t)n1, count[2] = (uint32_t)n2;
}

static void count_from(const float *x, size_t n, const int32_t bound[BOUNDS], size_t count[BOUNDS])
{
    memset(count, 0, BOUNDS * sizeof *count);
    for (size_t done = 0; done < n; done += PASS) {
        uint32_t part[BOUNDS];
        count_pass(x + done, n - done < PASS ? n - done : PASS, bound, part);
        for (int i = 0; i < BOUNDS; i++)
            count[i] += part[i];
    }
}

/* Which of `n` (at most GROUP) elements are in [low, high), as bits. */
static inline __attribute__((always_inline)) uint32_t within(const float *x, size_t n, int32_t low,
                                                             int32_t high)
{
    uint32_t in = 0;
#pragma omp simd reduction(| : in)
    for (size_t k = 0; k < n; k++) {
        int32_t bits = magnitude(&x[k]);
        in |= (uint32_t)(bits >= low && bits < high) << k;
    }
    return in;
}

static ROG_KERNEL_WIDE size_t gather(const float *x, size_t n, int32_t low, int32_t high,
                                     float *found)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i += GROUP) {
        uint32_t in =
            n - i >= GROUP ? within(x + i, GROUP, low, high) : within(x + i, n - i, low, high);
        for (; in; in &= in - 1)
            found[count++] = x[i + (size_t)__builtin_ctz(in)];
    }
    return count;
}

/* Where the least magnitude that is in lies: at least `low`, below `high`. */
struct search {
    int32_t low, high;
    size_t from_low, from_high; /* elements from there on */
    int32_t step;               /* below high, while nothing is known of low */
};

/* Descending, within (low, high): one, two and four steps below high while there is no lower bound,
 * then quarters. */
static void choose(struct search *search, int32_t bound[BOUNDS])
{
    int64_t range = (int64_t)search->high - search->low, quarter = range / 4 > 0 ? range / 4 : 1;
    if (search->low > 0 || range < 4) {
        bound[0] = (int32_t)(search->high - quarter);
        bound[1] = (int32_t)(search->low + range / 2);
        bound[2] = (int32_t)(search->low + quarter);
        return;
    }
    for (int i = 0; i < BOUNDS; i++) {
        int64_t at = search->high - ((int64_t)search->step << i);
        bound[i] = at > 1 ? (int32_t)at : 1;
    }
    search->step = search->step < 16 * OCTAVE ? 8 * search->step : search->step;
}

static void narrow(struct search *search, const float *x, size_t n, size_t beyond, size_t count)
{
    int32_t bound[BOUNDS];
    size_t reached[BOUNDS];
    choose(search, bound);
    count_from(x, n, bound, reached);
    for (int i = 0; i < BOUNDS; i++) {
        bool enough = reached[i] + beyond >= count;
        *(enough ? &search->low : &search->high) = bound[i];
        *(enough ? &search->from_low : &search->from_high) = reached[i] + beyond;
        if (enough)
            break;
    }
}

struct rog_selection rog_select(const float *x, size_t n, size_t count, float *scratch)
{
    struct search search = {.high = greatest(x, n), .from_low = n, .step = OCTAVE};
    size_t beyond = 0; /* elements that are larger than all that are still looked at */
    search.high += search.high < INT32_MAX;
    while (count > 0 && search.high - search.low > 1 && search.from_low > count) {
        narrow(&search, x, n, beyond, count);
        size_t left = search.from_low - search.from_high;
        if (left > 0 && left <= n / 4) {
            n = gather(x, n, search.low, search.high, scratch);
            x = scratch;
            beyond = search.from_high;
        }
    }
    if (count == 0)
        return (struct rog_selection){.above = INT32_MAX - 1};
    if (search.low == 0)
        return (struct rog_selection){.above = 0};
    if (search.from_low == count)
        return (struct rog_selection){.above = search.low - 1};
    return (struct rog_selection){search.low, (uint32_t)(count - search.from_high)};
}

float rog_selection_least(const struct rog_selection *selection)
{
    int32_t bits = selection->above + (selection->ties == 0);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

ROG_KERNEL_WIDE uint32_t rog_selected(const struct rog_selection *selection, const float *x,
                                      uint32_t n, uint32_t base, uint32_t *index)
{
    int32_t above = selection->above, from = above + (selection->ties == 0);
    uint32_t ties = selection->ties, count = 0;
    for (uint32_t i = 0; i < n; i += GROUP) {
        uint32_t in = n - i >= GROUP ? within(x + i, GROUP, from, INT32_MAX)
                                     : within(x + i, n - i, from, INT32_MAX);
        for (; in; in &= in - 1) {
            uint32_t at = i + (uint32_t)__builtin_ctz(in);
            if (magnitude(&x[at]) == above) {
                if (ties == 0)
                    continue;
                ties--;
            }
            index[count++] = base + at;
        }
    }
    return count;
}
