/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads PNG files with libpng. */
#include <common/png.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include <common/file.h>

#define EDGE_MAX 65535u

int rog_png_write(const char *path, const uint8_t *pixels, uint32_t height, uint32_t width,
                  struct rog_error *err)
{
    if (!height || !width || height > EDGE_MAX || width > EDGE_MAX)
        return rog_fail(err, ROG_EINVAL, "%s: invalid image size: %u x %u pixels", path, width,
                        height);
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;

    int code = ROG_OK;
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *file = malloc(bytes);
    if (!file)
        code = rog_fail_nomem(err);
    else if (!png_image_write_to_memory(&image, file, &bytes, 0, pixels, 0, NULL))
        code = rog_fail(err, ROG_EIO, "%s: %s", path, image.message);
    else
        code = rog_file_write(path, file, bytes, err);
    if (code == ROG_ENOTFOUND) { /* the folder cannot be created; not an empty result */
        code = ROG_EIO;
        if (err)
            err->code = code;
    }
    png_image_free(&image);
    free(file);
    return code;
}

int rog_png_read(const char *path, uint8_t **pixels, uint32_t *height, uint32_t *width,
                 struct rog_error *err)
{
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    const png_color white = {255, 255, 255};
    uint8_t *read = NULL;
    int code = ROG_OK;
    bool begun = png_image_begin_read_from_file(&image, path) != 0;
    image.format = PNG_FORMAT_RGB;
    if (!begun || image.width > EDGE_MAX || image.height > EDGE_MAX)
        code = rog_fail(err, ROG_EFORMAT, "%s: %s", path,
                        begun ? "the image is too large" : image.message);
    else if (!(read = malloc(PNG_IMAGE_SIZE(image))))
        code = rog_fail_nomem(err);
    else if (!png_image_finish_read(&image, &white, read, 0, NULL))
        code = rog_fail(err, ROG_EFORMAT, "%s: %s", path, image.message);
    if (code == ROG_OK) {
        *pixels = read;
        *height = image.height;
        *width = image.width;
        read = NULL;
    }
    png_image_free(&image);
    free(read);
    return code;
}
