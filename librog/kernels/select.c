/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of largest magnitude. */
#include <librog/kernels/select.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>

#define OCTAVE (INT32_C(1) << 23) /* between the bits of x and of 2 x */
#define BOUNDS 3                  /* that are tried in one pass */
#define GROUP 64                  /* elements that are looked at together */
#define PASS (UINT32_C(1) << 24)  /* elements that are counted in 32 bits */
#define FEW 32                    /* share of elements that it pays to put together */
#define LARGE (1 << 17)           /* elements that do not stay in the processor's cache */
#define SAMPLED 256               /* of so many of these one is in the sample */
#define DEVIATIONS 4              /* by which a sample may be off, before all is looked at again */

static inline __attribute__((always_inline)) int32_t magnitude(const float *x)
{
    return (int32_t)(rog_float_bits(*x) & INT32_MAX);
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

/* Which of n (at most GROUP) elements are in [low, most], as bits. First a byte each, which any
 * processor makes of many at once; a multiplication puts those of eight side by side. */
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

/* Returns how many there are, or SIZE_MAX: more than there is room for. */
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

/* Closes in on the least one. */
static struct rog_selection close_in(struct search search, const float *x, size_t n, size_t count,
                                     float *scratch)
{
    size_t beyond = 0; /* elements that are larger than all that are still looked at */
    search.high = (int32_t)rog_float_bits(rog_kernel_greatest(x, n));
    search.high += search.high < INT32_MAX; /* else no number */
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
    return close_in((struct search){.from_low = n, .step = OCTAVE}, x, n, count, scratch);
}

/* The bound that the search begins with is reached by n elements. */
static struct rog_selection of_found(int32_t low, const float *x, size_t n, size_t count,
                                     float *scratch)
{
    return close_in((struct search){.low = low, .from_low = n}, x, n, count, scratch);
}

/* What `count` of n elements reach, and not many more, by a sample; but for a chance, which
 * counting will show. 0: a sample does not pay. */
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

/* Of these bits the first ones, so many. */
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
