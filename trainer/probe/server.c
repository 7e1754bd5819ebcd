/* SPDX-License-Identifier: Apache-2.0 */
/* The server's end of the probe: one worker after the other, one train up, one down. */
#include <trainer/probe/probe_state.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>

#define TRY_S 0.15    /* between two requests for a train, or for the report about one */
#define SILENCE_S 0.5 /* after this time without a datagram the link counts as down */
#define TRAIN_MOST_S 3.0
#define ALIVE_S 1.8    /* a worker heard in this time is alive; its hellos come every 0.5 s */
#define WINDOW_S 0.005 /* the first window of a train lasts this long at the last rate */
#define PACKET_BITS (8.0 * ROG_PROBE_DATA_BYTES)

struct link {
    struct rog_probe_address at; /* address of the last datagram of its worker */
    double heard_s;
    double mbps[2]; /* last measured rates, up and down; 0: none */
};

struct server {
    struct rog_probe probe;
    struct link *link; /* [workers], by rank - 1 */
    uint32_t workers;
    uint32_t now; /* index of the current worker */
    uint32_t train;
    struct rog_probe_sender sender;
    struct rog_probe_receiver *receiver;
    double came_s; /* time at which the last datagram of its train arrived */
    bool reported; /* the report about a train down has arrived */
    double reported_mbps;
    uint64_t reported_count;
    FILE *samples;
    double begin_s;
    double busy_s; /* total time in which trains were in flight */
};

static void say(struct server *server, uint32_t index, enum rog_probe_kind kind, uint32_t number,
                uint64_t a, uint64_t b)
{
    const struct rog_probe_packet packet = {.kind = kind,
                                            .rank = (uint16_t)(index + 1),
                                            .train = server->train,
                                            .number = number,
                                            .a = a,
                                            .b = b};
    if (server->link[index].at.bytes)
        rog_probe_send(&server->probe.socket, &packet, &server->link[index].at);
}

/* ---- receiving ---- */

static void take_turn(struct server *server, const struct rog_probe_packet *packet, double at_s,
                      double now_s)
{
    struct rog_probe_receiver *receiver = server->receiver;
    server->came_s = now_s;
    switch (packet->kind) {
    case ROG_PROBE_DATA:
        if (rog_probe_receiver_take(receiver, packet->number, at_s))
            say(server, server->now, ROG_PROBE_ACK, receiver->last, receiver->count, 0);
        break;
    case ROG_PROBE_DONE:
        receiver->done = true;
        say(server, server->now, ROG_PROBE_REPORT, 0, 0, 0);
        break;
    case ROG_PROBE_ACK:
        rog_probe_sender_acked(&server->sender, packet->number, packet->a, now_s);
        break;
    case ROG_PROBE_REPORT:
        server->reported = true;
        server->reported_mbps = packet->a ? 1e-6 * (double)packet->a : (double)NAN;
        server->reported_count = packet->b;
        break;
    default:
        break;
    }
}

/* Waits until until_s at the latest, and handles datagrams that have arrived. */
static void wait_until(struct server *server, double until_s, bool to_send)
{
    struct rog_probe_packet packet;
    struct rog_probe_address from;
    double at_s;
    rog_probe_wait(&server->probe, until_s, to_send);
    double now_s = rog_clock_s();
    while (rog_probe_receive(&server->probe.socket, &packet, &from, &at_s)) {
        if (packet.rank < 1 || packet.rank > server->workers)
            continue;
        struct link *link = &server->link[packet.rank - 1u];
        link->at = from;
        link->heard_s = now_s;
        if (packet.rank - 1u == server->now && packet.train == server->train && packet.train)
            take_turn(server, &packet, at_s, now_s);
    }
}

/* ---- trains ---- */

/* Returns the datagrams of a train's first window, at the last rate. */
static uint32_t first_window(double mbps)
{
    return (uint32_t)fmin(1e6 * mbps * WINDOW_S / PACKET_BITS, ROG_PROBE_WINDOW_MOST);
}

/* Returns the rate of a train with too few datagrams to measure one: all that arrived over the
 * whole time. */
static double mean_mbps(uint64_t datagrams, double took_s)
{
    return 1e-6 * PACKET_BITS * (double)datagrams / took_s;
}

/* Measures the rate up in Mbit/s; 0: nothing arrived. */
static double train_up(struct server *server)
{
    const struct link *link = &server->link[server->now];
    double begin_s = rog_clock_s(), now_s = begin_s, asked_s = 0;
    server->train++;
    rog_probe_receiver_begin(server->receiver, server->train);
    server->came_s = begin_s;
    double first_s = 0; /* time of the first arrival */
    while (!server->receiver->done && !server->probe.stopped &&
           now_s < server->came_s + SILENCE_S && now_s < begin_s + TRAIN_MOST_S) {
        if (!server->receiver->count && now_s >= asked_s + TRY_S) {
            say(server, server->now, ROG_PROBE_GO, 0,
                (uint64_t)(1e6 * server->probe.options->train_s), first_window(link->mbps[0]));
            asked_s = now_s;
        }
        wait_until(server, now_s + TRY_S, false);
        now_s = rog_clock_s();
        if (server->receiver->count && first_s == 0)
            first_s = now_s;
    }
    server->busy_s += server->receiver->count ? server->came_s - first_s : 0;
    double mbps = rog_probe_receiver_mbps(server->receiver);
    return isnan(mbps) ? mean_mbps(server->receiver->count, now_s - begin_s) : mbps;
}

/* Sends as much as the window allows. Returns true if the socket is full. */
static bool send_some(struct server *server, double now_s)
{
    struct link *link = &server->link[server->now];
    struct rog_probe_sender *sender = &server->sender;
    while (rog_probe_sender_may(sender, now_s)) {
        const struct rog_probe_packet packet = {.kind = ROG_PROBE_DATA,
                                                .rank = (uint16_t)(server->now + 1),
                                                .train = server->train,
                                                .number = sender->next};
        if (!rog_probe_send(&server->probe.socket, &packet, &link->at))
            return true;
        rog_probe_sender_sent(sender, now_s);
    }
    return false;
}

static double train_down(struct server *server)
{
    const struct link *link = &server->link[server->now];
    struct rog_probe_sender *sender = &server->sender;
    double begin_s = rog_clock_s(), now_s = begin_s;
    server->train++;
    server->reported = false;
    server->came_s = begin_s;
    rog_probe_sender_begin(sender, server->train, server->probe.options->train_s,
                           first_window(link->mbps[1]), begin_s);
    while (!server->reported && !server->probe.stopped && now_s < server->came_s + SILENCE_S &&
           now_s < begin_s + TRAIN_MOST_S) {
        bool full = send_some(server, now_s), over = rog_probe_sender_over(sender, now_s);
        if (over && now_s >= sender->told_s + TRY_S) {
            say(server, server->now, ROG_PROBE_DONE, sender->next, 0, 0);
            sender->told_s = now_s;
        }
        wait_until(server, now_s + (over ? TRY_S : 0.005), full);
        now_s = rog_clock_s();
    }
    server->busy_s += server->reported ? now_s - begin_s : sender->duration_s;
    if (!server->reported)
        return 0;
    return isnan(server->reported_mbps) ? mean_mbps(server->reported_count, now_s - begin_s)
                                        : server->reported_mbps;
}

/* ---- rounds ---- */

static void measure_link(struct server *server, uint32_t index)
{
    struct link *link = &server->link[index];
    double begin_s = rog_clock_s(), mbps[2] = {0, 0};
    double busy_s = server->busy_s;
    uint64_t before = server->probe.socket.sent_bytes;
    bool alive = link->at.bytes && begin_s < link->heard_s + ALIVE_S;
    uint32_t came = 0;
    server->now = index;
    if (alive) {
        mbps[0] = train_up(server);
        came = server->receiver->count;
    }
    if (mbps[0] != 0)
        mbps[1] = train_down(server);
    else if (alive)
        link->heard_s = 0; /* it is skipped until it sends a hello */
    if (server->probe.stopped)
        return; /* the train was interrupted */
    for (int i = 0; i < 2; i++)
        link->mbps[i] = mbps[i];
    uint64_t bytes = server->probe.socket.sent_bytes - before +
                     came * (uint64_t)(ROG_PROBE_DATA_BYTES + ROG_PROBE_FRAME_BYTES);
    fprintf(server->samples, "%.4f,%u,%.6g,%.6g,%llu,%.4f\n", begin_s - server->begin_s, index + 1,
            mbps[0], mbps[1], (unsigned long long)bytes, server->busy_s - busy_s);
}

static bool is_over(const struct server *server)
{
    double seconds = server->probe.options->seconds;
    return server->probe.stopped || (seconds > 0 && rog_clock_s() >= server->begin_s + seconds);
}

static int record(struct server *server, struct rog_error *err)
{
    const struct rog_probe_options *options = server->probe.options;
    int code = ROG_OK;
    fprintf(server->samples, "seconds,rank,up_mbps,down_mbps,probe_bytes,probe_s\n");
    while (!code && !is_over(server)) {
        double round_s = rog_clock_s(), busy_s = server->busy_s;
        for (uint32_t i = 0; i < server->workers && !is_over(server); i++)
            measure_link(server, i);
        double pause_s = fmax(options->period_s, (server->busy_s - busy_s) / options->load);
        server->train += server->train == 0; /* datagrams that arrive now belong to no train */
        if (fflush(server->samples) != 0)
            code =
                rog_fail(err, ROG_EIO, "cannot write %s: %s", ROG_PROBE_SAMPLES, strerror(errno));
        while (!code && !is_over(server) && rog_clock_s() < round_s + pause_s) {
            wait_until(server, round_s + pause_s, false);
            code = rog_probe_check(&server->probe, err);
        }
    }
    fprintf(server->samples, "%.4f,0,,,%llu,%.4f\n", rog_clock_s() - server->begin_s,
            (unsigned long long)server->probe.socket.sent_bytes, server->busy_s);
    return code;
}

/* Waits until all workers have sent a hello, or until the time for that has passed. */
static void gather(struct server *server)
{
    double until_s = rog_clock_s() + ALIVE_S;
    for (uint32_t present = 0; present < server->workers && rog_clock_s() < until_s;) {
        wait_until(server, until_s, false);
        present = 0;
        for (uint32_t i = 0; i < server->workers; i++)
            present += server->link[i].at.bytes > 0;
    }
}

static int prepare(struct server *server, const struct rog_probe_options *options,
                   struct rog_error *err)
{
    int code = rog_probe_open(&server->probe, options, true, err);
    server->workers = options->workers;
    server->link = calloc(options->workers, sizeof *server->link);
    server->receiver = calloc(1, sizeof *server->receiver);
    if (!code && (!server->link || !server->receiver))
        code = rog_fail_nomem(err);
    if (!code && !(server->samples = fopen(ROG_PROBE_SAMPLES, "we")))
        code = rog_fail(err, ROG_EIO, "cannot write %s: %s", ROG_PROBE_SAMPLES, strerror(errno));
    return code;
}

int rog_probe_serve(const struct rog_probe_options *options, struct rog_error *err)
{
    struct server *server = calloc(1, sizeof *server);
    struct rog_error why = {0};
    if (!server)
        return rog_fail_nomem(err);
    int code = prepare(server, options, &why);
    if (!code) {
        gather(server);
        server->begin_s = rog_clock_s();
        code = record(server, &why);
        server->train = 0;
        for (uint32_t i = 0; i < server->workers; i++)
            for (int again = 0; again < 3; again++)
                say(server, i, ROG_PROBE_BYE, 0, 0, 0);
    }
    if (server->samples && fclose(server->samples) != 0 && !code)
        code = rog_fail(&why, ROG_EIO, "cannot write %s: %s", ROG_PROBE_SAMPLES, strerror(errno));
    rog_probe_close(&server->probe, code, &why, false);
    if (code)
        rog_fail_again(err, &why);
    free(server->receiver);
    free(server->link);
    free(server);
    return code;
}
