/* SPDX-License-Identifier: Apache-2.0 */
/* A report as one page of HTML, with its figures. */
#include <orchestrator/report/report.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/figures/figures.h>
#include <orchestrator/text/quote.h>
#include <orchestrator/figures/queries.h>

#define FIGURES_MAX 8
#define SVG_MAX_BYTES (16u << 20)

static const char style[] =
    "<style>\n"
    ":root{color-scheme:light;--ink:#1b1f24;--faint:#66707a;--rule:#dde2e7;--best:#e8f2fb}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:70rem;padding:1.2rem;font:16px/1.5 system-ui,-apple-system,"
    "'Segoe UI',Arial,sans-serif;color:var(--ink);background:#fff}\n"
    "h1{font-size:1.6rem;margin:.2rem 0;overflow-wrap:anywhere}\n"
    "h2{font-size:1.15rem;margin:2rem 0 .6rem}\n"
    "p{color:var(--faint);margin:.2rem 0 .8rem}\n"
    ".wide{overflow-x:auto;border:1px solid var(--rule);border-radius:6px}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}\n"
    "th,td{padding:.4rem .7rem;text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}\n"
    "th:first-child,td:first-child,.text td,.left,.text th{text-align:left}\n"
    ".text td{white-space:normal;overflow-wrap:anywhere}\n"
    "thead th{border-bottom:1px solid var(--rule);color:var(--faint);font-weight:600}\n"
    "tbody tr+tr td,tbody tr+tr th{border-top:1px solid var(--rule)}\n"
    "tbody th{font-weight:600}\n"
    ".best{background:var(--best);font-weight:700}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));"
    "gap:1rem}\n"
    "figure{margin:0;padding:.6rem;border:1px solid var(--rule);border-radius:6px}\n"
    "figure svg{display:block;width:100%;height:auto;max-height:26rem}\n"
    "figcaption::first-letter{text-transform:uppercase}\n"
    "figcaption{color:var(--faint);font-size:.85rem;margin-top:.3rem}\n"
    "details{border:1px solid var(--rule);border-radius:6px;margin:.6rem 0}\n"
    "summary{padding:.5rem .7rem;cursor:pointer;font-weight:600;overflow-wrap:anywhere}\n"
    "details .wide{border:0;border-top:1px solid var(--rule);border-radius:0}\n"
    "</style>\n";

static void write_value(FILE *page, const struct rog_interval *value, int digits, bool best)
{
    fprintf(page, best ? "<td class=\"best\">" : "<td>");
    if (isnan(value->mean))
        fprintf(page, "&ndash;");
    else if (isnan(value->low))
        fprintf(page, "%.*f", digits, value->mean);
    else if (isnan(value->half))
        fprintf(page, "%.*f&nbsp;[%.*f,&nbsp;%.*f]", digits, value->mean, digits, value->low,
                digits, value->high);
    else
        fprintf(page, "%.*f&nbsp;&plusmn;%.*f", digits, value->mean, digits, value->half);
    fprintf(page, "</td>");
}

static void write_text(FILE *page, const char *tag, const char *text)
{
    fprintf(page, "<%s>", tag);
    rog_quote_xml(page, text);
    fprintf(page, "</%s>", tag);
}

static int write_series(const struct rog_report *report, FILE *page, struct rog_error *err)
{
    fprintf(page,
            "<h2>Comparison</h2>\n<p>Accuracy in percent; time and energy per worker to %g%%; "
            "seconds per iteration%s. The best value of a column is marked.</p>\n"
            "<div class=\"wide\"><table><thead>\n<tr><th rowspan=\"2\">run</th>"
            "<th colspan=\"4\">accuracy (%%) at</th><th colspan=\"2\">to %g%%</th>"
            "<th colspan=\"3\">seconds per iteration</th></tr>\n<tr>",
            report->target,
            report->as_published ? ", as published: computation and communication of host rank 3, "
                                   "stall of all workers"
                                 : ", mean over workers",
            report->target);
    for (int m = 0; m < ROG_MEASURES; m++)
        fprintf(page, "<th>%s</th>", rog_measure_kinds[m].title);
    fprintf(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < report->data.series_count; i++) {
        char *label = rog_report_label(report, i);
        if (!label)
            return rog_fail_nomem(err);
        fprintf(page, "<tr>");
        write_text(page, "th", label);
        free(label);
        for (int m = 0; m < ROG_MEASURES; m++)
            write_value(page, &report->series[i].value[m], rog_measure_kinds[m].digits,
                        rog_report_is_best(report, i, (enum rog_measure)m));
        fprintf(page, "</tr>\n");
    }
    fprintf(page, "</tbody></table></div>\n");
    return 0;
}

static void write_gains(const struct rog_report *report, FILE *page)
{
    if (report->gains == 0)
        return;
    fprintf(
        page,
        "<h2>Gains</h2>\n<p>Points of accuracy at the same time; time and energy saved on the "
        "way to %g%%. Where runs were repeated: over pairs of the same seed, with the 95%% "
        "interval.</p>\n<div class=\"wide\"><table><thead>"
        "<tr><th>of</th><th class=\"left\">over</th><th>1800 s</th><th>3600 s</th><th>5400 s</th>"
        "<th>end</th><th>time</th><th>energy</th></tr></thead><tbody>\n",
        report->target);
    for (size_t i = 0; i < report->gains; i++) {
        const struct rog_report_gain *gain = &report->gain[i];
        fprintf(page, "<tr>");
        write_text(page, "th", report->data.series[gain->series].label);
        fprintf(page, "<td class=\"left\">");
        rog_quote_xml(page, report->data.series[gain->against].label);
        fprintf(page, "</td>");
        for (int m = 0; m < ROG_GAIN_MEASURES; m++) {
            char text[ROG_GAIN_TEXT_BYTES];
            rog_report_gain_text(gain, m, text);
            if (isnan(gain->value[m].mean))
                fprintf(page, "<td>&ndash;</td>");
            else
                write_text(page, "td", text);
        }
        fprintf(page, "</tr>\n");
    }
    fprintf(page, "</tbody></table></div>\n");
}

/* The picture as part of the page: without its XML declaration, and with a prefix to its names so
 * that those of several pictures do not meet. */
static void write_svg(FILE *page, const char *svg, const char *caption, size_t index)
{
    static const char *const names[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};
    const char *at = strstr(svg, "<svg");
    if (!at)
        return;
    fprintf(page, "<figure><svg role=\"img\" aria-label=\"");
    rog_quote_xml(page, caption);
    fputc('"', page);
    for (at += strlen("<svg"); *at;) {
        size_t length = 0;
        for (size_t i = 0; i < sizeof names / sizeof *names && !length; i++)
            if (strncmp(at, names[i], strlen(names[i])) == 0)
                length = strlen(names[i]);
        if (length)
            fprintf(page, "%.*sf%zu-", (int)length, at, index);
        else
            fputc(*at, page);
        at += length ? length : 1;
    }
    fprintf(page, "<figcaption>");
    rog_quote_xml(page, caption);
    fprintf(page, "</figcaption></figure>\n");
}

struct pictures {
    char *path[FIGURES_MAX];
    size_t count;
};

static void drawn(void *user, const char *path)
{
    struct pictures *pictures = user;
    if (pictures->count < FIGURES_MAX)
        pictures->path[pictures->count++] = rog_strdup(path);
}

/* Draws into a folder of its own and takes the pictures over. */
static int write_figures(const struct rog_report *report, struct rog_db *db, FILE *page,
                         struct rog_error *err)
{
    struct pictures pictures = {0};
    char *folder = NULL;
    int code = rog_temporary_folder(&folder, "rogctl-report", err);
    if (code)
        return code;
    struct rog_figures_options options = {
        .plots = folder, .formats = "svg", .drawn = drawn, .user = &pictures};
    code = rog_figures_draw_case(db, report->data.row.name, &options, err);
    if (code == 0)
        fprintf(page, "<h2>Figures</h2>\n<div class=\"figures\">\n");
    for (size_t i = 0; i < pictures.count; i++) {
        char *svg = NULL;
        size_t size;
        if (code == 0 && !pictures.path[i])
            code = rog_fail_nomem(err);
        if (code == 0)
            code = rog_file_read(pictures.path[i], SVG_MAX_BYTES, &svg, &size, err);
        if (code == 0)
            write_svg(page, svg, rog_figures_caption(pictures.path[i]), i);
        free(svg);
        free(pictures.path[i]);
    }
    if (code == 0)
        fprintf(page, "</div>\n");
    if (code == ROG_ENOTFOUND) /* a case may have nothing to draw */
        code = 0;
    rog_dir_remove(folder, NULL);
    free(folder);
    return code;
}

static void write_row(FILE *page, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(page, "<tr>");
    write_text(page, "th", name);
    write_text(page, "td", text);
    fprintf(page, "</tr>\n");
}

static int write_member(const char *key, const struct rog_json *value, void *user)
{
    FILE *page = user;
    const char *text = rog_json_string(value, NULL);
    char *other = text ? NULL : rog_json_text(value);
    write_row(page, key, text ? text : other);
    free(other);
    return 0;
}

/* A JSON object's members as rows; text that is none as it is. */
static void write_members(FILE *page, const char *title, const char *json)
{
    struct rog_json *value = NULL;
    if (!json)
        return;
    fprintf(page, "<tr><td colspan=\"2\"><b>%s</b></td></tr>\n", title);
    if (rog_json_parse(json, strlen(json), title, &value, NULL) == 0 && rog_json_is_object(value))
        rog_json_each(value, write_member, page);
    else
        write_row(page, title, json);
    rog_json_free(value);
}

static int write_hosts(FILE *page, struct rog_db *db, const char *run_id, struct rog_error *err)
{
    struct rog_query *query = NULL;
    int code = rog_query_new(&query, db, err, rog_query_workers, "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        char title[64];
        int64_t rank = rog_query_int(query, 0);
        snprintf(title, sizeof title, rank ? "Worker of rank %lld" : "Server (rank %lld)",
                 (long long)rank);
        fprintf(page, "<tr><td colspan=\"2\"><b>%s</b></td></tr>\n", title);
        write_row(page, "host", rog_query_text(query, 1));
        write_members(page, "facts", rog_query_text(query, 2));
        code = 0;
    }
    rog_query_free(query);
    return code;
}

static int write_run(FILE *page, struct rog_db *db, const struct rog_case_run *run,
                     struct rog_error *err)
{
    const struct rog_run_row *row = &run->row;
    char number[32];
    fprintf(page, "<details><summary>");
    rog_quote_xml(page, row->note && row->note[0] ? row->note : row->library);
    fprintf(page, " &middot; ");
    rog_quote_xml(page, row->id);
    fprintf(page, "</summary>\n<div class=\"wide\"><table class=\"text\"><tbody>\n");
    write_row(page, "status", row->status);
    write_row(page, "error", row->error);
    write_row(page, "started", row->started_at);
    write_row(page, "ended", row->ended_at);
    write_row(page, "cluster", row->cluster);
    snprintf(number, sizeof number, "%lld", (long long)row->seed);
    write_row(page, "seed", number);
    if (run->done) {
        snprintf(number, sizeof number, "%lld", (long long)run->extent.iterations);
        write_row(page, "iterations", number);
        snprintf(number, sizeof number, "%.0f s", run->extent.seconds);
        write_row(page, "duration", number);
    }
    char *replay = run->replay.recorded ? rog_replay_text(&run->replay) : NULL;
    if (replay)
        write_row(page, rog_replay_is_off(&run->replay) ? "REPLAY" : "replay", replay);
    free(replay);
    write_members(page, "Configuration", row->config);
    write_members(page, "Versions", row->versions);
    int code = write_hosts(page, db, row->id, err);
    fprintf(page, "</tbody></table></div></details>\n");
    return code;
}

int rog_report_html(const struct rog_report *report, struct rog_db *db, FILE *page,
                    struct rog_error *err)
{
    const struct rog_case_data *data = &report->data;
    fprintf(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n");
    write_text(page, "title", data->title);
    fprintf(page, "\n%s</head><body>\n", style);
    write_text(page, "h1", data->title);
    fprintf(page, "\n<p>%zu run%s, made by rogctl " ROG_VERSION "</p>\n", data->run_count,
            data->run_count == 1 ? "" : "s");
    int code = write_series(report, page, err);
    if (code == 0)
        write_gains(report, page);
    if (code == 0 && data->series_count > 0)
        code = write_figures(report, db, page, err);
    if (code == 0)
        fprintf(page, "<h2>Runs</h2>\n");
    for (size_t i = 0; i < data->run_count && code == 0; i++)
        code = write_run(page, db, &data->run[i], err);
    fprintf(page, "</body></html>\n");
    return code;
}
