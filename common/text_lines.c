/* SPDX-License-Identifier: Apache-2.0 */
/* Finds lines and numbers in text that any program may have written. */
#include <common/text_lines.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INTEGER_MAX ((int64_t)1 << 53)

struct mark {
    const char *bytes;
    size_t length;
    const char *is; /* what the text is that begins with these bytes, with a hint */
};

#define MARK(bytes, is)              \
    {                                \
        bytes, sizeof(bytes) - 1, is \
    }
#define COMPRESSED "is compressed; hint: unpack it first"
#define UTF_16 "is text in UTF-16; hint: iconv -f UTF-16 -t UTF-8 converts it"
static const struct mark foreign[] = {
    MARK("\x1f\x8b", COMPRESSED),   MARK("\xfd\x37zXZ", COMPRESSED),
    MARK("BZh", COMPRESSED),        MARK("\x28\xb5\x2f\xfd", COMPRESSED),
    MARK("PK\x03\x04", COMPRESSED), MARK("\xff\xfe", UTF_16),
    MARK("\xfe\xff", UTF_16),
};
static const struct mark byte_order = MARK("\xef\xbb\xbf", NULL);

static bool has_mark(const struct rog_text_lines *lines, const struct mark *mark)
{
    return (size_t)(lines->stop - lines->at) >= mark->length &&
           memcmp(lines->at, mark->bytes, mark->length) == 0;
}

int rog_text_lines_begin(struct rog_text_lines *lines, const char *text, size_t size,
                         struct rog_error *err)
{
    *lines = (struct rog_text_lines){.at = text, .stop = text + size};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (has_mark(lines, &foreign[i]))
            return rog_fail(err, ROG_EFORMAT, "%s", foreign[i].is);
    if (has_mark(lines, &byte_order))
        lines->at += byte_order.length;
    return ROG_OK;
}

bool rog_text_lines_next(struct rog_text_lines *lines, struct rog_text_line *line)
{
    if (lines->at >= lines->stop)
        return false;
    const char *begin = lines->at, *end = begin;
    while (end < lines->stop && *end != '\n' && *end != '\r')
        end++;
    bool ended = end < lines->stop;
    bool pair = end + 1 < lines->stop && end[0] == '\r' && end[1] == '\n';
    lines->at = end + ended + pair;
    lines->number++;
    *line = (struct rog_text_line){begin, (size_t)(end - begin), lines->number, ended};
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

void rog_text_trim(const char **begin, const char **end)
{
    while (*begin < *end && is_blank(**begin))
        (*begin)++;
    while (*end > *begin && is_blank((*end)[-1]))
        (*end)--;
}

bool rog_text_number(const char *text, double *number)
{
    size_t length = strlen(text);
    if (!length || strspn(text, "0123456789+-.eE") != length)
        return false;
    char *end = NULL;
    *number = strtod(text, &end);
    return *end == '\0' && isfinite(*number);
}

bool rog_text_integer(const char *text, int64_t *number)
{
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (!digits || text[(*text == '-') + digits])
        return false;
    *number = strtoll(text, NULL, 10); /* a number that is too large becomes the largest */
    return *number <= INTEGER_MAX && *number >= -INTEGER_MAX;
}
