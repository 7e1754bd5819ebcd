/* SPDX-License-Identifier: Apache-2.0 */
#include <trainer/data/sheet.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <trainer/data/png.h>
#include <trainer/data/sources.h>

#define COLUMNS 10
#define IMAGE_LEAST 64 /* pixels of an edge on the sheet; smaller images are enlarged */
#define GAP 10         /* around a class */
#define PAIR_GAP 2     /* between an image and its noisy version */
#define GLYPH_WIDTH 5
#define GLYPH_HEIGHT 8 /* the last line is for what hangs below */
#define ADVANCE (GLYPH_WIDTH + 1)
#define LABEL_HEIGHT (GLYPH_HEIGHT + 4)
#define TITLE_SCALE 2
#define BACKGROUND 255
#define INK 40
#define EMPTY 225 /* where a class has no image */

/* A letter, the lines from the top, the leftmost pixel in bit 4. */
struct glyph {
    char letter;
    uint8_t lines[GLYPH_HEIGHT];
};

static const struct glyph glyphs[] = {
    {'a', {0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f, 0x00}},
    {'b', {0x10, 0x10, 0x1e, 0x11, 0x11, 0x11, 0x1e, 0x00}},
    {'c', {0x00, 0x00, 0x0f, 0x10, 0x10, 0x10, 0x0f, 0x00}},
    {'d', {0x01, 0x01, 0x0f, 0x11, 0x11, 0x11, 0x0f, 0x00}},
    {'e', {0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0f, 0x00}},
    {'f', {0x06, 0x09, 0x08, 0x1c, 0x08, 0x08, 0x08, 0x00}},
    {'g', {0x00, 0x00, 0x0f, 0x11, 0x11, 0x0f, 0x01, 0x0e}},
    {'h', {0x10, 0x10, 0x1e, 0x11, 0x11, 0x11, 0x11, 0x00}},
    {'i', {0x04, 0x00, 0x0c, 0x04, 0x04, 0x04, 0x0e, 0x00}},
    {'j', {0x02, 0x00, 0x06, 0x02, 0x02, 0x02, 0x12, 0x0c}},
    {'k', {0x10, 0x10, 0x12, 0x14, 0x18, 0x14, 0x12, 0x00}},
    {'l', {0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e, 0x00}},
    {'m', {0x00, 0x00, 0x1a, 0x15, 0x15, 0x15, 0x15, 0x00}},
    {'n', {0x00, 0x00, 0x1e, 0x11, 0x11, 0x11, 0x11, 0x00}},
    {'o', {0x00, 0x00, 0x0e, 0x11, 0x11, 0x11, 0x0e, 0x00}},
    {'p', {0x00, 0x00, 0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10}},
    {'q', {0x00, 0x00, 0x0f, 0x11, 0x11, 0x0f, 0x01, 0x01}},
    {'r', {0x00, 0x00, 0x16, 0x19, 0x10, 0x10, 0x10, 0x00}},
    {'s', {0x00, 0x00, 0x0f, 0x10, 0x0e, 0x01, 0x1e, 0x00}},
    {'t', {0x08, 0x08, 0x1e, 0x08, 0x08, 0x09, 0x06, 0x00}},
    {'u', {0x00, 0x00, 0x11, 0x11, 0x11, 0x13, 0x0d, 0x00}},
    {'v', {0x00, 0x00, 0x11, 0x11, 0x11, 0x0a, 0x04, 0x00}},
    {'w', {0x00, 0x00, 0x11, 0x11, 0x15, 0x15, 0x0a, 0x00}},
    {'x', {0x00, 0x00, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x00}},
    {'y', {0x00, 0x00, 0x11, 0x11, 0x11, 0x0f, 0x01, 0x0e}},
    {'z', {0x00, 0x00, 0x1f, 0x02, 0x04, 0x08, 0x1f, 0x00}},
    {'0', {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e, 0x00}},
    {'1', {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e, 0x00}},
    {'2', {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f, 0x00}},
    {'3', {0x1e, 0x01, 0x01, 0x0e, 0x01, 0x01, 0x1e, 0x00}},
    {'4', {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02, 0x00}},
    {'5', {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e, 0x00}},
    {'6', {0x0e, 0x10, 0x10, 0x1e, 0x11, 0x11, 0x0e, 0x00}},
    {'7', {0x1f, 0x01, 0x02, 0x04, 0x04, 0x08, 0x08, 0x00}},
    {'8', {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e, 0x00}},
    {'9', {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x01, 0x0e, 0x00}},
    {'-', {0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00}},
    {',', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x04, 0x08}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c, 0x00}},
    {':', {0x00, 0x00, 0x0c, 0x0c, 0x00, 0x0c, 0x0c, 0x00}},
    {'_', {0, 0, 0, 0, 0, 0, 0, 0x1f}},
    {' ', {0}},
};

static const struct glyph unknown = {'?', {0x1f, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1f, 0}};

struct sheet {
    uint8_t *pixels; /* (height, width, 3) */
    uint32_t height, width;
    uint32_t scale;                     /* of an image */
    uint32_t image_height, image_width; /* on the sheet */
    uint32_t cell_height, cell_width;
    uint32_t top; /* where the classes begin */
};

static void fill(struct sheet *sheet, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                 const uint8_t colour[3])
{
    for (uint32_t row = y; row < y + height && row < sheet->height; row++)
        for (uint32_t column = x; column < x + width && column < sheet->width; column++)
            memcpy(sheet->pixels + 3 * ((size_t)row * sheet->width + column), colour, 3);
}

static const struct glyph *find_glyph(char letter)
{
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++)
        if (glyphs[i].letter == letter)
            return &glyphs[i];
    return &unknown;
}

static void write_text(struct sheet *sheet, uint32_t x, uint32_t y, uint32_t scale,
                       const char *text)
{
    static const uint8_t ink[3] = {INK, INK, INK};
    for (; *text; text++, x += ADVANCE * scale) {
        const struct glyph *glyph = find_glyph(*text);
        for (uint32_t row = 0; row < GLYPH_HEIGHT; row++)
            for (uint32_t column = 0; column < GLYPH_WIDTH; column++)
                if (glyph->lines[row] >> (GLYPH_WIDTH - 1 - column) & 1)
                    fill(sheet, x + column * scale, y + row * scale, scale, scale, ink);
    }
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

static int sheet_init(struct sheet *sheet, const char *title, const struct rog_dataset *dataset,
                      bool pairs, struct rog_error *err)
{
    uint32_t edge = dataset->height < dataset->width ? dataset->height : dataset->width;
    uint32_t lines = (dataset->classes + COLUMNS - 1) / COLUMNS;
    uint64_t title_width = 2 * GAP + strlen(title) * ADVANCE * TITLE_SCALE;
    sheet->scale = edge < IMAGE_LEAST ? (IMAGE_LEAST + edge - 1) / edge : 1;
    sheet->image_height = dataset->height * sheet->scale;
    sheet->image_width = dataset->width * sheet->scale;
    uint32_t shown = pairs ? 2 * sheet->image_width + PAIR_GAP : sheet->image_width;
    uint32_t label_width = ROG_CLASS_NAME_BYTES / 2 * ADVANCE;
    sheet->cell_width = GAP + (shown > label_width ? shown : label_width);
    sheet->cell_height = GAP + sheet->image_height + LABEL_HEIGHT;
    sheet->top = GAP + GLYPH_HEIGHT * TITLE_SCALE;
    uint64_t width = GAP + (uint64_t)COLUMNS * sheet->cell_width;
    uint64_t height = GAP + sheet->top + (uint64_t)lines * sheet->cell_height;
    width = width > title_width ? width : title_width;
    if (width > 65535 || height > 65535)
        return rog_fail(err, ROG_EINVAL, "%u classes of %u x %u pixels do not fit on a sheet",
                        dataset->classes, dataset->width, dataset->height);
    sheet->width = (uint32_t)width;
    sheet->height = (uint32_t)height;
    sheet->pixels = malloc((size_t)(width * height * 3));
    if (!sheet->pixels)
        return rog_fail_nomem(err);
    memset(sheet->pixels, BACKGROUND, (size_t)(width * height * 3));
    write_text(sheet, GAP, GAP, TITLE_SCALE, title);
    return ROG_OK;
}

static int place_class(struct sheet *sheet, const char *source, const struct rog_dataset *clean,
                       const struct rog_dataset *noisy, uint32_t label, struct rog_error *err)
{
    static const uint8_t empty[3] = {EMPTY, EMPTY, EMPTY};
    uint32_t x = GAP + label % COLUMNS * sheet->cell_width;
    uint32_t y = GAP + sheet->top + label / COLUMNS * sheet->cell_height;
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
    char name[ROG_CLASS_NAME_BYTES];
    int code = rog_dataset_class_name(source, label, name, sizeof name, err);
    if (!code)
        write_text(sheet, x, y + sheet->image_height + 2, 1, name);
    return code;
}

int rog_sheet_write(const char *path, const char *title, const char *source,
                    const struct rog_dataset *clean, const struct rog_dataset *noisy,
                    struct rog_error *err)
{
    struct sheet sheet = {0};
    if (noisy && (noisy->count != clean->count || noisy->height != clean->height ||
                  noisy->width != clean->width ||
                  memcmp(noisy->labels, clean->labels, clean->count * sizeof *clean->labels) != 0))
        return rog_fail(err, ROG_EINVAL, "%s: the noisy images are not those of the clean set",
                        path);
    int code = sheet_init(&sheet, title, clean, noisy, err);
    for (uint32_t label = 0; label < clean->classes && !code; label++)
        code = place_class(&sheet, source, clean, noisy, label, err);
    if (!code)
        code = rog_png_write(path, sheet.pixels, sheet.height, sheet.width, err);
    free(sheet.pixels);
    return code;
}
