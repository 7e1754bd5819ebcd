/* SPDX-License-Identifier: Apache-2.0 */
/* Local optimizers give the results of PyTorch's, and continue from an archive without a
 * difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <trainer/run/local.h>

#define COUNT 12
#define STEPS 50

static const struct rog_adamw_parameters adamw = {.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-6};

/* Printed by tests/data/nn/local_optimizers.py. */
static const struct {
    enum rog_local_kind kind;
    struct rog_local_rates rates;
    double models[COUNT];
} golden[] = {
    {ROG_LOCAL_SGD,
     {.learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.01},
     {-0.0417408237, -0.0156705444, 0.0252035073, 0.0702329375, 0.00856222269, -0.0317237219,
      -0.0664974105, -0.0133495886, 0.0221651088, 0.0660166338, 0.015466136, -0.0490971049}},
    {ROG_LOCAL_SGD,
     {.learning_rate = 0.05, .weight_decay = 0.01},
     {-0.108999409, 0.0585903526, 0.00970893369, 0.0232155196, -0.0162423964, -0.0231956533,
      0.00168518921, 0.0189528339, 0.0204470752, 0.00374030231, -0.0176239958, -0.022062224}},
    {ROG_LOCAL_NESTEROV,
     {.learning_rate = 0.05, .momentum = 0.8, .weight_decay = 0.01},
     {-0.0173552115, 0.029261994, 0.0487322414, 0.0210835851, -0.0287106124, -0.052853114,
      -0.0253305388, 0.0288833958, 0.0568418372, 0.0289860786, -0.0293863273, -0.0607385213}},
    {ROG_LOCAL_ADAMW,
     {.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 0.1},
     {-0.0187759591, -0.0137259676, 0.00485193321, -0.0291103303, 0.00601802174, -0.0118386236,
      -0.0296722455, 6.33719664e-05, 0.00131216305, 0.0101256967, 0.00196523802, 0.00988363823}},
};

static struct rog_local *make(enum rog_local_kind kind)
{
    struct rog_local *local;
    const struct rog_local_optimizer *optimizer = rog_local_optimizers;
    while (optimizer->name && optimizer->kind != kind)
        optimizer++;
    assert_non_null(optimizer->name);
    assert_int_equal(rog_local_new(&local, optimizer, &adamw, COUNT, NULL), 0);
    return local;
}

static void begin(float *w)
{
    for (int i = 0; i < COUNT; i++)
        w[i] = (float)(i * 7 % 11 / 11.0 - 0.4);
}

/* The gradient of a bowl, with a part that changes with the step. */
static void gradient_at(const float *w, int step, float *gradient)
{
    for (int i = 0; i < COUNT; i++)
        gradient[i] =
            (float)((0.5 + 2.5 * i / (COUNT - 1)) * (double)w[i] + 0.3 * cos(i + 0.7 * step));
}

static void go(struct rog_local *local, const struct rog_local_rates *rates, int from, int to,
               float *w)
{
    float gradient[COUNT];
    for (int step = from; step < to; step++) {
        gradient_at(w, step, gradient);
        rog_local_step(local, rates, gradient, w);
    }
}

static void test_as_pytorch(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        float w[COUNT];
        struct rog_local *local = make(golden[k].kind);
        begin(w);
        go(local, &golden[k].rates, 0, STEPS, w);
        for (int i = 0; i < COUNT; i++) /* models are about 0.5 away from their start */
            if (!(fabs((double)w[i] - golden[k].models[i]) < 5e-7))
                fail_msg("case %zu: value %d is %.9g, PyTorch's %.9g", k, i, (double)w[i],
                         golden[k].models[i]);
        rog_local_free(local);
    }
}

struct kept {
    uint8_t bytes[4096];
    size_t size;
};

static int keep(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct kept *kept = user;
    (void)err;
    assert_true(kept->size + size <= sizeof kept->bytes);
    memcpy(kept->bytes + kept->size, bytes, size);
    kept->size += size;
    return 0;
}

static void test_resumes(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        float whole[COUNT], parts[COUNT];
        struct rog_archive archive;
        struct kept kept = {.size = 0};
        struct rog_local *first = make(golden[k].kind), *second = make(golden[k].kind);
        begin(whole);
        begin(parts);
        go(first, &golden[k].rates, 0, 20, parts);
        rog_archive_save(&archive, keep, &kept);
        rog_local_archive(first, &archive);
        assert_int_equal(rog_archive_end(&archive, NULL), 0);
        rog_archive_load(&archive, kept.bytes, kept.size);
        rog_local_archive(second, &archive);
        assert_int_equal(rog_archive_end(&archive, NULL), 0);
        go(second, &golden[k].rates, 20, STEPS, parts);
        rog_local_free(first);
        first = make(golden[k].kind);
        go(first, &golden[k].rates, 0, STEPS, whole);
        assert_memory_equal(whole, parts, sizeof whole);
        rog_local_free(first);
        rog_local_free(second);
    }
}

static void test_clip(void **state)
{
    (void)state;
    struct rog_local *local = make(ROG_LOCAL_SGD);
    const struct rog_local_rates rates = {.learning_rate = 1, .clip_norm = 0.5};
    float w[COUNT] = {0}, gradient[COUNT] = {3, 4};
    rog_local_step(local, &rates, gradient, w);
    assert_float_equal(w[0], -0.3, 1e-6);
    assert_float_equal(w[1], -0.4, 1e-6);
    gradient[0] = 0.1f, gradient[1] = 0;
    rog_local_step(local, &rates, gradient, w);
    assert_float_equal(w[0], -0.4, 1e-6);
    rog_local_free(local);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_pytorch),
        cmocka_unit_test(test_resumes),
        cmocka_unit_test(test_clip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
