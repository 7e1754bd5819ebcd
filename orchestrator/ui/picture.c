/* SPDX-License-Identifier: Apache-2.0 */
/* /figure: draws figures and keeps them. */
#include <orchestrator/ui/picture.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/store/summary.h>
#include <orchestrator/ui/answer.h>
#include <orchestrator/ui/cache.h>

#define PICTURE_MAX_BYTES ((size_t)64 << 20)

static const struct {
    const char *name, *type;
} formats[] = {{"svg", "image/svg+xml"}, {"png", "image/png"}, {"pdf", "application/pdf"}};

int rog_picture_name(const char *file, char **panel, const char **format, struct rog_error *err)
{
    const char *point = strrchr(file, '.');
    for (size_t i = 0; point && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(point + 1, formats[i].name) == 0) {
            *format = formats[i].name;
            *panel = rog_format("%.*s", (int)(point - file), file);
            return *panel ? 0 : rog_fail_nomem(err);
        }
    return rog_fail(err, ROG_EINVAL, "%.100s must end in .svg, .png or .pdf", file);
}

static const char *type_of(const char *format)
{
    size_t i = 0;
    while (strcmp(formats[i].name, format) != 0)
        i++;
    return formats[i].type;
}

/* State of drawing figures. */
struct drawing {
    struct rog_cache *cache;
    uint64_t state;
    const char *subject, *format;
    char *notes; /* why figures were left out */
};

/* Returns "SUBJECT FORMAT FILE", separated by line feeds; FILE is without the case's name. */
static char *key_of(const char *subject, const char *format, const char *file)
{
    return rog_format("%s\n%s\n%s", subject, format, file);
}

/* Keeps a drawn picture in the cache. */
static void keep_picture(void *user, const char *path)
{
    struct drawing *drawing = user;
    char *bytes = NULL;
    size_t size = 0;
    const char *file = strrchr(path, '/');
    char *key = key_of(drawing->subject, drawing->format, file ? file + 1 : path);
    if (key && rog_file_read(path, PICTURE_MAX_BYTES, &bytes, &size, NULL) == 0)
        rog_cache_put(drawing->cache, key, drawing->state, bytes, size);
    free(bytes);
    free(key);
}

static void keep_note(void *user, const char *text)
{
    struct drawing *drawing = user;
    char *longer = drawing->notes ? rog_format("%s; %s", drawing->notes, text) : rog_strdup(text);
    if (!longer)
        return;
    free(drawing->notes);
    drawing->notes = longer;
}

static int answer_picture(struct rog_web_answer *answer, char *bytes, size_t size,
                          const char *format)
{
    *answer = (struct rog_web_answer){.type = type_of(format), .body = bytes, .size = size};
    rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
    rog_answer_policy_of_picture(answer);
    return 0;
}

/* Draws into a temporary folder; the pictures are in the cache afterwards. */
static int draw(struct drawing *drawing,
                int (*make)(const struct rog_figures_options *options, const void *user,
                            struct rog_error *err),
                const void *user, struct rog_error *err)
{
    struct rog_scratch scratch = {0};
    int code = rog_scratch_make(&scratch, NULL, "rogctl-ui", err);
    const struct rog_figures_options options = {.plots = scratch.path,
                                                .formats = drawing->format,
                                                .ends = ROG_ENDS_DATA,
                                                .drawn = keep_picture,
                                                .log = keep_note,
                                                .user = drawing};
    if (code == 0)
        code = make(&options, user, err);
    rog_scratch_remove(&scratch, NULL);
    return code;
}

/* ---- figures of a case ---- */

struct of_case {
    struct rog_db *db;
    const char *name;
};

static int make_case(const struct rog_figures_options *options, const void *user,
                     struct rog_error *err)
{
    const struct of_case *figure = user;
    return rog_figures_draw_case(figure->db, figure->name, options, err);
}

int rog_picture_of_case(const struct rog_ui_call *call, const struct rog_subject *subject,
                        const char *panel, const char *format, struct rog_web_answer *answer,
                        struct rog_error *err)
{
    struct drawing drawing = {.cache = call->ui->cache, .state = subject->state, .format = format};
    const struct of_case figure = {call->db, subject->name};
    size_t size = 0;
    char *id = rog_format("case\n%s\n%016llx", subject->name, (unsigned long long)subject->state);
    char *file = rog_figures_file(subject->name, panel, format);
    char *key = id && file ? key_of(id, format, file) : NULL;
    drawing.subject = id;
    int code = key ? 0 : rog_fail_nomem(err);
    char *bytes = key ? rog_cache_get(call->ui->cache, key, subject->state, &size) : NULL;
    if (code == 0 && !bytes)
        code = draw(&drawing, make_case, &figure, err);
    if (code == 0 && !bytes)
        bytes = rog_cache_get(call->ui->cache, key, subject->state, &size);
    if (code == 0 && !bytes)
        code = rog_fail(err, ROG_ENOTFOUND, "%s has no figure %.60s%s%s", subject->name, panel,
                        drawing.notes ? ": " : "", drawing.notes ? drawing.notes : "");
    free(drawing.notes);
    free(key);
    free(file);
    free(id);
    return code < 0 ? code : answer_picture(answer, bytes, size, format);
}

/* Answers /figure/case/CASE/PANEL.svg and /figure/chosen/PANEL.svg. */
int rog_api_figure(const struct rog_ui_call *call, struct rog_web_answer *answer,
                   struct rog_error *err)
{
    const struct rog_target *target = call->target;
    struct rog_subject subject = {0};
    char *panel = NULL;
    const char *format = NULL;
    int code = rog_picture_name(target->part[target->parts - 1], &panel, &format, err);
    if (code == 0)
        code = rog_subject_take(call, target->parts == 4 ? target->part[2] : NULL, &subject, err);
    if (code == 0)
        code = rog_picture_of_case(call, &subject, panel, format, answer, err);
    rog_subject_release(&subject);
    free(panel);
    return code;
}

/* ---- figures of a worker ---- */

struct of_worker {
    struct rog_db *db;
    const char *run;
    double rank, from, to;
    bool rows;
};

static int make_worker(const struct rog_figures_options *options, const void *user,
                       struct rog_error *err)
{
    const struct of_worker *w = user;
    return rog_figures_draw_microevents(w->db, w->run, (int64_t)w->rank, w->from, w->to - w->from,
                                        w->rows, options, err);
}

/* The drawn file's name contains run, rank and start; it is kept under a different name. */
struct worker_drawing {
    struct drawing drawing;
    bool rows;
    char *bytes;
    size_t size;
};

static void keep_worker(void *user, const char *path)
{
    struct worker_drawing *drawing = user;
    bool rows = strstr(path, "-rows.");
    if (drawing->bytes || rows != drawing->rows)
        return;
    rog_file_read(path, PICTURE_MAX_BYTES, &drawing->bytes, &drawing->size, NULL);
}

static int draw_worker(const struct of_worker *worker, const char *format,
                       struct worker_drawing *drawing, struct rog_error *err)
{
    struct rog_scratch scratch = {0};
    int code = rog_scratch_make(&scratch, NULL, "rogctl-ui", err);
    const struct rog_figures_options options = {
        .plots = scratch.path, .formats = format, .drawn = keep_worker, .user = drawing};
    if (code == 0)
        code = make_worker(&options, worker, err);
    rog_scratch_remove(&scratch, NULL);
    if (code == 0 && !drawing->bytes)
        code = rog_fail(err, ROG_EFAILED, "the figure was not drawn");
    return code;
}

static int read_worker(const struct rog_target *target, const char *end, struct of_worker *worker,
                       struct rog_error *err)
{
    int code = rog_target_number("the worker", target->part[3], 0, 1e6, &worker->rank, err);
    if (code == 0)
        code = rog_target_number("the start", target->part[4], 0, 1e9, &worker->from, err);
    if (code == 0)
        code = rog_target_number("the end", end, 0, 1e9, &worker->to, err);
    return code < 0 ? code : rog_target_flag(target, "rows", &worker->rows, err);
}

/* Answers /figure/microevents/RUN/WORKER/FROM/TO.svg. */
int rog_api_figure_microevents(const struct rog_ui_call *call, struct rog_web_answer *answer,
                               struct rog_error *err)
{
    const struct rog_target *target = call->target;
    struct rog_subject subject = {0};
    struct of_worker worker = {.db = call->db};
    struct worker_drawing drawing = {0};
    char *end = NULL, *key = NULL;
    const char *format = NULL;
    int code = rog_picture_name(target->part[5], &end, &format, err);
    if (code == 0)
        code = read_worker(target, end, &worker, err);
    if (code == 0)
        code = rog_subject_take_run(call, target->part[2], &subject, err);
    if (code == 0) {
        worker.run = subject.name;
        drawing.rows = worker.rows;
        key = rog_format("worker\n%s\n%s\n%.17g\n%.17g\n%.17g\n%d", subject.name, format,
                         worker.rank, worker.from, worker.to, worker.rows);
        code = key ? 0 : rog_fail_nomem(err);
    }
    if (code == 0)
        drawing.bytes = rog_cache_get(call->ui->cache, key, subject.state, &drawing.size);
    if (code == 0 && !drawing.bytes) {
        code = draw_worker(&worker, format, &drawing, err);
        if (code == 0)
            rog_cache_put(call->ui->cache, key, subject.state, drawing.bytes, drawing.size);
    }
    if (code == 0)
        code = answer_picture(answer, drawing.bytes, drawing.size, format);
    else
        free(drawing.bytes);
    rog_subject_release(&subject);
    free(key);
    free(end);
    return code;
}
