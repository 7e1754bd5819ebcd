/* SPDX-License-Identifier: Apache-2.0 */
/* synth100: the same bytes everywhere, and varied pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/data/synth.h>

/* The whole data set, the same on every machine. The hashes change with ROG_SYNTH_VERSION. */
#define TRAIN_SHA256 "1f59e74e66b94b508715778397a53cb8674e04d633bc8ea60ada5741f5747830"
#define TEST_SHA256 "f1ba7893b6035ba115b257b75c13577dcf2a7b0dbe40170e8fab89c8c3f4ca5e"

static struct rog_dataset *draw(enum rog_split split, uint32_t per_class)
{
    struct rog_dataset *dataset = NULL;
    struct rog_error err;
    assert_int_equal(rog_synth_draw(&dataset, split, per_class, &err), 0);
    assert_int_equal(dataset->count, per_class * 100);
    assert_int_equal(dataset->classes, 100);
    return dataset;
}

static const uint8_t *image(const struct rog_dataset *dataset, uint32_t index)
{
    return dataset->pixels + (size_t)index * 3072;
}

/* FNV-1a; only to find candidates for a comparison. */
static uint64_t digest(const uint8_t *bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 3072; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return h;
}

static int by_digest(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void test_whole_data_set(void **state)
{
    (void)state;
    struct rog_dataset *train = draw(ROG_SPLIT_TRAIN, ROG_SYNTH_TRAIN_PER_CLASS);
    struct rog_dataset *test = draw(ROG_SPLIT_TEST, ROG_SYNTH_TEST_PER_CLASS);
    assert_string_equal(train->sha256, TRAIN_SHA256);
    assert_string_equal(test->sha256, TEST_SHA256);

    /* No image occurs twice, in either split. */
    uint32_t count = train->count + test->count;
    uint64_t *digests = calloc(count, sizeof *digests);
    assert_non_null(digests);
    for (uint32_t i = 0; i < count; i++)
        digests[i] = digest(i < train->count ? image(train, i) : image(test, i - train->count));
    qsort(digests, count, sizeof *digests, by_digest);
    for (uint32_t i = 1; i < count; i++)
        assert_true(digests[i] != digests[i - 1]);
    free(digests);
    rog_dataset_free(train);
    rog_dataset_free(test);
}

static void test_labels(void **state)
{
    (void)state;
    struct rog_dataset *d = draw(ROG_SPLIT_TRAIN, 7);
    uint32_t counts[100] = {0}, in_order = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        assert_in_range(d->labels[i], 0, 99);
        counts[d->labels[i]]++;
        in_order += i && d->labels[i] == (d->labels[i - 1] + 1) % 100;
    }
    for (int c = 0; c < 100; c++)
        assert_int_equal(counts[c], 7);
    assert_true(in_order < 30); /* shuffled */
    rog_dataset_free(d);
}

/* The pictures are neither blank nor all similar: each has many grey levels, and images of one
 * class differ from each other. */
static void test_pictures_vary(void **state)
{
    (void)state;
    struct rog_dataset *d = draw(ROG_SPLIT_TEST, 3);
    for (uint32_t i = 0; i < d->count; i++) {
        uint8_t least = 255, most = 0;
        for (int k = 0; k < 3072; k++) {
            least = image(d, i)[k] < least ? image(d, i)[k] : least;
            most = image(d, i)[k] > most ? image(d, i)[k] : most;
        }
        assert_true(most - least > 25);
        for (uint32_t j = 0; j < i; j++) {
            if (d->labels[j] != d->labels[i])
                continue;
            uint64_t difference = 0;
            for (int k = 0; k < 3072; k++)
                difference += (uint64_t)abs(image(d, i)[k] - image(d, j)[k]);
            assert_true(difference > 3072 * 5);
        }
    }
    rog_dataset_free(d);
}

static void test_too_many(void **state)
{
    (void)state;
    struct rog_dataset *d = NULL;
    struct rog_error err;
    assert_int_equal(rog_synth_draw(&d, ROG_SPLIT_TEST, 0, &err), ROG_EINVAL);
    assert_int_equal(rog_synth_draw(&d, ROG_SPLIT_TEST, 4000000000u, &err), ROG_EINVAL);
    assert_int_equal(rog_synth_draw(&d, ROG_SPLIT_TEST, 40000000u, &err), ROG_EINVAL);
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_data_set),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_pictures_vary),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests_name("synth", tests, NULL, NULL);
}
