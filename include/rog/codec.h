/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODEC_H
#define ROG_CODEC_H

/*
 * How the values of a row are encoded: the interface between the synchronization core and a codec.
 *
 * A codec turns numbers into bytes and back, one row at a time. It has no state of its own and
 * never sees the network, a worker or the time. Error feedback belongs to the core (Zheng, Huang,
 * Kwok, NeurIPS 2019, "Communication-Efficient Distributed Blockwise Momentum SGD with
 * Error-Feedback"):
 *
 *   push   a worker keeps u, the updates that wait to be sent. `encode` takes a row of u and leaves
 *          in its place what the bytes do not contain: the residual, to which the next iteration is
 *          added. With `decode` the server subtracts what the bytes contain from its model.
 *   pull   the server keeps W_i, the model that worker i has, and sends from p = W_i - W; W_i
 *          becomes what the worker has after the bytes have arrived. So the residual is W_i - W.
 *          Both are kept as differences from the initial model (sync/server.h).
 *
 * A row is what strategies plan with or, for a codec of whole tensors (`unit`), a whole tensor.
 * Pushes and pulls may have different codecs; then both have rows of the larger unit.
 *
 * A stream begins with one number for each tensor, its scale. `scale` computes it from the sum of
 * magnitudes, which the core knows because strategies rank rows by it; `whole_scale` computes one
 * number from all waiting values of the model. Everything else that is needed to decode a row is in
 * its own bytes: the decoder does not know the level, the iteration or the seed.
 *
 * The length of a row may depend on its values; `check` then finds where it ends.
 *
 * Rules for every codec and any row (tests/unit/codec_laws_test.c):
 *   - if x is what the bytes contain, x plus what `encode` leaves in the row is the row as it was
 *     before, up to the rounding of one subtraction;
 *   - `encode` writes between `least` and `most` bytes, which `check` accepts with that length;
 *   - what a pull subtracts from the worker's row it also subtracts from the server's W_i, up to
 *     the rounding of the worker's row;
 *   - `check` and, after it, `decode` do not read beyond the bytes that they were given;
 *   - a row that `check` accepts turns finite values of ordinary size into finite values, and with
 *     a scale of at most `limit` subtracts at most `limit` from each;
 *   - the same arguments, including its memory, give the same bytes.
 *
 * Each built-in codec is one file, librog/codecs/NAME.c, and a line in codecs.c. Any other codec is
 * a shared object that exports one constant:
 *
 *     ROG_CODEC_EXPORT const struct rog_codec rog_codec_plugin = { ... };
 *
 * Its source includes this header and nothing else of the project (docs/write-a-codec.md).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/parameter.h>
#include <rog/random.h>

/* A plugin is built for one version of this interface. Each version has the members of the
 * previous one at the same places and appends its own. */
#define ROG_CODEC_ABI 1
#define ROG_CODEC_SYMBOL "rog_codec_plugin"
#define ROG_CODEC_EXPORT __attribute__((visibility("default")))

/* The context for encoding or decoding a row. Members are only appended. */
struct rog_codec_row {
    const void *parameters; /* the codec's struct of parameters, filled; NULL if it has none */
    uint32_t elements;      /* elements of the row, > 0 */
    /* The scale of the row's tensor, from the stream; finite, >= 0. It is 0 in `check`, because
     * the length of a row must not depend on it. */
    float scale;
    /* `check`: the largest magnitude that a value may have; FLT_MAX: any finite value. Values
     * that follow from the scale alone are checked by the caller. */
    float limit;
    /* Elements of one row of its tensor, as strategies see it: a divisor of `elements`. A whole
     * tensor is a matrix of elements / width rows, one after the other, of width columns. */
    uint32_t width;
    /* `bytes`, `encode`: the level, from 0 (the codec's best) to levels - 1. */
    uint32_t level;
    /* `bytes`, `encode`: the iteration of the stream, from 1 on. `bytes`: 0 means all
     * iterations. */
    uint32_t iteration;
    /* `encode`: a seed for rog_random, different for each seed of the run, direction, worker,
     * iteration and row. */
    uint64_t seed;
    /* `encode`: the memory of this row at this sender, as many floats as `memory` returns. It is
     * all 0 when a run starts, and when the server restarts with a worker that has reconnected. */
    float *memory;
    /* `encode`, `decode`: working memory of as many bytes as `scratch` returns, with any
     * content, aligned for any type. */
    void *scratch;
};

/* A row at the server, row->elements floats in each array: W_i is start + held, W is start +
 * model. On return `held` contains what the worker has. */
struct rog_codec_pull {
    float *held;
    const float *model, *start;
};

struct rog_codec_bytes {
    size_t least, most; /* bytes of one row */
};

/* The waiting values of the whole model, in the order of its tensors. */
struct rog_codec_whole {
    const void *parameters;
    uint32_t iteration; /* iteration of the stream, from 1 on */
    uint64_t seed;      /* different for each seed of a run, direction, worker and iteration */
    const float *values;
    uint64_t count; /* number of values, > 0 */
    void *scratch;  /* as many bytes as `whole_scratch` returns, aligned for any type */
};

/* The unit of a codec. */
enum rog_codec_unit {
    ROG_CODEC_ROWS = 0,    /* any row; works with every strategy */
    ROG_CODEC_TENSORS = 1, /* whole tensors; the row table then has one row per tensor */
};

struct rog_codec {
    uint32_t abi_version;                   /* ROG_CODEC_ABI */
    uint32_t struct_size;                   /* sizeof(struct rog_codec) */
    const char *name;                       /* the name in the setting `compression` */
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* size of the struct that they describe */
    uint32_t unit;                          /* enum rog_codec_unit */
    uint32_t levels;                        /* number of levels; 0 means 1 */

    /* Required: sets *bytes to the least and the most bytes that a row of row->elements
     * elements, with any values, takes at row->level and in row->iteration. */
    void (*bytes)(const struct rog_codec_row *row, struct rog_codec_bytes *bytes);

    /* Required without whole_scale: returns the scale of a tensor, finite and >= 0, for
     * `elements` elements whose magnitudes add up to `sum` (all finite). */
    float (*scale)(double sum, uint64_t elements);

    /* Required: writes the row's bytes, never more than `most`, and returns their number.
     * `values` has row->elements elements; on return it contains the residual. */
    size_t (*encode)(const struct rog_codec_row *row, float *values, uint8_t *bytes);
    /* Required: w <- w - share x for the row->elements elements of x, the content of the bytes.
     * The bytes have been checked. */
    void (*decode)(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w);

    /* Optional, both or neither: a pull in one step, for codecs in which this is faster or more
     * exact than encoding held - model into scratch memory and decoding it into held. */
    size_t (*encode_pull)(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *bytes);
    void (*decode_pull)(const struct rog_codec_row *row, const uint8_t *bytes, float *w);

    /* Required: checks data of a peer: the row that begins at `bytes`, of which `size` bytes (at
     * least `least`) are available. Returns the row's number of bytes, within [least, most], or
     * 0 if the row is not valid, with the reason in *why ("a value that is not finite"). */
    size_t (*check)(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why);

    /* Optional: how many floats the core keeps for a row, and how many bytes of working memory
     * `encode` and `decode` need. Both depend on parameters, elements and width only. */
    size_t (*memory)(const struct rog_codec_row *row);
    size_t (*scratch)(const struct rog_codec_row *row);

    /* Optional: computes from all waiting values one number that is the scale of every tensor of
     * the stream; `scale` is not called then. Finite, >= 0 and of ordinary size if the values
     * are. Rows sent between two pushes have the scale of the last push. whole_scratch:
     * optional, the bytes of working memory that whole_scale needs. is_whole: optional, returns
     * whether whole_scale is used with these parameters; if left out, it always is. */
    float (*whole_scale)(const struct rog_codec_whole *whole);
    size_t (*whole_scratch)(const void *parameters, uint64_t count);
    bool (*is_whole)(const void *parameters);

    /* Fields are only appended below this line. */
};

#endif
