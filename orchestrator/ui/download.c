/* SPDX-License-Identifier: Apache-2.0 */
/* /download: rows, figures, reports, and an experiment file that repeats runs. */
#include <orchestrator/ui/picture.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/scratch.h>
#include <orchestrator/export/export.h>
#include <orchestrator/report/report.h>
#include <orchestrator/report/table.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/ui/again.h>
#include <orchestrator/ui/answer.h>

/* Adds the header with the file's name, in characters that need no quoting. */
static void name_file(struct rog_web_answer *answer, const char *subject, const char *file)
{
    char *stem = rog_quote_file_name(subject);
    char *name = stem ? rog_format("%s-%s", stem, file) : NULL;
    for (char *at = name; at && *at; at++)
        if ((unsigned char)*at >= 0x80 || *at == '"' || *at == '\\' || (unsigned char)*at < 0x20)
            *at = '_';
    rog_web_header(answer, "Content-Disposition",
                   name ? rog_format("attachment; filename=\"%s\"", name) : NULL);
    free(name);
    free(stem);
}

/* ---- rows ---- */

/* Opens the file, which stays readable after its temporary folder is removed. */
static void open_file(void *user, const char *path)
{
    int *fd = user;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
}

static int answer_rows(const struct rog_ui_call *call, const char *case_name, const char *table,
                       struct rog_web_answer *answer, struct rog_error *err)
{
    struct rog_scratch scratch = {0};
    struct stat status;
    int fd = -1;
    int code = rog_scratch_make(&scratch, NULL, "rogctl-ui", err);
    const struct rog_export_options options = {
        .folder = scratch.path, .table = table, .written = open_file, .user = &fd};
    if (code == 0)
        code = rog_export_csv(call->db, case_name, &options, err);
    rog_scratch_remove(&scratch, NULL);
    if (code == 0 && (fd < 0 || fstat(fd, &status) != 0))
        code = rog_fail(err, ROG_EIO, "the rows cannot be read: %s", strerror(errno));
    if (code == 0)
        *answer = (struct rog_web_answer){.type = "text/csv; charset=utf-8; header=present",
                                          .fd = fd,
                                          .size = (size_t)status.st_size};
    else if (fd >= 0)
        close(fd);
    return code;
}

/* ---- reports ---- */

static int write_report(const struct rog_ui_call *call, const struct rog_report *report,
                        const char *form, FILE *file, struct rog_error *err)
{
    struct rog_report_tables tables = {0};
    if (strcmp(form, "html") == 0)
        return rog_report_html(report, call->db, file, err);
    if (strcmp(form, "json") == 0) {
        struct rog_json *json = rog_report_json(report);
        char *text = rog_json_text_pretty(json);
        rog_json_free(json);
        if (text)
            fprintf(file, "%s\n", text);
        free(text);
        return text ? 0 : rog_fail_nomem(err);
    }
    int code = rog_report_tables_make(report, &tables, err);
    if (code == 0)
        (strcmp(form, "tex") == 0 ? rog_report_latex : rog_report_markdown)(&tables, file);
    rog_report_tables_release(&tables);
    return code;
}

static int answer_report(const struct rog_ui_call *call, const char *case_name, const char *form,
                         const char *type, struct rog_web_answer *answer, struct rog_error *err)
{
    const struct rog_report_options options = {0};
    struct rog_report report = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int code =
        file ? rog_report_make(call->db, case_name, &options, &report, err) : rog_fail_nomem(err);
    if (code == 0)
        code = write_report(call, &report, form, file, err);
    rog_report_release(&report);
    if (file && fclose(file) != 0 && code == 0)
        code = rog_fail_nomem(err);
    if (code == 0)
        *answer = (struct rog_web_answer){.type = type, .body = text, .size = size};
    else
        free(text);
    return code;
}

/* ---- dispatch ---- */

static int answer_experiment(const struct rog_ui_call *call, const char *case_name,
                             struct rog_web_answer *answer, struct rog_error *err)
{
    char *text = NULL;
    int code = rog_again_write(call->db, case_name, &text, err);
    if (code == 0)
        *answer = (struct rog_web_answer){
            .type = "text/plain; charset=utf-8", .body = text, .size = strlen(text)};
    return code;
}

static int answer_file(const struct rog_ui_call *call, const struct rog_subject *subject,
                       const char *file, struct rog_web_answer *answer, struct rog_error *err)
{
    static const struct {
        const char *file, *form, *type;
    } reports[] = {{"report.html", "html", "text/html; charset=utf-8"},
                   {"report.md", "md", "text/markdown; charset=utf-8"},
                   {"report.tex", "tex", "application/x-tex"},
                   {"report.json", "json", "application/json"}};
    size_t length = strlen(file);
    for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
        if (strcmp(reports[i].file, file) == 0)
            return answer_report(call, subject->name, reports[i].form, reports[i].type, answer,
                                 err);
    if (strcmp(file, "experiment.conf") == 0)
        return answer_experiment(call, subject->name, answer, err);
    char *name = NULL;
    const char *format = NULL;
    int code;
    if (length > 4 && strcmp(file + length - 4, ".csv") == 0) {
        name = rog_format("%.*s", (int)length - 4, file);
        code = name ? answer_rows(call, subject->name, name, answer, err) : rog_fail_nomem(err);
    } else {
        code = rog_picture_name(file, &name, &format, err);
        if (code == 0)
            code = rog_picture_of_case(call, subject, name, format, answer, err);
    }
    free(name);
    return code;
}

/* Answers /download/case/CASE/FILE, /download/run/RUN/FILE, and /download/chosen/FILE?run=..., for
 * which the parameters `run` select the runs. */
int rog_api_download(const struct rog_ui_call *call, struct rog_web_answer *answer,
                     struct rog_error *err)
{
    const struct rog_target *target = call->target;
    struct rog_subject subject = {0};
    const char *file = target->part[target->parts - 1];
    int code =
        strcmp(target->part[1], "run") == 0
            ? rog_subject_take_run(call, target->part[2], &subject, err)
            : rog_subject_take(call, target->parts == 4 ? target->part[2] : NULL, &subject, err);
    if (code == 0)
        code = answer_file(call, &subject, file, answer, err);
    if (code == 0) {
        name_file(answer, subject.name, file);
        rog_web_header(answer, "Cache-Control", rog_strdup("no-store"));
        if (!strstr(answer->type, "image/svg"))
            rog_answer_policy_of_picture(answer);
    }
    rog_subject_release(&subject);
    return code;
}
