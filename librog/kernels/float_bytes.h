/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_FLOAT_BYTES_H
#define ROG_KERNELS_FLOAT_BYTES_H

/* Numbers as little-endian bytes, inlined so that loops over floats can be compiled in several
 * variants. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) uint32_t rog_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline __attribute__((always_inline)) float rog_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline __attribute__((always_inline)) void rog_put_float(uint8_t *bytes, float x)
{
    uint32_t bits = rog_float_bits(x);
    bytes[0] = (uint8_t)bits;
    bytes[1] = (uint8_t)(bits >> 8);
    bytes[2] = (uint8_t)(bits >> 16);
    bytes[3] = (uint8_t)(bits >> 24);
}

static inline __attribute__((always_inline)) uint32_t rog_get_float_bits(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline __attribute__((always_inline)) float rog_get_float(const uint8_t *bytes)
{
    return rog_float_of(rog_get_float_bits(bytes));
}

/* In one piece, so that such loops use wide loads and stores. */
static inline __attribute__((always_inline)) uint16_t rog_little16(uint16_t x)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap16(x);
#else
    return x;
#endif
}

static inline __attribute__((always_inline)) void rog_put_u16(uint8_t *bytes, uint16_t x)
{
    x = rog_little16(x);
    memcpy(bytes, &x, sizeof x);
}

static inline __attribute__((always_inline)) uint16_t rog_get_u16(const uint8_t *bytes)
{
    uint16_t x;
    memcpy(&x, bytes, sizeof x);
    return rog_little16(x);
}

static inline __attribute__((always_inline)) uint64_t rog_get_u64_le(const uint8_t *bytes)
{
    uint64_t x;
    memcpy(&x, bytes, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static inline void rog_put_number(uint8_t *bytes, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
}

static inline uint64_t rog_get_number(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

#endif
