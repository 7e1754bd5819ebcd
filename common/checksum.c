/* SPDX-License-Identifier: Apache-2.0 */
/* Sums words in independent lanes. */
#include <common/checksum.h>

#include <string.h>

#define LANES 8

/* Changes the sum for every change of `word`: two different words never give the same sum. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

uint64_t rog_checksum(uint64_t sum, const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t lanes[LANES] = {0}, words[LANES];
    size_t left = size;
    for (; left >= sizeof words; left -= sizeof words, at += sizeof words) {
        memcpy(words, at, sizeof words);
        for (int k = 0; k < LANES; k++)
            lanes[k] = mix(lanes[k], words[k]);
    }
    memset(words, 0, sizeof words);
    if (left)
        memcpy(words, at, left);
    for (int k = 0; k < LANES; k++)
        sum = mix(mix(sum, lanes[k]), words[k]);
    return mix(sum, size);
}
