/* SPDX-License-Identifier: Apache-2.0 */

/* Parts of codecs with few elements or few bits: selecting the largest compared with sorting,
 * packing, numbers of few bits, and rows of indices and values; received bytes are only read within
 * their bounds, and the length of each form follows from the count. */

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>
#include <librog/codecs/packed_values.h>
#include <librog/codecs/sparse_row.h>
#include <librog/kernels/mask.h>
#include <librog/kernels/pack.h>
#include <librog/kernels/select.h>

#define MOST 3000

static const uint32_t sizes[] = {1, 2, 3, 8, 31, 32, 33, 255, 256, 257, 700, MOST};
#define SIZES (sizeof sizes / sizeof *sizes)

static uint8_t *copy_of(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

/* ---- selecting ---- */

static int descending(const void *a, const void *b)
{
    float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);
    return (x < y) - (x > y);
}

/* Numbers for which counting could take long or fail. */
static void draw(struct rog_rng *rng, unsigned kind, float *x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double normal = rog_rng_normal(rng);
        switch (kind) {
        case 0:
            x[i] = (float)normal;
            break;
        case 1: /* many equal ones */
            x[i] = (float)rint(normal);
            break;
        case 2: /* all magnitudes of floats */
            x[i] = (float)(normal * pow(2, rog_rng_range(rng, -148, 126)));
            break;
        case 3: /* mostly zeros */
            x[i] = rog_rng_below(rng, 10) ? (i % 2 ? -0.0f : 0.0f) : (float)normal;
            break;
        case 4: /* all the same */
            x[i] = i % 3 ? -0.25f : 0.25f;
            break;
        default: /* one that is far off, and the smallest floats */
            x[i] = i == n / 2 ? FLT_MAX : FLT_TRUE_MIN * (float)rog_rng_below(rng, 3);
        }
    }
}

static void hold_selection(const float *x, uint32_t n, uint32_t count, uint32_t base)
{
    float *sorted = malloc(n * sizeof *sorted);
    float *scratch = malloc(rog_select_scratch(n) * sizeof *scratch);
    size_t words = rog_mask_words(base + n);
    uint64_t *set = calloc(words, sizeof *set);
    assert_true(sorted && scratch && set);
    uint32_t nonzero = 0;
    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, descending);
    while (nonzero < n && sorted[nonzero] != 0)
        nonzero++;
    uint32_t expected = count < nonzero ? count : nonzero, ties = 0;
    struct rog_selection selection = rog_select(x, n, count, scratch);
    assert_int_equal(rog_selected(&selection, x, n, base, set), expected);
    assert_int_equal(rog_mask_count(set, base + n), expected);
    float least = expected ? fabsf(sorted[expected - 1]) : INFINITY;
    for (uint32_t i = 0; i < expected; i++)
        ties += fabsf(sorted[i]) == least;
    for (uint32_t i = 0; i < n; i++) {
        bool is_in = set[(base + i) / 64] >> ((base + i) % 64) & 1, tie = fabsf(x[i]) == least;
        if (is_in != (fabsf(x[i]) > least || (tie && ties > 0)))
            fail_msg("element %u of %u", i, n);
        ties -= tie && is_in;
    }
    if (expected == count && count > 0)
        assert_true(rog_selection_least(&selection) <= least);
    free(set);
    free(scratch);
    free(sorted);
}

static void test_select(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 3);
    for (unsigned kind = 0; kind < 6; kind++) {
        for (size_t k = 0; k < SIZES; k++) {
            float x[MOST];
            draw(&rng, kind, x, sizes[k]);
            const uint32_t counts[] = {0,
                                       1,
                                       sizes[k] / 300,
                                       sizes[k] / 100,
                                       sizes[k] / 64,
                                       sizes[k] / 3,
                                       sizes[k] - 1,
                                       sizes[k]};
            for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
                hold_selection(x, sizes[k], counts[i], (uint32_t)(7 * k) % 130);
        }
    }
}

/* More than are examined one by one: a sample determines where to search, or misleads. */
static void test_select_from_many(void **state)
{
    (void)state;
    enum { MANY = 200003 };
    struct rog_rng rng;
    rog_rng_init(&rng, 9);
    float *x = malloc(MANY * sizeof *x);
    assert_non_null(x);
    for (unsigned kind = 0; kind < 8; kind++) {
        draw(&rng, kind % 6, x, MANY);
        for (uint32_t i = 0; kind >= 6 && i < MANY; i++) /* the sample sees small values, large
                                                            ones */
            x[i] *= (i % 256 == 0) == (kind == 6) ? 1e-6f : 1;
        const uint32_t counts[] = {1, 20, 2000, 100000, MANY - 1, MANY};
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            hold_selection(x, MANY, counts[i], 0);
    }
    free(x);
}

static void test_masks(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 10);
    for (unsigned round = 0; round < 10 * SIZES; round++) {
        uint32_t n = sizes[round % SIZES], count = 0;
        uint64_t set[MOST / 64 + 1] = {0};
        float x[MOST], expected[MOST], values[MOST];
        draw(&rng, 0, x, n);
        memcpy(expected, x, sizeof expected);
        for (uint32_t i = 0; i < n; i++)
            if (i / 64 % 2 || rog_rng_below(&rng, 3) == 0)
                set[i / 64] |= UINT64_C(1) << (i % 64);
        rog_mask_gather(set, n, x, values);
        for (uint32_t i = 0; i < n; i++) {
            if (!(set[i / 64] >> (i % 64) & 1))
                continue;
            assert_true(values[count++] == x[i]);
            expected[i] -= 0.5f * x[i];
        }
        assert_int_equal(rog_mask_count(set, n), count);
        rog_mask_subtract(set, n, values, 0.5f, x);
        assert_memory_equal(x, expected, n * sizeof *x);
    }
}

/* ---- packing ---- */

static void test_pack(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 4);
    for (unsigned bits = 1; bits <= 8; bits *= 2) {
        for (size_t k = 0; k < SIZES; k++) {
            uint8_t codes[MOST], again[MOST];
            size_t size = rog_pack_bytes(sizes[k], bits);
            assert_int_equal(size, ((size_t)sizes[k] * bits + 7) / 8);
            for (uint32_t i = 0; i < sizes[k]; i++)
                codes[i] = (uint8_t)rog_rng_below(&rng, 1u << bits);
            uint8_t *bytes = malloc(size);
            assert_non_null(bytes);
            rog_pack_put(codes, sizes[k], bits, bytes);
            rog_pack_get(bytes, sizes[k], bits, again);
            assert_memory_equal(codes, again, sizes[k]);
            assert_true(rog_pack_ends(bytes, sizes[k], bits));
            for (size_t i = size - (size < 32 ? size : 32); i < size; i++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                    bytes[i] ^= (uint8_t)(1u << bit);
                    rog_pack_get(bytes, sizes[k], bits, again);
                    assert_int_equal(rog_pack_ends(bytes, sizes[k], bits),
                                     memcmp(codes, again, sizes[k]) != 0);
                    bytes[i] ^= (uint8_t)(1u << bit);
                }
            }
            free(bytes);
        }
    }
}

/* ---- values ---- */

/* With 4 bits or more no value is further off than half a step and than 0 is; with 2 the squares
 * are smaller. */
static void hold_values(const float *x, const float *said, uint32_t n, unsigned bits, double least,
                        double most)
{
    /* the ends are at most 1/128 of themselves further out, or the last, where a bfloat16 of that
     * size would be infinite, further in */
    double room = (most - least + (most + least) / 128) / (pow(2, bits) - 2) * 1.001 + 1e-30 +
                  (most > 3.3e38 ? most / 128 : 0);
    double squares = 0, errors = 0;
    for (uint32_t i = 0; i < n; i++) {
        double off = fabs((double)said[i] - (double)x[i]);
        squares += (double)x[i] * (double)x[i];
        errors += off * off;
        assert_int_equal(signbit(said[i]), signbit(x[i]));
        if (bits == 32)
            assert_true(off == 0);
        else if (bits > 2)
            assert_true(off <= room + 1e-7 * fabs((double)x[i]) && off <= fabs((double)x[i]));
    }
    assert_true(errors <= squares * 1.02 + 1e-60);
}

static void test_values(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 5);
    for (unsigned round = 0; round < 6 * SIZES * ROG_VALUE_BITS_PLACES; round++) {
        uint32_t n = sizes[round % SIZES];
        unsigned bits = rog_value_bits(round / SIZES % ROG_VALUE_BITS_PLACES);
        float x[MOST], said[MOST], got[MOST], least = FLT_MAX, most = 0;
        draw(&rng, round / SIZES / ROG_VALUE_BITS_PLACES, x, n);
        memcpy(said, x, sizeof said);
        size_t size = rog_values_bytes(n, bits);
        uint8_t *bytes = malloc(size);
        assert_non_null(bytes);
        rog_values_put(said, n, bits, bytes);
        assert_null(rog_values_check(bytes, n, bits, FLT_MAX));
        rog_values_get(bytes, n, bits, got);
        free(bytes);
        assert_memory_equal(said, got, n * sizeof *said);
        for (uint32_t i = 0; i < n; i++) {
            least = fminf(least, fabsf(x[i]));
            most = fmaxf(most, fabsf(x[i]));
        }
        hold_values(x, said, n, bits, least, most);
    }
}

/* ---- rows ---- */

struct row {
    struct rog_sparse_form form;
    uint64_t set[MOST / 64 + 1];
    float value[MOST];
    uint8_t bytes[6 * MOST + 64];
    struct rog_sparse_entries entries;
};

static size_t make_row(struct rog_rng *rng, uint32_t n, double density, unsigned bits,
                       struct row *row)
{
    row->form = (struct rog_sparse_form){n, bits};
    row->entries = (struct rog_sparse_entries){.set = row->set, .value = row->value};
    memset(row->set, 0, sizeof row->set);
    for (uint32_t i = 0; i < n; i++)
        if (rog_rng_uniform(rng) < density)
            row->set[i / 64] |= UINT64_C(1) << (i % 64);
    row->entries.count = (uint32_t)rog_mask_count(row->set, n);
    draw(rng, 0, row->value, row->entries.count);
    size_t size = rog_sparse_put(&row->form, &row->entries, row->bytes);
    assert_int_equal(size, rog_sparse_bytes(&row->form, row->entries.count));
    return size;
}

static void test_rows(void **state)
{
    (void)state;
    static const double densities[] = {0, 0.001, 0.01, 0.1, 0.3, 0.9, 1};
    struct rog_rng rng;
    rog_rng_init(&rng, 6);
    struct row *row = malloc(sizeof *row);
    assert_non_null(row);
    for (unsigned round = 0; round < 7 * SIZES * 20; round++) {
        uint32_t n = sizes[round % SIZES];
        float value[MOST];
        uint64_t set[MOST / 64 + 1];
        const char *why = "";
        size_t size = make_row(&rng, n, densities[round / SIZES % 7],
                               rog_value_bits(round % ROG_VALUE_BITS_PLACES), row);
        uint8_t *copy = copy_of(row->bytes, size);
        assert_int_equal(rog_sparse_check(&row->form, n, FLT_MAX, copy, size, &why), size);
        if (row->entries.count > 0)
            assert_int_equal(
                rog_sparse_check(&row->form, row->entries.count - 1, FLT_MAX, copy, size, &why), 0);
        for (size_t cut = 0; cut < size && cut < 20; cut++) {
            uint8_t *less = copy_of(row->bytes, cut);
            assert_int_equal(rog_sparse_check(&row->form, n, FLT_MAX, less, cut, &why), 0);
            free(less);
        }
        struct rog_sparse_entries entries = {set, value, 0};
        rog_sparse_get(&row->form, copy, &entries);
        free(copy);
        assert_int_equal(entries.count, row->entries.count);
        assert_memory_equal(set, row->set, rog_mask_words(n) * sizeof *set);
        assert_memory_equal(value, row->value, entries.count * sizeof *value);
    }
    free(row);
}

/* The bytes of an index at usual densities: near the entropy. */
static void test_bytes_of_an_index(void **state)
{
    (void)state;
    static const struct {
        double density, bits;
    } most[] = {{0.001, 12.1}, {0.01, 8.7}, {0.1, 5.4}, {0.25, 4.1}, {1, 1.1}};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        const struct rog_sparse_form form = {100000, 32};
        uint32_t count = (uint32_t)(most[i].density * 100000);
        double bytes = (double)rog_sparse_bytes(&form, count) - 4 * (double)count - 4;
        assert_true(8 * bytes / count <= most[i].bits);
    }
}

/* Any bytes accepted as a row are a row: encoded again they are the same. */
static void test_garbage(void **state)
{
    (void)state;
    struct rog_rng rng;
    rog_rng_init(&rng, 7);
    struct row *row = malloc(sizeof *row);
    assert_non_null(row);
    uint32_t taken = 0, refused = 0;
    uint64_t set[MOST / 64 + 1];
    for (unsigned round = 0; round < 60000; round++) {
        uint32_t n = sizes[rog_rng_below(&rng, SIZES - 1)];
        float value[MOST];
        const char *why = NULL;
        uint8_t again[6 * MOST];
        unsigned bits = rog_value_bits(rog_rng_below(&rng, ROG_VALUE_BITS_PLACES));
        size_t size = make_row(&rng, n, rog_rng_uniform(&rng) * 0.5, bits, row);
        for (uint32_t hits = rog_rng_below(&rng, 4); hits > 0; hits--)
            row->bytes[rog_rng_below(&rng, (uint32_t)size)] ^=
                (uint8_t)(1u << rog_rng_below(&rng, 8));
        size = rog_rng_below(&rng, 4) ? size : rog_rng_below(&rng, (uint32_t)size + 1);
        uint8_t *copy = copy_of(row->bytes, size);
        size_t took = rog_sparse_check(&row->form, n, FLT_MAX, copy, size, &why);
        if (took) {
            struct rog_sparse_entries entries = {set, value, 0};
            rog_sparse_get(&row->form, copy, &entries);
            for (uint32_t i = 0; i < entries.count; i++)
                assert_true(isfinite(value[i]));
            assert_int_equal(rog_mask_count(set, n), entries.count);
            assert_true(n % 64 == 0 || set[n / 64] >> (n % 64) == 0);
            if (bits == 32) {
                assert_int_equal(rog_sparse_put(&row->form, &entries, again), took);
                assert_memory_equal(again, copy, took);
            }
        }
        taken += took > 0;
        refused += took == 0;
        free(copy);
    }
    free(row);
    assert_true(taken > 1000 && refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_select_from_many),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_pack),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bytes_of_an_index),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
