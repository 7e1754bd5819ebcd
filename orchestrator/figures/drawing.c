/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary folder of scripts and data, drawn and moved as one. */
#include <orchestrator/figures/drawing.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <common/file.h>
#include <orchestrator/figures/gnuplot.h>

#define TIMEOUT_S 120.0

static bool is_format(const char *word, size_t size)
{
    const char *known = ROG_FORMATS;
    while (*known) {
        size_t length = strcspn(known, " ");
        if (length == size && strncmp(known, word, size) == 0)
            return true;
        known += length + strspn(known + length, " ");
    }
    return false;
}

/* "pdf,png" as "pdf png", checked. */
static int parse_formats(const char *text, char **formats, struct rog_error *err)
{
    *formats = rog_strdup(text ? text : ROG_FORMATS);
    if (!*formats)
        return rog_fail_nomem(err);
    char *at = *formats;
    for (;;) {
        size_t size = strcspn(at, ", ");
        if (!is_format(at, size))
            return rog_fail(err, ROG_EINVAL,
                            "format: pdf, svg and png are there, separated by commas (found "
                            "\"%.60s\")",
                            text);
        at += size;
        if (!*at)
            return 0;
        *at++ = ' ';
    }
}

int rog_drawing_begin(struct rog_drawing *drawing, const struct rog_figures_options *options,
                      struct rog_error *err)
{
    *drawing = (struct rog_drawing){.options = options};
    int code = parse_formats(options->formats, &drawing->formats, err);
    if (code == 0)
        code = rog_dir_make(options->plots, err);
    if (code < 0)
        goto out;
    drawing->folder = rog_format("%s/.drawing-XXXXXX", options->plots);
    if (!drawing->folder) {
        code = rog_fail_nomem(err);
    } else if (!mkdtemp(drawing->folder)) {
        code =
            rog_fail(err, ROG_EIO, "cannot write into %s: %s; choose another folder with --plots",
                     options->plots, strerror(errno));
        free(drawing->folder);
        drawing->folder = NULL;
    }
out:
    if (code < 0)
        rog_drawing_release(drawing);
    return code;
}

int rog_drawing_add(struct rog_drawing *drawing, const char *stem, struct rog_error *err)
{
    char **more = realloc(drawing->stem, (drawing->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    drawing->stem = more;
    more[drawing->count] = rog_strdup(stem);
    if (!more[drawing->count])
        return rog_fail_nomem(err);
    drawing->count++;
    return 0;
}

/* Moves one file; tells about pictures. */
static int move(const struct rog_drawing *drawing, const char *stem, const char *extension,
                bool is_picture, struct rog_error *err)
{
    const struct rog_figures_options *options = drawing->options;
    int code = 0;
    char *from = rog_format("%s/%s.%s", drawing->folder, stem, extension);
    char *to = rog_format("%s/%s.%s", options->plots, stem, extension);
    if (!from || !to)
        code = rog_fail_nomem(err);
    else if (rename(from, to) != 0)
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", to, strerror(errno));
    else if (is_picture && options->drawn)
        options->drawn(options->user, to);
    free(from);
    free(to);
    return code;
}

static int move_all(const struct rog_drawing *drawing, const char *stem, struct rog_error *err)
{
    int code = move(drawing, stem, "dat", false, err);
    if (code == 0)
        code = move(drawing, stem, "gp", false, err);
    const char *format = drawing->formats;
    while (code == 0 && *format) {
        char extension[8];
        size_t size = strcspn(format, " ");
        snprintf(extension, sizeof extension, "%.*s", (int)size, format);
        code = move(drawing, stem, extension, true, err);
        format += size + strspn(format + size, " ");
    }
    return code;
}

int rog_drawing_finish(struct rog_drawing *drawing, struct rog_error *err)
{
    int code = 0;
    const char **scripts = calloc(drawing->count + 1, sizeof *scripts);
    char **names = calloc(drawing->count + 1, sizeof *names);
    if (!scripts || !names)
        code = rog_fail_nomem(err);
    for (size_t i = 0; i < drawing->count && code == 0; i++) {
        scripts[i] = names[i] = rog_format("%s.gp", drawing->stem[i]);
        if (!names[i])
            code = rog_fail_nomem(err);
    }
    if (code == 0)
        code = rog_gnuplot_run(drawing->folder, scripts, drawing->count, drawing->formats,
                               TIMEOUT_S, err);
    for (size_t i = 0; i < drawing->count && code == 0; i++)
        code = move_all(drawing, drawing->stem[i], err);
    for (size_t i = 0; names && i < drawing->count; i++)
        free(names[i]);
    free(names);
    free(scripts);
    return code;
}

void rog_drawing_release(struct rog_drawing *drawing)
{
    if (drawing->folder)
        rog_dir_remove(drawing->folder, NULL);
    for (size_t i = 0; i < drawing->count; i++)
        free(drawing->stem[i]);
    free(drawing->stem);
    free(drawing->folder);
    free(drawing->formats);
    *drawing = (struct rog_drawing){0};
}
