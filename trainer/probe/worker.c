/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's end of the probe: sends a train on request, and evaluates those that arrive. */
#include <trainer/probe/probe_state.h>

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <common/clock.h>
#include <trainer/host/folder.h>

#define HELLO_S 0.5  /* interval of its hellos while it receives nothing */
#define TELL_S 0.1   /* interval of the messages that a train has ended */
#define TELL_MOST 20 /* maximum number of these */
#define RENEW_S 5.0  /* interval of renewing its lease, while it hears from the server */
#define TRAIN_MOST_S 5.0

struct worker {
    struct rog_probe probe;
    struct rog_probe_sender sender;
    struct rog_probe_receiver *receiver;
    double heard_s, greeted_s, renewed_s;
    bool over; /* the server has ended the recording */
};

static void say(struct worker *worker, enum rog_probe_kind kind, uint32_t train, uint32_t number,
                uint64_t a, uint64_t b)
{
    const struct rog_probe_packet packet = {.kind = kind,
                                            .rank = (uint16_t)worker->probe.options->rank,
                                            .train = train,
                                            .number = number,
                                            .a = a,
                                            .b = b};
    rog_probe_send(&worker->probe.socket, &packet, NULL);
}

static void take_data(struct worker *worker, const struct rog_probe_packet *packet, double at_s)
{
    struct rog_probe_receiver *receiver = worker->receiver;
    if (packet->train < receiver->train)
        return; /* left in a queue from an earlier train */
    if (packet->train != receiver->train)
        rog_probe_receiver_begin(receiver, packet->train);
    if (rog_probe_receiver_take(receiver, packet->number, at_s))
        say(worker, ROG_PROBE_ACK, receiver->train, receiver->last, receiver->count, 0);
}

static void report(struct worker *worker, uint32_t train)
{
    const struct rog_probe_receiver *receiver = worker->receiver;
    bool known = receiver->train == train;
    double mbps = known ? rog_probe_receiver_mbps(receiver) : (double)NAN;
    say(worker, ROG_PROBE_REPORT, train, 0, isnan(mbps) ? 0 : (uint64_t)(1e6 * mbps),
        known ? receiver->count : 0);
}

static void take(struct worker *worker, const struct rog_probe_packet *packet, double at_s,
                 double now_s)
{
    struct rog_probe_sender *sender = &worker->sender;
    switch (packet->kind) {
    case ROG_PROBE_GO: /* repeated until a datagram arrives */
        if (packet->train > sender->train)
            rog_probe_sender_begin(sender, packet->train,
                                   fmin(1e-6 * (double)packet->a, TRAIN_MOST_S),
                                   (uint32_t)packet->b, now_s);
        break;
    case ROG_PROBE_ACK:
        if (packet->train == sender->train)
            rog_probe_sender_acked(sender, packet->number, packet->a, now_s);
        break;
    case ROG_PROBE_REPORT: /* confirms that the train has ended */
        if (packet->train == sender->train)
            sender->told = TELL_MOST;
        break;
    case ROG_PROBE_DATA:
        take_data(worker, packet, at_s);
        break;
    case ROG_PROBE_DONE:
        report(worker, packet->train);
        break;
    case ROG_PROBE_BYE:
        worker->over = true;
        break;
    default:
        break;
    }
}

/* Sends what is due; returns the time at which to check again at the latest. */
static double send_due(struct worker *worker, double now_s, bool *full)
{
    struct rog_probe_sender *sender = &worker->sender;
    *full = false;
    while (rog_probe_sender_may(sender, now_s) && !*full) {
        const struct rog_probe_packet packet = {.kind = ROG_PROBE_DATA,
                                                .rank = (uint16_t)worker->probe.options->rank,
                                                .train = sender->train,
                                                .number = sender->next};
        *full = !rog_probe_send(&worker->probe.socket, &packet, NULL);
        if (!*full)
            rog_probe_sender_sent(sender, now_s);
    }
    bool sending = sender->train && sender->told < TELL_MOST;
    if (sending && rog_probe_sender_over(sender, now_s) && now_s >= sender->told_s + TELL_S) {
        say(worker, ROG_PROBE_DONE, sender->train, sender->next, 0, 0);
        sender->told++;
        sender->told_s = now_s;
    }
    if (!sending && now_s >= fmax(worker->heard_s, worker->greeted_s) + HELLO_S) {
        say(worker, ROG_PROBE_HELLO, 0, 0, 0, 0);
        worker->greeted_s = now_s;
    }
    return now_s + (sending && !rog_probe_sender_over(sender, now_s) ? 0.005 : TELL_S);
}

/* Renews the lease here, since rogctl cannot while the robot is out of reach of ssh. */
static void renew(struct worker *worker, double now_s)
{
    if (worker->heard_s == 0 || now_s < worker->renewed_s + RENEW_S ||
        worker->heard_s < worker->renewed_s)
        return;
    utimensat(AT_FDCWD, ROG_HOST_LEASE, NULL, 0);
    worker->renewed_s = now_s;
}

int rog_probe_work(const struct rog_probe_options *options, struct rog_error *err)
{
    struct worker *worker = calloc(1, sizeof *worker);
    struct rog_error why = {0};
    if (!worker)
        return rog_fail_nomem(err);
    worker->receiver = calloc(1, sizeof *worker->receiver);
    int code = rog_probe_open(&worker->probe, options, false, &why);
    if (!code && !worker->receiver)
        code = rog_fail_nomem(&why);
    while (!code && !worker->over && !worker->probe.stopped) {
        struct rog_probe_packet packet;
        struct rog_probe_address from;
        double at_s, now_s = rog_clock_s();
        bool full = false;
        double next_s = send_due(worker, now_s, &full);
        rog_probe_wait(&worker->probe, next_s, full);
        now_s = rog_clock_s();
        while (rog_probe_receive(&worker->probe.socket, &packet, &from, &at_s)) {
            worker->heard_s = now_s;
            take(worker, &packet, at_s, now_s);
        }
        renew(worker, now_s);
        code = rog_probe_check(&worker->probe, &why);
    }
    rog_probe_close(&worker->probe, code, &why, worker->over);
    if (code)
        rog_fail_again(err, &why);
    free(worker->receiver);
    free(worker);
    return code;
}
