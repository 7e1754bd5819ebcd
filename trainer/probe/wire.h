/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_WIRE_H
#define ROG_PROBE_WIRE_H

/*
 * Datagrams of the probe. Each begins with a mark and the recording's token, so that nobody else
 * can have a worker send; numbers are little-endian. The rest of DATA is zeros.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_PROBE_TOKEN_BYTES 16
#define ROG_PROBE_HEADER_BYTES 44
/* Of a DATA datagram: it fits, with the headers of IPv6, through tunnels of 1,420 bytes. */
#define ROG_PROBE_DATA_BYTES 1372
#define ROG_PROBE_FRAME_BYTES 42 /* headers of Ethernet, IPv4 and UDP around a datagram */

enum rog_probe_kind {
    ROG_PROBE_HELLO = 1, /* worker: here I am */
    ROG_PROBE_GO,        /* server: send me a train; `a`: for so many microseconds, `b`: so many
                            datagrams at once */
    ROG_PROBE_DATA,      /* the `number`-th of a train */
    ROG_PROBE_ACK,       /* receiver: `number` is the last that came, `a` how many came */
    ROG_PROBE_DONE,      /* sender: the train is over, `number` were sent */
    ROG_PROBE_REPORT,    /* receiver: `a` bit/s, 0: not known; `b`: datagrams that came */
    ROG_PROBE_BYE,       /* server: the recording is over */
    ROG_PROBE_KINDS
};

struct rog_probe_packet {
    enum rog_probe_kind kind;
    uint16_t rank;
    uint32_t train, number;
    uint64_t a, b;
};

/* Writes a datagram's beginning, ROG_PROBE_HEADER_BYTES. */
void rog_probe_encode(const struct rog_probe_packet *packet,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], uint8_t *datagram);
/* False: it is none of this recording. */
bool rog_probe_decode(const uint8_t *datagram, size_t size,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], struct rog_probe_packet *packet);

#endif
