/* SPDX-License-Identifier: Apache-2.0 */

/*
 * k random elements of a row, each set of k with the same probability (Stich, Cordonnier, Jaggi,
 * NeurIPS 2018, definition 2.1, equation 5; not scaled by n / k, because the residual is sent
 * later). k is density n, rounded to the nearest, at least 1. No indices are sent: the first four
 * bytes are the seed from which both sides draw the same elements, then the values follow
 * (packed_values.h).
 */

#include <librog/codecs/no_scale.h>
#include <librog/codecs/packed_values.h>
#include <librog/codecs/sparse_row.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/lane_random.h>
#include <librog/kernels/mask.h>
#include <rog/codec.h>

#define SEED_BYTES 4

struct randomk_parameters {
    double density;
    uint32_t bits; /* index of the choice */
};

static const struct rog_parameter randomk_parameters[] = {
    {.name = "density",
     .type = ROG_PARAMETER_NUMBER,
     .offset = offsetof(struct randomk_parameters, density),
     .fallback = "0.01",
     .min = 1e-6,
     .max = 1,
     .help = "share of the elements to send"},
    {.name = "bits",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct randomk_parameters, bits),
     .fallback = "32",
     .choices = ROG_VALUE_BITS_CHOICES,
     .help = "bits per value sent, including the sign"},
    {.name = NULL},
};

static uint32_t count_of(const struct rog_codec_row *row)
{
    const struct randomk_parameters *parameters = row->parameters;
    uint32_t count = (uint32_t)(parameters->density * row->elements + 0.5);
    return count == 0 ? 1 : count < row->elements ? count : row->elements;
}

static unsigned bits_of(const struct rog_codec_row *row)
{
    return rog_value_bits(((const struct randomk_parameters *)row->parameters)->bits);
}

static size_t size_of(const struct rog_codec_row *row)
{
    return SEED_BYTES + rog_values_bytes(count_of(row), bits_of(row));
}

/* ---- selection ---- */

/* Adds `count` random elements of n, each set with the same probability (Floyd; Bentley, CACM 1987,
 * "A sample of brilliance"). */
static void draw(uint32_t seed, uint32_t n, uint32_t count, uint64_t *set)
{
    for (uint32_t last = n - count; last < n; last++) {
        uint64_t chance = rog_lane_random(seed, last);
        uint32_t at = (uint32_t)(chance * ((uint64_t)last + 1) >> 32);
        if (set[at / 64] >> (at % 64) & 1)
            at = last;
        set[at / 64] |= UINT64_C(1) << (at % 64);
    }
}

static struct rog_sparse_entries choose(const struct rog_codec_row *row, const uint8_t *bytes)
{
    uint32_t n = row->elements, count = count_of(row),
             seed = (uint32_t)rog_get_number(bytes, SEED_BYTES);
    struct rog_sparse_entries entries = rog_sparse_entries(row->scratch, n);
    entries.count = count;
    if (count <= n / 2) {
        draw(seed, n, count, entries.set);
        return entries;
    }
    /* draw the elements that are left out */
    draw(seed, n, n - count, entries.set);
    for (size_t i = 0; i < rog_mask_words(n); i++)
        entries.set[i] = ~entries.set[i];
    if (n % 64)
        entries.set[n / 64] &= (UINT64_C(1) << (n % 64)) - 1;
    return entries;
}

/* ---- the hooks ---- */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = size_of(row);
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    rog_put_number(bytes, row->seed, SEED_BYTES);
    struct rog_sparse_entries entries = choose(row, bytes);
    bool exact = bits_of(row) == 32; /* they have no residual */
    if (exact)
        rog_mask_take(entries.set, row->elements, values, entries.value);
    else
        rog_mask_gather(entries.set, row->elements, values, entries.value);
    rog_values_put(entries.value, entries.count, bits_of(row), bytes + SEED_BYTES);
    if (!exact)
        rog_mask_subtract(entries.set, row->elements, entries.value, 1, values);
    return size_of(row);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    struct rog_sparse_entries entries = choose(row, bytes);
    rog_values_get(bytes + SEED_BYTES, entries.count, bits_of(row), entries.value);
    rog_mask_subtract(entries.set, row->elements, entries.value, share, w);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    (void)size;
    *why = rog_values_check(bytes + SEED_BYTES, count_of(row), bits_of(row), row->limit);
    return *why ? 0 : size_of(row);
}

static size_t scratch_of(const struct rog_codec_row *row)
{
    return rog_sparse_scratch(row->elements, count_of(row));
}

const struct rog_codec rog_codec_randomk = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "randomk",
    .summary = "random elements of each row; their indices are not sent",
    .parameters = randomk_parameters,
    .parameter_bytes = sizeof(struct randomk_parameters),
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
    .scratch = scratch_of,
};
