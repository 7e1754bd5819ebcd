/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events in place, without building a JSON tree. */
#include <orchestrator/store/event_line.h>

#include <stdlib.h>
#include <string.h>

/* Maximum number of digits for which mantissa and power of ten are exact in a double, so that their
 * quotient is rounded once, as by strtod. */
#define EXACT_DIGITS 15
/* Maximum number of digits and leading zeros after the point that rog_json_text writes
 * unchanged. */
#define WRITTEN_DIGITS 12
#define WRITTEN_ZEROS 3
#define INTEGER_DIGITS 18
#define MOST_DEPTH 4
#define MOST_INNER_MEMBERS 8

static const double powers_of_ten[EXACT_DIGITS + 1] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

struct reader {
    const char *at, *end;
    bool same;
};

static bool take(struct reader *r, char c)
{
    bool there = r->at < r->end && *r->at == c;
    r->at += there;
    return there;
}

/* Reads a string of ASCII characters that JSON writes unescaped. */
static bool read_text(struct reader *r, const char **text, size_t *length)
{
    if (!take(r, '"'))
        return false;
    const char *at = r->at;
    while (at < r->end && *at >= ' ' && *at <= '~' && *at != '"' && *at != '\\')
        at++;
    *text = r->at;
    *length = (size_t)(at - r->at);
    r->at = at;
    return take(r, '"');
}

/* Appends digits to *number, at most INTEGER_DIGITS of them. Returns how many it read. */
static size_t read_digits(struct reader *r, int64_t *number)
{
    const char *begin = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - begin < INTEGER_DIGITS)
        *number = *number * 10 + (*r->at++ - '0');
    return (size_t)(r->at - begin);
}

/* Reads the digits after the point. *number holds the `digits` digits before it. */
static bool read_fraction(struct reader *r, size_t digits, int64_t *number, double *value)
{
    const char *begin = r->at;
    size_t behind = 0, zeros = 0;
    if (digits > EXACT_DIGITS)
        return false;
    if (*number == 0)
        while (begin + zeros < r->end && begin[zeros] == '0')
            zeros++;
    int64_t whole = *number;
    digits = whole ? digits : 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits + behind <= EXACT_DIGITS) {
        *number = *number * 10 + (*r->at++ - '0');
        behind++;
    }
    if (behind == 0 || digits + behind > EXACT_DIGITS)
        return false;
    bool is_zero = behind == 1 && *begin == '0'; /* "4.0" */
    r->same &= is_zero || (digits + behind - zeros <= WRITTEN_DIGITS && zeros <= WRITTEN_ZEROS &&
                           r->at[-1] != '0');
    r->same &= digits <= WRITTEN_DIGITS;
    *value = (double)*number / powers_of_ten[behind];
    return true;
}

static bool read_number(struct reader *r, struct rog_event_member *m)
{
    bool negative = take(r, '-');
    const char *begin = r->at;
    int64_t number = 0;
    size_t digits = read_digits(r, &number);
    if (digits == 0 || (digits > 1 && *begin == '0'))
        return false;
    m->type = ROG_VALUE_INTEGER;
    m->number = (double)number;
    if (take(r, '.')) {
        m->type = ROG_VALUE_REAL;
        if (!read_fraction(r, digits, &number, &m->number))
            return false;
    } else if (negative && number == 0) {
        return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E'))
        return false;
    m->integer = negative ? -number : number;
    m->number = negative ? -m->number : m->number;
    return true;
}

static bool read_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0)
        return false;
    r->at += length;
    return true;
}

/* Returns whether the key of member[count] occurs among the `count` members before it. `seen` has a
 * bit set for the hash of each earlier key. */
static bool is_double(const struct rog_event_member *member, size_t count, uint64_t *seen)
{
    const struct rog_event_member *m = &member[count];
    size_t length = m->key_length;
    unsigned hash = length ? (unsigned)(m->key[0] + 7 * m->key[length - 1] + 3 * (int)length) : 0;
    uint64_t bit = (uint64_t)1 << (hash % 64);
    bool maybe = *seen & bit;
    *seen |= bit;
    for (size_t i = 0; maybe && i < count; i++)
        if (member[i].key_length == length && memcmp(member[i].key, m->key, length) == 0)
            return true;
    return false;
}

static bool read_value(struct reader *r, int depth, struct rog_event_member *m);

/* Reads an object of up to `room` members. Sets *count to their number. */
static bool read_object(struct reader *r, int depth, struct rog_event_member *member, size_t room,
                        size_t *count)
{
    uint64_t seen = 0;
    *count = 0;
    if (take(r, '}'))
        return true;
    do {
        struct rog_event_member *m = &member[*count];
        if (*count == room || !read_text(r, &m->key, &m->key_length) ||
            is_double(member, *count, &seen) || !take(r, ':') || !read_value(r, depth, m))
            return false;
        ++*count;
    } while (take(r, ','));
    return take(r, '}');
}

static bool read_array(struct reader *r, int depth)
{
    struct rog_event_member element;
    if (take(r, ']'))
        return true;
    do
        if (!read_value(r, depth, &element))
            return false;
    while (take(r, ','));
    return take(r, ']');
}

static bool read_value(struct reader *r, int depth, struct rog_event_member *m)
{
    struct rog_event_member inner[MOST_INNER_MEMBERS];
    size_t count = 0;
    if (r->at == r->end)
        return false;
    if (*r->at == '"') {
        m->type = ROG_VALUE_TEXT;
        return read_text(r, &m->text, &m->text_length);
    }
    if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
        return read_number(r, m);
    m->type = ROG_VALUE_OTHER;
    if (depth < MOST_DEPTH && take(r, '{'))
        return read_object(r, depth + 1, inner, MOST_INNER_MEMBERS, &count);
    if (depth < MOST_DEPTH && take(r, '['))
        return read_array(r, depth + 1);
    return read_word(r, "null") || read_word(r, "true") || read_word(r, "false");
}

static int make_tree(struct rog_event_line *line, struct rog_error *err)
{
    return rog_json_parse(line->start, line->size, "event", &line->tree, err);
}

int rog_event_line_read(struct rog_event_line *line, const char *text, size_t size,
                        struct rog_error *err)
{
    struct reader r = {.at = text, .end = text + size, .same = true};
    line->start = text;
    line->size = size;
    line->tree = NULL;
    line->json = NULL;
    line->at = line->count = 0;
    line->plain = take(&r, '{') &&
                  read_object(&r, 0, line->member, ROG_EVENT_LINE_MEMBERS, &line->count) &&
                  r.at == r.end;
    line->same = r.same;
    return line->plain ? 0 : make_tree(line, err);
}

void rog_event_line_release(struct rog_event_line *line)
{
    rog_json_free(line->tree);
    free(line->json);
}

/* Members are mostly looked up in the order of the line, so the search starts after the last
 * match. */
static const struct rog_event_member *find(struct rog_event_line *line, const char *key)
{
    size_t length = strlen(key), at = line->at;
    for (size_t i = 0; i < line->count; i++, at++) {
        at = at < line->count ? at : 0;
        const struct rog_event_member *m = &line->member[at];
        if (m->key_length == length && memcmp(m->key, key, length) == 0) {
            line->at = at + 1;
            return m;
        }
    }
    return NULL;
}

double rog_event_line_number(struct rog_event_line *line, const char *key, double fallback)
{
    if (!line->plain)
        return rog_json_get_number(line->tree, key, fallback);
    const struct rog_event_member *m = find(line, key);
    return m && m->type <= ROG_VALUE_REAL ? m->number : fallback;
}

int64_t rog_event_line_integer(struct rog_event_line *line, const char *key, int64_t fallback)
{
    if (!line->plain)
        return rog_json_get_integer(line->tree, key, fallback);
    const struct rog_event_member *m = find(line, key);
    return m && m->type == ROG_VALUE_INTEGER ? m->integer : fallback;
}

bool rog_event_line_is_number(struct rog_event_line *line, const char *key)
{
    if (!line->plain)
        return rog_json_is_number(rog_json_get(line->tree, key));
    const struct rog_event_member *m = find(line, key);
    return m && m->type <= ROG_VALUE_REAL;
}

const char *rog_event_line_text(struct rog_event_line *line, const char *key, size_t *length)
{
    if (!line->plain) {
        const char *text = rog_json_get_string(line->tree, key, NULL);
        *length = text ? strlen(text) : 0;
        return text;
    }
    const struct rog_event_member *m = find(line, key);
    bool is_text = m && m->type == ROG_VALUE_TEXT;
    *length = is_text ? m->text_length : 0;
    return is_text ? m->text : NULL;
}

const struct rog_json *rog_event_line_tree(struct rog_event_line *line)
{
    if (!line->tree)
        make_tree(line, NULL);
    return line->tree;
}

const char *rog_event_line_json(struct rog_event_line *line, size_t *length)
{
    if (line->plain && line->same) {
        *length = line->size;
        return line->start;
    }
    if (!line->json)
        line->json = rog_json_text(rog_event_line_tree(line));
    *length = line->json ? strlen(line->json) : 0;
    return line->json;
}
