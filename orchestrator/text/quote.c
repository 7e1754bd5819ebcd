/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes texts for gnuplot, XML, LaTeX, Markdown, CSV, MLflow and file names. */
#include <orchestrator/text/quote.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <common/hash.h>
#include <common/utf8.h>
#include <orchestrator/text/fonts.h>
#include <orchestrator/text/label.h>

#define COMMENT_COLUMNS 500
#define NON_JOINER "\u200c"        /* an invisible character that separates */
#define MLFLOW_VALUE_MAX_BYTES 500 /* older servers reject longer values */
#define NAME_MAX_BYTES 100         /* of a key or file name, without the hash */
#define NAME_HASH_BYTES 10         /* "-1a2b3c4d" */

/* Writes a string for gnuplot. gnuplot reads up to four digits of an octal number that begins with
 * 0, otherwise three; therefore a number must never be followed by a digit. */
static void gnuplot_string(FILE *file, const char *text, const char *brackets)
{
    bool after_number = false;
    size_t closing = 0; /* consecutive brackets */
    fputc('"', file);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = byte >= 0x80 || isalpha(byte) || strchr(" ,.:;+-=/()_<>|~?!*&%", byte) ||
                     (isdigit(byte) && !after_number);
        if (byte == '>' && closing >= 2)
            fputs(brackets, file);
        if (plain)
            fputc(byte, file);
        else
            fprintf(file, "\\%03o", byte);
        after_number = !plain;
        closing = byte == ']' ? closing + 1 : 0;
    }
    fputc('"', file);
}

void rog_quote_gnuplot(FILE *file, const char *text)
{
    char *drawable = rog_fonts_drawable(text);
    gnuplot_string(file, drawable ? drawable : "", NON_JOINER);
    free(drawable);
}

void rog_quote_gnuplot_path(FILE *file, const char *path)
{
    gnuplot_string(file, path, "");
}

void rog_quote_gnuplot_comment(FILE *file, const char *text)
{
    char *clean = rog_label_clean(text, COMMENT_COLUMNS);
    size_t size = clean ? strlen(clean) : 0;
    fputs(clean ? clean : "", file);
    if (size && clean[size - 1] == '\\') /* would continue the comment on the next line */
        fputc(' ', file);
    free(clean);
}

/* Writes a code point, made visible if it is hidden. */
static void put_shown(FILE *file, uint32_t code)
{
    char bytes[ROG_UTF8_SHOWN_MAX_BYTES];
    fwrite(bytes, 1, (size_t)(rog_utf8_show(bytes, code) - bytes), file);
}

void rog_quote_xml(FILE *file, const char *text)
{
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        const char *name = code == '&'    ? "&amp;"
                           : code == '<'  ? "&lt;"
                           : code == '>'  ? "&gt;"
                           : code == '"'  ? "&quot;"
                           : code == '\'' ? "&#39;"
                                          : NULL;
        if (name)
            fputs(name, file);
        else if (code == '\n' || code == '\t')
            fputc((int)code, file);
        else
            put_shown(file, code);
    }
}

/* Returns whether pdfTeX has the letter in fonts of every encoding. */
static bool latex_has_letter(uint32_t code)
{
    bool letter = code >= 0xC0 && code <= 0xFF;
    /* eth, thorn and signs are not among them */
    return letter && !strchr("\xD0\xD7\xDE\xF0\xF7\xFE", (int)code);
}

/* Returns the LaTeX form of an ASCII character; NULL: unchanged. Braces prevent brackets and stars
 * from being read as arguments. */
static const char *latex_ascii(uint32_t code)
{
    static const char *const names[128] = {
        ['\\'] = "\\textbackslash{}",
        ['{'] = "\\{",
        ['}'] = "\\}",
        ['$'] = "\\$",
        ['&'] = "\\&",
        ['#'] = "\\#",
        ['_'] = "\\_",
        ['%'] = "\\%",
        ['^'] = "\\textasciicircum{}",
        ['~'] = "\\textasciitilde{}",
        ['<'] = "\\textless{}",
        ['>'] = "\\textgreater{}",
        ['|'] = "\\textbar{}",
        ['"'] = "\\symbol{34}",
        ['`'] = "\\symbol{96}",
        ['['] = "{[}",
        [']'] = "{]}",
        ['*'] = "{*}",
        ['\n'] = " ",
        ['\t'] = " ",
    };
    return code < 128 ? names[code] : NULL;
}

static const char *latex_sign(uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *name;
    } signs[] = {
        {0xB1, "\\ensuremath{\\pm}"},
        {0xD7, "\\ensuremath{\\times}"},
        {0xB5, "\\ensuremath{\\mu}"},
        {0xB0, "\\ensuremath{^\\circ}"},
        {0x3BC, "\\ensuremath{\\mu}"},
        {0x2264, "\\ensuremath{\\le}"},
        {0x2265, "\\ensuremath{\\ge}"},
        {0x2212, "\\ensuremath{-}"},
        {0x2013, "--{}"},
        {0x2014, "---{}"},
        {0x2026, "\\dots{}"},
    };
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].code == code)
            return signs[i].name;
    return NULL;
}

/* Returns whether two equal characters would become a ligature: a dash, a quotation mark. */
static bool ligates(uint32_t code, char next)
{
    return code < 0x80 && code == (uint32_t)(unsigned char)next && strchr("-,'", next);
}

void rog_quote_latex(FILE *file, const char *text)
{
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        const char *name = latex_ascii(code) ? latex_ascii(code) : latex_sign(code);
        char bytes[ROG_UTF8_SHOWN_MAX_BYTES + 1] = {0};
        rog_utf8_show(bytes, code);
        if (name)
            fputs(name, file);
        else if (bytes[1] && bytes[0] == '\\') /* an invisible character */
            rog_quote_latex(file, bytes);
        else if (code < 0x80 || latex_has_letter(code))
            fprintf(file, "%s%s", bytes, ligates(code, *text) ? "{}" : "");
        else
            fprintf(file, "\\rogchar{%s}{%04X}", bytes, (unsigned)code);
    }
}

/* Every ASCII punctuation character may follow a backslash; these have no special meaning within a
 * line. */
/* Returns whether the text after a colon makes it part of a URL ("http://") or of an emoji's name
 * (":100:"). */
static bool markdown_takes_colon(const char *after)
{
    static const char *const without_letters[] = {"100", "1234", "+1", "-1"};
    size_t length = strspn(after, "abcdefghijklmnopqrstuvwxyz0123456789_+-");
    if (after[0] == '/' || length == 0 || after[length] != ':')
        return after[0] == '/';
    for (size_t i = 0; i < sizeof without_letters / sizeof *without_letters; i++)
        if (length == strlen(without_letters[i]) && strncmp(after, without_letters[i], length) == 0)
            return true;
    return strcspn(after, "abcdefghijklmnopqrstuvwxyz") < length;
}

void rog_quote_markdown(FILE *file, const char *text)
{
    while (*text) {
        uint32_t code = rog_utf8_take(&text);
        if (code == '&')
            fputs("&amp;", file); /* a backslash does not prevent an entity */
        else if (code == '<')
            fputs("&lt;", file);
        else if (code == '\n' || code == '\t')
            fputc(' ', file);
        else {
            bool plain = code == ':' && !markdown_takes_colon(text);
            if (code < 0x80 && ispunct((int)code) && !strchr(".,;%()=+-/'?", (int)code) && !plain)
                fputc('\\', file);
            put_shown(file, code);
        }
    }
}

/* Returns whether a spreadsheet would evaluate the text as a formula, including full-width signs of
 * East Asian keyboards, and texts that become formulas when leading apostrophes are removed. */
static bool is_formula(const char *text)
{
    static const uint32_t first[] = {'=',  '+',    '-',    '@',    '\t',  '\r',
                                     '\n', 0xff1d, 0xff0b, 0xff0d, 0xff20};
    text += strspn(text, "'");
    uint32_t code = *text ? rog_utf8_take(&text) : 0;
    bool is = false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        is |= code == first[i];
    return is;
}

/* Some readers drop spaces at either end if there are no quotes. */
void rog_quote_csv(FILE *file, const char *text)
{
    size_t size = strlen(text);
    bool plain = size && text[0] != ' ' && text[size - 1] != ' ' && !strpbrk(text, "\",\r\n");
    fputs(plain ? "" : "\"", file);
    fputs(is_formula(text) ? "'" : "", file);
    while (*text) {
        char bytes[ROG_UTF8_MAX_BYTES];
        uint32_t code = rog_utf8_take(&text);
        if (code == '"')
            fputc('"', file);
        fwrite(bytes, 1, (size_t)(rog_utf8_put(bytes, code) - bytes), file);
    }
    fputs(plain ? "" : "\"", file);
}

/* Copies the characters of a text that `takes` accepts at their position, up to NAME_MAX_BYTES;
 * appends a hash if anything was changed. */
static char *make_name(const char *text, bool changed,
                       bool (*takes)(uint32_t code, const char *before, const char *after))
{
    char hex[ROG_SHA256_HEX_BYTES];
    char *name = calloc(NAME_MAX_BYTES + NAME_HASH_BYTES, 1);
    char *out = name;
    const char *rest = text;
    while (name && *rest) {
        const char *begin = rest;
        uint32_t code = rog_utf8_take(&rest);
        size_t bytes = (size_t)(rest - begin);
        if ((size_t)(out - name) + bytes > NAME_MAX_BYTES) {
            changed = true;
            break;
        }
        if (takes(code, out == name ? NULL : out - 1, rest)) {
            memcpy(out, begin, bytes);
            out += bytes;
        } else {
            *out++ = '_';
            changed = true;
        }
    }
    if (name && changed) {
        rog_sha256(text, strlen(text), hex);
        snprintf(out, NAME_HASH_BYTES, "-%.8s", hex);
    }
    return name;
}

static bool is_letter_or_digit(uint32_t code)
{
    return code < 0x80 && isalnum((int)code);
}

/* Servers reject paths with parts that are empty or begin with a dot. */
static bool takes_key(uint32_t code, const char *before, const char *after)
{
    bool begins = !before || *before == '/';
    if (code == '/')
        return !begins && *after && *after != '/';
    if (code == '.' || code == ' ')
        return !begins && *after && *after != '/';
    return is_letter_or_digit(code) || code == '_' || code == '-';
}

char *rog_quote_mlflow_key(const char *text)
{
    return make_name(text, text[0] == '\0', takes_key);
}

char *rog_quote_mlflow_value(const char *text)
{
    /* An invalid byte becomes U+FFFD, which takes three bytes. */
    char *value = malloc(3 * strlen(text) + 1), *out = value;
    while (value && *text)
        out = rog_utf8_put(out, rog_utf8_take(&text));
    if (!value)
        return NULL;
    *out = '\0';
    if (out - value > MLFLOW_VALUE_MAX_BYTES) {
        size_t end = MLFLOW_VALUE_MAX_BYTES - 3;
        while (end && ((unsigned char)value[end] & 0xC0) == 0x80)
            end--;
        strcpy(value + end, "...");
    }
    return value;
}

static bool takes_file_name(uint32_t code, const char *before, const char *after)
{
    (void)after;
    if (code == '.' || code == '-')
        return before != NULL;
    return is_letter_or_digit(code) || code == '_' ||
           (code >= 0x80 && code != ROG_UTF8_REPLACEMENT && !rog_utf8_is_hidden(code) &&
            !rog_utf8_is_space(code));
}

char *rog_quote_file_name(const char *text)
{
    return make_name(text, text[0] == '\0', takes_file_name);
}
