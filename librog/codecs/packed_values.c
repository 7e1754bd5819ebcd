/* SPDX-License-Identifier: Apache-2.0 */
/* A few numbers with few bits each. */
#include <librog/codecs/packed_values.h>

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <librog/kernels/float_bytes.h>
#include <librog/kernels/pack.h>

#define RANGE_BYTES 4                /* lo and hi */
#define BFLOAT_MOST UINT16_C(0x7f7f) /* the greatest that is finite */

unsigned rog_value_bits(uint32_t place)
{
    assert(place < ROG_VALUE_BITS_PLACES);
    return 32u >> place;
}

size_t rog_values_bytes(size_t count, unsigned bits)
{
    if (count == 0 || bits == 32)
        return count * sizeof(float);
    return RANGE_BYTES + (bits == 16 ? 2 * count : rog_pack_bytes(count, bits));
}

/* ---- the parts of [lo, hi] ---- */

struct parts {
    float lo, step, per_step; /* 0 where hi is lo */
    uint32_t count;
};

static float bfloat(uint32_t bits)
{
    float x;
    bits <<= 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static struct parts parts_of(const uint8_t *bytes, unsigned bits)
{
    struct parts parts = {.lo = bfloat(bytes[0] | (uint32_t)bytes[1] << 8),
                          .count = UINT32_C(1) << (bits - 1)};
    float range = bfloat(bytes[2] | (uint32_t)bytes[3] << 8) - parts.lo;
    parts.step = range / (float)parts.count;
    parts.per_step = range > 0 ? (float)parts.count / range : 0;
    return parts;
}

static void put_range(const float *values, size_t count, uint8_t *bytes)
{
    uint32_t least = INT32_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits &= INT32_MAX;
        least = bits < least ? bits : least;
        most = bits > most ? bits : most;
    }
    uint32_t lo = least >> 16, hi = (most >> 16) + ((most & 0xffff) != 0);
    hi = hi < BFLOAT_MOST ? hi : BFLOAT_MOST;
    bytes[0] = (uint8_t)lo, bytes[1] = (uint8_t)(lo >> 8);
    bytes[2] = (uint8_t)hi, bytes[3] = (uint8_t)(hi >> 8);
}

static inline float middle(const struct parts *parts, uint32_t part)
{
    return parts->lo + ((float)part + 0.5f) * parts->step;
}

/* Twice the part, and 1 where it is negative. */
static uint32_t code_of(const struct parts *parts, float x)
{
    float place = (fabsf(x) - parts->lo) * parts->per_step;
    float last = (float)(parts->count - 1);
    return (uint32_t)(place < last ? place : last) << 1 | (signbit(x) != 0);
}

static float value_of(const struct parts *parts, uint32_t code)
{
    float x = middle(parts, code >> 1);
    return code & 1 ? -x : x;
}

/* ---- numbers ---- */

void rog_values_put(float *values, size_t count, unsigned bits, uint8_t *bytes)
{
    if (bits == 32)
        for (size_t i = 0; i < count; i++)
            rog_put_float(bytes + 4 * i, values[i]);
    if (count == 0 || bits == 32)
        return;
    put_range(values, count, bytes);
    const struct parts parts = parts_of(bytes, bits);
    bytes += RANGE_BYTES;
    for (size_t done = 0; done < count; done += ROG_PACK_GROUP) {
        uint8_t codes[ROG_PACK_GROUP];
        size_t length = count - done < ROG_PACK_GROUP ? count - done : ROG_PACK_GROUP;
        for (size_t i = 0; i < length; i++) {
            uint32_t code = code_of(&parts, values[done + i]);
            values[done + i] = value_of(&parts, code);
            codes[i] = (uint8_t)code;
            if (bits == 16)
                bytes[2 * i] = (uint8_t)code, bytes[2 * i + 1] = (uint8_t)(code >> 8);
        }
        if (bits < 16)
            rog_pack(codes, length, bits, bytes);
        bytes += length * bits / 8;
    }
}

void rog_values_get(const uint8_t *bytes, size_t count, unsigned bits, float *values)
{
    if (bits == 32)
        for (size_t i = 0; i < count; i++)
            values[i] = rog_get_float(bytes + 4 * i);
    if (count == 0 || bits == 32)
        return;
    const struct parts parts = parts_of(bytes, bits);
    bytes += RANGE_BYTES;
    for (size_t done = 0; done < count; done += ROG_PACK_GROUP) {
        uint8_t codes[ROG_PACK_GROUP];
        size_t length = count - done < ROG_PACK_GROUP ? count - done : ROG_PACK_GROUP;
        if (bits < 16)
            rog_unpack(bytes, length, bits, codes);
        for (size_t i = 0; i < length; i++)
            values[done + i] = value_of(
                &parts, bits == 16 ? bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8 : codes[i]);
        bytes += length * bits / 8;
    }
}

/* ---- what arrives ---- */

static bool exceeds(const uint8_t *bytes, size_t count, float limit)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(rog_get_float(bytes + 4 * i)) <= limit))
            return true;
    return false;
}

const char *rog_values_check(const uint8_t *bytes, size_t count, unsigned bits, float limit)
{
    if (bits == 32)
        return exceeds(bytes, count, limit) ? "a value that is not finite or too large" : NULL;
    if (count == 0)
        return NULL;
    const struct parts parts = parts_of(bytes, bits);
    uint32_t lo = bytes[0] | (uint32_t)bytes[1] << 8, hi = bytes[2] | (uint32_t)bytes[3] << 8;
    if (lo > hi || hi > BFLOAT_MOST)
        return "values within limits that are none";
    if (!(middle(&parts, parts.count - 1) <= limit))
        return "a value that is too large";
    if (bits < 16 && !rog_pack_ends(bytes + RANGE_BYTES, count, bits))
        return "bits past its end";
    return NULL;
}
