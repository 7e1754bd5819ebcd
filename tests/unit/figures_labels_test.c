/* SPDX-License-Identifier: Apache-2.0 */
/* With any label, every panel is drawn and readable, shows the label and nothing else, and differs
 * from the figure with plain labels only where the labels are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/png.h>
#include <common/process.h>
#include <common/rng.h>
#include <orchestrator/figures/figures.h>

#include "figures_fixture.h"

#define LABEL_BYTES 512
#define LABELS 10 /* per figure */
#define NEAR 14   /* pixels around a label: a seventh of its height */
#define ROUNDS 4  /* figures with random labels */
#define LONGEST "the longest label of all, as wide as it takes: WWWWWWWWWW"

static const char *const panels[] = {"average-time-composition", "statistical-efficiency",
                                     "training-accuracy-against-wall-clock-time",
                                     "energy-consumption-against-training-accuracy"};
#define PANELS (sizeof panels / sizeof *panels)

static void need_gnuplot(void)
{
    if (rog_program_exists("gnuplot"))
        return;
    print_message("gnuplot is not installed: nothing is drawn\n");
    skip();
}

static void add_case(struct fixture *f, const char *name, const char (*notes)[LABEL_BYTES],
                     size_t count)
{
    fixture_case(f, name, "1", 64);
    for (size_t i = 0; i < count; i++) {
        char *id = rog_format("%s run %zu\n\n\n0 99", name, i); /* also appears in the data
                                                                   beside the figure */
        fixture_run_add(
            f, &(struct fixture_run){name, id, "ROG", notes[i], (int64_t)i + 1, 1, 1, 20, 20, 12});
        free(id);
    }
}

static void draw(struct fixture *f, const char *name, const char *formats)
{
    struct rog_error err;
    const struct rog_figures_options options = {.plots = f->plots, .formats = formats};
    if (rog_figures_draw_case(f->db, name, &options, &err) != 0)
        fail_msg("%s", err.message);
}

static char *svg_of(const struct fixture *f, const char *name, const char *panel)
{
    struct rog_error err;
    char *path = rog_format("%s/%s-%s.svg", f->plots, name, panel), *text = NULL;
    size_t size;
    if (rog_file_read(path, 1u << 26, &text, &size, &err) != 0)
        fail_msg("%s", err.message);
    free(path);
    return text;
}

/* Checks that the picture contains this text. */
static void assert_says(const char *svg, const char *label)
{
    char expected[8 * LABEL_BYTES], *out = stpcpy(expected, ">");
    for (const char *c = label; *c; c++)
        out = *c == '&'   ? stpcpy(out, "&amp;")
              : *c == '<' ? stpcpy(out, "&lt;")
                          : stpncpy(out, c, 1);
    strcpy(out, "</text>");
    if (!strstr(svg, expected))
        fail_msg("no text is %s", label);
}

static void every_character_is_drawn_before_every_digit(void **state)
{
    struct fixture *f = *state;
    static char notes['~' - '!' + 1][LABEL_BYTES];
    const size_t count = sizeof notes / sizeof *notes;
    need_gnuplot();
    for (size_t i = 0; i < count; i++) {
        char *out = notes[i];
        for (char digit = '0'; digit <= '9'; digit++) {
            *out++ = (char)('!' + i);
            *out++ = digit;
        }
        *out = '\0';
    }
    add_case(f, "ascii", notes, count);
    draw(f, "ascii", NULL);
    for (size_t p = 0; p < PANELS; p++) {
        char *svg = svg_of(f, "ascii", panels[p]);
        for (size_t i = 0; i < count; i++)
            assert_says(svg, notes[i]);
        free(svg);
    }
}

static void random_label(struct rog_rng *rng, char *out)
{
    static const char *const pieces[] = {
        "e\u0301", "中", "ש",    "م",  "#1",      "$5",   "'22",   "\\n", "%d",
        "{x}_2",   "^3", "`ls`", "@m", "\x1b[2J", "\xff", "&amp;", "]]>", "\U0010FFFD"};
    size_t count = 1 + rog_rng_below(rng, 2);
    for (size_t i = 0; i < count; i++) {
        out = stpcpy(out, pieces[rog_rng_below(rng, sizeof pieces / sizeof *pieces)]);
        *out++ = (char)('0' + rog_rng_below(rng, 10));
    }
    *out = '\0';
}

struct image {
    uint8_t *pixels;
    uint32_t height, width;
};

static struct image read_image(const struct fixture *f, const char *name, const char *panel)
{
    struct rog_error err;
    struct image image;
    char *path = rog_format("%s/%s-%s.png", f->plots, name, panel);
    if (rog_png_read(path, &image.pixels, &image.height, &image.width, &err) != 0)
        fail_msg("%s", err.message);
    free(path);
    return image;
}

static bool differ(const struct image *a, const struct image *b, size_t pixel)
{
    return memcmp(a->pixels + 3 * pixel, b->pixels + 3 * pixel, 3) != 0;
}

/* Returns the pixels near those in which two pictures differ. */
static uint8_t *near_differences(const struct image *a, const struct image *b)
{
    uint8_t *near = calloc(a->height, a->width);
    assert_non_null(near);
    assert_true(a->height == b->height && a->width == b->width);
    for (uint32_t y = 0; y < a->height; y++)
        for (uint32_t x = 0; x < a->width; x++) {
            if (!differ(a, b, (size_t)y * a->width + x))
                continue;
            uint32_t left = x > NEAR ? x - NEAR : 0, low = y > NEAR ? y - NEAR : 0;
            uint32_t right = x + NEAR < a->width ? x + NEAR : a->width - 1;
            for (uint32_t v = low; v <= y + NEAR && v < a->height; v++)
                memset(near + (size_t)v * a->width + left, 1, right - left + 1);
        }
    return near;
}

/* A wide and tall label marks the area in which labels may be. */
static void assert_same_outside_labels(const struct fixture *f, const char *name, const char *panel)
{
    struct image plain = read_image(f, "plain", panel), box = read_image(f, "box", panel);
    struct image hostile = read_image(f, name, panel);
    uint8_t *near = near_differences(&plain, &box);
    assert_true(hostile.height == plain.height && hostile.width == plain.width);
    size_t inside = 0;
    for (size_t i = 0; i < (size_t)plain.height * plain.width; i++) {
        if (!differ(&plain, &hostile, i))
            continue;
        if (!near[i])
            fail_msg("%s of %s: ink at %zu, %zu", panel, name, i % plain.width, i / plain.width);
        inside++;
    }
    assert_true(inside > 0);
    free(near);
    free(plain.pixels);
    free(box.pixels);
    free(hostile.pixels);
}

static void labels_leave_the_rest_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct rog_rng rng;
    rog_rng_init(&rng, 1);
    need_gnuplot();
    static char notes[LABELS][LABEL_BYTES];
    for (int round = -2; round < ROUNDS; round++) {
        char *random = rog_format("random%d", round);
        const char *name = round == -2 ? "plain" : round == -1 ? "box" : random;
        strcpy(notes[0], LONGEST);
        for (size_t i = 1; i < LABELS; i++) {
            if (round >= 0)
                random_label(&rng, notes[i]);
            else
                snprintf(notes[i], LABEL_BYTES, round == -2 ? "%zu" : "(Åg%zuWMWMWÅgjW", i);
        }
        add_case(f, name, (const char(*)[LABEL_BYTES])notes, LABELS);
        draw(f, name, round >= 0 ? NULL : "png");
        for (size_t p = 0; round >= 0 && p < PANELS; p++)
            assert_same_outside_labels(f, name, panels[p]);
        free(random);
    }
}

#define DRAWS(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DRAWS(every_character_is_drawn_before_every_digit),
        DRAWS(labels_leave_the_rest_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
