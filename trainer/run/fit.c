/* SPDX-License-Identifier: Apache-2.0 */
/* Trains a network from scratch on this machine. */
#include <trainer/run/fit.h>

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <trainer/data/batch.h>
#include <trainer/nn/net.h>
#include <trainer/nn/sgd.h>

#define MOMENTUM 0.9f
#define WEIGHT_DECAY 5e-4f
#define LABEL_SMOOTHING 0.1
#define WARM_UP 0.2 /* share of the steps in which the rate rises */
#define REPORT_PERIOD_S 1.0

/* ---- two halves of a batch in parallel ---- */

/*
 * Each half has its own network and batch statistics, so that the gradient is a sum of two
 * independent parts: two processors share the work without waiting inside a layer, and the result
 * is the same on one processor.
 */
#define HALVES 2

struct half {
    struct rog_net *net;
    uint32_t batch;
    float share;                   /* fraction of the whole batch */
    float *buffers, *grads;        /* its running statistics; its gradient */
    const float *images, *targets; /* its part of the batch */
    const float *params;
    float loss;
    int code;
    struct rog_error error;
};

struct crew {
    struct half halves[HALVES];
    pthread_t helper; /* computes the second half */
    pthread_barrier_t begin, end;
    bool running, stop;
    int threads;         /* OpenMP threads of each half */
    int callers_threads; /* the caller's number of threads; 0 before it was changed */
};

static void compute_half(struct half *half)
{
    half->code = rog_net_gradients(half->net, half->params, half->buffers, half->images,
                                   half->targets, &half->loss, half->grads, &half->error);
}

static void *help(void *argument)
{
    struct crew *crew = argument;
    omp_set_num_threads(crew->threads);
    for (;;) {
        pthread_barrier_wait(&crew->begin);
        if (crew->stop)
            return NULL;
        compute_half(&crew->halves[1]);
        pthread_barrier_wait(&crew->end);
    }
}

static void crew_release(struct crew *crew)
{
    if (crew->running) {
        crew->stop = true;
        pthread_barrier_wait(&crew->begin);
        pthread_join(crew->helper, NULL);
        pthread_barrier_destroy(&crew->begin);
        pthread_barrier_destroy(&crew->end);
        crew->running = false;
    }
    for (int h = 0; h < HALVES; h++) {
        rog_net_free(crew->halves[h].net);
        free(crew->halves[h].buffers);
        free(crew->halves[h].grads);
    }
    if (crew->callers_threads)
        omp_set_num_threads(crew->callers_threads);
}

static int crew_start(struct crew *crew, struct rog_error *err)
{
    pthread_barrier_init(&crew->begin, NULL, HALVES);
    pthread_barrier_init(&crew->end, NULL, HALVES);
    int cause = pthread_create(&crew->helper, NULL, help, crew);
    if (cause) {
        pthread_barrier_destroy(&crew->begin);
        pthread_barrier_destroy(&crew->end);
        return rog_fail(err, ROG_EFAILED, "cannot start a thread for training: %s",
                        strerror(cause));
    }
    crew->running = true;
    return ROG_OK;
}

static int crew_init(struct crew *crew, const struct rog_arch *arch, uint32_t batch,
                     const float *params, const float *buffers, struct rog_error *err)
{
    crew->callers_threads = omp_get_max_threads();
    crew->threads = crew->callers_threads > HALVES ? crew->callers_threads / HALVES : 1;
    omp_set_num_threads(crew->threads);
    for (int h = 0; h < HALVES; h++) {
        struct half *half = &crew->halves[h];
        half->batch = h ? batch - batch / HALVES : batch / HALVES;
        half->share = (float)half->batch / (float)batch;
        int code = rog_net_new(&half->net, arch, half->batch, ROG_NET_TRAIN, err);
        if (code)
            return code;
        half->params = params;
        half->buffers = calloc(arch->buffers + 1, sizeof(float));
        half->grads = calloc(arch->params, sizeof(float));
        if (!half->buffers || !half->grads)
            return rog_fail_nomem(err);
        memcpy(half->buffers, buffers, arch->buffers * sizeof(float));
    }
    return crew_start(crew, err);
}

/* Computes both halves of one batch. */
static int crew_compute(struct crew *crew, const float *images, const float *targets,
                        const struct rog_arch *arch, struct rog_error *err)
{
    size_t image_floats = (size_t)arch->image_size * arch->image_size * 3;
    for (int h = 0; h < HALVES; h++) {
        struct half *half = &crew->halves[h];
        half->images = images;
        half->targets = targets;
        images += half->batch * image_floats;
        targets += (size_t)half->batch * arch->classes;
    }
    pthread_barrier_wait(&crew->begin);
    compute_half(&crew->halves[0]);
    pthread_barrier_wait(&crew->end);
    for (int h = 0; h < HALVES; h++)
        if (crew->halves[h].code)
            return rog_fail_again(err, &crew->halves[h].error);
    return ROG_OK;
}

/* ---- training ---- */

struct training {
    const struct rog_dataset *dataset;
    const struct rog_arch *arch;
    const struct rog_fit_options *options;
    rog_fit_watch watch;
    void *user;
    struct rog_sampler *sampler;
    struct crew crew;
    float *params, *buffers; /* owned by the caller */
    float *velocity, *images, *targets;
    double begin_s, reported_s, loss_sum;
    uint32_t loss_count;
};

static void training_release(struct training *training)
{
    crew_release(&training->crew);
    rog_sampler_free(training->sampler);
    free(training->velocity);
    free(training->images);
    free(training->targets);
}

static int training_sampler(struct training *training, struct rog_error *err)
{
    uint32_t *everything = NULL, count = 0;
    int code = rog_dataset_shard(training->dataset, 1, 0, &everything, &count, err);
    if (code)
        return code;
    const struct rog_batch_options options = {
        .batch = training->options->batch,
        .image_size = training->arch->image_size,
        .label_smoothing = LABEL_SMOOTHING,
        .augment = true,
    };
    code = rog_sampler_new(&training->sampler, training->dataset, everything, count, &options,
                           training->options->seed, "fit", 0, err);
    free(everything);
    return code;
}

static int training_init(struct training *training, struct rog_error *err)
{
    const struct rog_arch *arch = training->arch;
    uint32_t batch = training->options->batch;
    if (batch < HALVES || !training->options->epochs || arch->classes != training->dataset->classes)
        return rog_fail(err, ROG_EINVAL,
                        "cannot train %s for %u classes on %u classes, %u epochs in batches of %u",
                        arch->name, arch->classes, training->dataset->classes,
                        training->options->epochs, batch);
    int code = training_sampler(training, err);
    if (!code)
        code = crew_init(&training->crew, arch, batch, training->params, training->buffers, err);
    if (code)
        return code;
    size_t pixels = (size_t)arch->image_size * arch->image_size;
    training->velocity = calloc(arch->params, sizeof(float));
    training->images = calloc(batch * pixels * 3, sizeof(float));
    training->targets = calloc((size_t)batch * arch->classes, sizeof(float));
    if (!training->velocity || !training->images || !training->targets)
        return rog_fail_nomem(err);
    return ROG_OK;
}

/* Computes the whole batch's gradient in the first half's array. */
static const float *merge_gradients(struct training *training)
{
    const struct half *a = &training->crew.halves[0], *b = &training->crew.halves[1];
    for (uint64_t i = 0; i < training->arch->params; i++)
        a->grads[i] = a->share * a->grads[i] + b->share * b->grads[i];
    return a->grads;
}

/* Sets the running statistics of both halves to their mean. */
static void merge_statistics(struct training *training)
{
    float *a = training->crew.halves[0].buffers, *b = training->crew.halves[1].buffers;
    for (uint64_t i = 0; i < training->arch->buffers; i++)
        training->buffers[i] = a[i] = b[i] = 0.5f * (a[i] + b[i]);
}

static int report(struct training *training, uint64_t step, uint64_t steps, struct rog_error *err)
{
    double now_s = rog_clock_s();
    if (!training->watch || (now_s - training->reported_s < REPORT_PERIOD_S && step < steps))
        return ROG_OK;
    uint32_t epochs = training->options->epochs;
    const struct rog_fit_progress progress = {
        .done = (double)step / (double)steps,
        .epoch = (uint32_t)((step - 1) * epochs / steps) + 1,
        .epochs = epochs,
        .loss = training->loss_count ? training->loss_sum / training->loss_count : 0,
        .wall_s = now_s - training->begin_s,
    };
    training->reported_s = now_s;
    training->loss_sum = 0;
    training->loss_count = 0;
    if (training->watch(training->user, &progress))
        return rog_fail(err, ROG_EINTR, "the training was interrupted");
    return ROG_OK;
}

static int train_steps(struct training *training, struct rog_error *err)
{
    const struct rog_sgd sgd = {.momentum = MOMENTUM, .weight_decay = WEIGHT_DECAY};
    double peak = training->options->learning_rate;
    uint64_t steps = (uint64_t)training->options->epochs * rog_sampler_batches(training->sampler);
    for (uint64_t step = 0; step < steps; step++) {
        rog_sampler_next(training->sampler, training->images, training->targets);
        int code =
            crew_compute(&training->crew, training->images, training->targets, training->arch, err);
        if (code)
            return code;
        const struct half *a = &training->crew.halves[0], *b = &training->crew.halves[1];
        float loss = a->share * a->loss + b->share * b->loss;
        if (!isfinite(loss))
            return rog_fail(err, ROG_EFAILED,
                            "the training diverged at step %llu of %llu: the loss is not finite; "
                            "the learning rate %g is too large",
                            (unsigned long long)step, (unsigned long long)steps, peak);
        training->loss_sum += loss;
        training->loss_count++;
        double rate = rog_one_cycle(peak, WARM_UP, ((double)step + 1) / ((double)steps + 1));
        rog_sgd_step(&sgd, training->arch, (float)rate, merge_gradients(training),
                     training->velocity, training->params);
        merge_statistics(training);
        code = report(training, step + 1, steps, err);
        if (code)
            return code;
    }
    return ROG_OK;
}

int rog_fit(const struct rog_dataset *dataset, const struct rog_arch *arch,
            const struct rog_fit_options *options, rog_fit_watch watch, void *user, float *params,
            float *buffers, struct rog_error *err)
{
    struct training training = {
        .dataset = dataset,
        .arch = arch,
        .options = options,
        .watch = watch,
        .user = user,
        .params = params,
        .buffers = buffers,
        .begin_s = rog_clock_s(),
    };
    training.reported_s = training.begin_s;
    int code = training_init(&training, err);
    if (!code)
        code = train_steps(&training, err);
    training_release(&training);
    return code;
}
