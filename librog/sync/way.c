/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and bytes that a codec needs for each row of a table. */
#include <librog/sync/way.h>

#include <stdlib.h>
#include <string.h>

#include <common/memory.h>

static struct rog_codec_row any_row(const struct rog_way *way, uint32_t tensor)
{
    return (struct rog_codec_row){.parameters = way->parameters,
                                  .elements = way->cut[tensor].row_size,
                                  .width = way->cut[tensor].width};
}

size_t rog_way_most(const struct rog_way *way, uint32_t tensor, uint32_t level, uint32_t iteration)
{
    struct rog_codec_row row = any_row(way, tensor);
    struct rog_codec_bytes bytes;
    row.level = level;
    row.iteration = iteration;
    way->codec->bytes(&row, &bytes);
    return bytes.most;
}

/* Computes the least and the most bytes over all levels. */
static int measure_bytes(const struct rog_way *way, struct rog_codec_row *row,
                         struct rog_codec_bytes *bytes, struct rog_error *err)
{
    *bytes = (struct rog_codec_bytes){.least = SIZE_MAX};
    for (row->level = 0; row->level < rog_way_levels(way); row->level++) {
        struct rog_codec_bytes at_level;
        way->codec->bytes(row, &at_level);
        if (at_level.least == 0 || at_level.least > at_level.most)
            return rog_fail(
                err, ROG_EINVAL,
                "codec %s: invalid size of a row of %u elements: %zu to %zu bytes at level %u",
                way->codec->name, row->elements, at_level.least, at_level.most, row->level);
        bytes->least = at_level.least < bytes->least ? at_level.least : bytes->least;
        bytes->most = at_level.most > bytes->most ? at_level.most : bytes->most;
    }
    row->level = 0;
    return 0;
}

static void need_scratch(struct rog_way *way, size_t bytes)
{
    if (bytes > way->scratch_bytes)
        way->scratch_bytes = bytes;
}

static int measure_tensor(struct rog_way *way, uint32_t index, struct rog_error *err)
{
    const struct rog_codec *codec = way->codec;
    struct rog_way_tensor *tensor = &way->tensors[index];
    struct rog_codec_row row = any_row(way, index);
    int code = measure_bytes(way, &row, &tensor->bytes, err);
    if (code)
        return code;
    uint64_t count = way->cut[index].rows;
    tensor->memory = codec->memory ? codec->memory(&row) : 0;
    tensor->memory_at = way->memory_floats;
    way->memory_floats += count * tensor->memory;
    way->wire_bytes += sizeof(float) + count * tensor->bytes.most;
    if (codec->scratch)
        need_scratch(way, codec->scratch(&row));
    return 0;
}

int rog_way_init(struct rog_way *way, const struct rog_codec *codec, const void *parameters,
                 const struct rog_rows_tensor *tensors, uint32_t count, struct rog_error *err)
{
    *way = (struct rog_way){.codec = codec, .parameters = parameters, .cut = tensors};
    if (codec->parameters && !parameters)
        return rog_fail(err, ROG_EINVAL, "the codec %s was given no parameters", codec->name);
    way->tensors = calloc(count, sizeof *way->tensors);
    if (!way->tensors)
        return rog_fail_nomem(err);
    int code = 0;
    uint64_t elements = 0;
    for (uint32_t i = 0; i < count && !code; i++) {
        elements += tensors[i].size;
        code = measure_tensor(way, i, err);
    }
    way->whole = codec->whole_scale && (!codec->is_whole || codec->is_whole(parameters));
    if (way->whole && codec->whole_scratch)
        need_scratch(way, codec->whole_scratch(parameters, elements));
    if (code)
        rog_way_release(way);
    return code;
}

void rog_way_release(struct rog_way *way)
{
    free(way->tensors);
    *way = (struct rog_way){0};
}

int rog_way_memory(const struct rog_way *way, float **memory, struct rog_error *err)
{
    *memory = NULL;
    if (way->memory_floats == 0)
        return 0;
    *memory = rog_floats(way->memory_floats);
    if (!*memory)
        return rog_fail_nomem(err);
    memset(*memory, 0, way->memory_floats * sizeof **memory);
    return 0;
}
