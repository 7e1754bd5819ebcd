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
 *   push   a worker keeps u, the updates that wait to be sent. `encode` takes a row of u and
 *          leaves in its place what the bytes do not contain: the residual, to which the next
 *          iteration is added. The server subtracts what the bytes contain from its model,
 *          `decode`.
 *   pull   the server keeps W_i, the model that worker i has, and sends from p = W_i - W; W_i
 *          becomes what the worker has after the bytes have arrived. So the residual is W_i - W.
 *          Both are kept as differences from the initial model (sync/server.h).
 *
 * A row is one of those that strategies plan with, or, for a codec of whole tensors (`unit`), a
 * whole tensor. Pushes and pulls may have different codecs; then both have rows of the larger
 * unit.
 *
 * A stream begins with one number for each tensor, its scale. `scale` computes it from the sum of
 * magnitudes, which the core knows because strategies rank rows by it; `whole_scale` computes one
 * number from all waiting values of the model. Everything else that a row needs is in its own
 * bytes: the decoder knows neither level, iteration nor seed.
 *
 * The length of a row may depend on its values; `check` then finds where it ends.
 *
 * Rules for every codec and any row (tests/unit/codec_laws_test.c):
 *   - x = what the bytes contain; x plus what `encode` leaves is what was there before, up to the
 *     rounding of one subtraction;
 *   - `encode` writes between `least` and `most` bytes, which `check` accepts with that length;
 *   - what a pull subtracts from the worker's row it also subtracts from the server's W_i, up to
 *     the rounding of the worker's row;
 *   - `check` and, after it, `decode` read no byte beyond those that they were given;
 *   - a row that `check` accepts turns finite values of ordinary size into finite values, and with
 *     a scale of at most `limit` subtracts at most `limit` from each;
 *   - the same arguments, including its memory, give the same bytes.
 *
 * Included codecs are one file each, librog/codecs/NAME.c, and a line in codecs.c. Any other is
 * one shared object that exports one constant:
 *
 *     ROG_CODEC_EXPORT const struct rog_codec rog_codec_plugin = { ... };
 *
 * It includes this header and nothing else of the project (docs/write-a-codec.md).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/parameter.h>
#include <rog/random.h>

/* A plugin is made for one version. Each version has the members of the previous one at the same
 * places and appends its own. */
#define ROG_CODEC_ABI 1
#define ROG_CODEC_SYMBOL "rog_codec_plugin"
#define ROG_CODEC_EXPORT __attribute__((visibility("default")))

/* The context for encoding or decoding a row. Members are only appended. */
struct rog_codec_row {
    const void *parameters; /* the codec's struct of parameters, filled; NULL if it has none */
    uint32_t elements;      /* > 0 */
    /* Of its tensor, from the stream; >= 0, finite. 0 in `check`: the length may not depend on it.
     */
    float scale;
    /* `check`: no value may have a larger magnitude. FLT_MAX: any finite value. The caller checks
     * what the bytes contain through the scale alone. */
    float limit;
    /* Elements of one row of its tensor, as strategies have them: a divisor of `elements`. A whole
     * tensor is a matrix of elements / width rows, one after the other, of width columns. */
    uint32_t width;
    /* bytes, encode: the level, from the codec's best, 0, to levels - 1. */
    uint32_t level;
    /* bytes, encode: of the stream, from 1 on. bytes: 0 stands for all of them. */
    uint32_t iteration;
    /* encode: different for each seed of a run, direction, worker, iteration and row. For
     * rog_random. */
    uint64_t seed;
    /* encode: memory for this row at this sender, as many floats as `memory` returns; all 0 when a
     * run starts and when the server restarts with a worker that has reconnected. */
    float *memory;
    /* encode, decode: as many bytes as `scratch` returns, with any content, aligned for any type.
     */
    void *scratch;
};

/* The row on the server, row->elements of each: W_i is start + held, W is start + model. On return
 * `held` is what the worker has. */
struct rog_codec_pull {
    float *held;
    const float *model, *start;
};

struct rog_codec_bytes {
    size_t least, most; /* of one row */
};

/* All waiting values of the model, in the order of its tensors. */
struct rog_codec_whole {
    const void *parameters;
    uint32_t iteration; /* of the stream, from 1 on */
    uint64_t seed;      /* different for each seed of a run, direction, worker and iteration */
    const float *values;
    uint64_t count; /* number of values, > 0 */
    void *scratch;  /* as many bytes as `whole_scratch` returns, aligned for any type */
};

/* The unit of a codec. */
enum rog_codec_unit {
    ROG_CODEC_ROWS = 0,    /* any row: works under every strategy */
    ROG_CODEC_TENSORS = 1, /* whole tensors: the row table then has one row for each */
};

struct rog_codec {
    uint32_t abi_version;                   /* ROG_CODEC_ABI */
    uint32_t struct_size;                   /* sizeof(struct rog_codec) */
    const char *name;                       /* as in the setting `compression` */
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */
    uint32_t unit;                          /* enum rog_codec_unit */
    uint32_t levels;                        /* number of levels; 0: one */

    /* Required: the bytes of a row of row->elements with any values, at row->level and in
     * row->iteration. */
    void (*bytes)(const struct rog_codec_row *row, struct rog_codec_bytes *bytes);

    /* Required without whole_scale: a tensor's scale, from `elements` elements whose magnitudes
     * add up to `sum`, both finite. Finite and >= 0. */
    float (*scale)(double sum, uint64_t elements);

    /* Required. Writes the row's bytes, never more than `most`, and returns their number. values:
     * row->elements; on return the residual. */
    size_t (*encode)(const struct rog_codec_row *row, float *values, uint8_t *bytes);
    /* Required. w <- w - share x, row->elements of it. The bytes have been checked. */
    void (*decode)(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w);

    /* Optional, both or none: a pull in one step, if that is faster or more exact than encoding
     * held - model into scratch memory and decoding it into held. */
    size_t (*encode_pull)(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *bytes);
    void (*decode_pull)(const struct rog_codec_row *row, const uint8_t *bytes, float *w);

    /* Required: checks data of a peer, the row that begins at `bytes`, of which `size` (at least
     * `least`) are there. Returns how many bytes it has, within [least, most]; 0, and the reason
     * in *why ("a value that is not finite"), if it is not valid. */
    size_t (*check)(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why);

    /* Optional: how many floats are kept for a row, and how many bytes `encode` and `decode` need
     * to work with. They depend on parameters, elements and width only. */
    size_t (*memory)(const struct rog_codec_row *row);
    size_t (*scratch)(const struct rog_codec_row *row);

    /* Optional: one number from all waiting values, which is the scale of every tensor of the
     * stream; `scale` is not called then. Finite, >= 0 and of ordinary size if the values are.
     * Rows sent between two pushes have the scale of the last one. whole_scratch: optional, its
     * own memory. is_whole: optional, whether it is used with these parameters; left out: yes. */
    float (*whole_scale)(const struct rog_codec_whole *whole);
    size_t (*whole_scratch)(const void *parameters, uint64_t count);
    bool (*is_whole)(const void *parameters);

    /* Fields are only appended below this line. */
};

#endif
