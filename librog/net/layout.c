/* SPDX-License-Identifier: Apache-2.0 */
/* The names and shapes of a model's tensors, converted to and from JSON. */
#include <librog/net/layout.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/json.h>

/* Maximum number of values of all tensors: a small multiple of their bytes still fits */
#define VALUES_MAX (UINT64_MAX / 64)

int rog_layout_new(struct rog_layout **layout, struct rog_error *err)
{
    *layout = calloc(1, sizeof **layout);
    return *layout ? ROG_OK : rog_fail_nomem(err);
}

void rog_layout_free(struct rog_layout *layout)
{
    if (!layout)
        return;
    free(layout->tensors);
    free(layout->by_name);
    free(layout);
}

/* ---- adding ---- */

/* Returns the entry of the tensor with this name in the table, or the free entry for it. */
static uint32_t *place_of(const struct rog_layout *layout, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    uint32_t place = hash % layout->places;
    while (layout->by_name[place] &&
           strcmp(layout->tensors[layout->by_name[place] - 1].name, name) != 0)
        place = (place + 1) % layout->places;
    return &layout->by_name[place];
}

static int check_name(const struct rog_layout *layout, const char *name, struct rog_error *err)
{
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length >= ROG_LAYOUT_NAME_BYTES)
        return rog_fail(err, ROG_EINVAL, "the name of tensor %u has %zu bytes: 1 to %d are allowed",
                        layout->count, length, ROG_LAYOUT_NAME_BYTES - 1);
    if (strncmp(name, "__", 2) == 0)
        return rog_fail(err, ROG_EINVAL,
                        "a tensor cannot be named %s: checkpoints reserve such names", name);
    if (layout->count && *place_of(layout, name))
        return rog_fail(err, ROG_EINVAL, "two tensors are named %s", name);
    return ROG_OK;
}

static int measure(struct rog_layout_tensor *tensor, struct rog_error *err)
{
    tensor->size = 1;
    for (uint32_t i = 0; i < tensor->dims; i++) {
        if (tensor->shape[i] == 0)
            return rog_fail(err, ROG_EINVAL, "tensor %s is empty: its dimension %u is 0",
                            tensor->name, i);
        if (tensor->size > VALUES_MAX / tensor->shape[i])
            return rog_fail(err, ROG_EINVAL,
                            "tensor %s is too large: its number of elements overflows",
                            tensor->name);
        tensor->size *= tensor->shape[i];
    }
    return ROG_OK;
}

static int make_room(struct rog_layout *layout, struct rog_error *err)
{
    uint32_t count = layout->count;
    if (count >= ROG_LAYOUT_TENSORS)
        return rog_fail(err, ROG_EINVAL, "a model of more than %d tensors", ROG_LAYOUT_TENSORS);
    if (count & (count - 1))
        return ROG_OK; /* room is a power of two */
    uint32_t room = count ? 2 * count : 1;
    struct rog_layout_tensor *tensors = realloc(layout->tensors, room * sizeof *tensors);
    if (!tensors)
        return rog_fail_nomem(err);
    layout->tensors = tensors;
    uint32_t *by_name = calloc(2 * (size_t)room, sizeof *by_name);
    if (!by_name)
        return rog_fail_nomem(err);
    free(layout->by_name);
    layout->by_name = by_name;
    layout->places = 2 * room;
    for (uint32_t i = 0; i < count; i++)
        *place_of(layout, tensors[i].name) = i + 1;
    return ROG_OK;
}

int rog_layout_add(struct rog_layout *layout, const char *name, uint32_t dims,
                   const uint32_t *shape, bool constant, struct rog_error *err)
{
    int code = check_name(layout, name, err);
    if (!code && (dims < 1 || dims > ROG_LAYOUT_DIMS))
        code = rog_fail(err, ROG_EINVAL, "tensor %s has %u dimensions: 1 to %d are allowed", name,
                        dims, ROG_LAYOUT_DIMS);
    if (!code && !constant && layout->trained < layout->count)
        code = rog_fail(
            err, ROG_EINVAL,
            "tensor %s is trained but follows a constant tensor: constant tensors must come last",
            name);
    if (!code)
        code = make_room(layout, err);
    if (code)
        return code;
    struct rog_layout_tensor *tensor = &layout->tensors[layout->count];
    *tensor = (struct rog_layout_tensor){.dims = dims, .constant = constant};
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
    memcpy(tensor->shape, shape, dims * sizeof *shape);
    code = measure(tensor, err);
    if (!code && tensor->size > VALUES_MAX - layout->params - layout->constants)
        code = rog_fail(err, ROG_EINVAL, "the model is too large: tensor %s does not fit", name);
    if (code)
        return code;
    layout->count++;
    *place_of(layout, name) = layout->count;
    layout->trained += !constant;
    *(constant ? &layout->constants : &layout->params) += tensor->size;
    return ROG_OK;
}

/* ---- text ---- */

struct rog_json *rog_layout_json(const struct rog_layout *layout)
{
    struct rog_json *list = rog_json_array();
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct rog_layout_tensor *tensor = &layout->tensors[i];
        struct rog_json *entry = rog_json_object(), *shape = rog_json_array();
        for (uint32_t d = 0; d < tensor->dims; d++)
            rog_json_append(shape, rog_json_new_integer(tensor->shape[d]));
        rog_json_put_string(entry, "name", tensor->name);
        rog_json_put(entry, "shape", shape);
        if (tensor->constant)
            rog_json_put_bool(entry, "constant", true);
        rog_json_append(list, entry);
    }
    return list;
}

char *rog_layout_text(const struct rog_layout *layout)
{
    struct rog_json *list = rog_layout_json(layout);
    char *text = rog_json_text(list);
    rog_json_free(list);
    return text;
}

static int take_entry(struct rog_layout *layout, const struct rog_json *entry,
                      struct rog_error *err)
{
    const struct rog_json *list = rog_json_get(entry, "shape");
    size_t dims = rog_json_is_array(list) ? rog_json_size(list) : 0;
    uint32_t shape[ROG_LAYOUT_DIMS];
    if (dims > ROG_LAYOUT_DIMS)
        return rog_fail(err, ROG_EINVAL, "a tensor of %zu dimensions", dims);
    for (size_t i = 0; i < dims; i++) {
        int64_t size = rog_json_integer(rog_json_at(list, i), -1);
        if (size < 0 || size > UINT32_MAX)
            return rog_fail(err, ROG_EINVAL, "a dimension of %lld elements", (long long)size);
        shape[i] = (uint32_t)size;
    }
    return rog_layout_add(layout, rog_json_get_string(entry, "name", ""), (uint32_t)dims, shape,
                          rog_json_get_bool(entry, "constant", false), err);
}

int rog_layout_parse(struct rog_layout **out, const char *text, size_t size, struct rog_error *err)
{
    struct rog_json *list = NULL;
    struct rog_layout *layout = NULL;
    *out = NULL;
    int code = rog_json_parse(text, size, "a model's layout", &list, err);
    if (!code)
        code = rog_layout_new(&layout, err);
    if (!code && !rog_json_is_array(list))
        code = rog_fail(err, ROG_EFORMAT, "not a list of tensors");
    for (size_t i = 0; !code && i < rog_json_size(list); i++)
        code = take_entry(layout, rog_json_at(list, i), err);
    if (!code && layout->trained == 0)
        code = rog_fail(err, ROG_EFORMAT, "no trained tensor");
    rog_json_free(list);
    if (code) {
        rog_layout_free(layout);
        if (err && code != ROG_ENOMEM) {
            rog_fail_prefix(err, "a model's layout");
            err->code = ROG_EFORMAT;
        }
        return code == ROG_ENOMEM ? code : ROG_EFORMAT;
    }
    *out = layout;
    return ROG_OK;
}

/* ---- comparing ---- */

#define SHAPE_TEXT_BYTES 96

static const char *shape_text(const struct rog_layout_tensor *tensor, char text[SHAPE_TEXT_BYTES])
{
    size_t used = (size_t)snprintf(text, SHAPE_TEXT_BYTES, "(%u", tensor->shape[0]);
    for (uint32_t i = 1; i < tensor->dims && used < SHAPE_TEXT_BYTES; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT_BYTES - used, ", %u", tensor->shape[i]);
    if (used < SHAPE_TEXT_BYTES)
        snprintf(text + used, SHAPE_TEXT_BYTES - used, ")");
    return text;
}

int rog_layout_compare(const struct rog_layout *known, const char *owner,
                       const struct rog_layout *other, const char *who, struct rog_error *err)
{
    char here[SHAPE_TEXT_BYTES], there[SHAPE_TEXT_BYTES];
    uint32_t count = known->count < other->count ? known->count : other->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct rog_layout_tensor *a = &known->tensors[i], *b = &other->tensors[i];
        bool same = a->dims == b->dims && a->constant == b->constant &&
                    memcmp(a->shape, b->shape, a->dims * sizeof *a->shape) == 0;
        if (same && strcmp(a->name, b->name) == 0)
            continue;
        return rog_fail(err, ROG_EINVAL,
                        "tensor %u of %s is %s %s%s, of %s it is %s %s%s: all "
                        "workers must register the same tensors in the same order",
                        i, who, b->name, shape_text(b, there), b->constant ? ", a constant" : "",
                        owner, a->name, shape_text(a, here), a->constant ? ", a constant" : "");
    }
    if (known->count == other->count)
        return ROG_OK;
    const struct rog_layout *longer = known->count > other->count ? known : other;
    return rog_fail(err, ROG_EINVAL,
                    "%s has %u tensors, %s %u; the first one missing is %s: all workers must "
                    "register the same tensors in the same order",
                    who, other->count, owner, known->count, longer->tensors[count].name);
}

/* Bytes of a row for each worker: its version, when it was last received, its position in a plan */
#define ROW_BYTES 24
/* Bytes of a kept message in addition to its values */
#define KEPT_BYTES 192

double rog_layout_server_bytes(const struct rog_layout *layout, uint32_t workers, uint32_t arrays,
                               bool pushes_kept)
{
    double rows = 0;
    for (uint32_t i = 0; i < layout->trained; i++) {
        const struct rog_layout_tensor *tensor = &layout->tensors[i];
        bool whole = tensor->dims == 1 || tensor->size < ROG_ROW_MIN_ELEMENTS;
        rows += whole ? 1 : tensor->shape[0];
    }
    double pushes = pushes_kept ? workers : 0;
    double copies = 3.0 + workers + pushes + 2.0 * arrays;
    return sizeof(float) * (copies * (double)layout->params + (double)layout->constants) +
           (ROW_BYTES * (1.0 + workers) + KEPT_BYTES * pushes) * rows;
}

int rog_layout_rows(const struct rog_layout *layout, const struct rog_rows_codecs *codecs,
                    struct rog_rows **rows, struct rog_error *err)
{
    uint32_t at = 0;
    *rows = NULL;
    uint32_t *dims = malloc((layout->trained + 1u) * sizeof *dims);
    uint32_t *shapes = malloc((layout->trained + 1u) * ROG_LAYOUT_DIMS * sizeof *shapes);
    int code = dims && shapes ? ROG_OK : rog_fail_nomem(err);
    for (uint32_t i = 0; !code && i < layout->trained; i++) {
        dims[i] = layout->tensors[i].dims;
        memcpy(shapes + at, layout->tensors[i].shape, dims[i] * sizeof *shapes);
        at += dims[i];
    }
    if (!code)
        code = rog_rows_new(rows, dims, shapes, layout->trained, err);
    for (uint32_t i = 0; !code && i < layout->trained; i++)
        rog_rows_set_name(*rows, i, layout->tensors[i].name);
    if (!code)
        code = rog_rows_set_codecs(*rows, codecs, err);
    if (code) {
        rog_rows_free(*rows);
        *rows = NULL;
    }
    free(dims);
    free(shapes);
    return code;
}
