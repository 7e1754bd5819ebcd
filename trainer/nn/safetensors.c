/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes checkpoints; every length in a file is checked before use. */
#include <trainer/nn/safetensors.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <common/json.h>

/*
 * The format: eight bytes of header length (little-endian), the header (a JSON object: name ->
 * dtype, shape, data_offsets; "__metadata__" -> strings), then the data, which the tensors cover
 * without holes or overlaps.
 */

#define LENGTH_BYTES 8
#define MAX_HEADER_BYTES (16u << 20)
#define MAX_IGNORED_BYTES (1u << 20)
/* Limit of a file that is not read for a larger model. */
#define MAX_FILE_BYTES ((size_t)1 << 30)
#define METADATA "__metadata__"
#define IGNORED_SUFFIX ".num_batches_tracked"

/* ---- bytes ---- */

static uint64_t get_u64(const unsigned char *bytes)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static void put_u64(unsigned char *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

static float get_float(const unsigned char *bytes)
{
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void put_float(unsigned char *bytes, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
}

/* ---- writing ---- */

static void describe_tensors(struct rog_json *header, const struct rog_arch_tensor *tensors,
                             uint32_t count, uint64_t first_float)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct rog_arch_tensor *tensor = &tensors[i];
        struct rog_json *entry = rog_json_object();
        struct rog_json *shape = rog_json_array(), *offsets = rog_json_array();
        uint64_t begin = 4 * (first_float + tensor->offset);
        for (uint32_t d = 0; d < tensor->dims; d++)
            rog_json_append(shape, rog_json_new_integer(tensor->shape[d]));
        rog_json_append(offsets, rog_json_new_integer((int64_t)begin));
        rog_json_append(offsets, rog_json_new_integer((int64_t)(begin + 4 * tensor->size)));
        rog_json_put_string(entry, "dtype", "F32");
        rog_json_put(entry, "shape", shape);
        rog_json_put(entry, "data_offsets", offsets);
        rog_json_put(header, tensor->name, entry);
    }
}

/* Returns the header as text, NULL if out of memory. */
static char *header_text(const struct rog_arch *arch, const struct rog_metadata *metadata,
                         uint32_t metadata_count)
{
    struct rog_json *header = rog_json_object(), *about = rog_json_object();
    char number[16];
    rog_json_put_string(about, "model", arch->name);
    if (arch->classes) {
        snprintf(number, sizeof number, "%u", arch->classes);
        rog_json_put_string(about, "classes", number);
        snprintf(number, sizeof number, "%u", arch->image_size);
        rog_json_put_string(about, "image_size", number);
    }
    for (uint32_t i = 0; i < metadata_count; i++)
        rog_json_put_string(about, metadata[i].key, metadata[i].value);
    rog_json_put(header, METADATA, about);
    describe_tensors(header, arch->tensors, arch->tensor_count, 0);
    describe_tensors(header, arch->buffer_tensors, arch->buffer_count, arch->params);
    char *text = rog_json_text(header);
    rog_json_free(header);
    return text;
}

/* A file that is being written. */
struct writing {
    FILE *file;
    bool failed;   /* the rest is not written */
    bool infinite; /* a value was not finite */
};

/* Values are checked while they are written, without another pass over the model. */
static void write_floats(struct writing *writing, const float *values, const float *change,
                         uint64_t count)
{
    unsigned char bytes[4096];
    for (uint64_t i = 0; i < count && !writing->failed;) {
        size_t used = 0;
        for (; i < count && used < sizeof bytes; i++, used += 4) {
            float value = change ? values[i] + change[i] : values[i];
            writing->infinite |= !isfinite(value);
            put_float(bytes + used, value);
        }
        writing->failed = fwrite(bytes, 1, used, writing->file) != used;
    }
}

/* Returns the first tensor with a value that is not finite; NULL: none. */
static const struct rog_arch_tensor *find_infinite(const struct rog_arch_tensor *tensors,
                                                   uint32_t count, const float *values,
                                                   const float *change)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint64_t k = tensors[i].offset; k < tensors[i].offset + tensors[i].size; k++)
            if (!isfinite(change ? values[k] + change[k] : values[k]))
                return &tensors[i];
    return NULL;
}

static int fail_infinite(const char *path, const struct rog_arch *arch, const float *params,
                         const float *change, const float *buffers, struct rog_error *err)
{
    const struct rog_arch_tensor *bad =
        find_infinite(arch->tensors, arch->tensor_count, params, change);
    if (!bad)
        bad = find_infinite(arch->buffer_tensors, arch->buffer_count, buffers, NULL);
    return rog_fail(err, ROG_EFAILED,
                    "the model is not saved as %s: tensor %s holds a value that is not finite, the "
                    "training has diverged",
                    path, bad ? bad->name : "?");
}

int rog_safetensors_write(const char *path, const struct rog_arch *arch, const float *params,
                          const float *change, const float *buffers,
                          const struct rog_metadata *metadata, uint32_t metadata_count,
                          struct rog_error *err)
{
    struct rog_file_writer writer = {0};
    unsigned char length[LENGTH_BYTES];
    char *text = header_text(arch, metadata, metadata_count);
    int code = 0;
    if (!text)
        return rog_fail_nomem(err);
    /* Spaces after the header, so that the data begin at a multiple of eight. */
    size_t text_bytes = strlen(text), header_bytes = (text_bytes + 7) / 8 * 8;
    put_u64(length, header_bytes);

    code = rog_file_writer_open(&writer, path, err);
    if (code)
        goto out;
    fwrite(length, 1, sizeof length, writer.file);
    fprintf(writer.file, "%s%*s", text, (int)(header_bytes - text_bytes), "");
    /* The stream remembers that a write has failed; the commit reports it. */
    struct writing writing = {.file = writer.file};
    write_floats(&writing, params, change, arch->params);
    write_floats(&writing, buffers, NULL, arch->buffers);
    code = writing.infinite ? fail_infinite(path, arch, params, change, buffers, err)
                            : rog_file_writer_commit(&writer, err);

out:
    rog_file_writer_discard(&writer);
    free(text);
    return code;
}

/* ---- reading ---- */

struct file {
    const char *path;
    char *bytes;
    size_t size;
    struct rog_json *header;
    const unsigned char *data;
    uint64_t data_bytes;
};

static void file_release(struct file *file)
{
    rog_json_free(file->header);
    free(file->bytes);
}

/* `data_bytes`: size of the model that the caller expects. */
static int file_open(struct file *file, const char *path, uint64_t data_bytes,
                     struct rog_error *err)
{
    size_t most = LENGTH_BYTES + MAX_HEADER_BYTES + MAX_IGNORED_BYTES + data_bytes;
    *file = (struct file){.path = path};
    int code = rog_file_read(path, most > MAX_FILE_BYTES ? most : MAX_FILE_BYTES, &file->bytes,
                             &file->size, err);
    if (code)
        return code;
    if (file->size < LENGTH_BYTES)
        return rog_fail(err, ROG_EFORMAT, "checkpoint %s: only %zu bytes: it is truncated or empty",
                        path, file->size);
    uint64_t header_bytes = get_u64((const unsigned char *)file->bytes);
    if (header_bytes > MAX_HEADER_BYTES || header_bytes > file->size - LENGTH_BYTES)
        return rog_fail(err, ROG_EFORMAT,
                        "checkpoint %s: a header of %llu bytes in a file of %zu bytes: it is "
                        "truncated or not a safetensors file",
                        path, (unsigned long long)header_bytes, file->size);
    code = rog_json_parse(file->bytes + LENGTH_BYTES, header_bytes, path, &file->header, err);
    if (code)
        return code;
    if (!rog_json_is_object(file->header))
        return rog_fail(err, ROG_EFORMAT, "checkpoint %s: its header is not a JSON object", path);
    file->data = (const unsigned char *)file->bytes + LENGTH_BYTES + header_bytes;
    file->data_bytes = file->size - LENGTH_BYTES - header_bytes;
    return 0;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* The bytes of a tensor. */
struct span {
    const char *name;
    uint64_t begin, end;
};

struct span_list {
    const struct file *file;
    struct rog_error *err;
    struct span *spans;
    size_t count;
};

static int read_span(const char *name, const struct rog_json *entry, void *user)
{
    struct span_list *list = user;
    const struct rog_json *offsets = rog_json_get(entry, "data_offsets");
    if (strcmp(name, METADATA) == 0)
        return 0;
    if (!rog_json_is_array(offsets) || rog_json_size(offsets) != 2 ||
        !rog_json_is_integer(rog_json_at(offsets, 0)) ||
        !rog_json_is_integer(rog_json_at(offsets, 1)))
        return rog_fail(list->err, ROG_EFORMAT,
                        "checkpoint %s: tensor '%s' has no data_offsets of two numbers",
                        list->file->path, name);
    int64_t begin = rog_json_integer(rog_json_at(offsets, 0), -1);
    int64_t end = rog_json_integer(rog_json_at(offsets, 1), -1);
    if (begin < 0 || end < begin || (uint64_t)end > list->file->data_bytes)
        return rog_fail(list->err, ROG_EFORMAT,
                        "checkpoint %s: tensor '%s' at bytes %lld to %lld of %llu: the file is "
                        "truncated or damaged",
                        list->file->path, name, (long long)begin, (long long)end,
                        (unsigned long long)list->file->data_bytes);
    list->spans[list->count++] = (struct span){name, (uint64_t)begin, (uint64_t)end};
    return 0;
}

static int compare_spans(const void *left, const void *right)
{
    const struct span *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

/* Checks that every byte of the data belongs to exactly one tensor. */
static int check_spans(const struct file *file, struct rog_error *err)
{
    struct span_list list = {.file = file, .err = err};
    list.spans = calloc(rog_json_size(file->header) + 1, sizeof *list.spans);
    if (!list.spans)
        return rog_fail_nomem(err);
    int code = rog_json_each(file->header, read_span, &list);
    if (code)
        goto out;
    qsort(list.spans, list.count, sizeof *list.spans, compare_spans);
    uint64_t covered = 0;
    for (size_t i = 0; i < list.count && !code; i++) {
        const struct span *span = &list.spans[i];
        if (span->begin != covered)
            code = rog_fail(err, ROG_EFORMAT,
                            "checkpoint %s: tensor '%s' begins at byte %llu instead of %llu: %s",
                            file->path, span->name, (unsigned long long)span->begin,
                            (unsigned long long)covered,
                            span->begin < covered ? "it overlaps another" : "there is a gap");
        covered = span->end;
    }
    if (!code && covered != file->data_bytes)
        code = rog_fail(
            err, ROG_EFORMAT, "checkpoint %s: %llu bytes of data, but its tensors end at %llu",
            file->path, (unsigned long long)file->data_bytes, (unsigned long long)covered);
out:
    free(list.spans);
    return code;
}

/* Reads one tensor; its offsets have been checked. */
static int read_tensor(const struct file *file, const struct rog_arch_tensor *tensor, float *values,
                       struct rog_error *err)
{
    const struct rog_json *entry = rog_json_get(file->header, tensor->name);
    if (!entry)
        return rog_fail(err, ROG_EFORMAT, "checkpoint %s: tensor '%s' is missing", file->path,
                        tensor->name);
    const char *dtype = rog_json_get_string(entry, "dtype", "none");
    if (strcmp(dtype, "F32") != 0)
        return rog_fail(err, ROG_EFORMAT, "checkpoint %s: tensor '%s' has dtype %s instead of F32",
                        file->path, tensor->name, dtype);
    const struct rog_json *shape = rog_json_get(entry, "shape");
    bool same = rog_json_is_array(shape) && rog_json_size(shape) == tensor->dims;
    for (uint32_t d = 0; same && d < tensor->dims; d++)
        same = rog_json_integer(rog_json_at(shape, d), -1) == tensor->shape[d];
    if (!same)
        return rog_fail(err, ROG_EFORMAT,
                        "checkpoint %s: the shape of tensor '%s' differs from this model's; it may "
                        "be a checkpoint of another model or number of classes",
                        file->path, tensor->name);
    const struct rog_json *offsets = rog_json_get(entry, "data_offsets");
    uint64_t begin = (uint64_t)rog_json_integer(rog_json_at(offsets, 0), 0);
    uint64_t end = (uint64_t)rog_json_integer(rog_json_at(offsets, 1), 0);
    if (end - begin != 4 * tensor->size)
        return rog_fail(err, ROG_EFORMAT,
                        "checkpoint %s: tensor '%s' has %llu bytes instead of %llu", file->path,
                        tensor->name, (unsigned long long)(end - begin),
                        (unsigned long long)(4 * tensor->size));
    for (uint64_t i = 0; i < tensor->size; i++) {
        values[i] = get_float(file->data + begin + 4 * i);
        if (!isfinite(values[i]))
            return rog_fail(err, ROG_EFORMAT,
                            "checkpoint %s: tensor '%s' holds a value that is not finite",
                            file->path, tensor->name);
    }
    return 0;
}

struct known {
    const struct file *file;
    const struct rog_arch *arch;
    struct rog_error *err;
};

static int check_known(const char *name, const struct rog_json *entry, void *user)
{
    const struct known *known = user;
    const struct rog_arch *arch = known->arch;
    (void)entry;
    if (strcmp(name, METADATA) == 0 || ends_with(name, IGNORED_SUFFIX))
        return 0;
    for (uint32_t i = 0; i < arch->tensor_count; i++)
        if (strcmp(name, arch->tensors[i].name) == 0)
            return 0;
    for (uint32_t i = 0; i < arch->buffer_count; i++)
        if (strcmp(name, arch->buffer_tensors[i].name) == 0)
            return 0;
    return rog_fail(known->err, ROG_EFORMAT, "checkpoint %s: model %s has no tensor '%s'",
                    known->file->path, arch->name, name);
}

int rog_safetensors_read(const char *path, const struct rog_arch *arch, float *params,
                         float *buffers, struct rog_error *err)
{
    struct file file;
    int code = file_open(&file, path, (arch->params + arch->buffers) * sizeof(float), err);
    if (code)
        goto out;
    struct known known = {&file, arch, err};
    code = check_spans(&file, err);
    if (!code)
        code = rog_json_each(file.header, check_known, &known);
    for (uint32_t i = 0; i < arch->tensor_count && !code; i++)
        code = read_tensor(&file, &arch->tensors[i], params + arch->tensors[i].offset, err);
    for (uint32_t i = 0; i < arch->buffer_count && !code; i++)
        code = read_tensor(&file, &arch->buffer_tensors[i],
                           buffers + arch->buffer_tensors[i].offset, err);
out:
    file_release(&file);
    return code;
}

/* Returns a whole number of the metadata, -1 if there is none. */
static long metadata_number(const struct rog_json *metadata, const char *key)
{
    const char *text = rog_json_get_string(metadata, key, "");
    char *end = NULL;
    long number = strtol(text, &end, 10);
    return *text && !*end && number >= 0 && number <= INT32_MAX ? number : -1;
}

int rog_safetensors_arch(const char *path, struct rog_arch **arch, struct rog_error *err)
{
    struct file file;
    *arch = NULL;
    int code = file_open(&file, path, 0, err);
    if (code)
        goto out;
    const struct rog_json *metadata = rog_json_get(file.header, METADATA);
    const char *model = rog_json_get_string(metadata, "model", NULL);
    long classes = metadata_number(metadata, "classes");
    long image_size = metadata_number(metadata, "image_size");
    if (!model || classes < 0 || image_size < 0) {
        code = rog_fail(err, ROG_EFORMAT,
                        "checkpoint %s: its metadata lack model, classes and image_size; it may "
                        "have been written by another program",
                        path);
        goto out;
    }
    if (rog_arch_new(arch, model, (uint32_t)classes, (uint32_t)image_size, err)) {
        rog_fail_prefix(err, "checkpoint %s", path);
        code = ROG_EFORMAT;
    }
out:
    file_release(&file);
    return code;
}
