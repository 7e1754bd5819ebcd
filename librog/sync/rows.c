/* SPDX-License-Identifier: Apache-2.0 */
/* A model's tensors cut into rows. */
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
            return rog_fail(err, ROG_EINVAL, "tensor %u is too large to count its elements", index);
        size *= shape[i];
    }
    tensor->size = size;
    tensor->rows = dims == 1 || size < ROG_ROW_MIN_ELEMENTS ? 1 : shape[0];
    if (size / tensor->rows > UINT32_MAX)
        return rog_fail(err, ROG_EINVAL, "tensor %u has rows of more than %u elements", index,
                        UINT32_MAX);
    tensor->row_size = (uint32_t)(size / tensor->rows);
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
        if (rows->params > UINT64_MAX / sizeof(float) - tensor->size ||
            row_count + tensor->rows > INT32_MAX)
            return rog_fail(err, ROG_EINVAL, "the model is too large: tensor %u does not fit", i);
        tensor->offset = rows->params;
        tensor->first_row = (uint32_t)row_count;
        rows->params += tensor->size;
        row_count += tensor->rows;
    }
    rows->row_count = (uint32_t)row_count;
    return 0;
}

/* What strategies see of it. */
static int make_view(struct rog_rows *rows, struct rog_error *err)
{
    uint32_t tensors = rows->tensor_count;
    rows->row_tensor = calloc(rows->row_count, sizeof *rows->row_tensor);
    rows->first_row = calloc(tensors + 1u, sizeof *rows->first_row);
    rows->row_elements = calloc(tensors, sizeof *rows->row_elements);
    rows->push_bytes = calloc(tensors, sizeof *rows->push_bytes);
    rows->pull_bytes = calloc(tensors, sizeof *rows->pull_bytes);
    rows->names = calloc(tensors, sizeof *rows->names);
    if (!rows->row_tensor || !rows->first_row || !rows->row_elements || !rows->push_bytes ||
        !rows->pull_bytes || !rows->names)
        return rog_fail_nomem(err);
    for (uint32_t i = 0; i < tensors; i++) {
        const struct rog_rows_tensor *tensor = &rows->tensors[i];
        for (uint32_t row = 0; row < tensor->rows; row++)
            rows->row_tensor[tensor->first_row + row] = i;
        rows->first_row[i + 1] = tensor->first_row + tensor->rows;
        rows->row_elements[i] = tensor->row_size;
        rows->names[i] = "";
    }
    rows->model = (struct rog_model_view){.tensors = tensors,
                                          .first_row = rows->first_row,
                                          .levels = 1,
                                          .pull_levels = 1,
                                          .row_elements = rows->row_elements,
                                          .names = rows->names,
                                          .push_bytes = rows->push_bytes,
                                          .pull_bytes = rows->pull_bytes};
    return 0;
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

    int code = 0;
    struct rog_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return rog_fail_nomem(err);
    rows->tensor_count = tensor_count;
    rows->tensors = calloc(tensor_count, sizeof *rows->tensors);
    if (!rows->tensors) {
        code = rog_fail_nomem(err);
        goto out;
    }
    code = lay_out(rows, dims, shapes, err);
    if (code)
        goto out;
    code = make_view(rows, err);
    if (code)
        goto out;
    assert(!rog_codecs[0]->parameters); /* who wants one with parameters gives them */
    rog_rows_set_codec(rows, rog_codecs[0], NULL);
    *out = rows;
    rows = NULL;
out:
    rog_rows_free(rows);
    return code;
}

void rog_rows_set_codec(struct rog_rows *rows, const struct rog_codec *codec,
                        const void *parameters)
{
    rows->codec = codec;
    rows->parameters = parameters;
    rows->wire_bytes = 0;
    for (uint32_t i = 0; i < rows->tensor_count; i++) {
        struct rog_rows_tensor *tensor = &rows->tensors[i];
        const struct rog_codec_row row = {.parameters = parameters, .elements = tensor->row_size};
        codec->bytes(&row, &tensor->row_bytes);
        rows->wire_bytes += sizeof(float) + tensor->rows * tensor->row_bytes.most;
        rows->push_bytes[i] = rows->pull_bytes[i] = (uint32_t)tensor->row_bytes.most;
    }
}

void rog_rows_free(struct rog_rows *rows)
{
    if (!rows)
        return;
    free(rows->names);
    free(rows->pull_bytes);
    free(rows->push_bytes);
    free(rows->row_elements);
    free(rows->first_row);
    free(rows->row_tensor);
    free(rows->tensors);
    free(rows);
}
