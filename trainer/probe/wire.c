/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes and decodes datagrams of the probe. */
#include <trainer/probe/wire.h>

#include <string.h>

static const uint8_t mark[4] = {'R', 'G', 'P', '1'};

static void put(uint8_t *to, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get(const uint8_t *from, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint64_t)from[i] << (8 * i);
    return number;
}

void rog_probe_encode(const struct rog_probe_packet *packet,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], uint8_t *datagram)
{
    memcpy(datagram, mark, sizeof mark);
    memcpy(datagram + 4, token, ROG_PROBE_TOKEN_BYTES);
    put(datagram + 20, packet->kind, 2);
    put(datagram + 22, packet->rank, 2);
    put(datagram + 24, packet->train, 4);
    put(datagram + 28, packet->number, 4);
    put(datagram + 32, packet->a, 8);
    put(datagram + 40, packet->b, 4);
}

/* Compares in constant time, so that the duration does not reveal how much of it is correct. */
static bool is_token(const uint8_t *found, const uint8_t *token)
{
    uint8_t differs = 0;
    for (size_t i = 0; i < ROG_PROBE_TOKEN_BYTES; i++)
        differs |= found[i] ^ token[i];
    return differs == 0;
}

bool rog_probe_decode(const uint8_t *datagram, size_t size,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], struct rog_probe_packet *packet)
{
    if (size < ROG_PROBE_HEADER_BYTES || memcmp(datagram, mark, sizeof mark) != 0 ||
        !is_token(datagram + 4, token))
        return false;
    uint64_t kind = get(datagram + 20, 2);
    *packet = (struct rog_probe_packet){
        .kind = (enum rog_probe_kind)kind,
        .rank = (uint16_t)get(datagram + 22, 2),
        .train = (uint32_t)get(datagram + 24, 4),
        .number = (uint32_t)get(datagram + 28, 4),
        .a = get(datagram + 32, 8),
        .b = get(datagram + 40, 4),
    };
    return kind >= ROG_PROBE_HELLO && kind < ROG_PROBE_KINDS;
}
