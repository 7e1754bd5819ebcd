/* SPDX-License-Identifier: Apache-2.0 */
/* Codes of a few bits, packed into bytes. */
#include <librog/kernels/pack.h>

#include <string.h>

#include <librog/kernels/kernels.h>

#define GROUP ROG_PACK_GROUP

static size_t group_bytes(size_t count, unsigned bits)
{
    return (count * bits + 7) / 8;
}

size_t rog_pack_bytes(size_t count, unsigned bits)
{
    return count / GROUP * group_bytes(GROUP, bits) + group_bytes(count % GROUP, bits);
}

static ROG_KERNEL_WIDE void pack_group(const uint8_t *restrict codes, size_t count, unsigned bits,
                                       uint8_t *restrict bytes)
{
    size_t width = group_bytes(count, bits);
    memcpy(bytes, codes, width);
    for (size_t from = width, shift = bits; from < count; from += width, shift += bits) {
        size_t length = count - from < width ? count - from : width;
        for (size_t i = 0; i < length; i++)
            bytes[i] |= (uint8_t)(codes[from + i] << shift);
    }
}

static ROG_KERNEL_WIDE void unpack_group(const uint8_t *restrict bytes, size_t count, unsigned bits,
                                         uint8_t *restrict codes)
{
    size_t width = group_bytes(count, bits);
    uint8_t mask = (uint8_t)((1u << bits) - 1);
    for (size_t from = 0, shift = 0; from < count; from += width, shift += bits) {
        size_t length = count - from < width ? count - from : width;
        for (size_t i = 0; i < length; i++)
            codes[from + i] = (uint8_t)(bytes[i] >> shift) & mask;
    }
}

void rog_pack_put(const uint8_t *codes, size_t count, unsigned bits, uint8_t *bytes)
{
    for (; count > GROUP; codes += GROUP, count -= GROUP, bytes += group_bytes(GROUP, bits))
        pack_group(codes, GROUP, bits, bytes);
    pack_group(codes, count, bits, bytes);
}

void rog_pack_get(const uint8_t *bytes, size_t count, unsigned bits, uint8_t *codes)
{
    for (; count > GROUP; codes += GROUP, count -= GROUP, bytes += group_bytes(GROUP, bits))
        unpack_group(bytes, GROUP, bits, codes);
    unpack_group(bytes, count, bits, codes);
}

bool rog_pack_ends(const uint8_t *bytes, size_t count, unsigned bits)
{
    size_t last = count % GROUP, width = group_bytes(last, bits);
    const uint8_t *end = bytes + rog_pack_bytes(count, bits);
    for (size_t i = last; i < width * (8 / bits); i++)
        if ((end - width)[i % width] >> (i / width * bits) & ((1u << bits) - 1))
            return false;
    return true;
}
