/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PowerSGD (Vogels, Karimireddy, Jaggi, NeurIPS 2019, algorithm 1): a tensor as a matrix M of its
 * first dimension by all others becomes P Q^T of a low rank, by one step of the power method:
 *
 *     P <- M Q;   P <- orthonormal columns of P;   Q <- M^T P
 *
 * The next step begins with the Q of this one (warm start, section 3); a column that is zero, as
 * all are at first, is drawn randomly. Q's columns are stored divided by a power of two, which does
 * not change P once it is orthonormal.
 *
 * The paper averages P over all workers before it is made orthonormal, and Q after that, so that
 * all workers have the same P and Q. With a server each worker has its own P and Q, with its own
 * orthonormal P, and the server adds up the products: N workers of rank r change its model by up to
 * rank N r, the residual of each worker is relative to its own product, and nothing has to be sent
 * twice. With one worker this is the paper's algorithm.
 *
 * The bytes are the vectors of Q, then of P, as little-endian floats. A tensor of one row, or one
 * that would not become smaller, is sent unchanged.
 */

#include <math.h>

#include <librog/codecs/no_scale.h>
#include <librog/codecs/none.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <librog/kernels/product.h>

#define ROUNDING 1e-5 /* relative rounding error that a sum of products may have */

struct lowrank_parameters {
    int64_t rank;
};

static const struct rog_parameter lowrank_parameters[] = {
    {.name = "rank",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct lowrank_parameters, rank),
     .fallback = "1",
     .min = 1,
     .max = 32,
     .help = "rank of the matrix approximation"},
    {.name = NULL},
};

/* rank 0: the tensor is sent unchanged. */
static struct rog_product_shape shape_of(const struct rog_codec_row *row)
{
    const struct lowrank_parameters *parameters = row->parameters;
    struct rog_product_shape shape = {
        .rows = row->elements / row->width, .width = row->width, .rank = (size_t)parameters->rank};
    if (shape.rows == 1 || (shape.rows + shape.width) * shape.rank >= row->elements)
        shape.rank = 0;
    return shape;
}

/* Returns the number of floats that are sent. */
static size_t floats_of(const struct rog_codec_row *row)
{
    const struct rog_product_shape shape = shape_of(row);
    return shape.rank ? (shape.rows + shape.width) * shape.rank : row->elements;
}

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    bytes->least = bytes->most = floats_of(row) * sizeof(float);
}

/* ---- the power step ---- */

/* Approximately normal: the sum of four uniform numbers, the same on every machine. */
static void draw(const struct rog_codec_row *row, size_t column, float *q)
{
    for (uint32_t k = 0; k < row->width; k++) {
        uint64_t bits = rog_random(row->seed, column, k);
        int64_t sum = 0;
        for (unsigned part = 0; part < 64; part += 16)
            sum += (int64_t)(bits >> part & 0xffff);
        q[k] = (float)(sum - 2 * 0xffff) * 0x1p-15f;
    }
}

static void step(const struct rog_codec_row *row, const struct rog_product_shape *shape,
                 const float *values, float *q, float *p)
{
    const size_t width = shape->width, rank = shape->rank;
    rog_kernel_scale(q, row->memory, 1, rank * width);
    for (size_t column = 0; column < rank; column++)
        if (rog_kernel_greatest(q + column * width, width) == 0)
            draw(row, column, q + column * width);
    rog_product_rows(shape, values, q, p);
    rog_product_orthonormal(shape->rows, rank, p);
    rog_product_columns(shape, values, p, q);
    rog_kernel_scale(row->memory, q, 1, rank * width);
    for (size_t column = 0; column < rank; column++)
        rog_product_to_one(row->memory + column * width, width);
}

/* ---- the hooks ---- */

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    const struct rog_product_shape shape = shape_of(row);
    size_t count = floats_of(row);
    if (!shape.rank)
        return rog_codec_none.encode(row, values, bytes);
    float *q = row->scratch, *p = q + shape.rank * shape.width;
    step(row, &shape, values, q, p);
    for (size_t i = 0; i < count; i++)
        rog_put_float(bytes + 4 * i, q[i]);
    rog_product_subtract(&shape, 1, p, q, values);
    return count * sizeof(float);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    const struct rog_product_shape shape = shape_of(row);
    float *q = row->scratch;
    if (!shape.rank) {
        rog_codec_none.decode(row, share, bytes, w);
        return;
    }
    for (size_t i = 0; i < floats_of(row); i++)
        q[i] = rog_get_float(bytes + 4 * i);
    rog_product_subtract(&shape, share, q + shape.rank * shape.width, q, w);
}

/* Returns the largest magnitude of these floats; infinity if one is NaN. */
static double greatest(const uint8_t *bytes, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double x = (double)fabsf(rog_get_float(bytes + 4 * i));
        most = x <= most ? most : isnan(x) ? INFINITY : x;
    }
    return most;
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    const struct rog_product_shape shape = shape_of(row);
    const uint8_t *q = bytes, *p = bytes + 4 * shape.rank * shape.width;
    double most = 0;
    if (!shape.rank)
        return rog_codec_none.check(row, bytes, size, why);
    for (size_t r = 0; r < shape.rank; r++, q += 4 * shape.width, p += 4 * shape.rows)
        most += greatest(q, shape.width) * greatest(p, shape.rows) * (1 + ROUNDING);
    if (most <= (double)row->limit)
        return floats_of(row) * sizeof(float);
    *why = isfinite(most) ? "a value that is too large" : "a value that is not finite";
    return 0;
}

/* Q of the previous step. */
static size_t memory_of(const struct rog_codec_row *row)
{
    return shape_of(row).rank * row->width;
}

static size_t scratch_of(const struct rog_codec_row *row)
{
    return shape_of(row).rank ? floats_of(row) * sizeof(float) : 0;
}

const struct rog_codec rog_codec_lowrank = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "lowrank",
    .summary = "low-rank approximation of each tensor, by two thin matrices (PowerSGD)",
    .parameters = lowrank_parameters,
    .parameter_bytes = sizeof(struct lowrank_parameters),
    .unit = ROG_CODEC_TENSORS,
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
    .memory = memory_of,
    .scratch = scratch_of,
};
