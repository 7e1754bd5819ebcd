/* SPDX-License-Identifier: Apache-2.0 */

/* What a gradient adds to the updates, and the codec `sign`, compared with a simple implementation,
 * equal to the bit. The tests begin at element 1, which is unaligned. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>
#include <librog/codecs/codecs.h>
#include <librog/kernels/kernels.h>

#define MOST 9300

static const size_t sizes[] = {1,  2,  7,   8,   9,    15,   16,   17,   63,
                               64, 65, 100, 512, 2304, 4096, 4097, 4111, MOST};
#define SIZES (sizeof sizes / sizeof *sizes)

struct arrays {
    float g[MOST], w[MOST], m[MOST], u[MOST];
    float m2[MOST], u2[MOST];
    uint8_t signs[MOST / 8 + 2], signs2[MOST / 8 + 2];
};

static void fill(struct rog_rng *rng, float *x)
{
    for (size_t i = 0; i < MOST; i++)
        x[i] = rog_rng_below(rng, 50) ? (float)rog_rng_normal(rng) : 0.0f;
}

static struct arrays *make(uint64_t seed)
{
    struct arrays *arrays = calloc(1, sizeof *arrays);
    assert_non_null(arrays);
    struct rog_rng rng;
    rog_rng_init(&rng, seed);
    fill(&rng, arrays->g);
    fill(&rng, arrays->w);
    fill(&rng, arrays->m);
    fill(&rng, arrays->u);
    memcpy(arrays->m2, arrays->m, sizeof arrays->m);
    memcpy(arrays->u2, arrays->u, sizeof arrays->u);
    return arrays;
}

static double simple_sum(const float *x, size_t n)
{
    double sum = 0;
    for (size_t start = 0; start < n; start += ROG_KERNEL_BLOCK) {
        float lane[ROG_KERNEL_LANES] = {0};
        for (size_t i = start; i < n && i < start + ROG_KERNEL_BLOCK; i++)
            lane[(i - start) % ROG_KERNEL_LANES] += fabsf(x[i]);
        for (size_t half = ROG_KERNEL_LANES / 2; half > 0; half /= 2)
            for (size_t k = 0; k < half; k++)
                lane[k] += lane[k + half];
        sum += lane[0];
    }
    return sum;
}

static void simple_accumulate(const struct rog_kernel_step *s, const float *g, const float *w,
                              float *m, float *u, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float d = g[i] + s->coupled_decay * w[i];
        m[i] = s->momentum * m[i] + d;
        d = s->heavy_ball ? m[i] : d + s->momentum * m[i];
        u[i] = u[i] + s->learning_rate * (d + s->weight_decay * w[i]);
    }
}

static void simple_encode(float *u, size_t n, float s, uint8_t *signs)
{
    memset(signs, 0, (n + 7) / 8);
    for (size_t i = 0; i < n; i++) {
        if (signbit(u[i])) {
            signs[i / 8] |= (uint8_t)(1u << (i % 8));
            u[i] += s;
        } else {
            u[i] -= s;
        }
    }
}

static const struct rog_codec *sign;

static int find_sign(void **state)
{
    (void)state;
    return rog_codec_find("sign", &sign, NULL);
}

static void encode(float *u, size_t n, float s, uint8_t *signs)
{
    const struct rog_codec_row row = {.elements = (uint32_t)n, .scale = s};
    assert_int_equal(sign->encode(&row, u, signs), (n + 7) / 8);
}

static void test_accumulate(void **state)
{
    (void)state;
    const struct rog_kernel_step steps[] = {
        {.learning_rate = 0.03f, .momentum = 0.9f, .weight_decay = 0.005f},
        {.learning_rate = 0.03f, .momentum = 0.9f, .coupled_decay = 0.005f},
        {.learning_rate = 0.03f, .momentum = 0.9f, .coupled_decay = 0.005f, .heavy_ball = true},
    };
    for (size_t k = 0; k < 3 * SIZES; k++) {
        const struct rog_kernel_step *step = &steps[k / SIZES];
        struct arrays *a = make(k % SIZES);
        size_t n = sizes[k % SIZES] - 1;
        double sum = rog_kernel_accumulate(step, a->g + 1, a->w + 1, a->m + 1, a->u + 1, n);
        simple_accumulate(step, a->g + 1, a->w + 1, a->m2 + 1, a->u2 + 1, n);
        assert_memory_equal(a->m, a->m2, sizeof a->m);
        assert_memory_equal(a->u, a->u2, sizeof a->u);
        assert_true(sum == simple_sum(a->u2 + 1, n));
        free(a);
    }
}

static void test_sums(void **state)
{
    (void)state;
    for (size_t k = 0; k < SIZES; k++) {
        struct arrays *a = make(k);
        size_t n = sizes[k] - 1;
        assert_true(rog_kernel_absolute(a->u + 1, n) == simple_sum(a->u + 1, n));
        for (size_t i = 0; i < MOST; i++)
            a->u2[i] = a->g[i] - a->w[i];
        assert_true(rog_kernel_difference(a->g + 1, a->w + 1, n) == simple_sum(a->u2 + 1, n));
        free(a);
    }
}

static void test_encode(void **state)
{
    (void)state;
    for (size_t k = 0; k < SIZES; k++) {
        struct arrays *a = make(k);
        size_t n = sizes[k] - 1;
        encode(a->u + 1, n, 0.7f, a->signs);
        simple_encode(a->u2 + 1, n, 0.7f, a->signs2);
        assert_memory_equal(a->u, a->u2, sizeof a->u);
        assert_memory_equal(a->signs, a->signs2, sizeof a->signs);
        free(a);
    }
}

static void test_pull(void **state)
{
    (void)state;
    for (size_t k = 0; k < SIZES; k++) {
        struct arrays *a = make(k);
        size_t n = sizes[k] - 1;
        /* p = held - model in the simple implementation; what is left of p must be held' - model.
         */
        float *held = a->u, *receiver = a->u2;
        for (size_t i = 0; i < MOST; i++)
            a->m2[i] = held[i] - a->w[i];
        const struct rog_codec_row row = {.elements = (uint32_t)n, .scale = 0.4f};
        const struct rog_codec_pull pull = {held + 1, a->w + 1, NULL};
        sign->encode_pull(&row, &pull, a->signs);
        simple_encode(a->m2 + 1, n, 0.4f, a->signs2);
        assert_memory_equal(a->signs, a->signs2, sizeof a->signs);
        for (size_t i = 1; i <= n; i++)
            assert_true(fabsf(held[i] - a->w[i] - a->m2[i]) < 1e-5f);
        /* The receiver ends with the same bits. */
        sign->decode_pull(&row, a->signs, receiver + 1);
        assert_memory_equal(held, receiver, sizeof a->u);
        free(a);
    }
}

static void test_finite(void **state)
{
    (void)state;
    struct arrays *a = make(1);
    assert_true(rog_kernel_finite(a->g, MOST));
    static const size_t places[] = {0, 5, 31, 4096, MOST - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        float keep = a->g[places[i]];
        a->g[places[i]] = NAN;
        assert_false(rog_kernel_finite(a->g, MOST));
        a->g[places[i]] = -INFINITY;
        assert_false(rog_kernel_finite(a->g, MOST));
        a->g[places[i]] = keep;
    }
    assert_true(rog_kernel_finite(a->g, MOST));
    free(a);
}

/* Error feedback: what was added equals what was sent plus what is left. */
static void test_error_feedback(void **state)
{
    (void)state;
    struct arrays *a = make(3);
    double sent[MOST] = {0}, pushed[MOST] = {0};
    memset(a->u, 0, sizeof a->u);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < MOST; i++) {
            pushed[i] += a->g[i];
            a->u[i] += a->g[i];
        }
        float s = (float)(rog_kernel_absolute(a->u, MOST) / MOST);
        encode(a->u, MOST, s, a->signs);
        for (size_t i = 0; i < MOST; i++)
            sent[i] += a->signs[i / 8] >> (i % 8) & 1 ? -s : s;
    }
    for (size_t i = 0; i < MOST; i++)
        assert_true(fabs(pushed[i] - sent[i] - a->u[i]) < 1e-3);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accumulate), cmocka_unit_test(test_sums),
        cmocka_unit_test(test_encode),     cmocka_unit_test(test_pull),
        cmocka_unit_test(test_finite),     cmocka_unit_test(test_error_feedback),
    };
    return cmocka_run_group_tests(tests, find_sign, NULL);
}
