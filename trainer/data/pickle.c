/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the pickle stack machine that dicts of numpy arrays need. Operations are named as in
 * Python's pickletools. */
#include <trainer/data/pickle.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The published data set has some thousand values; the limit also holds for a pickle of marks
 * only. */
#define VALUES_MAX (1u << 20)

enum kind { MARK, NONE, TRUTH, NUMBER, TEXT, BYTES, TUPLE, DICT, NAME, TYPE, ARRAY };

/* Names in numpy's pickles: module and name, as spelled by its versions. */
enum name { RECONSTRUCT, NDARRAY, DTYPE };
static const struct {
    const char *module, *name;
    enum name means;
} names[] = {
    {"numpy.core.multiarray", "_reconstruct", RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", RECONSTRUCT},
    {"numpy", "ndarray", NDARRAY},
    {"numpy", "dtype", DTYPE},
};

struct value {
    enum kind kind;
    int64_t number;                /* NUMBER, TRUTH; NAME: an enum name */
    const char *bytes;             /* TEXT, BYTES */
    size_t size;                   /* number of bytes; TUPLE: of items */
    uint32_t first, last;          /* TUPLE: the first of `items`; DICT: entries */
    struct rog_pickle_array array; /* ARRAY; TYPE: type and item_bytes */
};

struct entry {
    uint32_t key, value, next;
};

/* A growing list of indices, or of the values that they refer to. */
struct list {
    void *items;
    uint32_t count, room;
};

struct rog_pickle {
    const uint8_t *bytes;
    size_t size, at;
    struct list values, entries, items, stack, memo;
    uint32_t root;
    bool over;
};

#define VALUE(pickle, index) (&((struct value *)(pickle)->values.items)[index])
#define ENTRY(pickle, index) (&((struct entry *)(pickle)->entries.items)[index])
#define INDEX(list, index) (((uint32_t *)(list).items)[index])

static int refuse(const struct rog_pickle *pickle, struct rog_error *err, const char *what)
{
    return rog_fail(err, ROG_EFORMAT, "byte %zu: %s", pickle->at, what);
}

/* Appends one zeroed item to the list. */
static int grow(const struct rog_pickle *pickle, struct list *list, size_t item_bytes,
                struct rog_error *err)
{
    if (list->count == VALUES_MAX)
        return refuse(pickle, err, "more values than a data set has");
    if (list->count == list->room) {
        uint32_t room = list->room ? 2 * list->room : 256;
        void *items = realloc(list->items, room * item_bytes);
        if (!items)
            return rog_fail_nomem(err);
        list->items = items;
        list->room = room;
    }
    memset((char *)list->items + list->count * item_bytes, 0, item_bytes);
    list->count++;
    return ROG_OK;
}

static int append(const struct rog_pickle *pickle, struct list *list, uint32_t index,
                  struct rog_error *err)
{
    int code = grow(pickle, list, sizeof index, err);
    if (!code)
        INDEX(*list, list->count - 1) = index;
    return code;
}

static int push(struct rog_pickle *pickle, struct value value, struct rog_error *err)
{
    int code = grow(pickle, &pickle->values, sizeof value, err);
    if (code)
        return code;
    *VALUE(pickle, pickle->values.count - 1) = value;
    return append(pickle, &pickle->stack, pickle->values.count - 1, err);
}

/* ---- the stack ---- */

static int pop(struct rog_pickle *pickle, uint32_t *index, struct rog_error *err)
{
    if (!pickle->stack.count)
        return refuse(pickle, err, "stack underflow");
    *index = INDEX(pickle->stack, --pickle->stack.count);
    return VALUE(pickle, *index)->kind == MARK ? refuse(pickle, err, "a mark instead of a value")
                                               : ROG_OK;
}

/* Returns the top of the stack without removing it. */
static int top(struct rog_pickle *pickle, uint32_t *index, struct rog_error *err)
{
    int code = pop(pickle, index, err);
    if (!code)
        pickle->stack.count++;
    return code;
}

/* Returns the first index after the last mark; the caller removes the mark with the items after
 * it. */
static int find_mark(const struct rog_pickle *pickle, uint32_t *first, struct rog_error *err)
{
    for (uint32_t i = pickle->stack.count; i-- > 0;)
        if (VALUE(pickle, INDEX(pickle->stack, i))->kind == MARK) {
            *first = i + 1;
            return ROG_OK;
        }
    return refuse(pickle, err, "missing mark");
}

/* Returns the tuple's item; NULL if it has none of this kind at this index. */
static const struct value *item(const struct rog_pickle *pickle, const struct value *tuple,
                                size_t index, enum kind kind)
{
    if (tuple->kind != TUPLE || index >= tuple->size)
        return NULL;
    const struct value *value = VALUE(pickle, INDEX(pickle->items, tuple->first + (uint32_t)index));
    return value->kind == kind ? value : NULL;
}

/* ---- arguments in the file ---- */

static int take(struct rog_pickle *pickle, size_t size, const uint8_t **bytes,
                struct rog_error *err)
{
    if (size > pickle->size - pickle->at)
        return refuse(pickle, err, "the pickle is truncated");
    *bytes = pickle->bytes + pickle->at;
    pickle->at += size;
    return ROG_OK;
}

static int take_number(struct rog_pickle *pickle, uint32_t size, uint64_t *number,
                       struct rog_error *err)
{
    const uint8_t *bytes = NULL;
    int code = take(pickle, size, &bytes, err);
    *number = 0;
    for (uint32_t i = size; i-- > 0 && !code;)
        *number = *number << 8 | bytes[i];
    return code;
}

static int take_line(struct rog_pickle *pickle, struct value *text, struct rog_error *err)
{
    const uint8_t *begin = pickle->bytes + pickle->at;
    const uint8_t *end = memchr(begin, '\n', pickle->size - pickle->at);
    if (!end)
        return refuse(pickle, err, "the pickle is truncated");
    *text =
        (struct value){.kind = TEXT, .bytes = (const char *)begin, .size = (size_t)(end - begin)};
    pickle->at += text->size + 1;
    return ROG_OK;
}

/* ---- operations; `argument` is from their row ---- */

typedef int (*operation_fn)(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err);

static int op_proto(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint64_t protocol;
    int code = take_number(pickle, argument, &protocol, err);
    if (!code && (protocol < 3 || protocol > 4))
        code = rog_fail(err, ROG_EFORMAT,
                        "pickle protocol %u; supported: 3 and 4, the defaults of Python 3",
                        (unsigned)protocol);
    return code;
}

static int op_skip(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    const uint8_t *bytes;
    return take(pickle, argument, &bytes, err);
}

static int op_stop(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    (void)argument;
    pickle->over = true;
    return pop(pickle, &pickle->root, err);
}

static int op_push(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    return push(pickle,
                (struct value){.kind = (enum kind)argument,
                               .first = ROG_PICKLE_NOTHING,
                               .last = ROG_PICKLE_NOTHING},
                err);
}

static int op_truth(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    return push(pickle, (struct value){.kind = TRUTH, .number = argument}, err);
}

static int op_number(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint64_t number;
    int code = take_number(pickle, argument, &number, err);
    int64_t value = argument == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return code ? code : push(pickle, (struct value){.kind = NUMBER, .number = value}, err);
}

static int take_string(struct rog_pickle *pickle, enum kind kind, uint32_t length_bytes,
                       struct rog_error *err)
{
    uint64_t size;
    const uint8_t *bytes = NULL;
    int code = take_number(pickle, length_bytes, &size, err);
    if (!code)
        code = take(pickle, size, &bytes, err);
    return code ? code
                : push(pickle,
                       (struct value){.kind = kind, .bytes = (const char *)bytes, .size = size},
                       err);
}

static int op_text(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    return take_string(pickle, TEXT, argument, err);
}

static int op_bytes(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    return take_string(pickle, BYTES, argument, err);
}

/* Replaces the stack's items from `first` on by one tuple. */
static int make_tuple(struct rog_pickle *pickle, uint32_t first, uint32_t below,
                      struct rog_error *err)
{
    struct value tuple = {
        .kind = TUPLE, .first = pickle->items.count, .size = pickle->stack.count - first};
    int code = ROG_OK;
    for (uint32_t i = first; i < pickle->stack.count && !code; i++)
        code = append(pickle, &pickle->items, INDEX(pickle->stack, i), err);
    pickle->stack.count = below;
    return code ? code : push(pickle, tuple, err);
}

static int op_tuple(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t first = 0;
    int code = find_mark(pickle, &first, err);
    (void)argument;
    return code ? code : make_tuple(pickle, first, first - 1, err);
}

static int op_short_tuple(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    if (argument > pickle->stack.count)
        return refuse(pickle, err, "stack underflow");
    uint32_t first = pickle->stack.count - argument;
    for (uint32_t i = first; i < pickle->stack.count; i++)
        if (VALUE(pickle, INDEX(pickle->stack, i))->kind == MARK)
            return refuse(pickle, err, "a mark instead of a value");
    return make_tuple(pickle, first, first, err);
}

static int add_entry(struct rog_pickle *pickle, uint32_t dict, uint32_t key, uint32_t value,
                     struct rog_error *err)
{
    if (VALUE(pickle, dict)->kind != DICT || VALUE(pickle, key)->kind != TEXT)
        return refuse(pickle, err, "a key that is not text, or no dict to put it into");
    int code = grow(pickle, &pickle->entries, sizeof(struct entry), err);
    if (code)
        return code;
    uint32_t index = pickle->entries.count - 1;
    *ENTRY(pickle, index) = (struct entry){key, value, ROG_PICKLE_NOTHING};
    struct value *to = VALUE(pickle, dict);
    if (to->last == ROG_PICKLE_NOTHING)
        to->first = index;
    else
        ENTRY(pickle, to->last)->next = index;
    to->last = index;
    return ROG_OK;
}

static int op_setitem(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t key = 0, value = 0, dict = 0;
    (void)argument;
    int code = pop(pickle, &value, err);
    if (!code)
        code = pop(pickle, &key, err);
    if (!code)
        code = top(pickle, &dict, err);
    return code ? code : add_entry(pickle, dict, key, value, err);
}

static int op_setitems(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t first = 0;
    (void)argument;
    int code = find_mark(pickle, &first, err);
    if (!code && (first < 2 || (pickle->stack.count - first) % 2))
        code = refuse(pickle, err, "keys without values, or no dict to put them into");
    for (uint32_t i = first; !code && i < pickle->stack.count; i += 2)
        code = add_entry(pickle, INDEX(pickle->stack, first - 2), INDEX(pickle->stack, i),
                         INDEX(pickle->stack, i + 1), err);
    if (!code)
        pickle->stack.count = first - 1;
    return code;
}

/* ---- the memo ---- */

static int remember(struct rog_pickle *pickle, uint64_t place, struct rog_error *err)
{
    uint32_t index = 0;
    int code = top(pickle, &index, err);
    if (!code && place >= VALUES_MAX)
        code = refuse(pickle, err, "more values than a data set has");
    while (!code && pickle->memo.count <= place)
        code = append(pickle, &pickle->memo, ROG_PICKLE_NOTHING, err);
    if (!code)
        INDEX(pickle->memo, place) = index;
    return code;
}

static int op_memoize(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    (void)argument;
    return remember(pickle, pickle->memo.count, err);
}

static int op_put(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint64_t place;
    int code = take_number(pickle, argument, &place, err);
    return code ? code : remember(pickle, place, err);
}

static int op_get(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint64_t place;
    int code = take_number(pickle, argument, &place, err);
    if (code)
        return code;
    if (place >= pickle->memo.count || INDEX(pickle->memo, place) == ROG_PICKLE_NOTHING)
        return refuse(pickle, err, "an unknown memo entry");
    return append(pickle, &pickle->stack, INDEX(pickle->memo, place), err);
}

/* ---- numpy ---- */

static bool is(const struct value *text, const char *word)
{
    return text->size == strlen(word) && memcmp(text->bytes, word, text->size) == 0;
}

static int push_name(struct rog_pickle *pickle, const struct value *module,
                     const struct value *name, struct rog_error *err)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(module, names[i].module) && is(name, names[i].name))
            return push(pickle, (struct value){.kind = NAME, .number = names[i].means}, err);
    return rog_fail(err, ROG_EFORMAT,
                    "byte %zu: the pickle calls %.*s.%.*s; calls are not executed", pickle->at,
                    (int)(module->size < 60 ? module->size : 60), module->bytes,
                    (int)(name->size < 60 ? name->size : 60), name->bytes);
}

static int op_global(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    struct value module, name;
    (void)argument;
    int code = take_line(pickle, &module, err);
    if (!code)
        code = take_line(pickle, &name, err);
    return code ? code : push_name(pickle, &module, &name, err);
}

static int op_stack_global(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t name = 0, module = 0;
    (void)argument;
    int code = pop(pickle, &name, err);
    if (!code)
        code = pop(pickle, &module, err);
    if (!code && (VALUE(pickle, name)->kind != TEXT || VALUE(pickle, module)->kind != TEXT))
        code = refuse(pickle, err, "a name that is not text");
    /* Copies, since push() moves the values. */
    const struct value named = code ? (struct value){0} : *VALUE(pickle, name);
    const struct value of = code ? (struct value){0} : *VALUE(pickle, module);
    return code ? code : push_name(pickle, &of, &named, err);
}

/* dtype("u1", ...): only whole numbers are supported. */
static int read_type(const struct rog_pickle *pickle, const struct value *arguments,
                     struct value *type, struct rog_error *err)
{
    const struct value *code = item(pickle, arguments, 0, TEXT);
    bool good = code && code->size == 2 && (code->bytes[0] == 'u' || code->bytes[0] == 'i') &&
                code->bytes[1] && strchr("1248", code->bytes[1]);
    if (!good)
        return refuse(pickle, err, "an array of other values than whole numbers");
    *type = (struct value){
        .kind = TYPE,
        .array = {.type = code->bytes[0], .item_bytes = (uint32_t)(code->bytes[1] - '0')}};
    return ROG_OK;
}

static int op_reduce(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t arguments = 0, called = 0;
    struct value made = {.kind = ARRAY};
    (void)argument;
    int code = pop(pickle, &arguments, err);
    if (!code)
        code = pop(pickle, &called, err);
    if (code)
        return code;
    const struct value *name = VALUE(pickle, called);
    const struct value *of = item(pickle, VALUE(pickle, arguments), 0, NAME);
    if (name->kind == NAME && name->number == DTYPE)
        code = read_type(pickle, VALUE(pickle, arguments), &made, err);
    else if (name->kind != NAME || name->number != RECONSTRUCT || !of || of->number != NDARRAY)
        code = refuse(pickle, err, "a call of something other than a numpy array");
    return code ? code : push(pickle, made, err);
}

/* (3, '|', ...): the byte order of numbers. */
static int build_type(const struct rog_pickle *pickle, const struct value *state,
                      const struct value *type, struct rog_error *err)
{
    const struct value *order = item(pickle, state, 1, TEXT);
    bool good = order && (is(order, "<") || (is(order, "|") && type->array.item_bytes == 1));
    return good ? ROG_OK : refuse(pickle, err, "numbers that are not little-endian");
}

/* (1, shape, type, by columns, data) */
static int build_array(struct rog_pickle *pickle, const struct value *state,
                       struct rog_pickle_array *array, struct rog_error *err)
{
    const struct value *shape = item(pickle, state, 1, TUPLE);
    const struct value *type = item(pickle, state, 2, TYPE);
    const struct value *by_columns = item(pickle, state, 3, TRUTH);
    const struct value *data = item(pickle, state, 4, BYTES);
    if (!shape || !type || !by_columns || !data || !shape->size || shape->size > ROG_PICKLE_DIMS)
        return refuse(pickle, err, "an array without shape, type or data");
    if (by_columns->number && shape->size > 1)
        return refuse(pickle, err, "an array in column-major order");
    uint64_t bytes = type->array.item_bytes;
    *array = type->array;
    array->dims = (uint32_t)shape->size;
    array->data = (const uint8_t *)data->bytes;
    for (uint32_t i = 0; i < array->dims; i++) {
        const struct value *edge = item(pickle, shape, i, NUMBER);
        if (!edge || edge->number < 1 || (uint64_t)edge->number > data->size / bytes)
            return refuse(pickle, err, "an array whose shape and data do not match");
        array->shape[i] = (uint64_t)edge->number;
        bytes *= array->shape[i];
    }
    return bytes == data->size ? ROG_OK
                               : refuse(pickle, err, "an array whose shape and data do not match");
}

static int op_build(struct rog_pickle *pickle, uint32_t argument, struct rog_error *err)
{
    uint32_t state = 0, index = 0;
    (void)argument;
    int code = pop(pickle, &state, err);
    if (!code)
        code = top(pickle, &index, err);
    if (code)
        return code;
    struct value *value = VALUE(pickle, index);
    if (value->kind == TYPE)
        return build_type(pickle, VALUE(pickle, state), value, err);
    if (value->kind == ARRAY)
        return build_array(pickle, VALUE(pickle, state), &value->array, err);
    return refuse(pickle, err, "a state of an object without state");
}

/* ---- the machine ---- */

static const struct {
    operation_fn run; /* NULL: unknown operation */
    uint32_t argument;
} operations[UCHAR_MAX + 1] = {
    [0x80] = {op_proto, 1},        /* PROTO */
    [0x95] = {op_skip, 8},         /* FRAME: the length of the next part, which is in memory
                                      anyway */
    ['.'] = {op_stop, 0},          /* STOP */
    ['('] = {op_push, MARK},       /* MARK */
    ['N'] = {op_push, NONE},       /* NONE */
    ['}'] = {op_push, DICT},       /* EMPTY_DICT */
    [')'] = {op_short_tuple, 0},   /* EMPTY_TUPLE */
    [0x88] = {op_truth, 1},        /* NEWTRUE */
    [0x89] = {op_truth, 0},        /* NEWFALSE */
    ['K'] = {op_number, 1},        /* BININT1 */
    ['M'] = {op_number, 2},        /* BININT2 */
    ['J'] = {op_number, 4},        /* BININT */
    [0x8c] = {op_text, 1},         /* SHORT_BINUNICODE */
    ['X'] = {op_text, 4},          /* BINUNICODE */
    ['C'] = {op_bytes, 1},         /* SHORT_BINBYTES */
    ['B'] = {op_bytes, 4},         /* BINBYTES */
    [0x8e] = {op_bytes, 8},        /* BINBYTES8 */
    ['t'] = {op_tuple, 0},         /* TUPLE */
    [0x85] = {op_short_tuple, 1},  /* TUPLE1 */
    [0x86] = {op_short_tuple, 2},  /* TUPLE2 */
    [0x87] = {op_short_tuple, 3},  /* TUPLE3 */
    ['s'] = {op_setitem, 0},       /* SETITEM */
    ['u'] = {op_setitems, 0},      /* SETITEMS */
    [0x94] = {op_memoize, 0},      /* MEMOIZE */
    ['q'] = {op_put, 1},           /* BINPUT */
    ['r'] = {op_put, 4},           /* LONG_BINPUT */
    ['h'] = {op_get, 1},           /* BINGET */
    ['j'] = {op_get, 4},           /* LONG_BINGET */
    ['c'] = {op_global, 0},        /* GLOBAL */
    [0x93] = {op_stack_global, 0}, /* STACK_GLOBAL */
    ['R'] = {op_reduce, 0},        /* REDUCE */
    ['b'] = {op_build, 0},         /* BUILD */
};

static int run(struct rog_pickle *pickle, struct rog_error *err)
{
    int code = ROG_OK;
    if (pickle->size < 2 || pickle->bytes[0] != 0x80)
        return rog_fail(err, ROG_EFORMAT, "not a pickle");
    while (!code && !pickle->over) {
        const uint8_t *what = NULL;
        code = take(pickle, 1, &what, err);
        if (!code && !operations[*what].run)
            code = rog_fail(err, ROG_EFORMAT, "byte %zu: unsupported operation 0x%02x",
                            pickle->at - 1, *what);
        if (!code)
            code = operations[*what].run(pickle, operations[*what].argument, err);
    }
    return code;
}

int rog_pickle_read(struct rog_pickle **out, const char *bytes, size_t size, struct rog_error *err)
{
    *out = NULL;
    struct rog_pickle *pickle = calloc(1, sizeof *pickle);
    if (!pickle)
        return rog_fail_nomem(err);
    pickle->bytes = (const uint8_t *)bytes;
    pickle->size = size;
    int code = run(pickle, err);
    if (code)
        rog_pickle_free(pickle);
    else
        *out = pickle;
    return code;
}

void rog_pickle_free(struct rog_pickle *pickle)
{
    if (!pickle)
        return;
    free(pickle->values.items);
    free(pickle->entries.items);
    free(pickle->items.items);
    free(pickle->stack.items);
    free(pickle->memo.items);
    free(pickle);
}

/* ---- reading the result ---- */

uint32_t rog_pickle_root(const struct rog_pickle *pickle)
{
    return pickle->root;
}

uint32_t rog_pickle_first(const struct rog_pickle *pickle, uint32_t value)
{
    if (value == ROG_PICKLE_NOTHING || VALUE(pickle, value)->kind != DICT)
        return ROG_PICKLE_NOTHING;
    return VALUE(pickle, value)->first;
}

uint32_t rog_pickle_next(const struct rog_pickle *pickle, uint32_t entry)
{
    return ENTRY(pickle, entry)->next;
}

struct rog_pickle_text rog_pickle_key(const struct rog_pickle *pickle, uint32_t entry)
{
    const struct value *key = VALUE(pickle, ENTRY(pickle, entry)->key);
    return (struct rog_pickle_text){key->bytes, key->size};
}

uint32_t rog_pickle_value(const struct rog_pickle *pickle, uint32_t entry)
{
    return ENTRY(pickle, entry)->value;
}

uint32_t rog_pickle_find(const struct rog_pickle *pickle, uint32_t dict, const char *key)
{
    uint32_t entry = rog_pickle_first(pickle, dict);
    while (entry != ROG_PICKLE_NOTHING && !is(VALUE(pickle, ENTRY(pickle, entry)->key), key))
        entry = rog_pickle_next(pickle, entry);
    return entry == ROG_PICKLE_NOTHING ? entry : rog_pickle_value(pickle, entry);
}

const struct rog_pickle_array *rog_pickle_array(const struct rog_pickle *pickle, uint32_t value)
{
    const struct value *of = value == ROG_PICKLE_NOTHING ? NULL : VALUE(pickle, value);
    return of && of->kind == ARRAY && of->array.data ? &of->array : NULL;
}
