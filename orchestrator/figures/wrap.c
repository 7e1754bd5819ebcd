/* SPDX-License-Identifier: Apache-2.0 */
/* Breaks labels into lines. */
#include <orchestrator/figures/wrap.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <orchestrator/text/grapheme.h>
#include <orchestrator/text/label.h>

/* Returns the width of the first `size` bytes. A NUL is put at their end temporarily. */
static double em_of(char *text, size_t size)
{
    char kept = text[size];
    text[size] = '\0';
    double em = rog_label_em(text);
    text[size] = kept;
    return em;
}

/* Returns how many bytes of `line` fit, at least one grapheme. */
static size_t fitting(char *line, double em)
{
    size_t used = rog_grapheme_bytes(line), next;
    while ((next = rog_grapheme_bytes(line + used)) > 0 && em_of(line, used + next) <= em)
        used += next;
    return used;
}

/* Returns where a line of at most `most` bytes ends: at a space, preferably after a comma, because
 * parts between commas belong together; within a word if there is no space. */
static size_t line_end(const char *line, size_t most)
{
    size_t any = 0, comma = 0;
    for (size_t i = 1; i <= most; i++) {
        any = line[i] == ' ' ? i : any;
        comma = line[i] == ' ' && line[i - 1] == ',' ? i : comma;
    }
    return comma ? comma : any ? any : most;
}

char *rog_wrap(const char *text, double em)
{
    char *rest = strdup(text), *line = rest;
    char *wrapped = rest ? malloc(2 * strlen(text) + 1) : NULL, *out = wrapped;
    while (wrapped && *line) {
        size_t used = fitting(line, em);
        if (line[used])
            used = line_end(line, used);
        memcpy(out, line, used);
        out += used;
        line += used;
        while (*line == ' ')
            line++;
        if (*line)
            *out++ = '\n';
    }
    if (wrapped)
        *out = '\0';
    free(rest);
    return wrapped;
}

size_t rog_wrap_lines(const char *wrapped)
{
    size_t lines = 1;
    for (; (wrapped = strchr(wrapped, '\n')); wrapped++)
        lines++;
    return lines;
}

double rog_wrap_em(const char *wrapped)
{
    double widest = 0;
    char *copy = strdup(wrapped), *rest = copy;
    for (char *line; rest && (line = strsep(&rest, "\n"));)
        widest = fmax(widest, rog_label_em(line));
    free(copy);
    return widest;
}
