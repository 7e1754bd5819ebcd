/* SPDX-License-Identifier: Apache-2.0 */
/* Arranges images on a sheet, one of each class. */
#include <trainer/data/sheet.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <common/png.h>

#define IMAGE_LEAST 64 /* minimum edge in pixels on the sheet; smaller images are enlarged */
#define GAP 10         /* around a class */
#define PAIR_GAP 2     /* between an image and its noisy version */
#define BACKGROUND 255
#define EMPTY 225 /* if a class has no image */

struct sheet {
    uint8_t *pixels; /* (height, width, 3) */
    uint32_t height, width;
    uint32_t scale;                     /* factor of an image */
    uint32_t image_height, image_width; /* on the sheet */
    uint32_t cell_height, cell_width;
};

static void fill(struct sheet *sheet, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                 const uint8_t colour[3])
{
    for (uint32_t row = y; row < y + height && row < sheet->height; row++)
        for (uint32_t column = x; column < x + width && column < sheet->width; column++)
            memcpy(sheet->pixels + 3 * ((size_t)row * sheet->width + column), colour, 3);
}

static void place_image(struct sheet *sheet, const struct rog_dataset *dataset, uint32_t index,
                        uint32_t x, uint32_t y)
{
    const uint8_t *pixel = dataset->pixels + (size_t)index * dataset->height * dataset->width * 3;
    for (uint32_t row = 0; row < dataset->height; row++)
        for (uint32_t column = 0; column < dataset->width; column++, pixel += 3)
            fill(sheet, x + column * sheet->scale, y + row * sheet->scale, sheet->scale,
                 sheet->scale, pixel);
}

static int sheet_init(struct sheet *sheet, const struct rog_dataset *dataset, bool pairs,
                      struct rog_error *err)
{
    uint32_t edge = dataset->height < dataset->width ? dataset->height : dataset->width;
    uint32_t lines = (dataset->classes + ROG_SHEET_COLUMNS - 1) / ROG_SHEET_COLUMNS;
    sheet->scale = edge < IMAGE_LEAST ? (IMAGE_LEAST + edge - 1) / edge : 1;
    sheet->image_height = dataset->height * sheet->scale;
    sheet->image_width = dataset->width * sheet->scale;
    uint32_t shown = pairs ? 2 * sheet->image_width + PAIR_GAP : sheet->image_width;
    sheet->cell_width = GAP + shown;
    sheet->cell_height = GAP + sheet->image_height;
    uint64_t width = GAP + (uint64_t)ROG_SHEET_COLUMNS * sheet->cell_width;
    uint64_t height = GAP + (uint64_t)lines * sheet->cell_height;
    if (width > 65535 || height > 65535)
        return rog_fail(err, ROG_EINVAL, "%u classes of %u x %u pixels do not fit on a sheet",
                        dataset->classes, dataset->width, dataset->height);
    sheet->width = (uint32_t)width;
    sheet->height = (uint32_t)height;
    sheet->pixels = malloc((size_t)(width * height * 3));
    if (!sheet->pixels)
        return rog_fail_nomem(err);
    memset(sheet->pixels, BACKGROUND, (size_t)(width * height * 3));
    return ROG_OK;
}

static void place_class(struct sheet *sheet, const struct rog_dataset *clean,
                        const struct rog_dataset *noisy, uint32_t label)
{
    static const uint8_t empty[3] = {EMPTY, EMPTY, EMPTY};
    uint32_t x = GAP + label % ROG_SHEET_COLUMNS * sheet->cell_width;
    uint32_t y = GAP + label / ROG_SHEET_COLUMNS * sheet->cell_height;
    uint32_t index = 0;
    while (index < clean->count && clean->labels[index] != label)
        index++;
    if (index == clean->count) {
        fill(sheet, x, y, sheet->image_width, sheet->image_height, empty);
    } else {
        place_image(sheet, clean, index, x, y);
        if (noisy)
            place_image(sheet, noisy, index, x + sheet->image_width + PAIR_GAP, y);
    }
}

int rog_sheet_write(const char *path, const struct rog_dataset *clean,
                    const struct rog_dataset *noisy, struct rog_error *err)
{
    struct sheet sheet = {0};
    if (noisy && (noisy->count != clean->count || noisy->height != clean->height ||
                  noisy->width != clean->width ||
                  memcmp(noisy->labels, clean->labels, clean->count * sizeof *clean->labels) != 0))
        return rog_fail(err, ROG_EINVAL, "%s: the noisy images are not those of the clean set",
                        path);
    int code = sheet_init(&sheet, clean, noisy, err);
    for (uint32_t label = 0; label < clean->classes && !code; label++)
        place_class(&sheet, clean, noisy, label);
    if (!code)
        code = rog_png_write(path, sheet.pixels, sheet.height, sheet.width, err);
    free(sheet.pixels);
    return code;
}
