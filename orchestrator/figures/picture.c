/* SPDX-License-Identifier: Apache-2.0 */
/* Selects the reader for a picture's format, and checks the edges of pixel pictures. */
#include <orchestrator/figures/picture.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <common/png.h>

#define WHITE 255

/* Returns whether `count` pixels of three bytes, `step` bytes apart, are all white. */
static bool is_white(const uint8_t *pixels, size_t count, size_t step)
{
    for (size_t i = 0; i < count; i++)
        for (size_t channel = 0; channel < 3; channel++)
            if (pixels[i * step + channel] != WHITE)
                return false;
    return true;
}

static int check_png(const char *path, bool *cut, struct rog_error *err)
{
    uint8_t *pixels = NULL;
    uint32_t height = 0, width = 0;
    int code = rog_png_read(path, &pixels, &height, &width, err);
    if (code < 0)
        return code;
    size_t row = 3 * (size_t)width;
    bool clear = is_white(pixels, width, 3) && is_white(pixels + (height - 1) * row, width, 3) &&
                 is_white(pixels, height, row) && is_white(pixels + row - 3, height, row);
    free(pixels);
    *cut = !clear;
    return clear ? 0
                 : rog_fail(err, ROG_EFORMAT,
                            "%s: something is drawn on the edge of the picture: a text does not "
                            "fit, or gnuplot interpreted it differently; hint: a shorter note, or "
                            "another font (--font)",
                            path);
}

static int check_pdf(const char *path, bool *cut, struct rog_error *err)
{
    (void)cut;
    return rog_picture_check_pdf(path, err);
}

static int check_svg(const char *path, bool *cut, struct rog_error *err)
{
    (void)cut;
    return rog_picture_check_svg(path, err);
}

int rog_picture_check(const char *path, const char *format, bool *cut, struct rog_error *err)
{
    static const struct {
        const char *format;
        int (*check)(const char *path, bool *cut, struct rog_error *err);
    } formats[] = {{"pdf", check_pdf}, {"svg", check_svg}, {"png", check_png}};
    *cut = false;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(format, formats[i].format) == 0)
            return formats[i].check(path, cut, err);
    return rog_fail(err, ROG_EINVAL, "%s: cannot check the format %s", path, format);
}
