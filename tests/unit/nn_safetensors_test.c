/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: read back as written, and rejected when damaged. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <common/rng.h>
#include <trainer/nn/safetensors.h>

/* A checkpoint in its own folder. */
struct fixture {
    char folder[64], path[96];
    struct rog_arch *arch;
    float *params, *buffers, *read_params, *read_buffers;
    char *bytes; /* of the file */
    size_t size, header_size;
};

static const struct rog_metadata metadata[] = {{"note", "a \"quoted\" note"}};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct rog_error err;
    snprintf(f->folder, sizeof f->folder, "/tmp/rog-safetensors-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/deeper/model.safetensors", f->folder);
    assert_int_equal(0, rog_arch_new(&f->arch, "convmlp-nano", 12, 32, &err));
    f->params = calloc(f->arch->params, sizeof(float));
    f->read_params = calloc(f->arch->params, sizeof(float));
    f->buffers = calloc(f->arch->buffers, sizeof(float));
    f->read_buffers = calloc(f->arch->buffers, sizeof(float));
    rog_arch_initialize(f->arch, 11, f->params, f->buffers);
    assert_int_equal(
        0, rog_safetensors_write(f->path, f->arch, f->params, NULL, f->buffers, metadata, 1, &err));
    assert_int_equal(0, rog_file_read(f->path, SIZE_MAX, &f->bytes, &f->size, &err));
    f->header_size = 0;
    for (int i = 7; i >= 0; i--)
        f->header_size = f->header_size << 8 | (unsigned char)f->bytes[i];
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rog_dir_remove(f->folder, NULL);
    rog_arch_free(f->arch);
    free(f->params);
    free(f->buffers);
    free(f->read_params);
    free(f->read_buffers);
    free(f->bytes);
    free(f);
    return 0;
}

static int read_back(struct fixture *f, struct rog_error *err)
{
    return rog_safetensors_read(f->path, f->arch, f->read_params, f->read_buffers, err);
}

/* Reads a file of these bytes, which must be rejected with this message. */
static void assert_refused(struct fixture *f, const void *bytes, size_t size, const char *message)
{
    struct rog_error err = {0};
    assert_int_equal(0, rog_file_write(f->path, bytes, size, &err));
    assert_int_equal(ROG_EFORMAT, read_back(f, &err));
    if (!strstr(err.message, message))
        fail_msg("'%s' is not in: %s", message, err.message);
    assert_non_null(strstr(err.message, f->path));
}

/* Replaces the first `pattern` of the header; extra bytes are appended to the data. The result is
 * heap memory. */
static char *edit(struct fixture *f, const char *pattern, const char *replacement, size_t extra,
                  size_t *size)
{
    size_t old = strlen(pattern), new = strlen(replacement);
    char *at = memmem(f->bytes + 8, f->header_size, pattern, old);
    assert_non_null(at);
    size_t before = (size_t)(at - f->bytes), header = f->header_size + new - old;
    char *edited = calloc(1, f->size + new + extra);
    memcpy(edited, f->bytes, before);
    memcpy(edited + before, replacement, new);
    memcpy(edited + before + new, at + old, f->size - before - old);
    for (int i = 0; i < 8; i++)
        edited[i] = (char)(header >> 8 * i);
    *size = f->size + new - old + extra;
    return edited;
}

static void assert_edit_refused(struct fixture *f, const char *pattern, const char *replacement,
                                size_t extra, const char *message)
{
    size_t size;
    char *edited = edit(f, pattern, replacement, extra, &size);
    assert_refused(f, edited, size, message);
    free(edited);
}

static void round_trip(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    struct rog_arch *arch;
    assert_int_equal(0, read_back(f, &err));
    assert_memory_equal(f->params, f->read_params, f->arch->params * sizeof(float));
    assert_memory_equal(f->buffers, f->read_buffers, f->arch->buffers * sizeof(float));
    assert_int_equal(0, f->header_size % 8);
    assert_int_equal(0, rog_safetensors_arch(f->path, &arch, &err));
    assert_string_equal("convmlp-nano", arch->name);
    assert_int_equal(12, arch->classes);
    assert_int_equal(32, arch->image_size);
    rog_arch_free(arch);
}

static void missing_file(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    assert_int_equal(0, unlink(f->path));
    assert_int_equal(ROG_ENOTFOUND, read_back(f, &err));
    assert_non_null(strstr(err.message, f->path));
}

static void unwritable_place(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    char path[160];
    snprintf(path, sizeof path, "%s/below-a-file", f->path);
    assert_true(rog_safetensors_write(path, f->arch, f->params, NULL, f->buffers, NULL, 0, &err) <
                0);
    assert_non_null(strstr(err.message, "deeper"));
}

static void truncated(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, f->bytes, 0, "truncated");
    assert_refused(f, f->bytes, 7, "truncated");
    assert_refused(f, f->bytes, 8, "truncated");
    assert_refused(f, f->bytes, 8 + f->header_size / 2, "truncated");
    assert_refused(f, f->bytes, 8 + f->header_size, "truncated");
    assert_refused(f, f->bytes, f->size - 1, "truncated");
}

static void huge_header(void **state)
{
    struct fixture *f = *state;
    memset(f->bytes, 0xff, 8);
    assert_refused(f, f->bytes, f->size, "header of 18446744073709551615 bytes");
    memset(f->bytes, 0, 8);
    assert_refused(f, f->bytes, f->size, "JSON");
}

static void header_no_object(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "\2\0\0\0\0\0\0\0[]", 10, "not a JSON object");
}

static void wrong_tensors(void **state)
{
    struct fixture *f = *state;
    assert_edit_refused(f, "[32,3,3,3]", "[32,3,9,1]", 0,
                        "the shape of tensor 'tokenizer.block.0.weight' differs");
    assert_edit_refused(f, "[32,3,3,3]", "[864]", 0, "shape");
    assert_edit_refused(f, "[32,3,3,3]", "\"32\"", 0, "shape");
    assert_edit_refused(f, "\"F32\"", "\"F16\"", 0, "dtype F16 instead of F32");
    assert_edit_refused(f, "\"dtype\"", "\"dtypo\"", 0, "dtype none");
    assert_edit_refused(f, "\"head.bias\"", "\"head.bios\"", 0, "no tensor 'head.bios'");
    assert_edit_refused(f, "\"head.bias\"", "\"x.num_batches_tracked\"", 0,
                        "'head.bias' is missing");
}

static void wrong_offsets(void **state)
{
    struct fixture *f = *state;
    assert_edit_refused(f, "[0,3456]", "[0,3460]", 0, "overlaps");
    assert_edit_refused(f, "[0,3456]", "[0,3452]", 0, "there is a gap");
    assert_edit_refused(f, "[0,3456]", "[-4,3456]", 0, "damaged");
    assert_edit_refused(f, "[0,3456]", "[3456,0]", 0, "damaged");
    assert_edit_refused(f, "[0,3456]", "[0,9223372036854775807]", 0, "damaged");
    assert_edit_refused(f, "[0,3456]", "[0,3456,1]", 0, "two numbers");
    assert_edit_refused(f, "[0,3456]", "[0,\"a\"]", 0, "two numbers");
    assert_edit_refused(f, "[0,3456]", "[0,0.5]", 0, "two numbers");
    assert_edit_refused(f, "[0,3456]", "null", 0, "two numbers");
    assert_edit_refused(f, "[0,3456]", "[0,3456]", 5, "its tensors end at");
    /* A boundary between two tensors is moved. */
    static const char next[] =
        "},\"tokenizer.block.1.weight\":{\"dtype\":\"F32\",\"shape\":[32],\"data_offsets\":";
    char before[160], after[160];
    snprintf(before, sizeof before, "[0,3456]%s[3456,", next);
    snprintf(after, sizeof after, "[0,3460]%s[3460,", next);
    assert_edit_refused(f, before, after, 0, "has 3460 bytes instead of 3456");
}

static void not_finite(void **state)
{
    struct fixture *f = *state;
    memset(f->bytes + f->size - 4, 0xff, 4);
    assert_refused(f, f->bytes, f->size, "not finite");
}

/* A model that is not finite is not written either, wherever the value is, and the old file
 * stays. */
static void not_finite_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct rog_error err = {0};
    float *change = calloc(f->arch->params, sizeof *change);
    float *const last[] = {&change[f->arch->params - 1], &f->params[f->arch->params - 1],
                           &f->buffers[f->arch->buffers - 1]};
    for (size_t i = 0; i < 3; i++) {
        float before = *last[i];
        *last[i] = i == 1 ? NAN : INFINITY;
        assert_int_equal(ROG_EFAILED, rog_safetensors_write(f->path, f->arch, f->params, change,
                                                            f->buffers, NULL, 0, &err));
        const struct rog_arch_tensor *bad =
            i < 2 ? &f->arch->tensors[f->arch->tensor_count - 1]
                  : &f->arch->buffer_tensors[f->arch->buffer_count - 1];
        assert_non_null(strstr(err.message, bad->name));
        assert_non_null(strstr(err.message, "not finite"));
        *last[i] = before;
        assert_int_equal(0, read_back(f, &err));
    }
    free(change);
}

/* PyTorch's counter of batches is ignored, but must be in the file like all others. */
static void batches_tracked(void **state)
{
    struct fixture *f = *state;
    struct rog_error err;
    char extra[160];
    size_t data = f->size - 8 - f->header_size, size;
    snprintf(extra, sizeof extra,
             "{\"tokenizer.block.1.num_batches_tracked\":{\"dtype\":\"I64\",\"shape\":[],"
             "\"data_offsets\":[%zu,%zu]},",
             data, data + 8);
    char *edited = edit(f, "{", extra, 8, &size);
    assert_int_equal(0, rog_file_write(f->path, edited, size, &err));
    assert_int_equal(0, read_back(f, &err));
    assert_memory_equal(f->params, f->read_params, f->arch->params * sizeof(float));
    assert_refused(f, edited, size - 1, "damaged");
    free(edited);
}

static void metadata_missing(void **state)
{
    struct fixture *f = *state;
    static const char *const edits[][2] = {{"\"model\"", "\"mobel\""},
                                           {"\"12\"", "\"-12\""},
                                           {"\"12\"", "\"12x\""},
                                           {"\"12\"", "12"},
                                           {"\"12\"", "\"99999999999999999999\""},
                                           {"convmlp-nano", "convmlp-huge"}};
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        struct rog_arch *arch;
        struct rog_error err;
        size_t size;
        char *edited = edit(f, edits[i][0], edits[i][1], 0, &size);
        assert_int_equal(0, rog_file_write(f->path, edited, size, &err));
        assert_int_equal(ROG_EFORMAT, rog_safetensors_arch(f->path, &arch, &err));
        assert_null(arch);
        assert_non_null(strstr(err.message, f->path));
        free(edited);
    }
}

/* What Python reads: the metadata and each tensor in order, with the sum of its values. */
static void as_python_reads_it(void **state)
{
    struct fixture *f = *state;
    char command[512], line[512];
    const char *data = getenv("ROG_TEST_DATA");
    if (!data || system("python3 -c 'import math; math.prod' >/dev/null 2>&1") != 0) {
        print_message(
            "no python3 or no ROG_TEST_DATA: there is no second reader to compare with\n");
        skip();
    }
    snprintf(command, sizeof command, "python3 '%s/nn/read_safetensors.py' '%s'", data, f->path);
    FILE *reader = popen(command, "r");
    assert_non_null(reader);
    static const char *const about[] = {"metadata model convmlp-nano\n", "metadata classes 12\n",
                                        "metadata image_size 32\n",
                                        "metadata note a \"quoted\" note\n"};
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(fgets(line, sizeof line, reader));
        assert_string_equal(about[i], line);
    }
    for (uint32_t i = 0; i < f->arch->tensor_count + f->arch->buffer_count; i++) {
        bool buffer = i >= f->arch->tensor_count;
        const struct rog_arch_tensor *tensor =
            buffer ? &f->arch->buffer_tensors[i - f->arch->tensor_count] : &f->arch->tensors[i];
        const float *values = (buffer ? f->buffers : f->params) + tensor->offset;
        char name[96], type[8], shape[64];
        double sum = 0, found;
        for (uint64_t k = 0; k < tensor->size; k++)
            sum += (double)values[k];
        assert_non_null(fgets(line, sizeof line, reader));
        assert_int_equal(4, sscanf(line, "tensor %95s %7s %63s %lf", name, type, shape, &found));
        assert_string_equal(tensor->name, name);
        assert_string_equal("F32", type);
        assert_int_equal(tensor->shape[0], atoi(shape));
        assert_true(fabs(sum - found) < 1e-9 * (1 + (double)tensor->size));
    }
    assert_null(fgets(line, sizeof line, reader));
    assert_int_equal(0, pclose(reader));
}

/* With any byte flipped: an error, or finite values. */
static void flipped_bytes(void **state)
{
    struct fixture *f = *state;
    struct rog_rng rng;
    unsigned refused = 0;
    rog_rng_init(&rng, 21);
    for (int round = 0; round < 400; round++) {
        struct rog_error err = {0};
        struct rog_arch *arch = NULL;
        size_t range = round % 4 ? 8 + f->header_size : f->size;
        char *flipped = malloc(f->size);
        memcpy(flipped, f->bytes, f->size);
        for (uint32_t flips = 1 + rog_rng_below(&rng, 3); flips > 0; flips--)
            flipped[rog_rng_below(&rng, (uint32_t)range)] ^= (char)(1 << rog_rng_below(&rng, 8));
        assert_int_equal(0, rog_file_write(f->path, flipped, f->size, &err));
        int code = read_back(f, &err);
        assert_true(code == 0 || (code == ROG_EFORMAT && *err.message));
        refused += code != 0;
        for (uint64_t i = 0; code == 0 && i < f->arch->params; i++)
            assert_true(isfinite(f->read_params[i]));
        code = rog_safetensors_arch(f->path, &arch, &err);
        assert_true((code == 0) == (arch != NULL));
        rog_arch_free(arch);
        free(flipped);
    }
    assert_true(refused > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_file, setup, teardown),
        cmocka_unit_test_setup_teardown(unwritable_place, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(huge_header, setup, teardown),
        cmocka_unit_test_setup_teardown(header_no_object, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_tensors, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_offsets, setup, teardown),
        cmocka_unit_test_setup_teardown(not_finite, setup, teardown),
        cmocka_unit_test_setup_teardown(not_finite_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(batches_tracked, setup, teardown),
        cmocka_unit_test_setup_teardown(metadata_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(as_python_reads_it, setup, teardown),
        cmocka_unit_test_setup_teardown(flipped_bytes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
