/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_TRAIN_H
#define ROG_PROBE_TRAIN_H

/*
 * A train of datagrams, from which the receiver tells the rate of the link: how much comes in its
 * second half, by the time at which each came. In the first half the sender fills the link: it has
 * as many datagrams on the way as its window allows, which grows by each that has come until they
 * begin to queue. (A sender that only bursts would measure what a shaper lets through at once, and
 * would leave a slow link with more than it brings in a second.)
 *
 * Without I/O and clock: times come in as arguments, and what is to be sent is said.
 */

#include <stdbool.h>
#include <stdint.h>

#define ROG_PROBE_TRAIN_LEAST 8    /* datagrams */
#define ROG_PROBE_WINDOW_MOST 256u /* of them on the way */

struct rog_probe_sender {
    uint32_t train; /* 0: none */
    double begun_s, duration_s;
    uint32_t next;          /* the number of the next datagram */
    uint32_t come, missing; /* by the last ACK: numbers below it; how many of them did not come */
    uint32_t window;
    double round_trip_s;                  /* the shortest seen; 0: none yet */
    double sent_s[ROG_PROBE_WINDOW_MOST]; /* [number modulo this] */
    uint32_t told;                        /* how often DONE was sent */
    double told_s;                        /* when that was last */
};

void rog_probe_sender_begin(struct rog_probe_sender *sender, uint32_t train, double duration_s,
                            uint32_t window, double now_s);
/* Whether a datagram may go now, which is then number `next`. */
bool rog_probe_sender_may(const struct rog_probe_sender *sender, double now_s);
/* It went. */
void rog_probe_sender_sent(struct rog_probe_sender *sender, double now_s);
void rog_probe_sender_acked(struct rog_probe_sender *sender, uint32_t number, uint64_t came,
                            double now_s);
/* Nothing more is to be sent: DONE is due. */
bool rog_probe_sender_over(const struct rog_probe_sender *sender, double now_s);

#define ROG_PROBE_ARRIVALS 16384

struct rog_probe_receiver {
    uint32_t train;                  /* 0: none */
    uint32_t count;                  /* datagrams that came */
    uint32_t last;                   /* the highest number of them */
    bool done;                       /* the sender has said so */
    double at_s[ROG_PROBE_ARRIVALS]; /* when they came; later ones than these are only counted */
};

void rog_probe_receiver_begin(struct rog_probe_receiver *receiver, uint32_t train);
/* A datagram of its train came. True: an ACK is due. */
bool rog_probe_receiver_take(struct rog_probe_receiver *receiver, uint32_t number, double at_s);
/* Mbit/s of what datagrams carry; NaN where so few came that it cannot be told. */
double rog_probe_receiver_mbps(const struct rog_probe_receiver *receiver);

#endif
