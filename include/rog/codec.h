/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODEC_H
#define ROG_CODEC_H

/*
 * How the values of a row travel: the interface between the synchronization core and a codec.
 *
 * A codec turns numbers into bytes and back, one row at a time. It keeps no state and never sees
 * the network, a worker or the time. Error feedback is the core's (Zheng, Huang, Kwok, NeurIPS
 * 2019, "Communication-Efficient Distributed Blockwise Momentum SGD with Error-Feedback"):
 *
 *   push   a worker keeps u, the updates that wait to be sent. `encode` takes a row of u and leaves
 *          in its place what the bytes do not say: the residual, which the next iteration adds to.
 *          The server subtracts what the bytes say from its model, `decode`.
 *   pull   the server keeps W_i, the model as worker i holds it, and sends of p = W_i - W; W_i
 *          becomes what the worker has once the bytes have arrived. So the residual is W_i - W.
 *          Both are kept as what has been added to the model that all began with (sync/server.h).
 *
 * A stream begins with one number for each tensor, its scale. The codec computes it from the sum of
 * magnitudes, which the core knows from each pass because strategies rank rows by it. Everything
 * else a row needs is in its own bytes.
 *
 * The length of a row may depend on its values; `check` then finds where it ends.
 *
 * What every codec keeps to, for any row (tests/unit/codec_laws_test.c):
 *   - x = what the bytes say; x plus what `encode` leaves is what was there before, up to the
 *     rounding of one subtraction;
 *   - `encode` writes between `least` and `most` bytes, which `check` accepts with that length;
 *   - what a pull takes off the worker's row it takes off the server's W_i, up to the rounding of
 *     the worker's row;
 *   - `check` and, after it, `decode` read no byte past those they were given, whatever these are;
 *   - a row that `check` accepts turns finite values of ordinary size into finite values, and with
 *     a scale of at most `limit` takes at most `limit` off each;
 *   - the same arguments give the same bytes.
 *
 * One codec is one file, librog/codecs/NAME.c, and a line in codecs.c. This header is not
 * installed: codecs are part of the source tree.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/parameter.h>

/* What a row is encoded and decoded with. */
struct rog_codec_row {
    const void *parameters; /* the codec's struct of them, filled; NULL where it has none */
    uint32_t elements;      /* > 0 */
    /* Of its tensor, as told by the stream; >= 0, finite. 0 where a row is checked: its length may
     * not depend on it. */
    float scale;
    /* Where a row is checked: no value of it may have a larger magnitude. FLT_MAX: any that is
     * finite. What bytes say by the scale alone is bounded by whoever checks that. */
    float limit;
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

struct rog_codec {
    const char *name;                       /* as in the setting `compression` */
    const char *summary;                    /* one line */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */

    /* Required: how many bytes a row of row->elements takes, of whatever values. */
    void (*bytes)(const struct rog_codec_row *row, struct rog_codec_bytes *bytes);

    /* Required: a tensor's scale, of `elements` elements whose magnitudes add up to `sum`, both
     * finite. Finite and >= 0. */
    float (*scale)(double sum, uint64_t elements);

    /* Required. Writes the row's bytes, never past `most` of them, and returns how many. values:
     * row->elements; on return the residual. */
    size_t (*encode)(const struct rog_codec_row *row, float *values, uint8_t *bytes);
    /* Required. w <- w - share x, row->elements of it. The bytes have been checked. */
    void (*decode)(const struct rog_codec_row *row, float share, const uint8_t *bytes, float *w);

    /* Optional, both or none: a pull in one step, where that is faster or more exact than encoding
     * held - model into scratch memory and decoding it into held. */
    size_t (*encode_pull)(const struct rog_codec_row *row, const struct rog_codec_pull *pull,
                          uint8_t *bytes);
    void (*decode_pull)(const struct rog_codec_row *row, const uint8_t *bytes, float *w);

    /* Required: of what a peer has sent, the row that begins at `bytes`, of which `size` (at least
     * `least`) are there. Returns how many bytes it takes, within [least, most]; 0, and in *why
     * what it has that it must not have ("a value that is not finite"), when it is not well formed.
     */
    size_t (*check)(const struct rog_codec_row *row, const uint8_t *bytes, size_t size,
                    const char **why);
};

#endif
