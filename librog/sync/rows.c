/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts the tensors of a model into rows. */
#include <librog/sync/rows.h>

#include <assert.h>
#include <stdlib.h>

static int measure_tensor(struct rog_rows_tensor *tensor, uint32_t dims, const uint32_t *shape,
                          uint32_t index, struct rog_error *err)
{
    if (dims == 0)
        return rog_fail(err, ROG_EINVAL, "tensor %u has no dimensions", index);
    uint64_t size = 1;
    for (uint32_t i = 0; i < dims; i++) {
        if (shape[i] == 0)
            return rog_fail(err, ROG_EINVAL, "tensor %u is empty: its dimension %u is 0", index, i);
        if (size > UINT64_MAX / shape[i])
            return rog_fail(err, ROG_EINVAL,
                            "tensor %u is too large: its number of elements overflows", index);
        size *= shape[i];
    }
    uint64_t rows = dims == 1 || size < ROG_ROW_MIN_ELEMENTS ? 1 : shape[0];
    if (size / rows > UINT32_MAX)
        return rog_fail(err, ROG_EINVAL, "tensor %u has rows of more than %u elements", index,
                        UINT32_MAX);
    tensor->size = size;
    tensor->width = (uint32_t)(size / rows);
    return 0;
}

static int lay_out(struct rog_rows *rows, const uint32_t *dims, const uint32_t *shapes,
                   struct rog_error *err)
{
    uint64_t row_count = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        struct rog_rows_tensor *tensor = &rows->tensors[i];
        int code = measure_tensor(tensor, dims[i], shapes, i, err);
        if (code)
            return code;
        shapes += dims[i];
        row_count += tensor->size / tensor->width;
        if (rows->params > UINT64_MAX / sizeof(float) - tensor->size || row_count > INT32_MAX)
            return rog_fail(err, ROG_EINVAL, "the model is too large: tensor %u does not fit", i);
        tensor->offset = rows->params;
        rows->params += tensor->size;
    }
    return 0;
}

static int count_rows(struct rog_rows *rows, const struct rog_codec *whole, struct rog_error *err)
{
    rows->row_count = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        struct rog_rows_tensor *tensor = &rows->tensors[i];
        if (whole && tensor->size > UINT32_MAX)
            return rog_fail(err, ROG_EINVAL,
                            "compression %s supports whole tensors of at most %u elements; tensor "
                            "%u%s%s has %llu",
                            whole->name, UINT32_MAX, i, tensor->name ? ", " : "",
                            tensor->name ? tensor->name : "", (unsigned long long)tensor->size);
        tensor->row_size = whole ? (uint32_t)tensor->size : tensor->width;
        tensor->rows = (uint32_t)(tensor->size / tensor->row_size);
        tensor->first_row = rows->row_count;
        rows->row_count += tensor->rows;
    }
    return 0;
}

/* Cuts tensors into rows, or, if `whole` is a codec of whole tensors, each tensor into one row. */
static int cut(struct rog_rows *rows, const struct rog_codec *whole, struct rog_error *err)
{
    int code = count_rows(rows, whole, err);
    if (code)
        return code;
    free(rows->row_tensor);
    rows->row_tensor = calloc(rows->row_count, sizeof *rows->row_tensor);
    if (!rows->row_tensor)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        for (uint32_t row = 0; row < tensor->rows; row++)
            rows->row_tensor[tensor->first_row + row] = i;
        rows->first_row[i + 1] = tensor->first_row + tensor->rows;
        rows->row_elements[i] = tensor->row_size;
    }
    return 0;
}

static int make_arrays(struct rog_rows *rows, struct rog_error *err)
{
    uint32_t tensors = rows->tensor_count;
    rows->tensors = calloc(tensors, sizeof *rows->tensors);
    rows->first_row = calloc(tensors + 1u, sizeof *rows->first_row);
    rows->row_elements = calloc(tensors, sizeof *rows->row_elements);
    rows->names = calloc(tensors, sizeof *rows->names);
    if (!rows->tensors || !rows->first_row || !rows->row_elements || !rows->names)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < tensors; i++)
        rows->names[i] = "";
    return 0;
}

/* Computes the maximum bytes of a row of each tensor at each level. */
static int view_bytes(struct rog_rows *rows, enum rog_rows_direction direction,
                      struct rog_error *err)
{
    const struct rog_way *way = &rows->way[direction];
    uint32_t levels = rog_way_levels(way);
    uint32_t *bytes = calloc((size_t)rows->tensor_count * levels, sizeof *bytes);
    free(rows->bytes[direction]);
    rows->bytes[direction] = bytes;
    for (uint32_t i = 0; bytes && i < rows->tensor_count; i++)
        for (uint32_t level = 0; level < levels; level++) {
            size_t most = rog_way_most(way, i, level, 0);
            *bytes++ = most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
        }
    return rows->bytes[direction] ? 0 : rog_fail_nomem(err);
}

/* Fills in what strategies see of the table. */
static int make_view(struct rog_rows *rows, struct rog_error *err)
{
    int code = view_bytes(rows, ROG_ROWS_PUSH, err);
    if (!code)
        code = view_bytes(rows, ROG_ROWS_PULL, err);
    rows->model = (struct rog_model_view){.tensors = rows->tensor_count,
                                          .first_row = rows->first_row,
                                          .levels = rog_way_levels(&rows->way[ROG_ROWS_PUSH]),
                                          .pull_levels = rog_way_levels(&rows->way[ROG_ROWS_PULL]),
                                          .row_elements = rows->row_elements,
                                          .names = rows->names,
                                          .push_bytes = rows->bytes[ROG_ROWS_PUSH],
                                          .pull_bytes = rows->bytes[ROG_ROWS_PULL]};
    return code;
}

void rog_rows_set_name(struct rog_rows *rows, uint32_t tensor, const char *name)
{
    rows->tensors[tensor].name = name;
    rows->names[tensor] = name ? name : "";
}

int rog_rows_new(struct rog_rows **out, const uint32_t *dims, const uint32_t *shapes,
                 uint32_t tensor_count, struct rog_error *err)
{
    *out = NULL;
    if (tensor_count == 0)
        return rog_fail(err, ROG_EINVAL, "a model needs at least one tensor");
    struct rog_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return rog_fail_nomem(err);
    rows->tensor_count = tensor_count;
    int code = make_arrays(rows, err);
    if (!code)
        code = lay_out(rows, dims, shapes, err);
    assert(!rog_codecs[0]->parameters); /* a codec with parameters needs rog_rows_set_codecs */
    if (!code)
        code = rog_rows_set_codecs(rows, &(struct rog_rows_codecs){.push = rog_codecs[0]}, err);
    if (code)
        rog_rows_free(rows);
    else
        *out = rows;
    return code;
}

static void release_ways(struct rog_rows *rows)
{
    for (size_t i = 0; i < ROG_ROWS_DIRECTIONS; i++)
        rog_way_release(&rows->way[i]);
    rog_way_release(&rows->warm);
}

int rog_rows_set_codecs(struct rog_rows *rows, const struct rog_rows_codecs *codecs,
                        struct rog_error *err)
{
    const struct rog_codec *push = codecs->push, *pull = codecs->pull ? codecs->pull : push;
    const void *pull_parameters = codecs->pull ? codecs->pull_parameters : codecs->push_parameters;
    const struct rog_codec *whole = push->unit == ROG_CODEC_TENSORS   ? push
                                    : pull->unit == ROG_CODEC_TENSORS ? pull
                                                                      : NULL;
    rows->warmup = codecs->warmup;
    rows->seed = codecs->seed;
    release_ways(rows);
    const struct rog_rows_tensor *tensors = rows->tensors;
    uint32_t count = rows->tensor_count;
    int code = cut(rows, whole, err);
    if (!code)
        code = rog_way_init(&rows->way[ROG_ROWS_PUSH], push, codecs->push_parameters, tensors,
                            count, err);
    if (!code)
        code = rog_way_init(&rows->way[ROG_ROWS_PULL], pull, pull_parameters, tensors, count, err);
    if (!code)
        code = rog_way_init(&rows->warm, rog_codec_exact, NULL, tensors, count, err);
    return code ? code : make_view(rows, err);
}

size_t rog_rows_scratch_bytes(const struct rog_rows *rows)
{
    size_t push = rows->way[ROG_ROWS_PUSH].scratch_bytes;
    size_t pull = rows->way[ROG_ROWS_PULL].scratch_bytes;
    size_t warm = rows->warm.scratch_bytes, most = push > pull ? push : pull;
    return most > warm ? most : warm;
}

void rog_rows_free(struct rog_rows *rows)
{
    if (!rows)
        return;
    for (size_t i = 0; i < ROG_ROWS_DIRECTIONS; i++)
        free(rows->bytes[i]);
    free(rows->names);
    free(rows->row_elements);
    release_ways(rows);
    free(rows->first_row);
    free(rows->row_tensor);
    free(rows->tensors);
    free(rows);
}
