/* SPDX-License-Identifier: Apache-2.0 */
/* Expands ranges in braces. */
#include <orchestrator/conf/ranges.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define DIGITS "0123456789"
#define DIGITS_MAX 9 /* of a number in a range */
#define BRACES_MAX 8

struct expansion {
    const char *text; /* the whole text, for messages */
    size_t count, most;
    struct rog_json *list;
    struct rog_error *err;
};

static int expand(const struct expansion *e, const char *before, const char *rest);

bool rog_ranges_in(const char *text)
{
    return strpbrk(text, "{}") != NULL;
}

static int fail(const struct expansion *e, const char *what)
{
    return rog_fail(e->err, ROG_EINVAL, "\"%s\": %s", e->text, what);
}

/* Appends `value` in place of the braces, then continues with the text after them. */
static int put(const struct expansion *e, const char *before, const char *value, const char *behind)
{
    char *begun = rog_format("%s%s", before, value);
    int code = begun ? expand(e, begun, behind) : rog_fail_nomem(e->err);
    free(begun);
    return code;
}

static int put_numbers(const struct expansion *e, const char *before, long first, long last,
                       int width, const char *behind)
{
    int code = ROG_OK;
    long step = first <= last ? 1 : -1;
    for (long number = first; !code && number != last + step; number += step) {
        char value[32];
        snprintf(value, sizeof value, "%0*ld", width, number);
        code = put(e, before, value, behind);
    }
    return code;
}

/* Returns whether the text up to `end` consists of digits, at most DIGITS_MAX. */
static bool is_number(const char *text, const char *end)
{
    size_t length = strspn(text, DIGITS);
    return length > 0 && length <= DIGITS_MAX && text + length == end;
}

/* Expands "1..30", "01..30" or "11..". */
static int put_range(const struct expansion *e, const char *before, const char *item,
                     const char *behind)
{
    const char *dots = strstr(item, ".."), *to = dots + 2, *end = item + strlen(item);
    size_t digits = (size_t)(dots - item);
    bool open = !to[0];
    if (!is_number(item, dots) || !(open || is_number(to, end)))
        return fail(e, "a range is two whole numbers with .. between them, {1..30}");
    if (open && !e->count)
        return fail(e, "the range has no end: write one, or give count");
    if (open && (strpbrk(behind, "{") || strchr(e->text, '{') != strrchr(e->text, '{') ||
                 strchr(e->text, ',')))
        return fail(e, "a range without an end has to be the only one");
    long first = strtol(item, NULL, 10);
    long last = open ? first + (long)e->count - 1 : strtol(to, NULL, 10);
    return put_numbers(e, before, first, last, item[0] == '0' ? (int)digits : 0, behind);
}

/* Expands the items of the braces in order. */
static int put_items(const struct expansion *e, const char *before, char *items, const char *behind)
{
    int code = ROG_OK;
    for (char *item = strsep(&items, ","); item && !code; item = strsep(&items, ",")) {
        if (!item[0])
            code = fail(e, "an empty item between braces or commas");
        else if (strstr(item, ".."))
            code = put_range(e, before, item, behind);
        else
            code = put(e, before, item, behind);
    }
    return code;
}

static int expand(const struct expansion *e, const char *before, const char *rest)
{
    size_t plain = strcspn(rest, "{}");
    const char *open = rest + plain;
    const char *close = *open == '{' ? open + 1 + strcspn(open + 1, "{}") : NULL;
    if (*open && (*open == '}' || *close != '}'))
        return fail(e, "braces must be paired and cannot be nested");
    char *begun = rog_format("%s%.*s", before, (int)plain, rest);
    char *items = close ? rog_format("%.*s", (int)(close - open - 1), open + 1) : NULL;
    int code = begun && (items || !close) ? ROG_OK : rog_fail_nomem(e->err);
    if (!code && close)
        code = put_items(e, begun, items, close + 1);
    else if (!code && rog_json_size(e->list) >= e->most)
        code = rog_fail(e->err, ROG_EINVAL, "\"%s\" stands for more than %zu", e->text, e->most);
    else if (!code)
        rog_json_append(e->list, rog_json_new_string(begun));
    free(items);
    free(begun);
    return code;
}

int rog_ranges_expand(const char *text, size_t count, size_t most, struct rog_json *list,
                      struct rog_error *err)
{
    const struct expansion e = {text, count, most, list, err};
    size_t braces = 0;
    for (const char *at = text; *at; at++)
        braces += *at == '{';
    return braces <= BRACES_MAX ? expand(&e, "", text) : fail(&e, "too many braces");
}
