/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 of short texts. */
#include <orchestrator/ssh/sha1.h>

#include <stdint.h>
#include <string.h>

#define BLOCK_BYTES 64

static uint32_t rotated(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void add_block(uint32_t state[5], const unsigned char block[BLOCK_BYTES])
{
    static const uint32_t constant[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 80; i++)
        w[i] = rotated(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (size_t i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        uint32_t next = rotated(a, 5) + f + e + constant[i / 20] + w[i];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void rog_sha1(const void *data, size_t size, unsigned char sum[ROG_SHA1_BYTES])
{
    uint32_t state[] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const unsigned char *at = data;
    unsigned char last[2 * BLOCK_BYTES] = {0};
    size_t left = size;
    for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, at += BLOCK_BYTES)
        add_block(state, at);
    if (left)
        memcpy(last, at, left);
    last[left] = 0x80;
    size_t bytes = left < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    for (size_t i = 0; i < 8; i++)
        last[bytes - 1 - i] = (unsigned char)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < bytes; i += BLOCK_BYTES)
        add_block(state, last + i);
    for (size_t i = 0; i < ROG_SHA1_BYTES; i++)
        sum[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void rog_sha1_hmac(const unsigned char key[ROG_SHA1_BYTES], const char *text,
                   unsigned char sum[ROG_SHA1_BYTES])
{
    unsigned char inner[BLOCK_BYTES + ROG_SHA1_TEXT_MAX_BYTES];
    unsigned char outer[BLOCK_BYTES + ROG_SHA1_BYTES];
    size_t size = strnlen(text, ROG_SHA1_TEXT_MAX_BYTES);
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        unsigned char byte = i < ROG_SHA1_BYTES ? key[i] : 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    memcpy(inner + BLOCK_BYTES, text, size);
    rog_sha1(inner, BLOCK_BYTES + size, outer + BLOCK_BYTES);
    rog_sha1(outer, sizeof outer, sum);
}
