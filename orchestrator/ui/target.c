/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the target of a request. */
#include <orchestrator/ui/target.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/utf8.h>

#define SHOWN 60 /* bytes of a user's text shown in a message */

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool is_text(const char *text)
{
    while (*text) {
        const char *before = text;
        uint32_t code = rog_utf8_take(&text);
        bool is_damaged = code == ROG_UTF8_REPLACEMENT && text - before == 1;
        if (is_damaged || code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}

/* Decodes the bytes of [at, end). In queries a plus sign is a space, as browsers encode it. */
static int decode(const char *at, const char *end, bool query, char **text, struct rog_error *err)
{
    char *out = *text = malloc((size_t)(end - at) + 1);
    if (!out)
        return rog_fail_nomem(err);
    for (; at < end; at++) {
        int high = *at == '%' && end - at > 2 ? digit_of(at[1]) : -1;
        int low = high >= 0 ? digit_of(at[2]) : -1;
        if (*at == '%' && (low < 0 || (high == 0 && low == 0)))
            return rog_fail(err, ROG_EINVAL, "the address has a damaged escape: %.*s",
                            end - at < 3 ? (int)(end - at) : 3, at);
        *out++ = *at == '%' ? (char)(16 * high + low) : query && *at == '+' ? ' ' : *at;
        at += *at == '%' ? 2 : 0;
    }
    *out = '\0';
    return is_text(*text) ? 0
                          : rog_fail(err, ROG_EINVAL,
                                     "the address has bytes that are not UTF-8, or control "
                                     "characters");
}

static int parse_path(struct rog_target *target, const char *at, const char *end,
                      struct rog_error *err)
{
    int code = 0;
    target->part = calloc(ROG_TARGET_MAX_PARTS, sizeof *target->part);
    if (!target->part)
        return rog_fail_nomem(err);
    while (code == 0 && at < end) {
        const char *stop = memchr(at, '/', (size_t)(end - at));
        stop = stop ? stop : end;
        if (target->parts == ROG_TARGET_MAX_PARTS)
            return rog_fail(err, ROG_EINVAL, "the address has more than %d parts",
                            ROG_TARGET_MAX_PARTS);
        code = decode(at, stop, false, &target->part[target->parts++], err);
        at = stop < end ? stop + 1 : end;
    }
    return code;
}

static int parse_query(struct rog_target *target, const char *at, struct rog_error *err)
{
    int code = 0;
    target->parameter = calloc(ROG_TARGET_MAX_PARAMETERS, sizeof *target->parameter);
    if (!target->parameter)
        return rog_fail_nomem(err);
    while (code == 0 && *at) {
        const char *stop = at + strcspn(at, "&");
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        if (stop > at && target->parameters == ROG_TARGET_MAX_PARAMETERS)
            return rog_fail(err, ROG_EINVAL, "the address has more than %d parameters",
                            ROG_TARGET_MAX_PARAMETERS);
        if (stop > at) {
            struct rog_parameter *parameter = &target->parameter[target->parameters++];
            code = decode(at, equals ? equals : stop, true, &parameter->name, err);
            if (code == 0)
                code = decode(equals ? equals + 1 : stop, stop, true, &parameter->value, err);
        }
        at = *stop ? stop + 1 : stop;
    }
    return code;
}

int rog_target_parse(struct rog_target *target, const char *text, struct rog_error *err)
{
    *target = (struct rog_target){0};
    size_t length = strnlen(text, ROG_TARGET_MAX_BYTES + 1);
    if (length > ROG_TARGET_MAX_BYTES)
        return rog_fail(err, ROG_EINVAL, "the address is longer than %d bytes",
                        ROG_TARGET_MAX_BYTES);
    if (text[0] != '/')
        return rog_fail(err, ROG_EINVAL, "the address does not begin with a slash");
    const char *query = strchr(text, '?');
    int code = parse_path(target, text + 1, query ? query : text + length, err);
    if (code == 0 && query)
        code = parse_query(target, query + 1, err);
    if (code < 0)
        rog_target_release(target);
    return code;
}

void rog_target_release(struct rog_target *target)
{
    for (size_t i = 0; i < target->parts; i++)
        free(target->part[i]);
    for (size_t i = 0; i < target->parameters; i++) {
        free(target->parameter[i].name);
        free(target->parameter[i].value);
    }
    free(target->part);
    free(target->parameter);
    *target = (struct rog_target){0};
}

/* ---- comparing ---- */

bool rog_target_is(const struct rog_target *target, const char *pattern)
{
    size_t i = 0;
    while (*pattern) {
        size_t length = strcspn(pattern, "/");
        if (i == target->parts)
            return false;
        const char *part = target->part[i++];
        bool any = length == 1 && *pattern == '?' && part[0];
        if (!any && (strlen(part) != length || strncmp(part, pattern, length) != 0))
            return false;
        pattern += length + (pattern[length] == '/');
    }
    return i == target->parts;
}

/* Returns whether the name is in a list, "a,b,c". */
static bool is_in(const char *list, const char *name, char separator)
{
    size_t length = strlen(name);
    while (*list) {
        const char *stop = strchrnul(list, separator);
        if ((size_t)(stop - list) == length && strncmp(list, name, length) == 0)
            return true;
        list = *stop ? stop + 1 : stop;
    }
    return false;
}

int rog_target_check(const struct rog_target *target, const char *known, struct rog_error *err)
{
    for (size_t i = 0; i < target->parameters; i++)
        if (!is_in(known, target->parameter[i].name, ','))
            return known[0] ? rog_fail(err, ROG_EINVAL, "unknown parameter %.*s; there are: %s",
                                       SHOWN, target->parameter[i].name, known)
                            : rog_fail(err, ROG_EINVAL,
                                       "unknown parameter %.*s; this address takes none", SHOWN,
                                       target->parameter[i].name);
    return 0;
}

/* ---- values ---- */

const char *rog_target_text(const struct rog_target *target, const char *name)
{
    for (size_t i = 0; i < target->parameters; i++)
        if (strcmp(target->parameter[i].name, name) == 0)
            return target->parameter[i].value[0] ? target->parameter[i].value : NULL;
    return NULL;
}

int rog_target_search(const struct rog_target *target, const char *name, const char **text,
                      struct rog_error *err)
{
    *text = rog_target_text(target, name);
    return *text && strlen(*text) > ROG_TARGET_MAX_SEARCH
               ? rog_fail(err, ROG_EINVAL, "%s must not be longer than %d bytes", name,
                          ROG_TARGET_MAX_SEARCH)
               : 0;
}

size_t rog_target_texts(const struct rog_target *target, const char *name, const char **value,
                        size_t room)
{
    size_t count = 0;
    for (size_t i = 0; i < target->parameters && count < room; i++)
        if (strcmp(target->parameter[i].name, name) == 0)
            value[count++] = target->parameter[i].value;
    return count;
}

int rog_target_number(const char *what, const char *text, double min, double max, double *number,
                      struct rog_error *err)
{
    char *end = NULL;
    bool plain = strspn(text, "0123456789.-+eE") == strlen(text);
    double value = plain ? strtod(text, &end) : (double)NAN;
    if (!plain || !text[0] || *end || !(value >= min && value <= max))
        return rog_fail(err, ROG_EINVAL, "%s must be a number from %.15g to %.15g (found %.*s)",
                        what, min, max, SHOWN, text);
    *number = value;
    return 0;
}

int rog_target_real(const struct rog_target *target, const char *name, double min, double max,
                    double *number, struct rog_error *err)
{
    const char *text = rog_target_text(target, name);
    return text ? rog_target_number(name, text, min, max, number, err) : 0;
}

int rog_target_int(const struct rog_target *target, const char *name, int64_t min, int64_t max,
                   int64_t *number, struct rog_error *err)
{
    const char *text = rog_target_text(target, name);
    char *end = NULL;
    if (!text)
        return 0;
    bool plain = strspn(text, "0123456789") == strlen(text);
    errno = 0;
    long long value = plain ? strtoll(text, &end, 10) : 0;
    if (!plain || *end || errno || value < min || value > max)
        return rog_fail(err, ROG_EINVAL, "%s must be a whole number from %lld to %lld (found %.*s)",
                        name, (long long)min, (long long)max, SHOWN, text);
    *number = value;
    return 0;
}

int rog_target_choice(const struct rog_target *target, const char *name, const char *choices,
                      int *index, struct rog_error *err)
{
    const char *text = rog_target_text(target, name);
    *index = 0;
    if (!text)
        return 0;
    if (!is_in(choices, text, '|'))
        return rog_fail(err, ROG_EINVAL, "%s must be one of %s (found %.*s)", name, choices, SHOWN,
                        text);
    size_t length = strlen(text);
    for (const char *at = choices;
         strncmp(at, text, length) != 0 || (at[length] && at[length] != '|');
         at = strchr(at, '|') + 1)
        (*index)++;
    return 0;
}

int rog_target_flag(const struct rog_target *target, const char *name, bool *flag,
                    struct rog_error *err)
{
    int index = 0;
    if (!rog_target_text(target, name))
        return 0;
    int code = rog_target_choice(target, name, "0|1|false|true", &index, err);
    *flag = index % 2 == 1;
    return code;
}
