/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values by jansson, whose types are used only in this file. */
#include <common/json.h>

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <common/ran_out.h>
#include <common/utf8.h>

/* `struct rog_json` is never defined: a pointer to it is jansson's pointer under our name. */

#define NUMBER_DIGITS 12
/* The smallest value has two bytes, such as "1,", and makes two small allocations. */
#define ROOM_FACTOR 32
#define LEAST_ROOM_BYTES 65536
#define TEXT_BYTES 64

/* While a text is being parsed: where to jump if memory runs out. If its buffer cannot grow,
 * jansson's lexer would continue, leave bytes out of keys and numbers, and write beyond its
 * buffers. Memory that it has allocated by then is leaked. */
static _Thread_local jmp_buf *parsing;

static void *noting_malloc(size_t bytes)
{
    void *memory = malloc(bytes);
    if (!memory && bytes) {
        rog_ran_out_note();
        if (parsing)
            longjmp(*parsing, 1);
    }
    return memory;
}

/* jansson's allocation functions are global for the process, so only the program may replace them,
 * not a library. */
void rog_json_watch_memory(void)
{
    json_set_alloc_funcs(noting_malloc, free);
}

static bool is_watched(void)
{
    json_malloc_t allocate;
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    return allocate == noting_malloc;
}

/* Returns whether there is memory for any text of that size. */
static bool has_room(size_t size)
{
    void *volatile room = malloc(LEAST_ROOM_BYTES + size * ROOM_FACTOR);
    bool has = room;
    free(room);
    return has;
}

static json_t *theirs(const struct rog_json *value)
{
    union {
        const struct rog_json *ours;
        json_t *jansson;
    } alias = {value};
    return alias.jansson;
}

static struct rog_json *ours(json_t *value)
{
    return (struct rog_json *)value;
}

/* Returns a new value; records that memory ran out if it is NULL. */
static struct rog_json *made(json_t *value)
{
    if (!value)
        rog_ran_out_note();
    return ours(value);
}

/* Returns ROG_ENOMEM, without a message, or ROG_OK; *parsed is NULL, with the cause, if the text is
 * invalid. */
static int load(const char *text, size_t size, size_t flags, json_t **parsed, json_error_t *cause)
{
    jmp_buf here;
    if (!is_watched() && !has_room(size))
        return ROG_ENOMEM;
    parsing = &here;
    int code = setjmp(here) ? ROG_ENOMEM : ROG_OK;
    if (!code)
        *parsed = json_loadb(text, size, flags, cause);
    parsing = NULL;
    return code;
}

static int parse(const char *text, size_t size, size_t flags, const char *origin,
                 struct rog_json **value, struct rog_error *err)
{
    json_error_t cause;
    json_t *parsed = NULL;
    if (load(text, size, flags, &parsed, &cause))
        return rog_fail_nomem(err);
    if (!parsed)
        return rog_fail(err, ROG_EFORMAT, "%s, line %d, column %d: not valid JSON: %s", origin,
                        cause.line, cause.column, cause.text);
    *value = ours(parsed);
    return 0;
}

int rog_json_parse(const char *text, size_t size, const char *origin, struct rog_json **value,
                   struct rog_error *err)
{
    return parse(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, origin, value, err);
}

int rog_json_parse_foreign(const char *text, size_t size, const char *origin,
                           struct rog_json **value, struct rog_error *err)
{
    return parse(text, size, 0, origin, value, err);
}

void rog_json_free(struct rog_json *value)
{
    json_decref(theirs(value));
}

struct rog_json *rog_json_copy(const struct rog_json *value)
{
    return value ? made(json_deep_copy(theirs(value))) : NULL;
}

bool rog_json_is_object(const struct rog_json *value)
{
    return json_is_object(theirs(value));
}

bool rog_json_is_array(const struct rog_json *value)
{
    return json_is_array(theirs(value));
}

bool rog_json_is_string(const struct rog_json *value)
{
    return json_is_string(theirs(value));
}

bool rog_json_is_number(const struct rog_json *value)
{
    return json_is_number(theirs(value));
}

bool rog_json_is_integer(const struct rog_json *value)
{
    return json_is_integer(theirs(value));
}

bool rog_json_is_null(const struct rog_json *value)
{
    return json_is_null(theirs(value));
}

bool rog_json_is_bool(const struct rog_json *value)
{
    return json_is_boolean(theirs(value));
}

const struct rog_json *rog_json_get(const struct rog_json *object, const char *key)
{
    return ours(json_object_get(theirs(object), key));
}

size_t rog_json_size(const struct rog_json *array_or_object)
{
    const json_t *value = theirs(array_or_object);
    return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

const struct rog_json *rog_json_at(const struct rog_json *array, size_t index)
{
    return ours(json_array_get(theirs(array), index));
}

const char *rog_json_string(const struct rog_json *value, const char *fallback)
{
    const char *text = json_string_value(theirs(value));
    return text ? text : fallback;
}

double rog_json_number(const struct rog_json *value, double fallback)
{
    return json_is_number(theirs(value)) ? json_number_value(theirs(value)) : fallback;
}

int64_t rog_json_integer(const struct rog_json *value, int64_t fallback)
{
    return json_is_integer(theirs(value)) ? json_integer_value(theirs(value)) : fallback;
}

bool rog_json_bool(const struct rog_json *value, bool fallback)
{
    return json_is_boolean(theirs(value)) ? json_is_true(theirs(value)) : fallback;
}

const char *rog_json_get_string(const struct rog_json *object, const char *key,
                                const char *fallback)
{
    return rog_json_string(rog_json_get(object, key), fallback);
}

double rog_json_get_number(const struct rog_json *object, const char *key, double fallback)
{
    return rog_json_number(rog_json_get(object, key), fallback);
}

int64_t rog_json_get_integer(const struct rog_json *object, const char *key, int64_t fallback)
{
    return rog_json_integer(rog_json_get(object, key), fallback);
}

bool rog_json_get_bool(const struct rog_json *object, const char *key, bool fallback)
{
    return rog_json_bool(rog_json_get(object, key), fallback);
}

int rog_json_each(const struct rog_json *object,
                  int (*visit)(const char *key, const struct rog_json *value, void *user),
                  void *user)
{
    const char *key;
    json_t *value;
    json_object_foreach(theirs(object), key, value)
    {
        int result = visit(key, ours(value), user);
        if (result)
            return result;
    }
    return 0;
}

struct rog_json *rog_json_object(void)
{
    return made(json_object());
}

struct rog_json *rog_json_array(void)
{
    return made(json_array());
}

/* Text from files and peers may not be UTF-8; each invalid byte becomes U+FFFD. */
static json_t *repaired_string(const char *text)
{
    char *repaired = malloc(3 * strlen(text) + 1), *out = repaired;
    if (!repaired)
        return NULL;
    while (*text)
        out = rog_utf8_put(out, rog_utf8_take(&text));
    json_t *value = json_stringn(repaired, (size_t)(out - repaired));
    free(repaired);
    return value;
}

struct rog_json *rog_json_new_string(const char *text)
{
    if (!text)
        return ours(json_null());
    json_t *value = json_string(text);
    return made(value ? value : repaired_string(text));
}

struct rog_json *rog_json_new_number(double number)
{
    return made(isfinite(number) ? json_real(number) : json_null());
}

struct rog_json *rog_json_new_integer(int64_t number)
{
    return made(json_integer(number));
}

static bool is_text(const char *key)
{
    while (*key)
        if (rog_utf8_take(&key) == ROG_UTF8_REPLACEMENT)
            return false;
    return true;
}

void rog_json_put(struct rog_json *object, const char *key, struct rog_json *value)
{
    if (json_object_set_new(theirs(object), key, theirs(value)) && object && value && is_text(key))
        rog_ran_out_note();
}

void rog_json_put_all(struct rog_json *object, const struct rog_json *from)
{
    const char *key;
    json_t *value;
    json_object_foreach(theirs(from), key, value)
    {
        rog_json_put(object, key, rog_json_copy(ours(value)));
    }
}

/* Compares the text, too, because -0.0 equals 0.0. */
static bool is_same(const json_t *a, const json_t *b)
{
    if (!json_equal(a, b))
        return false;
    char *one = json_dumps(a, JSON_ENCODE_ANY), *two = json_dumps(b, JSON_ENCODE_ANY);
    bool same = one && two && strcmp(one, two) == 0;
    free(two);
    free(one);
    return same;
}

void rog_json_share(struct rog_json *object, const struct rog_json *with)
{
    const char *key;
    json_t *value;
    json_object_foreach(theirs(object), key, value)
    {
        json_t *other = json_object_get(theirs(with), key);
        if (other && other != value && is_same(value, other))
            json_object_set(theirs(object), key, other);
    }
}

void rog_json_remove(struct rog_json *object, const char *key)
{
    json_object_del(theirs(object), key);
}

void rog_json_put_string(struct rog_json *object, const char *key, const char *text)
{
    rog_json_put(object, key, rog_json_new_string(text));
}

void rog_json_put_number(struct rog_json *object, const char *key, double number)
{
    rog_json_put(object, key, rog_json_new_number(number));
}

void rog_json_put_integer(struct rog_json *object, const char *key, int64_t number)
{
    rog_json_put(object, key, rog_json_new_integer(number));
}

void rog_json_put_bool(struct rog_json *object, const char *key, bool truth)
{
    rog_json_put(object, key, ours(json_boolean(truth)));
}

void rog_json_append(struct rog_json *array, struct rog_json *value)
{
    if (json_array_append_new(theirs(array), theirs(value)) && array && value)
        rog_ran_out_note();
}

struct text {
    char *start;
    size_t length, room;
    bool lacks; /* memory ran out for a part of it */
};

static int add(const char *bytes, size_t size, void *user)
{
    struct text *text = user;
    if (text->length + size >= text->room) {
        size_t room = 2 * (text->length + size) + TEXT_BYTES;
        char *larger = text->lacks ? NULL : realloc(text->start, room);
        text->lacks = !larger;
        if (!larger)
            return -1;
        text->start = larger;
        text->room = room;
    }
    memcpy(text->start + text->length, bytes, size);
    text->length += size;
    text->start[text->length] = '\0';
    return 0;
}

/* Does not use jansson's own buffer: if that cannot grow, jansson leaves out what does not fit, and
 * continues. */
static char *text_of(const struct rog_json *value, size_t flags)
{
    struct text text = {0};
    if (rog_ran_out() || !value)
        return NULL;
    flags |= JSON_ENCODE_ANY | JSON_REAL_PRECISION(NUMBER_DIGITS);
    if (json_dump_callback(theirs(value), add, &text, flags) == 0 && !text.lacks)
        return text.start;
    rog_ran_out_note();
    free(text.start);
    return NULL;
}

char *rog_json_text(const struct rog_json *value)
{
    return text_of(value, JSON_COMPACT);
}

char *rog_json_text_sorted(const struct rog_json *value)
{
    return text_of(value, JSON_COMPACT | JSON_SORT_KEYS);
}

char *rog_json_text_pretty(const struct rog_json *value)
{
    return text_of(value, JSON_INDENT(2));
}
