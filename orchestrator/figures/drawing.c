/* SPDX-License-Identifier: Apache-2.0 */
/* Draws scripts and data in a temporary folder, checks the pictures, and moves all of them into
 * place. */
#include <orchestrator/figures/drawing.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <orchestrator/conf/look.h>
#include <orchestrator/figures/gnuplot.h>
#include <orchestrator/figures/picture.h>
#include <orchestrator/text/fonts.h>

#define TIMEOUT_S 120.0

int rog_drawing_begin(struct rog_drawing *drawing, const struct rog_figures_options *options,
                      struct rog_error *err)
{
    *drawing = (struct rog_drawing){.options = options};
    int code = rog_look_parse_formats(options->formats, &drawing->formats, err);
    if (code == 0)
        code = rog_dir_make(options->plots, err);
    if (code == 0) {
        code = rog_scratch_make(&drawing->scratch, options->plots, ".drawing", err);
        if (code == ROG_EIO) {
            const struct rog_error why = *err;
            rog_fail(err, code, "%s; choose another folder with --plots", why.message);
        }
    }
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

/* A file of the set: its path in the temporary folder, its final path, and the path under which an
 * older file of that name is kept until all are in place. */
struct part {
    const char *stem;
    char extension[8];
    bool is_picture, put, replaced;
    char *drawn, *place, *before;
};

struct parts {
    struct part *item;
    size_t count;
};

static void parts_release(struct parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        free(parts->item[i].drawn);
        free(parts->item[i].place);
        free(parts->item[i].before);
    }
    free(parts->item);
}

static int parts_add(struct parts *parts, const struct rog_drawing *drawing, const char *stem,
                     const char *extension, int letters, bool is_picture, struct rog_error *err)
{
    struct part *part = &parts->item[parts->count++];
    *part = (struct part){.stem = stem, .is_picture = is_picture};
    snprintf(part->extension, sizeof part->extension, "%.*s", letters, extension);
    part->drawn = rog_format("%s/%s.%s", drawing->scratch.path, stem, part->extension);
    part->place = rog_format("%s/%s.%s", drawing->options->plots, stem, part->extension);
    part->before = rog_format("%s/%s.%s.before", drawing->scratch.path, stem, part->extension);
    return part->drawn && part->place && part->before ? 0 : rog_fail_nomem(err);
}

/* Lists the files of each figure: data, script and pictures. */
static int parts_list(struct parts *parts, const struct rog_drawing *drawing, struct rog_error *err)
{
    /* a picture for each format: the list of formats has more letters than formats */
    size_t most = 2 + strlen(drawing->formats);
    parts->item = calloc(drawing->count * most + 1, sizeof *parts->item);
    int code = parts->item ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; i < drawing->count && code == 0; i++) {
        const char *stem = drawing->stem[i];
        code = parts_add(parts, drawing, stem, "dat", 3, false, err);
        if (code == 0)
            code = parts_add(parts, drawing, stem, "gp", 2, false, err);
        const char *format = drawing->formats;
        while (code == 0 && *format) {
            size_t size = strcspn(format, " ");
            code = parts_add(parts, drawing, stem, format, (int)size, true, err);
            format += size + strspn(format + size, " ");
        }
    }
    return code;
}

static int check_pictures(struct rog_drawing *drawing, const struct parts *parts,
                          struct rog_error *err)
{
    struct rog_error why;
    int code = 0;
    for (size_t i = 0; i < parts->count && code == 0; i++) {
        const struct part *part = &parts->item[i];
        if (part->is_picture &&
            rog_picture_check(part->drawn, part->extension, &drawing->cut, &why) < 0)
            code = rog_fail(
                err, ROG_EFAILED,
                "the figure %s.%s was drawn, but is not valid; nothing was written to %s: %s",
                part->stem, part->extension, drawing->options->plots, why.message);
    }
    return code;
}

/* Moves a file into place, keeping an older one. The final path always names a file, even if this
 * is interrupted: the older file gets a second name by a hard link and is then replaced in one
 * step. On file systems without hard links it is renamed first. */
static int put(struct part *part, struct rog_error *err)
{
    struct stat there;
    if (lstat(part->place, &there) == 0 && S_ISDIR(there.st_mode))
        return rog_fail(err, ROG_EIO, "cannot write %s: it is a folder", part->place);
    part->replaced = link(part->place, part->before) == 0 ||
                     (errno != ENOENT && rename(part->place, part->before) == 0);
    part->put = (part->replaced || errno == ENOENT) && rename(part->drawn, part->place) == 0;
    return part->put ? 0
                     : rog_fail(err, ROG_EIO, "cannot write %s: %s", part->place, strerror(errno));
}

/* Restores the older file. */
static void take_back(struct part *part)
{
    if (part->replaced)
        rename(part->before, part->place);
    else if (part->put)
        unlink(part->place);
}

/* Puts all files of the set into place, or none. */
static int put_all(const struct parts *parts, const struct rog_figures_options *options,
                   struct rog_error *err)
{
    size_t i = 0;
    int code = 0;
    while (i < parts->count && code == 0)
        code = put(&parts->item[i++], err);
    while (code < 0 && i > 0)
        take_back(&parts->item[--i]);
    for (i = 0; i < parts->count && code == 0; i++)
        if (parts->item[i].is_picture && options->drawn)
            options->drawn(options->user, parts->item[i].place);
    return code;
}

static int run_gnuplot(const struct rog_drawing *drawing, struct rog_error *err)
{
    int code = 0;
    char **names = calloc(drawing->count + 1, sizeof *names);
    const char **scripts = calloc(drawing->count + 1, sizeof *scripts);
    if (!names || !scripts)
        code = rog_fail_nomem(err);
    for (size_t i = 0; i < drawing->count && code == 0; i++) {
        scripts[i] = names[i] = rog_format("%s.gp", drawing->stem[i]);
        if (!names[i])
            code = rog_fail_nomem(err);
    }
    if (code == 0)
        code = rog_gnuplot_run(drawing->scratch.path, scripts, drawing->count, drawing->formats,
                               TIMEOUT_S, err);
    for (size_t i = 0; names && i < drawing->count; i++)
        free(names[i]);
    free(names);
    free(scripts);
    return code;
}

int rog_drawing_finish(struct rog_drawing *drawing, struct rog_error *err)
{
    struct parts parts = {0};
    int code = run_gnuplot(drawing, err);
    if (code == 0)
        code = parts_list(&parts, drawing, err);
    if (code == 0)
        code = check_pictures(drawing, &parts, err);
    if (code == 0)
        code = put_all(&parts, drawing->options, err);
    parts_release(&parts);
    return code;
}

void rog_drawing_release(struct rog_drawing *drawing)
{
    rog_scratch_remove(&drawing->scratch, NULL);
    for (size_t i = 0; i < drawing->count; i++)
        free(drawing->stem[i]);
    free(drawing->stem);
    free(drawing->formats);
    *drawing = (struct rog_drawing){0};
}

/* Logs that the font chosen by the user is not installed. */
static void log_font(const struct rog_figures_options *options, const char *font)
{
    char *other = options->font && options->log ? rog_fonts_substitute(font) : NULL;
    char *text =
        other ? rog_format("the font %s is not installed; %s is used instead", font, other) : NULL;
    if (text)
        options->log(options->user, text);
    free(text);
    free(other);
}

int rog_drawing_make(const struct rog_figures_options *options, const struct rog_look *look,
                     int (*write)(struct rog_drawing *drawing, const struct rog_look *look,
                                  const void *user, struct rog_error *err),
                     const void *user, struct rog_error *err)
{
    static const double stretches[] = {1, 1.4, 2, 3, 5};
    struct rog_figures_options own = *options;
    struct rog_look wider = *look;
    struct rog_error first = {0};
    bool cut = true;
    log_font(options, look->font);
    for (size_t i = 0; cut && i < sizeof stretches / sizeof *stretches; i++) {
        struct rog_drawing drawing;
        struct rog_error why;
        wider.stretch = look->stretch * stretches[i];
        int code = rog_drawing_begin(&drawing, &own, &why);
        if (code == 0)
            code = write(&drawing, &wider, user, &why);
        if (code == 0)
            code = rog_drawing_finish(&drawing, &why);
        cut = drawing.cut;
        rog_drawing_release(&drawing);
        if (code == 0)
            return 0;
        if (i == 0)
            first = why;
        own.log = NULL; /* its messages have been logged in the first round */
    }
    return rog_fail_again(err, &first);
}
