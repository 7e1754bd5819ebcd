/* SPDX-License-Identifier: Apache-2.0 */

/*
 * QSGD (Alistarh et al., NeurIPS 2017, section 3.1, equation 4, and its bucketing): for each bucket
 *
 *     Q(x_i) = norm(x) sign(x_i) xi_i,   xi_i = (l + 1) / s with probability s |x_i| / norm(x) - l,
 *                                               l / s otherwise,   l = floor(s |x_i| / norm(x))
 *
 * so that the mean of Q(x) is x; s = 2^(bits - 1) - 1. Encoded in blocks (blocks.h) with the step
 * norm / s. The norm is the greatest magnitude, as in the paper's training (section 5), or the
 * 2-norm, as in its analysis. With the 2-norm and few bits the error is larger than x itself: then
 * the residual must not be added to the next update (error_feedback 0), and pulls, which send the
 * residual again, need another codec.
 */

#include <float.h>
#include <math.h>

#include <librog/codecs/blocks.h>
#include <librog/codecs/no_scale.h>
#include <librog/kernels/kernels.h>
#include <rog/codec.h>

enum norm { NORM_MAX, NORM_L2 };

struct qsgd_parameters {
    int64_t bucket;
    uint32_t bits, norm; /* indices of the choices */
};

static const struct rog_parameter qsgd_parameters[] = {
    {.name = "bucket",
     .type = ROG_PARAMETER_INTEGER,
     .offset = offsetof(struct qsgd_parameters, bucket),
     .fallback = "512",
     .min = 16,
     .max = 65536,
     .unit = "elements",
     .help = "elements that share one norm"},
    {.name = "bits",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct qsgd_parameters, bits),
     .fallback = "4",
     .choices = "8|4|2",
     .help = "bits per element, including the sign"},
    {.name = "norm",
     .type = ROG_PARAMETER_CHOICE,
     .offset = offsetof(struct qsgd_parameters, norm),
     .fallback = "max",
     .choices = "max|l2",
     .help = "norm of a bucket: largest magnitude, or 2-norm (not with error feedback, and not for "
             "pulls)"},
    {.name = NULL},
};

static struct rog_blocks blocks_of(const struct rog_codec_row *row)
{
    const struct qsgd_parameters *parameters = row->parameters;
    return (struct rog_blocks){.elements = row->elements,
                               .block = (uint32_t)parameters->bucket,
                               .bits = 8u >> parameters->bits};
}

static float norm_of(uint32_t norm, const float *x, size_t n)
{
    double size = norm == NORM_L2 ? sqrt(rog_kernel_squares(x, n)) : rog_kernel_greatest(x, n);
    return size < FLT_MAX ? (float)size : FLT_MAX;
}

/* ---- the hooks ---- */

static void bytes_of(const struct rog_codec_row *row, struct rog_codec_bytes *bytes)
{
    const struct rog_blocks blocks = blocks_of(row);
    bytes->least = bytes->most = rog_blocks_bytes(&blocks);
}

static size_t encode(const struct rog_codec_row *row, float *values, uint8_t *bytes)
{
    const struct qsgd_parameters *parameters = row->parameters;
    const struct rog_blocks blocks = blocks_of(row);
    uint8_t *at = bytes;
    for (uint32_t done = 0, n; done < row->elements; done += n) {
        n = row->elements - done < blocks.block ? row->elements - done : blocks.block;
        uint64_t seed = rog_random(row->seed, done, 0);
        float step = norm_of(parameters->norm, values + done, n) / rog_blocks_reach(&blocks);
        at += rog_blocks_put(&blocks, step, &seed, values + done, n, at);
    }
    return (size_t)(at - bytes);
}

static void decode(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w)
{
    const struct rog_blocks blocks = blocks_of(row);
    rog_blocks_decode(&blocks, share, bytes, w);
}

static size_t check(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why)
{
    const struct rog_blocks blocks = blocks_of(row);
    (void)size;
    return rog_blocks_check(&blocks, row->limit, bytes, why) ? rog_blocks_bytes(&blocks) : 0;
}

const struct rog_codec rog_codec_qsgd = {
    .abi_version = ROG_CODEC_ABI,
    .struct_size = sizeof(struct rog_codec),
    .name = "qsgd",
    .summary = "unbiased random rounding to fractions of a bucket's norm",
    .parameters = qsgd_parameters,
    .parameter_bytes = sizeof(struct qsgd_parameters),
    .bytes = bytes_of,
    .scale = rog_codec_no_scale,
    .encode = encode,
    .decode = decode,
    .check = check,
};
