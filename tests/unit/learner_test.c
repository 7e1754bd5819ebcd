/* SPDX-License-Identifier: Apache-2.0 */
/* The gradients of a virtual cluster's workers: the mean over local steps, each worker's own data,
 * and a loss that decreases along them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <trainer/data/dataset.h>
#include <trainer/data/sources.h>
#include <trainer/run/learner.h>

struct fixture {
    char folder[64];
    struct rog_run_config *config;
    struct rog_parts parts;
    struct rog_arch *arch;
    float *params, *buffers;
};

static const char settings[] =
    "{\"batch\":4,\"noise\":\"none\",\"contribution\":\"delta\","
    "\"local_optimizer\":\"adamw\",\"workers\":["
    "{\"rank\":1,\"step_s\":1,\"compress_s\":0,\"decompress_s\":0,\"watts_compute\":0,"
    "\"watts_communicate\":0,\"watts_stall\":0},"
    "{\"rank\":2,\"batch\":8,\"step_s\":1,\"compress_s\":0,\"decompress_s\":0,"
    "\"watts_compute\":0,\"watts_communicate\":0,\"watts_stall\":0}]}";

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err = {0};
    strcpy(f->folder, "/tmp/rog-learner-XXXXXX");
    /* Generated images are kept here and shared by all tests. */
    if (!mkdtemp(f->folder) || setenv("XDG_CACHE_HOME", f->folder, 1))
        return -1;
    if (rog_run_config_parse(&f->config, settings, sizeof settings - 1, "test", &err) ||
        rog_parts_init(&f->parts, f->config->json, &err) ||
        rog_arch_new(&f->arch, f->config->model, ROG_DATASET_CLASSES, 32, &err))
        fail_msg("%s", err.message);
    f->params = malloc(f->arch->params * sizeof *f->params);
    f->buffers = malloc(f->arch->buffers * sizeof *f->buffers);
    rog_arch_initialize(f->arch, 3, f->params, f->buffers);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rog_dir_remove(f->folder, NULL);
    rog_parts_release(&f->parts);
    rog_run_config_free(f->config);
    rog_arch_free(f->arch);
    free(f->params);
    free(f->buffers);
    free(f);
    return 0;
}

static struct rog_learner *make(const struct fixture *f)
{
    struct rog_learner *learner = NULL;
    struct rog_error err = {0};
    if (rog_learner_new(&learner, f->config, &f->parts, f->arch, f->buffers, &err))
        fail_msg("%s", err.message);
    return learner;
}

static const float *gradients(struct rog_learner *learner, const struct fixture *f, uint32_t worker,
                              uint32_t steps, double *loss)
{
    const float *result = NULL;
    struct rog_error err = {0};
    if (rog_learner_gradients(learner, worker, steps, f->params, &result, loss, &err))
        fail_msg("%s", err.message);
    return result;
}

static void the_mean_over_local_steps(void **state)
{
    const struct fixture *f = *state;
    struct rog_learner *together = make(f), *apart = make(f);
    assert_int_equal(rog_learner_batches(together, 0), 25000 / 4);
    assert_int_equal(rog_learner_batches(together, 1), 25000 / 8);
    double *mean = calloc(f->arch->params, sizeof *mean), loss_mean = 0, loss = 0;
    for (int step = 0; step < 3; step++) {
        const float *one = gradients(apart, f, 1, 1, &loss);
        for (uint64_t i = 0; i < f->arch->params; i++)
            mean[i] += (double)one[i] / 3;
        loss_mean += loss / 3;
    }
    const float *all = gradients(together, f, 1, 3, &loss);
    double largest = 0, worst = 0;
    for (uint64_t i = 0; i < f->arch->params; i++) {
        largest = fmax(largest, fabs(mean[i]));
        worst = fmax(worst, fabs(mean[i] - (double)all[i]));
    }
    assert_true(largest > 1e-4);
    assert_true(worst < 1e-5 * largest);
    assert_true(fabs(loss - loss_mean) < 1e-6);

    /* The other worker has other images, and drew none meanwhile. */
    const float *other = gradients(together, f, 0, 1, &loss);
    float kept = other[0];
    double again = 0;
    assert_true(gradients(apart, f, 0, 1, &again)[0] == kept);
    assert_true(loss == again);
    assert_true(fabs(loss - loss_mean) > 1e-9);
    free(mean);
    rog_learner_free(together);
    rog_learner_free(apart);
}

static void following_them_lowers_the_loss(void **state)
{
    const struct fixture *f = *state;
    struct rog_learner *learner = make(f);
    double first = 0, last = 0;
    for (int step = 0; step < 12; step++) {
        double loss = 0;
        const float *gradient = gradients(learner, f, 1, 4, &loss);
        for (uint64_t i = 0; i < f->arch->params; i++)
            f->params[i] -= 0.2f * gradient[i];
        first += step < 3 ? loss / 3 : 0;
        last += step >= 9 ? loss / 3 : 0;
    }
    if (!(last < first - 0.05))
        fail_msg("loss %.4f at first, %.4f at last", first, last);
    rog_learner_free(learner);
}

static void steps(struct rog_learner *learner, uint32_t count, float *params, double *loss)
{
    struct rog_error err = {0};
    if (rog_learner_steps(learner, 1, 1, count, params, loss, &err))
        fail_msg("%s", err.message);
}

struct kept {
    uint8_t *bytes;
    size_t size;
};

static int keep(void *user, const void *bytes, size_t size, struct rog_error *err)
{
    struct kept *kept = user;
    (void)err;
    kept->bytes = realloc(kept->bytes, kept->size + size);
    assert_non_null(kept->bytes);
    memcpy(kept->bytes + kept->size, bytes, size);
    kept->size += size;
    return 0;
}

/* Another learner that loads this one's state makes the same next step. */
static void goes_on(const struct fixture *f, struct rog_learner *learner, const float *from)
{
    size_t bytes = f->arch->params * sizeof(float);
    float *here = malloc(bytes), *there = malloc(bytes);
    struct kept kept = {0};
    struct rog_archive archive;
    struct rog_learner *other = make(f);
    double loss;
    memcpy(here, from, bytes);
    memcpy(there, from, bytes);
    rog_archive_save(&archive, keep, &kept);
    rog_learner_archive(learner, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    rog_archive_load(&archive, kept.bytes, kept.size);
    rog_learner_archive(other, &archive);
    assert_int_equal(rog_archive_end(&archive, NULL), 0);
    steps(learner, 1, here, &loss);
    steps(other, 1, there, &loss);
    assert_memory_equal(here, there, bytes);
    rog_learner_free(other);
    free(kept.bytes);
    free(here);
    free(there);
}

/* Each step begins where the previous one ended: three at once equal one after the other, and
 * another worker's are independent. */
static void local_steps(void **state)
{
    const struct fixture *f = *state;
    size_t bytes = f->arch->params * sizeof(float);
    float *together = malloc(bytes), *apart = malloc(bytes);
    double loss, sum = 0;
    memcpy(together, f->params, bytes);
    memcpy(apart, f->params, bytes);
    struct rog_learner *learner = make(f);
    steps(learner, 3, together, &loss);
    rog_learner_free(learner);
    learner = make(f);
    for (int step = 0; step < 3; step++) {
        double one;
        steps(learner, 1, apart, &one);
        sum += one / 3;
    }
    assert_memory_equal(together, apart, bytes);
    assert_true(memcmp(together, f->params, bytes) != 0);
    goes_on(f, learner, apart);
    assert_true(fabs(sum - loss) < 1e-12);
    rog_learner_free(learner);
    free(together);
    free(apart);
}

static void shards_smaller_than_a_batch(void **state)
{
    const struct fixture *f = *state;
    uint32_t kept = f->config->workers[1].batch;
    f->config->workers[1].batch = 25001;
    struct rog_learner *learner = NULL;
    struct rog_error err = {0};
    assert_int_equal(rog_learner_new(&learner, f->config, &f->parts, f->arch, f->buffers, &err),
                     ROG_EINVAL);
    assert_null(learner);
    assert_non_null(strstr(err.message, "worker 2 has a shard of 25000 images"));
    f->config->workers[1].batch = kept;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_over_local_steps),
        cmocka_unit_test(following_them_lowers_the_loss),
        cmocka_unit_test(local_steps),
        cmocka_unit_test(shards_smaller_than_a_batch),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
