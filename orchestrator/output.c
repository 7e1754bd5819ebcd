/* SPDX-License-Identifier: Apache-2.0 */
/* Results, remarks, tables and JSON on standard output and error. */
#include <orchestrator/output.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <common/utf8.h>
#include <orchestrator/text/label.h>

#define COLUMNS_MAX 24
#define CELL_MAX_COLUMNS 200
#define LEAST_COLUMNS 20 /* of a wrapped text; in less it is not wrapped */

struct rog_output rog_output_of(const struct rog_cli *cli)
{
    return (struct rog_output){
        .json = rog_cli_flag(cli, "json"),
        .quiet = rog_cli_flag(cli, "quiet"),
        .verbose = rog_cli_flag(cli, "verbose"),
    };
}

static void __attribute__((format(printf, 2, 0)))
write_line(const char *before, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        rog_ran_out_note();
        return;
    }
    fputs(before, stderr);
    rog_write_harmless(stderr, text);
    fputc('\n', stderr);
    free(text);
}

void rog_remark(const struct rog_output *output, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!output->quiet)
        write_line("", format, args);
    va_end(args);
}

void rog_detail(const struct rog_output *output, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (output->verbose && !output->quiet)
        write_line("", format, args);
    va_end(args);
}

void rog_warn(const struct rog_output *output, const char *format, ...)
{
    (void)output;
    va_list args;
    va_start(args, format);
    write_line("rogctl: ", format, args);
    va_end(args);
}

void rog_print(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        rog_ran_out_note();
        return;
    }
    /* A script gets names as they are. */
    if (isatty(STDOUT_FILENO))
        rog_write_harmless(stdout, text);
    else
        fputs(text, stdout);
    putchar('\n');
    free(text);
}

/* 0: not a terminal. */
static size_t terminal_columns(void)
{
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO))
        return 0;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void rog_print_wrapped(const char *before, const char *text)
{
    size_t columns = terminal_columns(), indent = rog_label_columns(before);
    size_t width = columns > indent + LEAST_COLUMNS ? columns - indent : 0;
    while (width && rog_label_columns(text) > width) {
        size_t fits = 0; /* up to the last blank within the width, else to the first */
        for (size_t end = strcspn(text, " "); text[end]; end += 1 + strcspn(text + end + 1, " ")) {
            char *part = rog_format("%.*s", (int)end, text);
            bool more = part && (!fits || rog_label_columns(part) <= width);
            free(part);
            if (!more)
                break;
            fits = end;
        }
        if (!fits)
            break;
        rog_print("%s%.*s", before, (int)fits, text);
        text += fits + 1;
        before = "";
        printf("%*s", (int)indent, "");
    }
    rog_print("%s%s", before, text);
}

/* Outside of strings there is nothing that cannot be seen but line ends, and within them jansson
 * has taken care of what is below U+0020. */
static void put_json(const char *text)
{
    while (*text) {
        char bytes[ROG_UTF8_MAX_BYTES];
        uint32_t code = rog_utf8_take(&text);
        bool hidden = code > ' ' && rog_utf8_is_hidden(code);
        if (hidden && code > 0xFFFF)
            printf("\\u%04x\\u%04x", (unsigned)(0xD7C0 + (code >> 10)),
                   (unsigned)(0xDC00 | (code & 0x3FF)));
        else if (hidden)
            printf("\\u%04x", (unsigned)code);
        else
            fwrite(bytes, 1, (size_t)(rog_utf8_put(bytes, code) - bytes), stdout);
    }
}

int rog_print_json(struct rog_json *value, struct rog_error *err)
{
    char *text = rog_json_text_pretty(value);
    rog_json_free(value);
    if (!text)
        return rog_fail_nomem(err);
    put_json(text);
    putchar('\n');
    free(text);
    return 0;
}

struct rog_table {
    char *titles;
    char *title[COLUMNS_MAX];
    bool right[COLUMNS_MAX];
    size_t columns;
    char **cell;
    size_t cells;
    bool failed;
};

struct rog_table *rog_table_new(const char *titles)
{
    struct rog_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->titles = rog_strdup(titles);
    if (!table->titles) {
        free(table);
        return NULL;
    }
    char *rest = NULL;
    for (char *title = strtok_r(table->titles, "|", &rest); title && table->columns < COLUMNS_MAX;
         title = strtok_r(NULL, "|", &rest)) {
        table->right[table->columns] = title[0] == '>';
        table->title[table->columns++] = title + (title[0] == '>');
    }
    return table;
}

void rog_table_cell(struct rog_table *table, const char *format, ...)
{
    char *raw = NULL;
    if (!table)
        return;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&raw, format, args);
    va_end(args);
    char *clean = length >= 0 ? rog_label_clean(raw, CELL_MAX_COLUMNS) : NULL;
    if (length >= 0)
        free(raw);
    char **more = realloc(table->cell, (table->cells + 1) * sizeof *more);
    if (more)
        table->cell = more;
    if (more && clean) {
        table->cell[table->cells++] = clean;
    } else {
        free(clean);
        table->failed = true;
    }
}

void rog_table_number(struct rog_table *table, double number, int digits)
{
    if (isnan(number))
        rog_table_cell(table, "-");
    else
        rog_table_cell(table, "%.*f", digits, number);
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
    size_t columns = rog_label_columns(text);
    int padding = columns < width ? (int)(width - columns) : 0;
    if (right)
        printf("%*s%s", padding, "", text);
    else
        printf("%s%*s", text, last ? 0 : padding, "");
    fputs(last ? "\n" : "  ", stdout);
}

int rog_table_print(struct rog_table *table, struct rog_error *err)
{
    if (!table)
        return rog_fail_nomem(err);
    int code = table->failed ? rog_fail_nomem(err) : 0;
    size_t width[COLUMNS_MAX];
    for (size_t c = 0; c < table->columns; c++)
        width[c] = rog_label_columns(table->title[c]);
    for (size_t i = 0; i < table->cells; i++) {
        size_t columns = rog_label_columns(table->cell[i]);
        size_t *widest = &width[i % table->columns];
        *widest = columns > *widest ? columns : *widest;
    }
    for (size_t c = 0; code == 0 && c < table->columns; c++)
        print_cell(table->title[c], width[c], table->right[c], c + 1 == table->columns);
    for (size_t i = 0; i < table->cells; i++) {
        size_t c = i % table->columns;
        if (code == 0)
            print_cell(table->cell[i], width[c], table->right[c], c + 1 == table->columns);
        free(table->cell[i]);
    }
    free(table->cell);
    free(table->titles);
    free(table);
    return code;
}
