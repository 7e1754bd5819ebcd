/* SPDX-License-Identifier: Apache-2.0 */
/* Noise: like OpenCV's, by hand, and seeded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/data/noise.h>

enum { HEIGHT = 24, WIDTH = 32, BYTES = HEIGHT * WIDTH * 3 };

/* The picture of tests/data/noise/make.py. */
static void draw_picture(uint8_t *pixels)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                *pixels++ =
                    (uint8_t)((7 * x + 5 * y + 40 * c + 120 * ((x / 5 + y / 4 + c) % 2)) % 256);
}

/* Every grey level, at both ends of the drawn ranges and in between. */
static void test_matches_opencv(void **state)
{
    (void)state;
    const char *folder = getenv("ROG_TEST_DATA");
    assert_non_null(folder);
    char path[1024], name[32];
    snprintf(path, sizeof path, "%s/noise/opencv.bin", folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);

    uint8_t picture[BYTES], expected[BYTES], found[BYTES];
    draw_picture(picture);
    int cases = 0;
    double value;
    while (fscanf(file, "%31s %lf", name, &value) == 2) {
        assert_int_equal(getc(file), '\n');
        assert_int_equal(fread(expected, sizeof expected, 1, file), 1);
        struct rog_error err;
        assert_int_equal(rog_noise_transform(name, value, picture, HEIGHT, WIDTH, found, &err), 0);
        int worst = 0;
        for (int i = 0; i < BYTES; i++)
            worst = abs(expected[i] - found[i]) > worst ? abs(expected[i] - found[i]) : worst;
        if (worst > 0)
            fail_msg("%s %g is off by %d grey levels", name, value, worst);
        cases++;
    }
    fclose(file);
    assert_int_equal(cases, 35);
}

/* Transforms four equal rows of pixels with equal channels; returns the third row of the result. */
static void transform_row(const char *name, double value, const uint8_t row[4], uint8_t result[4])
{
    uint8_t pixels[4 * 4 * 3], out[4 * 4 * 3];
    struct rog_error err;
    for (int i = 0; i < 4 * 4 * 3; i++)
        pixels[i] = row[i / 3 % 4];
    assert_int_equal(rog_noise_transform(name, value, pixels, 4, 4, out, &err), 0);
    for (int i = 2 * 12; i < 3 * 12; i++) {
        assert_int_equal(out[i], out[i - i % 3]);
        result[i / 3 % 4] = out[i];
    }
}

static void test_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double value;
        uint8_t row[4], expected[4];
    } cases[] = {
        {"brightness", 60, {0, 100, 200, 255}, {60, 160, 255, 255}},
        {"contrast", 2.5, {0, 1, 100, 200}, {0, 2, 250, 255}},     /* 2.5 goes to even */
        {"translation", 0.25, {10, 20, 30, 40}, {0, 10, 20, 30}},  /* one pixel, black is shifted
                                                                      in */
        {"translation", 0.125, {10, 20, 30, 40}, {5, 15, 25, 35}}, /* half a pixel */
        {"blur", 3, {0, 90, 0, 30}, {60, 30, 40, 10}},      /* mirrored: 90 0 90, .. 0 30 0 */
        {"blur", 2, {0, 90, 0, 30}, {45, 45, 45, 15}},      /* the pixel and the previous one */
        {"blur", -3, {0, 80, 0, 40}, {40, 40, 30, 20}},     /* 1/4 1/2 1/4 */
        {"scale", 2.0, {10, 20, 30, 40}, {20, 25, 30, 35}}, /* about pixel 2 */
        {"rotation", 0.0, {10, 20, 30, 40}, {10, 20, 30, 40}},
        {"shear", 0.0, {10, 20, 30, 40}, {10, 20, 30, 40}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t found[4];
        transform_row(cases[i].name, cases[i].value, cases[i].row, found);
        for (int x = 0; x < 4; x++)
            if (found[x] != cases[i].expected[x])
                fail_msg("%s %g, pixel %d: %d instead of %d", cases[i].name, cases[i].value, x,
                         found[x], cases[i].expected[x]);
    }
}

/* The grey levels of the row above the centre, with one pixel lit to the right of the centre: a
 * quarter turn counter-clockwise is out of range, 45 degrees move it up and to the left. */
static void test_rotation_is_counter_clockwise(void **state)
{
    (void)state;
    uint8_t pixels[9 * 9 * 3] = {0}, out[9 * 9 * 3];
    for (int c = 0; c < 3; c++)
        pixels[(4 * 9 + 8) * 3 + c] = 255;
    struct rog_error err;
    assert_int_equal(rog_noise_transform("rotation", 45, pixels, 9, 9, out, &err), 0);
    int above = 0, below = 0;
    for (int i = 0; i < 9 * 9; i++)
        *(i / 9 < 4 ? &above : &below) += out[3 * i];
    assert_true(above > 200);
    assert_int_equal(below, 0);
}

static void test_refuses(void **state)
{
    (void)state;
    uint8_t pixels[3] = {0}, out[3];
    struct rog_error err;
    assert_int_equal(rog_noise_transform("rotation", 46, pixels, 1, 1, out, &err), ROG_EINVAL);
    assert_string_equal(err.message, "rotation must be -45 to 45 (found 46)");
    assert_int_equal(rog_noise_transform("melt", 1, pixels, 1, 1, out, &err), ROG_EINVAL);
    assert_int_equal(rog_noise_transform("blur", 3, pixels, 0, 1, out, &err), ROG_EINVAL);
    assert_int_equal(rog_noise_check("mixd", &err), ROG_EINVAL);
    assert_string_equal(err.message, "unknown noise \"mixd\"; known: none, blur, brightness, "
                                     "contrast, translation, scale, shear, rotation, mixed");
    assert_int_equal(rog_noise_check("none", &err), 0);
    assert_int_equal(rog_noise_check("mixed", &err), 0);
}

static struct rog_dataset *grey_images(uint32_t count)
{
    struct rog_dataset *dataset = NULL;
    struct rog_error err;
    assert_int_equal(rog_dataset_new(&dataset, count, 10, 8, 8, &err), 0);
    for (uint64_t i = 0; i < rog_dataset_bytes(dataset); i++)
        dataset->pixels[i] = (uint8_t)(60 + i % 192 / 3);
    assert_int_equal(rog_dataset_seal(dataset, &err), 0);
    return dataset;
}

static void test_is_seeded(void **state)
{
    (void)state;
    struct rog_error err;
    struct rog_dataset *a = grey_images(50), *b = grey_images(50), *c = grey_images(50);
    char clean[65];
    strcpy(clean, a->sha256);
    assert_int_equal(rog_noise_apply(a, "none", 7, &err), 0);
    assert_string_equal(a->sha256, clean);
    assert_int_equal(rog_noise_apply(a, "mixed", 7, &err), 0);
    assert_int_equal(rog_noise_apply(b, "mixed", 7, &err), 0);
    assert_int_equal(rog_noise_apply(c, "mixed", 8, &err), 0);
    assert_string_not_equal(a->sha256, clean);
    assert_string_equal(a->sha256, b->sha256);
    assert_string_not_equal(a->sha256, c->sha256);

    /* Each image is transformed independently: a part of the set gets the same as in the whole set.
     */
    struct rog_dataset *part = grey_images(20);
    assert_int_equal(rog_noise_apply(part, "mixed", 7, &err), 0);
    assert_memory_equal(part->pixels, a->pixels, rog_dataset_bytes(part));
    rog_dataset_free(a);
    rog_dataset_free(b);
    rog_dataset_free(c);
    rog_dataset_free(part);
}

/* Every kind changes images, and "mixed" draws all seven about equally often: brightness, the only
 * one that keeps all differences between grey levels, is one of them. */
static void test_mixed_draws_all(void **state)
{
    (void)state;
    static const char *const names[] = {"blur",  "brightness", "contrast", "translation",
                                        "scale", "shear",      "rotation"};
    struct rog_error err;
    for (size_t n = 0; n < 7; n++) {
        struct rog_dataset *clean = grey_images(10), *noisy = grey_images(10);
        assert_int_equal(rog_noise_apply(noisy, names[n], 1, &err), 0);
        for (uint32_t i = 0; i < clean->count; i++)
            assert_memory_not_equal(clean->pixels + i * 192, noisy->pixels + i * 192, 192);
        rog_dataset_free(clean);
        rog_dataset_free(noisy);
    }
    struct rog_dataset *mixed = grey_images(1400);
    assert_int_equal(rog_noise_apply(mixed, "mixed", 1, &err), 0);
    int brightened = 0;
    for (uint32_t i = 0; i < mixed->count; i++) {
        const uint8_t *p = mixed->pixels + i * 192;
        int steps = 0;
        for (int k = 0; k < 64; k++)
            steps += p[3 * k] == p[0] + k;
        brightened += p[0] > 60 && steps == 64;
    }
    assert_in_range(brightened, 160, 240);
    rog_dataset_free(mixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches_opencv),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_rotation_is_counter_clockwise),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_is_seeded),
        cmocka_unit_test(test_mixed_draws_all),
    };
    return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
