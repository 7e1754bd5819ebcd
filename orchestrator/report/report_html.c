/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report as an HTML page, with its figures. */
#include <orchestrator/report/table.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/scratch.h>
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
    "figcaption{color:var(--faint);font-size:.85rem;margin-top:.3rem}\n"
    "details{border:1px solid var(--rule);border-radius:6px;margin:.6rem 0}\n"
    "summary{padding:.5rem .7rem;cursor:pointer;font-weight:600;overflow-wrap:anywhere}\n"
    "details .wide{border:0;border-top:1px solid var(--rule);border-radius:0}\n"
    "</style>\n";

/* Writes an element with a text; `tag` may have attributes. dir="auto" keeps right-to-left text
 * from affecting its surroundings. */
static void write_text(FILE *page, const char *tag, const char *text)
{
    fprintf(page, "<%s dir=\"auto\">", tag);
    rog_quote_xml(page, text);
    fprintf(page, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static void write_table(FILE *page, const struct rog_report_table *table)
{
    fprintf(page, "<p>");
    rog_quote_xml(page, table->caption);
    fprintf(page, "%s.</p>\n", table->marks_best ? "; the best value of a column is marked" : "");
    if (table->cells == 0)
        return;
    fprintf(page, "<div class=\"wide\"><table><thead><tr>");
    for (size_t c = 0; c < table->columns; c++)
        write_text(page, table->column[c].is_number ? "th" : "th class=\"left\"",
                   table->column[c].title);
    fprintf(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < table->cells; i++) {
        size_t c = i % table->columns;
        const struct rog_report_cell *cell = &table->cell[i];
        fprintf(page, c ? "" : "<tr>");
        write_text(page,
                   c == 0                        ? "th"
                   : cell->is_best               ? "td class=\"best\""
                   : !table->column[c].is_number ? "td class=\"left\""
                                                 : "td",
                   cell->text);
        fprintf(page, c + 1 == table->columns ? "</tr>\n" : "");
    }
    fprintf(page, "</tbody></table></div>\n");
}

static int write_tables(const struct rog_report *report, FILE *page, struct rog_error *err)
{
    struct rog_report_tables tables;
    int code = rog_report_tables_make(report, &tables, err);
    if (code < 0)
        return code;
    fprintf(page, "<h2>Comparison</h2>\n");
    for (size_t i = 0; i < tables.count; i++)
        write_table(page, &tables.table[i]);
    for (size_t i = 0; i < tables.remarks; i++) {
        write_text(page, "p", tables.remark[i]);
        fputc('\n', page);
    }
    rog_report_tables_release(&tables);
    return 0;
}

/* Embeds the picture in the page: without its XML declaration, and with a prefix for its ids, so
 * that those of several pictures do not collide. */
static void write_svg(FILE *page, const char *svg, const char *caption, size_t index)
{
    static const char *const names[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};
    const char *at = strstr(svg, "<svg");
    if (!at)
        return;
    fprintf(page, "<figure><svg role=\"img\" aria-label=\"");
    rog_quote_xml(page, caption);
    fputc('"', page);
    bool in_tag = true; /* text outside tags may look like an id */
    for (at += strlen("<svg"); *at;) {
        size_t length = 0;
        in_tag = *at == '<' || (in_tag && *at != '>');
        for (size_t i = 0; in_tag && i < sizeof names / sizeof *names && !length; i++)
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

/* Draws the figures in a temporary folder and embeds them. */
static int write_figures(const struct rog_report *report, struct rog_db *db, FILE *page,
                         struct rog_error *err)
{
    struct pictures pictures = {0};
    struct rog_scratch scratch;
    int code = rog_scratch_make(&scratch, NULL, "rogctl-report", err);
    if (code)
        return code;
    struct rog_figures_options options = {.plots = scratch.path,
                                          .formats = "svg",
                                          .ends = report->data.as_published ? ROG_ENDS_SCRIPTS
                                                                            : ROG_ENDS_DATA,
                                          .as_published = report->data.as_published,
                                          .curves = report->curves,
                                          .drawn = drawn,
                                          .user = &pictures};
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
        char *caption = code == 0 ? rog_figures_caption(pictures.path[i], &report->data) : NULL;
        if (code == 0 && !caption)
            code = rog_fail_nomem(err);
        if (code == 0)
            write_svg(page, svg, caption, i);
        free(caption);
        free(svg);
        free(pictures.path[i]);
    }
    if (code == 0)
        fprintf(page, "</div>\n");
    if (code == ROG_ENOTFOUND) /* a case may have nothing to draw */
        code = 0;
    rog_scratch_remove(&scratch, NULL);
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

/* Writes the members of a JSON object as rows; text that is not an object is written unchanged. */
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
    write_text(page, "bdi", row->note && row->note[0] ? row->note : row->library);
    fprintf(page, " &middot; ");
    write_text(page, "bdi", row->id);
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
    char setbacks[ROG_SETBACKS_BYTES];
    rog_setbacks_text(&run->setbacks, setbacks);
    write_row(page, "setbacks", setbacks[0] ? setbacks : NULL);
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
    int code = write_tables(report, page, err);
    if (code == 0 && data->series_count > 0)
        code = write_figures(report, db, page, err);
    if (code == 0)
        fprintf(page, "<h2>Runs</h2>\n");
    for (size_t i = 0; i < data->run_count && code == 0; i++)
        code = write_run(page, db, &data->run[i], err);
    fprintf(page, "</body></html>\n");
    return code;
}
