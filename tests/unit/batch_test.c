/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: every image once per epoch, mixed, augmented, seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/data/batch.h>

/* Images of a single grey level, which is the number of the image; labels i % classes. */
static struct rog_dataset *grey(uint32_t count, uint32_t classes, uint32_t edge)
{
    struct rog_dataset *d = NULL;
    struct rog_error err;
    assert_int_equal(rog_dataset_new(&d, count, classes, edge, edge, &err), 0);
    size_t bytes = (size_t)edge * edge * 3;
    for (uint32_t i = 0; i < count; i++) {
        d->labels[i] = (uint16_t)(i % classes);
        memset(d->pixels + i * bytes, (int)i, bytes);
    }
    return d;
}

static struct rog_sampler *sampler_of(const struct rog_dataset *d, uint32_t count,
                                      struct rog_batch_options options, uint64_t seed)
{
    struct rog_sampler *sampler = NULL;
    struct rog_error err;
    uint32_t indices[256];
    assert_in_range(count, 1, 256);
    for (uint32_t i = 0; i < count; i++)
        indices[i] = i;
    assert_int_equal(rog_sampler_new(&sampler, d, indices, count, &options, seed, "test", 0, &err),
                     0);
    return sampler;
}

/* Returns the grey level of a normalized value. */
static int level_of(float value, int channel)
{
    static const double mean[3] = {0.5071, 0.4865, 0.4409}, deviation[3] = {0.2673, 0.2564, 0.2762};
    return (int)lrint((value * deviation[channel] + mean[channel]) * 255);
}

static void test_each_image_once_an_epoch(void **state)
{
    (void)state;
    enum { COUNT = 50, BATCH = 8, EDGE = 4, PIXELS = EDGE * EDGE * 3 };
    struct rog_dataset *d = grey(COUNT, 10, EDGE);
    struct rog_sampler *s =
        sampler_of(d, COUNT, (struct rog_batch_options){.batch = BATCH, .image_size = EDGE}, 1);
    float images[BATCH * PIXELS], targets[BATCH * 10];
    int first_epoch[48], same_place = 0;
    assert_int_equal(rog_sampler_batches(s), 6);
    for (int epoch = 0; epoch < 3; epoch++) {
        int seen[COUNT] = {0};
        for (int b = 0; b < 6; b++) {
            rog_sampler_next(s, images, targets);
            for (int i = 0; i < BATCH; i++) {
                int level = level_of(images[i * PIXELS], 0);
                for (int k = 0; k < PIXELS; k++)
                    assert_int_equal(level_of(images[i * PIXELS + k], k % 3), level);
                assert_in_range(level, 0, COUNT - 1);
                assert_int_equal(seen[level]++, 0);
                for (int c = 0; c < 10; c++)
                    assert_true(targets[i * 10 + c] == (c == level % 10 ? 1.0f : 0.0f));
                if (!epoch)
                    first_epoch[b * BATCH + i] = level;
                else
                    same_place += first_epoch[b * BATCH + i] == level;
            }
        }
    }
    assert_in_range(same_place, 0, 10); /* each epoch is shuffled again */
    rog_sampler_free(s);
    rog_dataset_free(d);
}

static void test_published_epoch(void **state)
{
    (void)state;
    struct rog_dataset *d = grey(50000, 100, 1);
    uint32_t *indices = NULL, count = 0;
    struct rog_error err;
    assert_int_equal(rog_dataset_shard(d, 4, 2, &indices, &count, &err), 0);
    struct rog_sampler *s = NULL;
    const struct rog_batch_options options = {.batch = 24, .image_size = 1};
    assert_int_equal(rog_sampler_new(&s, d, indices, count, &options, 1, "w", 3, &err), 0);
    assert_int_equal(rog_sampler_batches(s), 520);
    rog_sampler_free(s);
    free(indices);
    rog_dataset_free(d);
}

static void test_soft_targets(void **state)
{
    (void)state;
    enum { BATCH = 16, EDGE = 2, PIXELS = EDGE * EDGE * 3, CLASSES = 20 };
    struct rog_dataset *d = grey(200, CLASSES, EDGE);
    struct rog_sampler *s =
        sampler_of(d, 200,
                   (struct rog_batch_options){
                       .batch = BATCH, .image_size = EDGE, .label_smoothing = 0.1, .mixup = 0.8},
                   5);
    float images[BATCH * PIXELS], targets[BATCH * CLASSES];
    int mixed = 0;
    double shares = 0;
    for (int b = 0; b < 400; b++) {
        rog_sampler_next(s, images, targets);
        double batch_share = -1;
        for (int i = 0; i < BATCH; i++) {
            double sum = 0, largest = 0;
            int above = 0;
            for (int c = 0; c < CLASSES; c++) {
                double t = targets[i * CLASSES + c];
                sum += t;
                assert_true(t >= 0.1 / CLASSES - 1e-6);
                above += t > 0.1 / CLASSES + 1e-6;
                largest = t > largest ? t : largest;
            }
            assert_true(fabs(sum - 1) < 1e-5);
            assert_in_range(above, 1, 2);
            if (above == 2) {
                double share = (largest - 0.1 / CLASSES) / 0.9;
                if (batch_share >= 0) /* one lambda for the batch */
                    assert_true(fabs(share - batch_share) < 1e-4);
                batch_share = share;
                mixed++;
            }
        }
        shares += batch_share;
    }
    assert_true(mixed > 400 * BATCH / 2);
    /* E max(l, 1 - l) for l ~ Beta(0.8, 0.8) is 0.77. */
    assert_true(fabs(shares / 400 - 0.77) < 0.03);
    rog_sampler_free(s);
    rog_dataset_free(d);
}

/* The mixed image is lambda a + (1 - lambda) b of the images whose labels are in the targets. */
static void test_mixed_images_match_targets(void **state)
{
    (void)state;
    enum { BATCH = 10, PIXELS = 3, CLASSES = 250 };
    struct rog_dataset *d = grey(CLASSES, CLASSES, 1); /* label = grey level */
    struct rog_sampler *s = sampler_of(
        d, CLASSES, (struct rog_batch_options){.batch = BATCH, .image_size = 1, .mixup = 1.0}, 9);
    float images[BATCH * PIXELS], targets[BATCH * CLASSES];
    for (int b = 0; b < 100; b++) {
        rog_sampler_next(s, images, targets);
        for (int i = 0; i < BATCH; i++) {
            double level = 0;
            for (int c = 0; c < CLASSES; c++)
                level += (double)targets[i * CLASSES + c] * c;
            double found = ((double)images[i * PIXELS] * 0.2673 + 0.5071) * 255;
            assert_true(fabs(found - level) < 0.01);
        }
    }
    rog_sampler_free(s);
    rog_dataset_free(d);
}

static void test_seeded(void **state)
{
    (void)state;
    enum { BATCH = 4, EDGE = 8, PIXELS = EDGE * EDGE * 3, CLASSES = 5 };
    struct rog_dataset *d = grey(40, CLASSES, EDGE);
    const struct rog_batch_options options = {
        .batch = BATCH, .image_size = EDGE, .mixup = 0.5, .augment = true};
    struct rog_sampler *a = sampler_of(d, 40, options, 1), *b = sampler_of(d, 40, options, 1);
    struct rog_sampler *other = sampler_of(d, 40, options, 2);
    float images[3][BATCH * PIXELS], targets[3][BATCH * CLASSES];
    int differ = 0;
    for (int i = 0; i < 30; i++) {
        rog_sampler_next(a, images[0], targets[0]);
        rog_sampler_next(b, images[1], targets[1]);
        rog_sampler_next(other, images[2], targets[2]);
        assert_memory_equal(images[0], images[1], sizeof images[0]);
        assert_memory_equal(targets[0], targets[1], sizeof targets[0]);
        differ += memcmp(images[0], images[2], sizeof images[0]) != 0;
    }
    assert_true(differ > 25);
    rog_sampler_free(a);
    rog_sampler_free(b);
    rog_sampler_free(other);
    rog_dataset_free(d);
}

/* An image with one lit pixel, 4 from the left: flips move it to 4 from the right, shifts by at
 * most 2 in each direction. */
static void test_augmentation(void **state)
{
    (void)state;
    enum { EDGE = 32, PIXELS = EDGE * EDGE * 3 };
    struct rog_dataset *d = grey(1, 1, EDGE);
    memset(d->pixels, 0, PIXELS);
    d->pixels[(16 * EDGE + 4) * 3] = 255;
    struct rog_sampler *s = sampler_of(
        d, 1, (struct rog_batch_options){.batch = 1, .image_size = EDGE, .augment = true}, 3);
    static float images[PIXELS];
    float target[1];
    int left[5] = {0}, right[5] = {0}, down[5] = {0};
    for (int n = 0; n < 1000; n++) {
        int lit = 0;
        rog_sampler_next(s, images, target);
        for (int p = 0; p < EDGE * EDGE; p++) {
            if (level_of(images[3 * p], 0) != 255)
                continue;
            lit++;
            int x = p % EDGE, y = p / EDGE;
            assert_in_range(y, 14, 18);
            down[y - 14]++;
            if (x < 16) {
                assert_in_range(x, 2, 6);
                left[x - 2]++;
            } else {
                assert_in_range(x, 25, 29);
                right[x - 25]++;
            }
        }
        assert_int_equal(lit, 1);
    }
    for (int i = 0; i < 5; i++) {
        assert_in_range(left[i], 60, 140);
        assert_in_range(right[i], 60, 140);
        assert_in_range(down[i], 140, 260);
    }
    rog_sampler_free(s);
    rog_dataset_free(d);
}

static void test_plain_and_resized(void **state)
{
    (void)state;
    struct rog_dataset *d = grey(3, 3, 2);
    static const uint8_t picture[4] = {0, 100, 200, 40};
    for (int p = 0; p < 4; p++)
        memset(d->pixels + 12 + 3 * p, picture[p], 3);
    float images[2 * 4 * 4 * 3];
    rog_batch_plain(d, 1, 2, 2, images);
    for (int p = 0; p < 4; p++)
        for (int c = 0; c < 3; c++) {
            assert_int_equal(level_of(images[3 * p + c], c), picture[p]);
            assert_int_equal(level_of(images[12 + 3 * p + c], c), 2);
        }
    /* Doubled, half-pixel centres: 0 25 75 100 horizontally, and the same vertically. */
    rog_batch_plain(d, 1, 1, 4, images);
    static const int expected[16] = {0,   25,  75, 100, 50,  59,  76, 85,
                                     150, 126, 79, 55,  200, 160, 80, 40};
    for (int p = 0; p < 16; p++)
        assert_true(abs(level_of(images[3 * p], 0) - expected[p]) <= 1);
    rog_dataset_free(d);
}

static void test_refuses(void **state)
{
    (void)state;
    struct rog_dataset *d = grey(5, 5, 2);
    struct rog_sampler *s = NULL;
    struct rog_error err;
    const uint32_t indices[4] = {0, 1, 2, 5};
    struct rog_batch_options options = {.batch = 4, .image_size = 2};
    assert_int_equal(rog_sampler_new(&s, d, indices, 4, &options, 1, "t", 0, &err), ROG_EINVAL);
    assert_string_equal(err.message, "image 5 of 5 does not exist");
    assert_int_equal(rog_sampler_new(&s, d, indices, 3, &options, 1, "t", 0, &err), ROG_EINVAL);
    assert_string_equal(err.message, "cannot draw a batch of 4 images from 3 images");
    options.batch = 0;
    assert_int_equal(rog_sampler_new(&s, d, indices, 3, &options, 1, "t", 0, &err), ROG_EINVAL);
    assert_null(s);
    rog_dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_image_once_an_epoch),
        cmocka_unit_test(test_published_epoch),
        cmocka_unit_test(test_soft_targets),
        cmocka_unit_test(test_mixed_images_match_targets),
        cmocka_unit_test(test_seeded),
        cmocka_unit_test(test_augmentation),
        cmocka_unit_test(test_plain_and_resized),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
