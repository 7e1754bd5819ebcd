/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and evaluates trains of datagrams. */
#include <trainer/probe/train.h>

#include <math.h>
#include <string.h>

#include <trainer/probe/wire.h>

#define QUEUED_S 0.008 /* a round trip that exceeds the shortest by this was queued */
#define ACK_EACH 8     /* the first datagrams; after these every second one is acknowledged */
#define HALF_LEAST 3   /* minimum number of datagrams in the second half */

/* ---- sender ---- */

void rog_probe_sender_begin(struct rog_probe_sender *sender, uint32_t train, double duration_s,
                            uint32_t window, double now_s)
{
    *sender = (struct rog_probe_sender){
        .train = train, .begun_s = now_s, .duration_s = duration_s, .window = window};
    if (sender->window < ROG_PROBE_TRAIN_LEAST)
        sender->window = ROG_PROBE_TRAIN_LEAST;
    if (sender->window > ROG_PROBE_WINDOW_MOST)
        sender->window = ROG_PROBE_WINDOW_MOST;
}

bool rog_probe_sender_may(const struct rog_probe_sender *sender, double now_s)
{
    return sender->train && !rog_probe_sender_over(sender, now_s) &&
           sender->next - sender->come < sender->window;
}

void rog_probe_sender_sent(struct rog_probe_sender *sender, double now_s)
{
    sender->sent_s[sender->next % ROG_PROBE_WINDOW_MOST] = now_s;
    sender->next++;
}

void rog_probe_sender_acked(struct rog_probe_sender *sender, uint32_t number, uint64_t came,
                            double now_s)
{
    if (number >= sender->next || number < sender->come || came > number + 1)
        return;
    uint32_t more = number + 1 - sender->come, missing = number + 1 - (uint32_t)came;
    double took_s = now_s - sender->sent_s[number % ROG_PROBE_WINDOW_MOST];
    if (sender->round_trip_s == 0 || took_s < sender->round_trip_s)
        sender->round_trip_s = took_s;
    bool queued = took_s > sender->round_trip_s + QUEUED_S || missing > sender->missing;
    sender->come = number + 1;
    sender->missing = missing;
    if (!queued)
        sender->window = sender->window + more < ROG_PROBE_WINDOW_MOST ? sender->window + more
                                                                       : ROG_PROBE_WINDOW_MOST;
}

bool rog_probe_sender_over(const struct rog_probe_sender *sender, double now_s)
{
    return sender->next >= ROG_PROBE_TRAIN_LEAST && now_s - sender->begun_s >= sender->duration_s;
}

/* ---- receiver ---- */

void rog_probe_receiver_begin(struct rog_probe_receiver *receiver, uint32_t train)
{
    receiver->train = train;
    receiver->count = receiver->last = 0;
    receiver->done = false;
}

bool rog_probe_receiver_take(struct rog_probe_receiver *receiver, uint32_t number, double at_s)
{
    if (receiver->count < ROG_PROBE_ARRIVALS)
        receiver->at_s[receiver->count] = at_s;
    receiver->count++;
    if (number > receiver->last)
        receiver->last = number;
    return receiver->count <= ACK_EACH || receiver->count % 2 == 0;
}

double rog_probe_receiver_mbps(const struct rog_probe_receiver *receiver)
{
    uint32_t count = receiver->count < ROG_PROBE_ARRIVALS ? receiver->count : ROG_PROBE_ARRIVALS;
    if (count < ROG_PROBE_TRAIN_LEAST / 2)
        return (double)NAN;
    double last_s = receiver->at_s[count - 1];
    double middle_s = (receiver->at_s[0] + last_s) / 2;
    uint32_t from = 0; /* index of the last datagram of the first half */
    while (from + 1 < count && receiver->at_s[from + 1] <= middle_s)
        from++;
    if (from + HALF_LEAST >= count)
        from = count - 1 - HALF_LEAST;
    double span_s = last_s - receiver->at_s[from];
    return span_s > 0 ? 8e-6 * ROG_PROBE_DATA_BYTES * (double)(count - 1 - from) / span_s
                      : (double)NAN;
}
