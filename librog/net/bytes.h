/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_BYTES_H
#define ROG_LINK_BYTES_H

/* Reading and writing little-endian numbers in buffers. */

#include <stdint.h>

static inline void rog_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void rog_put_u32(uint8_t *at, uint32_t value)
{
    rog_put_u16(at, (uint16_t)value);
    rog_put_u16(at + 2, (uint16_t)(value >> 16));
}

static inline void rog_put_u64(uint8_t *at, uint64_t value)
{
    rog_put_u32(at, (uint32_t)value);
    rog_put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline uint32_t rog_get_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t rog_get_u64(const uint8_t *at)
{
    return rog_get_u32(at) | (uint64_t)rog_get_u32(at + 4) << 32;
}

#endif
