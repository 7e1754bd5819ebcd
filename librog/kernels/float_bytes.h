/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_KERNELS_FLOAT_BYTES_H
#define ROG_KERNELS_FLOAT_BYTES_H

/* Numbers as little-endian bytes; floats in loops that the compiler makes copies of. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) void rog_put_float(uint8_t *bytes, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
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
    uint32_t bits = rog_get_float_bits(bytes);
    float x;
    memcpy(&x, &bits, sizeof x);
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
