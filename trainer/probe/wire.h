/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_WIRE_H
#define ROG_PROBE_WIRE_H

/*
 * Datagrams of the probe. Each begins with a mark and the recording's token, so that no third party
 * can make a worker send; numbers are little-endian. The rest of DATA is zeros.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROG_PROBE_TOKEN_BYTES 16
#define ROG_PROBE_HEADER_BYTES 44
/* Size of a DATA datagram: with the headers of IPv6 it fits through tunnels of 1,420 bytes. */
#define ROG_PROBE_DATA_BYTES 1372
#define ROG_PROBE_FRAME_BYTES 42 /* headers of Ethernet, IPv4 and UDP around a datagram */

enum rog_probe_kind {
    ROG_PROBE_HELLO = 1, /* worker: it is alive */
    ROG_PROBE_GO,        /* server: requests a train; `a`: duration in microseconds, `b`: size of
                            the first window */
    ROG_PROBE_DATA,      /* the `number`-th datagram of a train */
    ROG_PROBE_ACK,       /* receiver: `number` is the last received, `a` how many were received */
    ROG_PROBE_DONE,      /* sender: the train has ended, `number` were sent */
    ROG_PROBE_REPORT,    /* receiver: `a` bit/s, 0: unknown; `b`: datagrams received */
    ROG_PROBE_BYE,       /* server: the recording has ended */
    ROG_PROBE_KINDS
};

struct rog_probe_packet {
    enum rog_probe_kind kind;
    uint16_t rank;
    uint32_t train, number;
    uint64_t a, b;
};

/* Writes the beginning of a datagram, ROG_PROBE_HEADER_BYTES. */
void rog_probe_encode(const struct rog_probe_packet *packet,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], uint8_t *datagram);
/* Returns false if the datagram is not of this recording. */
bool rog_probe_decode(const uint8_t *datagram, size_t size,
                      const uint8_t token[ROG_PROBE_TOKEN_BYTES], struct rog_probe_packet *packet);

#endif
