/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_TRAIN_H
#define ROG_PROBE_TRAIN_H

/*
 * A train of datagrams, from which the receiver computes the rate of the link: from the number and
 * arrival times of the datagrams in its second half. In the first half the sender fills the link:
 * it keeps as many datagrams in flight as its window allows, which grows with each arrival until
 * they begin to queue. (A sender that only bursts would measure the burst that a shaper allows, and
 * would put more into a slow link than it transmits in a second.)
 *
 * No I/O and no clock: times are arguments, and results tell the caller what to send.
 */

#include <stdbool.h>
#include <stdint.h>

#define ROG_PROBE_TRAIN_LEAST 8    /* minimum number of datagrams */
#define ROG_PROBE_WINDOW_MOST 256u /* maximum number in flight */

struct rog_probe_sender {
    uint32_t train; /* 0: none */
    double begun_s, duration_s;
    uint32_t next;          /* number of the next datagram */
    uint32_t come, missing; /* from the last ACK: numbers below `come` were received, except for
                               `missing` of them */
    uint32_t window;
    double round_trip_s;                  /* the shortest so far; 0: none yet */
    double sent_s[ROG_PROBE_WINDOW_MOST]; /* [number modulo ROG_PROBE_WINDOW_MOST] */
    uint32_t told;                        /* number of DONEs sent */
    double told_s;                        /* time of the last one */
};

void rog_probe_sender_begin(struct rog_probe_sender *sender, uint32_t train, double duration_s,
                            uint32_t window, double now_s);
/* Returns whether a datagram, with number `next`, may be sent now. */
bool rog_probe_sender_may(const struct rog_probe_sender *sender, double now_s);
/* Records that it was sent. */
void rog_probe_sender_sent(struct rog_probe_sender *sender, double now_s);
void rog_probe_sender_acked(struct rog_probe_sender *sender, uint32_t number, uint64_t came,
                            double now_s);
/* Returns true if nothing more is to be sent: DONE is due. */
bool rog_probe_sender_over(const struct rog_probe_sender *sender, double now_s);

#define ROG_PROBE_ARRIVALS 16384

struct rog_probe_receiver {
    uint32_t train;                  /* 0: none */
    uint32_t count;                  /* number of datagrams received */
    uint32_t last;                   /* the highest number received */
    bool done;                       /* DONE was received */
    double at_s[ROG_PROBE_ARRIVALS]; /* arrival times; later arrivals than these are only counted */
};

void rog_probe_receiver_begin(struct rog_probe_receiver *receiver, uint32_t train);
/* Records a datagram of its train. Returns true if an ACK is due. */
bool rog_probe_receiver_take(struct rog_probe_receiver *receiver, uint32_t number, double at_s);
/* Returns the rate of the datagrams' contents in Mbit/s; NaN if too few arrived. */
double rog_probe_receiver_mbps(const struct rog_probe_receiver *receiver);

#endif
