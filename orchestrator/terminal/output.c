/* SPDX-License-Identifier: Apache-2.0 */
/* Prints results, remarks and JSON on standard output and standard error. */
#include <orchestrator/terminal/output.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/file.h>
#include <common/ran_out.h>
#include <common/screen.h>
#include <common/utf8.h>
#include <orchestrator/text/label.h>

/* Least width of wrapped text; with less room it starts on a line of its own. */
#define LEAST_COLUMNS 20
#define NARROW_INDENT "    "

struct rog_output rog_output_of(const struct rog_cli *cli)
{
    return (struct rog_output){
        .json = rog_cli_flag(cli, "json"),
        .quiet = rog_cli_flag(cli, "quiet"),
        .verbose = rog_cli_flag(cli, "verbose"),
    };
}

/* Returns how many bytes of the text fit on a line of this many columns; a longer word is not
 * broken. */
static size_t line_bytes(const char *text, size_t columns)
{
    size_t fits = rog_label_break(text, columns);
    return text[fits] == ' ' ? fits : strcspn(text, " ");
}

static void write_broken(FILE *out, const char *line, size_t length, size_t columns)
{
    char *rest = rog_format("%.*s", (int)length, line), *at = rest;
    while (at && rog_label_columns(at) > columns) {
        size_t fits = line_bytes(at, columns);
        if (!at[fits])
            break;
        fprintf(out, "%.*s\n", (int)fits, at);
        at += fits + 1;
    }
    fputs(at ? at : "", out);
    free(rest);
}

char *rog_wrapped(const char *text, size_t columns)
{
    char *clean = NULL, *wrapped = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&clean, &bytes);
    if (!out)
        return NULL;
    rog_write_harmless(out, text);
    if (fclose(out) != 0 || !columns)
        return clean;
    out = open_memstream(&wrapped, &bytes);
    for (const char *line = clean; out && *line;) {
        size_t length = strcspn(line, "\n");
        write_broken(out, line, length, columns);
        line += length;
        if (*line)
            fputc(*line++, out);
    }
    free(clean);
    return out && fclose(out) == 0 ? wrapped : NULL;
}

/* Formats a text. NULL without memory, which is recorded. */
static char *__attribute__((format(printf, 1, 0))) text_of(const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) >= 0)
        return text;
    rog_ran_out_note();
    return NULL;
}

/* Writes a line; on a terminal it is wrapped at spaces. */
static void __attribute__((format(printf, 2, 0)))
write_line(const char *before, const char *format, va_list args)
{
    char *text = text_of(format, args);
    if (!text)
        return;
    char *whole = rog_format("%s%s", before, text);
    char *shown = whole ? rog_wrapped(whole, rog_screen_of(STDERR_FILENO).columns) : NULL;
    if (shown)
        fprintf(stderr, "%s\n", shown);
    else
        rog_ran_out_note();
    free(shown);
    free(whole);
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
    va_list args;
    va_start(args, format);
    char *text = text_of(format, args);
    va_end(args);
    if (!text)
        return;
    /* In a pipe or file, names are written unchanged, for scripts. */
    if (rog_screen_of(STDOUT_FILENO).terminal)
        rog_write_harmless(stdout, text);
    else
        fputs(text, stdout);
    putchar('\n');
    free(text);
}

void rog_print_wrapped(const char *before, const char *text)
{
    size_t columns = rog_screen_of(STDOUT_FILENO).columns, indent = rog_label_columns(before);
    size_t width = columns > indent + LEAST_COLUMNS ? columns - indent : 0;
    if (columns && !width && columns > sizeof NARROW_INDENT + LEAST_COLUMNS) {
        rog_print("%s", before);
        rog_print_wrapped(NARROW_INDENT, text);
        return;
    }
    while (width && rog_label_columns(text) > width) {
        size_t fits = line_bytes(text, width);
        if (!text[fits])
            break;
        rog_print("%s%.*s", before, (int)fits, text);
        text += fits + strspn(text + fits, " ");
        before = "";
        printf("%*s", (int)indent, "");
    }
    rog_print("%s%s", before, text);
}

void rog_print_hanging(size_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = text_of(format, args);
    va_end(args);
    if (!text)
        return;
    char *title = strlen(text) > column ? rog_format("%.*s", (int)column, text) : NULL;
    if (title && (!column || title[column - 1] == ' '))
        rog_print_wrapped(title, text + column);
    else
        rog_print("%s", text);
    free(title);
    free(text);
}

/* Writes JSON with invisible characters escaped. Outside of strings there are none except line
 * ends; within strings, jansson has escaped those below U+0020. */
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
