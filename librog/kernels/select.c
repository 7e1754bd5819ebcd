/* SPDX-License-Identifier: Apache-2.0 */
/* Selects the elements of largest magnitude. */
#include <librog/kernels/select.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>

#define OCTAVE (INT32_C(1) << 23) /* difference between the bits of x and of 2 x */
#define BOUNDS 3                  /* number of bounds tried in one pass */
#define GROUP 64                  /* elements examined together */
#define PASS (UINT32_C(1) << 24)  /* elements that can be counted in 32 bits */
#define FEW 32                    /* gathering pays if at most 1 / FEW of the elements remain */
#define LARGE (1 << 17)           /* elements that do not fit the processor's cache */
#define SAMPLED 256               /* one of this many elements is in the sample */
#define DEVIATIONS 4              /* standard deviations by which a sample may be off */

static inline __attribute__((always_inline)) int32_t magnitude(const float *x)
{
    return (int32_t)(rog_float_bits(*x) & INT32_MAX);
}

/* count[k]: number of magnitudes of at least bound[k]. */
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

/* Returns which of n (at most GROUP) elements are in [low, most], as bits. Computes one byte per
 * element first, which any processor vectorizes; a multiplication then packs eight of them. */
static inline __attribute__((always_inline)) uint64_t within(const float *x, size_t n, int32_t low,
                                                             int32_t most)
{
    uint8_t is_in[GROUP];
    uint64_t in = 0;
    for (size_t k = n; k < GROUP; k++)
        is_in[k] = 0;
    for (size_t k = 0; k < n; k++) {
        int32_t bits = magnitude(&x[k]);
        is_in[k] = (bits >= low) & (bits <= most);
    }
    for (size_t k = 0; k < GROUP; k += 8)
        in |= rog_get_u64_le(is_in + k) * UINT64_C(0x0102040810204080) >> 56 << k;
    return in;
}

/* Returns the number of elements found, or SIZE_MAX if there is not enough room. */
static ROG_KERNEL_WIDE size_t gather(const float *x, size_t n, int32_t low, int32_t high,
                                     float *found, size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i += GROUP) {
        uint64_t in = n - i >= GROUP ? within(x + i, GROUP, low, high - 1)
                                     : within(x + i, n - i, low, high - 1);
        if (in && count + (size_t)__builtin_popcountll(in) > room)
            return SIZE_MAX;
        for (; in; in &= in - 1)
            found[count++] = x[i + (size_t)__builtin_ctzll(in)];
    }
    return count;
}

/* The range of the least selected magnitude: at least `low`, below `high`. */
struct search {
    int32_t low, high;
    size_t from_low, from_high; /* number of elements from there on */
    int32_t step;               /* distance below high, while no lower bound is known */
};

/* Chooses descending bounds within (low, high): one, two and four steps below high while there is
 * no lower bound, then quarters. */
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

/* Narrows the search down to the least magnitude. */
static struct rog_selection narrow_down(struct search search, const float *x, size_t n,
                                        size_t count, float *scratch)
{
    size_t beyond = 0; /* elements that are larger than all that are still examined */
    search.high = (int32_t)rog_float_bits(rog_kernel_greatest(x, n));
    search.high += search.high < INT32_MAX; /* else it is not a number */
    while (search.high - search.low > 1 && search.from_low > count) {
        size_t left = search.from_low - search.from_high;
        if (left <= n / FEW) {
            n = gather(x, n, search.low, search.high, scratch, left);
            x = scratch;
            beyond = search.from_high;
        }
        narrow(&search, x, n, beyond, count);
    }
    if (search.low == 0)
        return (struct rog_selection){.above = 0};
    if (search.from_low == count)
        return (struct rog_selection){.above = search.low - 1};
    return (struct rog_selection){search.low, (uint32_t)(count - search.from_high)};
}

static struct rog_selection of_all(const float *x, size_t n, size_t count, float *scratch)
{
    return narrow_down((struct search){.from_low = n, .step = OCTAVE}, x, n, count, scratch);
}

/* All n elements reach the lower bound of the search. */
static struct rog_selection of_found(int32_t low, const float *x, size_t n, size_t count,
                                     float *scratch)
{
    return narrow_down((struct search){.low = low, .from_low = n}, x, n, count, scratch);
}

/* Returns a bound that `count` of n elements reach, and not many more, according to a sample;
 * counting shows if it is wrong. 0: a sample does not pay. */
static int32_t guess(const float *x, size_t n, size_t count, float *scratch)
{
    if (n < LARGE || count > n / 8)
        return 0;
    size_t size = n / SAMPLED, stride = n / size;
    double rank = (double)count / (double)n * (double)size;
    size_t outer = (size_t)(rank + DEVIATIONS * sqrt(rank + 1)) + 1;
    for (size_t i = 0; i < size; i++)
        scratch[i] = x[i * stride];
    struct rog_selection sampled = of_all(scratch, size, outer, scratch + size);
    return sampled.above + (sampled.ties == 0);
}

size_t rog_select_scratch(size_t n)
{
    return n / 4 + 1;
}

struct rog_selection rog_select(const float *x, size_t n, size_t count, float *scratch)
{
    if (count == 0)
        return (struct rog_selection){.above = INT32_MAX - 1};
    int32_t low = guess(x, n, count, scratch);
    size_t found = low > 1 ? gather(x, n, low, INT32_MAX, scratch, n / 5) : SIZE_MAX;
    if (found == SIZE_MAX || found < count)
        return of_all(x, n, count, scratch);
    return of_found(low, scratch, found, count, scratch + found);
}

float rog_selection_least(const struct rog_selection *selection)
{
    return rog_float_of((uint32_t)(selection->above + (selection->ties == 0)));
}

/* Returns the first `count` of these bits. */
static uint64_t first_bits(uint64_t bits, uint32_t count)
{
    uint64_t rest = bits;
    for (; count > 0 && rest; count--)
        rest &= rest - 1;
    return bits ^ rest;
}

ROG_KERNEL_WIDE size_t rog_selected(const struct rog_selection *selection, const float *x, size_t n,
                                    size_t base, uint64_t *set)
{
    int32_t above = selection->above;
    uint32_t ties = selection->ties;
    size_t count = 0, shift = base % 64;
    for (size_t i = 0; i < n; i += GROUP) {
        size_t length = n - i < GROUP ? n - i : GROUP;
        int32_t from = above + (ties == 0);
        uint64_t in = length == GROUP ? within(x + i, GROUP, from, INT32_MAX)
                                      : within(x + i, length, from, INT32_MAX);
        if (in && ties > 0) {
            uint64_t equal = within(x + i, length, above, above);
            uint64_t taken = first_bits(equal, ties);
            ties -= (uint32_t)__builtin_popcountll(taken);
            in ^= equal ^ taken;
        }
        set[(base + i) / 64] |= in << shift;
        if (shift > 0 && in >> (64 - shift))
            set[(base + i) / 64 + 1] |= in >> (64 - shift);
        count += (size_t)__builtin_popcountll(in);
    }
    return count;
}
