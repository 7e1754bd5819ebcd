/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The elements of largest magnitude (Stich, Cordonnier, Jaggi, NeurIPS 2018, definition 2.1,
 * equation 4), as indices and values (sparse_row.h): k of a row, or of each chunk of it (Sarfi et
 * al., arXiv:2508.15706, section 3), or those among the k largest of the whole model; the smallest
 * magnitude of these is then the scale of every tensor. k is density n, rounded to the nearest, at
 * least 1; among equal elements the first ones are sent; zeros never are. So density 1 sends
 * exactly the elements that are not zero.
 *
 * warmup: in the first iterations the density decreases from 1/4 by factors of 4 (Lin et al., ICLR
 * 2018, "Deep Gradient Compression", section 3.3), each for the same number of iterations.
 */

#include <librog/codecs/no_scale.h>
#include <librog/codecs/packed_values.h>
#include <librog/codecs/sparse_row.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/mask.h>
#include <librog/kernels/select.h>
#include <rog/codec.h>

#define WARM_DENSITY 0.25
#define WARM_FACTOR 4

enum extent { OF_ROW, OF_MODEL };

struct topk_parameters {
    double density;
    int64_t chunk, warmup;
    uint32_t of, bits; /* indices of the choices */
};

#define MEMBER(member) .name = #member, .offset = offsetof(struct topk_parameters, member)

static const struct rog_parameter topk_parameters[] = {
    {MEMBER(density), .type = ROG_PARAMETER_NUMBER, .fallback = "0.01", .min = 1e-6, .max = 1,
     .help = "share of the elements to send"},
    {MEMBER(of), .type = ROG_PARAMETER_CHOICE, .fallback = "row", .choices = "row|model",
     .help = "scope in which the largest elements are chosen"},
    {MEMBER(chunk), .type = ROG_PARAMETER_INTEGER, .fallback = "0", .min = 0, .max = 1 << 30,
     .unit = "elements",
     .help = "size of the parts of a row that are chosen from separately; 0: the whole row"},
    {MEMBER(bits), .type = ROG_PARAMETER_CHOICE, .fallback = "32",
     .choices = ROG_VALUE_BITS_CHOICES, .help = "bits per value sent, including the sign"},
    {MEMBER(warmup), .type = ROG_PARAMETER_INTEGER, .fallback = "0", .min = 0, .max = 1 << 30,
     .unit = "iterations",
     .help = "epochs over which the density falls from 0.25, by a factor of 4 each"},
    {.name = NULL},
};

/* ---- number of elements ---- */

/* Iteration 0 means all iterations: returns the greatest density. */
static double density_of(const struct topk_parameters *parameters, uint32_t iteration)
{
    int64_t steps = 0, done = iteration > 0 ? iteration - 1 : 0;
    for (double at = WARM_DENSITY; at > parameters->density; at /= WARM_FACTOR)
        steps++;
    if (done >= parameters->warmup || steps == 0)
        return parameters->density;
    double density = WARM_DENSITY;
    for (int64_t step = done * steps / parameters->warmup; step > 0; step--)
        density /= WARM_FACTOR;
    return density;
}

static uint64_t share_of(double density, uint64_t elements)
{
    uint64_t count = (uint64_t)(density * (double)elements + 0.5);
    return count == 0 ? 1 : count < elements ? count : elements;
}

static uint32_t chunk_of(const struct rog_codec_row *row)
{
    const struct topk_parameters *parameters = row->parameters;
    bool whole = parameters->chunk == 0 || parameters->chunk > row->elements;
    return whole ? row->elements : (uint32_t)parameters->chunk;
}

static uint32_t most_of(const struct rog_codec_row *row, uint32_t iteration)
{
    const struct topk_parameters *parameters = row->parameters;
    double density = density_of(parameters, iteration);
    uint32_t chunk = chunk_of(row), left = row->elements % chunk;
    if (parameters->of == OF_MODEL)
        return row->elements;
    return (uint32_t)(row->elements / chunk * share_of(density, chunk) +
                      (left ? share_of(density, left) : 0));
}

static struct rog_sparse_form form_of(const struct rog_codec_row *row)
{
    const struct topk_parameters *parameters = row->parameters;
    return (struct rog_sparse_form){row->elements, rog_value_bits(parameters->bits)};
}

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    const struct rog_sparse_form form = form_of(row);
    bytes->least = rog_sparse_bytes(&form, 0);
    bytes->most = rog_sparse_bytes(&form, most_of(row, row->iteration));
}

/* ---- selection ---- */

static void choose(const struct rog_codec_row *row, const float *values, float *scratch,
                   struct rog_sparse_entries *entries)
{
    const struct topk_parameters *parameters = row->parameters;
    struct rog_selection selection = {.above = (int32_t)rog_float_bits(row->scale) - 1};
    selection.above += selection.above < 0;
    double density = density_of(parameters, row->iteration);
    uint32_t chunk = chunk_of(row);
    for (uint32_t done = 0, n; done < row->elements; done += n) {
        n = row->elements - done < chunk ? row->elements - done : chunk;
        if (parameters->of == OF_ROW)
            selection = rog_select(values + done, n, share_of(density, n), scratch);
        entries->count += (uint32_t)rog_selected(&selection, values + done, n, done, entries->set);
    }
}

/* ---- the hooks ---- */

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    const struct rog_sparse_form form = form_of(row);
    struct rog_sparse_entries entries = rog_sparse_entries(row->scratch, row->elements);
    /* selecting uses the memory of the values, which are set after it */
    choose(row, values, entries.value, &entries);
    if (form.bits == 32) { /* exact: they have no residual */
        rog_mask_take(entries.set, row->elements, values, entries.value);
        return rog_sparse_put(&form, &entries, bytes);
    }
    rog_mask_gather(entries.set, row->elements, values, entries.value);
    size_t size = rog_sparse_put(&form, &entries, bytes);
    rog_mask_subtract(entries.set, row->elements, entries.value, 1, values);
    return size;
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    const struct rog_sparse_form form = form_of(row);
    struct rog_sparse_entries entries = rog_sparse_entries(row->scratch, row->elements);
    rog_sparse_get(&form, bytes, &entries);
    rog_mask_subtract(entries.set, row->elements, entries.value, share, w);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    const struct rog_sparse_form form = form_of(row);
    return rog_sparse_check(&form, most_of(row, 0), row->limit, bytes, size, why);
}

/* Memory of the entries, which selecting uses before. */
static size_t scratch_of(const struct rog_codec_row *row)
{
    size_t most = most_of(row, 0), select = rog_select_scratch(row->elements);
    return rog_sparse_scratch(row->elements, (uint32_t)(most > select ? most : select));
}

static float whole_scale(const struct rog_codec_whole *whole)
{
    double density = density_of(whole->parameters, whole->iteration);
    struct rog_selection selection =
        rog_select(whole->values, whole->count, share_of(density, whole->count), whole->scratch);
    return rog_selection_least(&selection);
}

static size_t whole_scratch(const void *parameters, uint64_t count)
{
    (void)parameters;
    return rog_select_scratch(count) * sizeof(float);
}

static bool is_whole(const void *parameters)
{
    return ((const struct topk_parameters *)parameters)->of == OF_MODEL;
}

const struct rog_codec rog_codec_topk = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "topk",
    .summary = "the elements of largest magnitude, of each row or of the model",
    .parameters = topk_parameters,
    .parameter_bytes = sizeof(struct topk_parameters),
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
    .scratch = scratch_of,
    .whole_scale = whole_scale,
    .whole_scratch = whole_scratch,
    .is_whole = is_whole,
};
