/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of numbers with few bits each. */
#include <librog/codecs/packed_values.h>

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include <librog/kernels/float_bytes.h>
#include <librog/kernels/kernels.h>
#include <librog/kernels/pack.h>

#define RANGE_BYTES 4                /* the first and the last magnitude */
#define BFLOAT_MOST UINT16_C(0x7f7f) /* the greatest finite number */

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

/* ---- magnitudes ---- */

struct spaced {
    float first, step, per_step; /* 0 if the last is equal to the first */
    float last;                  /* number of the last magnitude, from 0 on */
};

static float bfloat(const uint8_t *bytes)
{
    return rog_float_of((uint32_t)rog_get_u16(bytes) << 16);
}

static struct spaced spaced_of(const uint8_t *bytes, unsigned bits)
{
    struct spaced spaced = {.first = bfloat(bytes),
                            .last = (float)((UINT32_C(1) << (bits - 1)) - 1)};
    float range = bfloat(bytes + 2) - spaced.first;
    spaced.step = range / spaced.last;
    spaced.per_step = range > 0x1p-100f ? spaced.last / range : 0;
    return spaced;
}

static uint16_t rounded_down(float x)
{
    return (uint16_t)(rog_float_bits(x) >> 16);
}

static uint16_t rounded_up(float x)
{
    uint32_t bits = (rog_float_bits(x) + 0xffff) >> 16;
    return bits < BFLOAT_MOST ? (uint16_t)bits : BFLOAT_MOST;
}

static void put_extremes(const float *values, size_t count, uint8_t *bytes)
{
    float least = FLT_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        float magnitude = fabsf(values[i]);
        least = magnitude < least ? magnitude : least;
        most = magnitude > most ? magnitude : most;
    }
    rog_put_u16(bytes, rounded_down(least));
    rog_put_u16(bytes + 2, rounded_up(most));
}

/* Sum of the magnitudes above `mean`, in lanes as in kernels.h; *above: their number. */
static ROG_KERNEL_WIDE double sum_above(const float *values, size_t count, float mean,
                                        size_t *above)
{
    double lane[ROG_KERNEL_LANES] = {0}, sum = 0;
    uint32_t counts[ROG_KERNEL_LANES] = {0};
    for (size_t done = 0; done < count; done += ROG_KERNEL_LANES) {
        size_t length = count - done < ROG_KERNEL_LANES ? count - done : ROG_KERNEL_LANES;
        for (size_t k = 0; k < length; k++) {
            uint32_t bits = rog_float_bits(values[done + k]) & INT32_MAX;
            uint32_t is_above = (int32_t)bits > (int32_t)rog_float_bits(mean);
            lane[k] += (double)rog_float_of(bits & (0 - is_above));
            counts[k] += is_above;
        }
    }
    *above = 0;
    for (size_t k = 0; k < ROG_KERNEL_LANES; k++) {
        sum += lane[k];
        *above += counts[k];
    }
    return sum;
}

static void put_means(const float *values, size_t count, uint8_t *bytes)
{
    size_t above, none;
    double all = sum_above(values, count, 0, &none);
    double upper = sum_above(values, count, (float)(all / (double)count), &above);
    above = above < count ? above : 0; /* the mean was rounded down */
    double lower = above > 0 ? (all - upper) / (double)(count - above) : all / (double)count;
    rog_put_u16(bytes, rounded_down((float)lower));
    rog_put_u16(bytes + 2, rounded_up((float)(above > 0 ? upper / (double)above : lower)));
}

static inline float magnitude_of(const struct spaced *spaced, float number)
{
    return spaced->first + number * spaced->step;
}

/* Returns twice the number of the magnitude, plus 1 if x is negative. */
static inline uint32_t code_of(const struct spaced *spaced, float x)
{
    float place = (fabsf(x) - spaced->first) * spaced->per_step + 0.5f;
    place = place > 0 ? place : 0;
    place = place < spaced->last ? place : spaced->last;
    return (uint32_t)(int32_t)place << 1 | rog_float_bits(x) >> 31;
}

static inline float value_of(const struct spaced *spaced, uint32_t code)
{
    float x = magnitude_of(spaced, (float)(int32_t)(code >> 1));
    return rog_float_of(rog_float_bits(x) | code << 31);
}

static ROG_KERNEL_WIDE void take_codes(const struct spaced *from, float *restrict values,
                                       size_t count, uint16_t *restrict codes)
{
    const struct spaced spaced = *from;
    for (size_t i = 0; i < count; i++) {
        uint32_t code = code_of(&spaced, values[i]);
        values[i] = value_of(&spaced, code);
        codes[i] = (uint16_t)code;
    }
}

static ROG_KERNEL_WIDE void give_values(const struct spaced *from, const uint16_t *restrict codes,
                                        size_t count, float *restrict values)
{
    const struct spaced spaced = *from;
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(&spaced, codes[i]);
}

/* ---- codes ---- */

static void put_codes(const uint16_t *codes, size_t count, unsigned bits, uint8_t *bytes)
{
    uint8_t small[ROG_PACK_GROUP];
    if (bits == 16)
        for (size_t i = 0; i < count; i++)
            rog_put_u16(bytes + 2 * i, codes[i]);
    if (bits == 16)
        return;
    for (size_t i = 0; i < count; i++)
        small[i] = (uint8_t)codes[i];
    rog_pack_put(small, count, bits, bytes);
}

static void get_codes(const uint8_t *bytes, size_t count, unsigned bits, uint16_t *codes)
{
    uint8_t small[ROG_PACK_GROUP];
    if (bits == 16)
        for (size_t i = 0; i < count; i++)
            codes[i] = rog_get_u16(bytes + 2 * i);
    if (bits == 16)
        return;
    rog_pack_get(bytes, count, bits, small);
    for (size_t i = 0; i < count; i++)
        codes[i] = small[i];
}

/* ---- numbers ---- */

void rog_values_put(float *values, size_t count, unsigned bits, uint8_t *bytes)
{
    if (bits == 32)
        for (size_t i = 0; i < count; i++)
            rog_put_float(bytes + 4 * i, values[i]);
    if (count == 0 || bits == 32)
        return;
    (bits == 2 ? put_means : put_extremes)(values, count, bytes);
    const struct spaced spaced = spaced_of(bytes, bits);
    bytes += RANGE_BYTES;
    for (size_t done = 0; done < count; done += ROG_PACK_GROUP) {
        uint16_t codes[ROG_PACK_GROUP];
        size_t length = count - done < ROG_PACK_GROUP ? count - done : ROG_PACK_GROUP;
        take_codes(&spaced, values + done, length, codes);
        put_codes(codes, length, bits, bytes);
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
    const struct spaced spaced = spaced_of(bytes, bits);
    bytes += RANGE_BYTES;
    for (size_t done = 0; done < count; done += ROG_PACK_GROUP) {
        uint16_t codes[ROG_PACK_GROUP];
        size_t length = count - done < ROG_PACK_GROUP ? count - done : ROG_PACK_GROUP;
        get_codes(bytes, length, bits, codes);
        give_values(&spaced, codes, length, values + done);
        bytes += length * bits / 8;
    }
}

/* ---- checking ---- */

/* Compares as signed integers, which every processor can vectorize. */
static bool exceeds(const uint8_t *bytes, size_t count, float limit)
{
    int32_t most = (int32_t)rog_float_bits(limit);
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++)
        bad |= (int32_t)(rog_get_float_bits(bytes + 4 * i) & INT32_MAX) > most;
    return bad;
}

const char *rog_values_check(const uint8_t *bytes, size_t count, unsigned bits, float limit)
{
    if (bits == 32)
        return exceeds(bytes, count, limit) ? "a value that is not finite or too large" : NULL;
    if (count == 0)
        return NULL;
    const struct spaced spaced = spaced_of(bytes, bits);
    uint16_t first = rog_get_u16(bytes), last = rog_get_u16(bytes + 2);
    if (first > last || last > BFLOAT_MOST)
        return "invalid magnitudes";
    if (!(magnitude_of(&spaced, spaced.last) <= limit))
        return "a value that is too large";
    if (bits < 16 && !rog_pack_ends(bytes + RANGE_BYTES, count, bits))
        return "nonzero bits after its end";
    return NULL;
}
