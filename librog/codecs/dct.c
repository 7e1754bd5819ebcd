/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The largest coefficients of the cosine transform of each chunk (DeMo: Peng, Quesnelle, Kingma,
 * arXiv:2411.19870, section 3.2; the published program is demo.py, TransformDCT and CompressDCT). A
 * tensor, as a matrix of its first dimension by all others, is cut into blocks of h x w, where h
 * and w are the largest divisors of its dimensions that are at most `chunk`, as in that program; a
 * tensor of one row into pieces of w. The k largest coefficients of each block are sent, by index
 * and value (sparse_row.h). The transform is orthonormal. The core does error feedback, so DeMo's
 * decoupled momentum corresponds to the waiting updates, with a decay of error_feedback.
 *
 * A tensor that would not become smaller is sent unchanged.
 */

#include <math.h>
#include <string.h>

#include <librog/codecs/no_scale.h>
#include <librog/codecs/none.h>
#include <librog/codecs/packed_values.h>
#include <librog/codecs/sparse_row.h>
#include <librog/kernels/cosine.h>
#include <librog/kernels/kernels.h>
#include <librog/kernels/mask.h>
#include <librog/kernels/select.h>

#define ROUNDING 1e-4f /* relative rounding error that a sum of coefficients may have */

struct dct_parameters {
    int64_t chunk, k;
    uint32_t bits; /* index of the choice */
};

#define MEMBER(member) .name = #member, .offset = offsetof(struct dct_parameters, member)

static const struct rog_parameter dct_parameters[] = {
    {MEMBER(chunk), .type = ROG_PARAMETER_INTEGER, .fallback = "64", .min = 1, .max = 256,
     .unit = "elements", .help = "maximum edge length of a transformed block"},
    {MEMBER(k), .type = ROG_PARAMETER_INTEGER, .fallback = "32", .min = 1, .max = 1 << 16,
     .help = "number of coefficients sent per block"},
    {MEMBER(bits), .type = ROG_PARAMETER_CHOICE, .fallback = "32",
     .choices = ROG_VALUE_BITS_CHOICES, .help = "bits per coefficient sent, including the sign"},
    {.name = NULL},
};

/* ---- partition of a tensor ---- */

struct cut {
    struct rog_sparse_form form;
    uint32_t width, h, w, area;
    uint32_t k, most; /* coefficients of a block, and in total */
    bool exact;       /* the tensor is sent unchanged */
};

static uint32_t largest_divisor(uint32_t n, int64_t most)
{
    uint32_t divisor = most < n ? (uint32_t)most : n;
    while (n % divisor != 0)
        divisor--;
    return divisor;
}

static struct cut cut_of(const struct rog_codec_row *row)
{
    const struct dct_parameters *parameters = row->parameters;
    struct cut cut = {.form = {row->elements, rog_value_bits(parameters->bits)},
                      .width = row->width,
                      .h = largest_divisor(row->elements / row->width, parameters->chunk),
                      .w = largest_divisor(row->width, parameters->chunk)};
    cut.area = cut.h * cut.w;
    cut.k = parameters->k < cut.area ? (uint32_t)parameters->k : cut.area;
    cut.most = row->elements / cut.area * cut.k;
    cut.exact = rog_sparse_bytes(&cut.form, cut.most) >= (size_t)row->elements * sizeof(float);
    return cut;
}

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    const struct cut cut = cut_of(row);
    bytes->most =
        cut.exact ? (size_t)row->elements * sizeof(float) : rog_sparse_bytes(&cut.form, cut.most);
    bytes->least = cut.exact ? bytes->most : rog_sparse_bytes(&cut.form, 0);
}

/* ---- blocks ---- */

/* Scratch memory: the entries, all coefficients, one block after the other, and working memory for
 * the transform. */
struct work {
    struct rog_sparse_entries entries;
    float *coefficients, *selecting;
    struct rog_cosine cosine;
};

static size_t scratch_of(const struct rog_codec_row *row)
{
    const struct cut cut = cut_of(row);
    if (cut.exact)
        return 0;
    return rog_sparse_scratch(row->elements, cut.most) + rog_cosine_scratch(cut.h, cut.w) +
           (row->elements + rog_select_scratch(cut.area)) * sizeof(float);
}

static struct work work_of(const struct cut *cut, void *scratch)
{
    uint32_t elements = cut->form.elements;
    struct work work = {.entries = rog_sparse_entries(scratch, elements)};
    work.coefficients = (float *)((uint8_t *)scratch + rog_sparse_scratch(elements, cut->most));
    work.selecting = work.coefficients + elements;
    work.cosine = rog_cosine_make(cut->h, cut->w, work.selecting + rog_select_scratch(cut->area));
    return work;
}

/* Returns the index of a block's first element. */
static size_t corner_of(const struct cut *cut, uint32_t block)
{
    uint32_t across = cut->width / cut->w;
    return (size_t)(block / across) * cut->h * cut->width + (size_t)(block % across) * cut->w;
}

static void choose(const struct cut *cut, struct work *work, const float *values)
{
    uint32_t area = cut->area, elements = cut->form.elements;
    struct rog_sparse_entries *entries = &work->entries;
    for (uint32_t at = 0; at < elements; at += area) {
        float *y = work->coefficients + at;
        rog_cosine_forward(&work->cosine, values + corner_of(cut, at / area), cut->width, y);
        struct rog_selection largest = rog_select(y, area, cut->k, work->selecting);
        entries->count += (uint32_t)rog_selected(&largest, y, area, at, entries->set);
    }
    rog_mask_gather(entries->set, elements, work->coefficients, entries->value);
}

/* w <- w - share x, where x is the inverse transform of the entries. */
static void subtract(const struct cut *cut, struct work *work, float share, float *w)
{
    uint32_t area = cut->area, elements = cut->form.elements;
    memset(work->coefficients, 0, elements * sizeof(float));
    rog_mask_subtract(work->entries.set, elements, work->entries.value, -1, work->coefficients);
    for (uint32_t at = 0; at < elements; at += area) {
        float *x = work->coefficients + at, *to = w + corner_of(cut, at / area);
        rog_cosine_inverse(&work->cosine, x);
        for (uint32_t i = 0; i < cut->h; i++, x += cut->w, to += cut->width)
            rog_kernel_subtract(to, x, share, cut->w);
    }
}

/* ---- the hooks ---- */

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    const struct cut cut = cut_of(row);
    if (cut.exact)
        return rog_codec_none.encode(row, values, bytes);
    struct work work = work_of(&cut, row->scratch);
    choose(&cut, &work, values);
    size_t size = rog_sparse_put(&cut.form, &work.entries, bytes);
    subtract(&cut, &work, 1, values);
    return size;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    const struct cut cut = cut_of(row);
    if (cut.exact) {
        rog_codec_none.decode(row, share, bytes, w);
        return;
    }
    struct work work = work_of(&cut, row->scratch);
    rog_sparse_get(&cut.form, bytes, &work.entries);
    subtract(&cut, &work, share, w);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    const struct cut cut = cut_of(row);
    /* No element is larger than the 2-norm of its block, which equals that of the coefficients. */
    float limit = row->limit * (1 - ROUNDING) / sqrtf((float)cut.area);
    if (cut.exact)
        return rog_codec_none.check(row, bytes, size, why);
    return rog_sparse_check(&cut.form, cut.most, limit, bytes, size, why);
}

const struct rog_codec rog_codec_dct = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "dct",
    .summary = "the largest DCT coefficients of each block (DeMo)",
    .parameters = dct_parameters,
    .parameter_bytes = sizeof(struct dct_parameters),
    .unit = ROG_CODEC_TENSORS,
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
    .scratch = scratch_of,
};
