/* SPDX-License-Identifier: Apache-2.0 */
/* The whole network: gradients are slopes, threads and tiles agree, it learns. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/rng.h>
#include <trainer/nn/loss.h>
#include <trainer/nn/net.h>
#include <trainer/nn/sgd.h>

#define CLASSES 10
#define SIZE 32
#define PIXELS (SIZE * SIZE * 3)

/* A small problem: weights, images, targets. */
struct problem {
    struct rog_arch *arch;
    uint32_t batch;
    float *params, *buffers, *grads, *images, *targets;
};

static void problem_init(struct problem *p, uint32_t batch)
{
    struct rog_error err;
    struct rog_rng rng;
    p->batch = batch;
    assert_int_equal(0, rog_arch_new(&p->arch, "convmlp-nano", CLASSES, SIZE, &err));
    p->params = calloc(p->arch->params, sizeof(float));
    p->grads = calloc(p->arch->params, sizeof(float));
    p->buffers = calloc(p->arch->buffers, sizeof(float));
    p->images = calloc((size_t)batch * PIXELS, sizeof(float));
    p->targets = calloc((size_t)batch * CLASSES, sizeof(float));
    rog_arch_initialize(p->arch, 3, p->params, p->buffers);
    rog_rng_init(&rng, 4);
    for (size_t i = 0; i < (size_t)batch * PIXELS; i++)
        p->images[i] = (float)rog_rng_normal(&rng);
    for (uint32_t b = 0; b < batch; b++) {
        for (uint32_t c = 0; c < CLASSES; c++)
            p->targets[b * CLASSES + c] = 0.2f / CLASSES;
        p->targets[b * CLASSES + rog_rng_below(&rng, CLASSES)] += 0.8f;
    }
}

static void problem_release(struct problem *p)
{
    free(p->params);
    free(p->grads);
    free(p->buffers);
    free(p->images);
    free(p->targets);
    rog_arch_free(p->arch);
}

static struct rog_net *net_of(const struct problem *p, enum rog_net_mode mode, uint32_t threads)
{
    struct rog_net *net;
    struct rog_error err;
    assert_int_equal(0, rog_net_new_threads(&net, p->arch, p->batch, mode, threads, &err));
    return net;
}

static float gradients(struct rog_net *net, struct problem *p)
{
    struct rog_error err;
    float loss;
    assert_int_equal(0, rog_net_gradients(net, p->params, p->buffers, p->images, p->targets, &loss,
                                          p->grads, &err));
    return loss;
}

/* The same bytes, whatever the network computed before and whichever network computes. */
static void one_thread_is_deterministic(void **state)
{
    (void)state;
    for (int mode = ROG_NET_TRAIN_FROZEN; mode <= ROG_NET_TRAIN; mode++) {
        struct problem p;
        problem_init(&p, 6);
        struct rog_net *net = net_of(&p, (enum rog_net_mode)mode, 1);
        size_t bytes = p.arch->params * sizeof(float);
        float *first = malloc(bytes), first_loss = gradients(net, &p);
        memcpy(first, p.grads, bytes);
        memset(p.grads, 0xff, bytes);
        assert_true(gradients(net, &p) == first_loss);
        assert_memory_equal(first, p.grads, bytes);
        rog_net_free(net);
        net = net_of(&p, (enum rog_net_mode)mode, 1);
        assert_true(gradients(net, &p) == first_loss);
        assert_memory_equal(first, p.grads, bytes);
        rog_net_free(net);
        free(first);
        problem_release(&p);
    }
}

/* A network does not remember weights: it serves many workers in turn. */
static void weights_are_arguments(void **state)
{
    (void)state;
    struct problem a, b;
    problem_init(&a, 4);
    problem_init(&b, 4);
    rog_arch_initialize(b.arch, 99, b.params, b.buffers);
    struct rog_net *net = net_of(&a, ROG_NET_TRAIN_FROZEN, 1);
    float alone = gradients(net, &a);
    assert_true(gradients(net, &b) != alone);
    assert_true(gradients(net, &a) == alone);
    rog_net_free(net);
    problem_release(&a);
    problem_release(&b);
}

static void threads_agree(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    print_message("ThreadSanitizer does not see how OpenMP waits: there would be false alarms\n");
    skip();
#endif
    struct problem p;
    problem_init(&p, 5);
    float *one = malloc(p.arch->params * sizeof *one);
    struct rog_net *net = net_of(&p, ROG_NET_TRAIN_FROZEN, 1);
    float loss = gradients(net, &p);
    memcpy(one, p.grads, p.arch->params * sizeof *one);
    rog_net_free(net);
    net = net_of(&p, ROG_NET_TRAIN_FROZEN, 2);
    assert_true(fabsf(gradients(net, &p) - loss) < 1e-5f);
    for (uint64_t i = 0; i < p.arch->params; i++)
        assert_true(fabsf(one[i] - p.grads[i]) < 1e-4f);
    rog_net_free(net);
    free(one);
    problem_release(&p);
}

static void *work(void *user)
{
    struct problem *p = user;
    struct rog_net *net = net_of(p, ROG_NET_TRAIN_FROZEN, 1);
    for (int step = 0; step < 5; step++)
        gradients(net, p);
    rog_net_free(net);
    return NULL;
}

/* Networks share no state: two threads, each with its own, do not affect each other. */
static void two_networks_at_once(void **state)
{
    (void)state;
    struct problem alone, pair[2];
    pthread_t threads[2];
    problem_init(&alone, 4);
    work(&alone);
    for (int i = 0; i < 2; i++) {
        problem_init(&pair[i], 4);
        assert_int_equal(0, pthread_create(&threads[i], NULL, work, &pair[i]));
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_memory_equal(alone.grads, pair[i].grads, alone.arch->params * sizeof(float));
        problem_release(&pair[i]);
    }
    problem_release(&alone);
}

/* Inference is done in tiles; training is not. 132 images go through the first layers in tiles of
 * 22, through the second stage of blocks in tiles of 66. */
static void tiles_are_seamless(void **state)
{
    (void)state;
    struct problem p;
    const float *whole, *tiled;
    struct rog_error err;
    problem_init(&p, 132);
    struct rog_net *training = net_of(&p, ROG_NET_TRAIN_FROZEN, 1);
    struct rog_net *inference = net_of(&p, ROG_NET_INFER, 1);
    assert_int_equal(0, rog_net_forward(training, p.params, p.buffers, p.images, &whole, &err));
    assert_int_equal(0, rog_net_forward(inference, p.params, p.buffers, p.images, &tiled, &err));
    for (uint32_t i = 0; i < p.batch * CLASSES; i++)
        assert_true(fabsf(whole[i] - tiled[i]) < 1e-5f);
    rog_net_free(training);
    rog_net_free(inference);
    problem_release(&p);
}

/* Only gradients in ROG_NET_TRAIN mode change running statistics. */
static void only_training_updates_statistics(void **state)
{
    (void)state;
    struct problem p;
    const float *logits;
    struct rog_error err;
    problem_init(&p, 4);
    size_t bytes = p.arch->buffers * sizeof(float);
    float *before = malloc(bytes);
    memcpy(before, p.buffers, bytes);
    struct rog_net *frozen = net_of(&p, ROG_NET_TRAIN_FROZEN, 1);
    struct rog_net *train = net_of(&p, ROG_NET_TRAIN, 1);
    gradients(frozen, &p);
    assert_int_equal(0, rog_net_forward(train, p.params, p.buffers, p.images, &logits, &err));
    assert_memory_equal(before, p.buffers, bytes);
    gradients(train, &p);
    assert_memory_not_equal(before, p.buffers, bytes);
    rog_net_free(frozen);
    rog_net_free(train);
    free(before);
    problem_release(&p);
}

/* Along its gradient the loss falls at the rate of the gradient's norm. */
static void gradient_is_the_slope(void **state)
{
    (void)state;
    struct problem p;
    problem_init(&p, 8);
    struct rog_net *net = net_of(&p, ROG_NET_TRAIN_FROZEN, 1);
    float *begin = malloc(p.arch->params * sizeof *begin);
    gradients(net, &p);
    double squares = 0, losses[2];
    float *direction = malloc(p.arch->params * sizeof *direction);
    memcpy(begin, p.params, p.arch->params * sizeof *begin);
    memcpy(direction, p.grads, p.arch->params * sizeof *direction);
    for (uint64_t i = 0; i < p.arch->params; i++)
        squares += (double)direction[i] * (double)direction[i];
    double step = 2e-3 / sqrt(squares);
    for (int side = 0; side < 2; side++) {
        for (uint64_t i = 0; i < p.arch->params; i++)
            p.params[i] = begin[i] + (float)(side ? step : -step) * direction[i];
        losses[side] = (double)gradients(net, &p);
    }
    double slope = (losses[1] - losses[0]) / (2 * step);
    assert_true(fabs(slope / squares - 1) < 0.01);
    free(begin);
    free(direction);
    rog_net_free(net);
    problem_release(&p);
}

static void it_learns(void **state)
{
    (void)state;
    struct problem p;
    const struct rog_sgd sgd = {0.9f, 5e-4f};
    problem_init(&p, 16);
    struct rog_net *net = net_of(&p, ROG_NET_TRAIN, 1);
    float *velocity = calloc(p.arch->params, sizeof *velocity), loss = 0, first = 0;
    for (int step = 0; step < 100; step++) {
        loss = gradients(net, &p);
        first = step ? first : loss;
        rog_sgd_step(&sgd, p.arch, 0.02f, p.grads, velocity, p.params);
    }
    assert_true(first > 2.0f);
    assert_true(loss < 1.2f); /* these soft targets have an entropy of 0.87 */
    free(velocity);
    rog_net_free(net);
    problem_release(&p);
}

static void cross_entropy(void **state)
{
    (void)state;
    const float logits[] = {1, 2, 500, -1000}, targets[] = {0.25f, 0.75f, 0.5f, 0.5f};
    float d[4];
    double first = log(1 + exp(-1)) + 0.25; /* log(e + e^2) - 0.25 - 1.5 */
    float loss = rog_cross_entropy(2, 2, logits, targets, d);
    assert_true(fabs((double)loss - (first + 750) / 2) < 1e-4);
    double p = 1 / (1 + exp(1));
    assert_true(fabs((double)d[0] - (p - 0.25) / 2) < 1e-6);
    assert_true(fabs((double)d[1] + (p - 0.25) / 2) < 1e-6);
    assert_true(d[2] == 0.25f && d[3] == -0.25f);
}

/* Compared with torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True) on one
 * matrix: w = 1, gradients 0.5 then -0.25. */
static void sgd_as_pytorch(void **state)
{
    (void)state;
    struct rog_arch_tensor tensors[2] = {{.dims = 2, .size = 1},
                                         {.dims = 1, .size = 1, .offset = 1}};
    const struct rog_arch arch = {.params = 2, .tensor_count = 2, .tensors = tensors};
    const struct rog_sgd sgd = {.momentum = 0.9f, .weight_decay = 0.1f};
    float params[2] = {1, 1}, velocity[2] = {0, 0};
    rog_sgd_step(&sgd, &arch, 0.1f, (float[]){0.5f, 0.5f}, velocity, params);
    assert_true(fabsf(params[0] - 0.886f) < 1e-6f);
    assert_true(fabsf(params[1] - 0.905f) < 1e-6f); /* no decay */
    rog_sgd_step(&sgd, &arch, 0.1f, (float[]){-0.25f, -0.25f}, velocity, params);
    assert_true(fabsf(params[0] - 0.868066f) < 1e-6f);
    assert_true(fabsf(params[1] - 0.912f) < 1e-6f);
}

static void one_cycle(void **state)
{
    (void)state;
    assert_true(rog_one_cycle(2, 0.2, 0) == 0);
    assert_true(fabs(rog_one_cycle(2, 0.2, 0.1) - 1) < 1e-12);
    assert_true(fabs(rog_one_cycle(2, 0.2, 0.2) - 2) < 1e-12);
    assert_true(fabs(rog_one_cycle(2, 0.2, 0.6) - 1) < 1e-12);
    assert_true(fabs(rog_one_cycle(2, 0.2, 1)) < 1e-12);
    assert_true(fabs(rog_one_cycle(2, 0, 0) - 2) < 1e-12);
}

static void bad_use(void **state)
{
    (void)state;
    struct problem p;
    struct rog_net *net;
    struct rog_error err;
    float loss;
    problem_init(&p, 2);
    assert_int_equal(ROG_EINVAL, rog_net_new(&net, p.arch, 0, ROG_NET_INFER, &err));
    assert_null(net);
    assert_int_equal(ROG_EINVAL, rog_net_new(&net, p.arch, UINT32_MAX, ROG_NET_INFER, &err));
    assert_int_equal(ROG_EINVAL, rog_net_new_threads(&net, p.arch, 1, ROG_NET_INFER, 0, &err));
    net = net_of(&p, ROG_NET_INFER, 1);
    assert_int_equal(ROG_EINVAL, rog_net_gradients(net, p.params, p.buffers, p.images, p.targets,
                                                   &loss, p.grads, &err));
    rog_net_free(net);
    problem_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_is_deterministic),
        cmocka_unit_test(weights_are_arguments),
        cmocka_unit_test(threads_agree),
        cmocka_unit_test(two_networks_at_once),
        cmocka_unit_test(tiles_are_seamless),
        cmocka_unit_test(only_training_updates_statistics),
        cmocka_unit_test(gradient_is_the_slope),
        cmocka_unit_test(it_learns),
        cmocka_unit_test(cross_entropy),
        cmocka_unit_test(sgd_as_pytorch),
        cmocka_unit_test(one_cycle),
        cmocka_unit_test(bad_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
