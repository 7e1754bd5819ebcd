/* SPDX-License-Identifier: Apache-2.0 */
/* Creates, changes and removes the qdiscs of a replay. */
#include <trainer/shape/lanes.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>

#define MIN_RATE_BPS 8.0 /* tbf counts bytes per second */
/* Seconds of tokens: enough for a timer that fires late, few enough to pace smoothly. */
#define BURST_S 0.004
/* Size of the queue, about that of a radio: seconds of data, but at least this many frames, or TCP
 * cannot work; at rate 0 as much as a sender may have in flight, so that nothing is lost. */
#define QUEUE_S 0.01
#define QUEUE_FRAMES 40
#define HELD_FRAMES 1000
#define LARGE_BYTES 70000.0 /* maximum size of a GSO packet with all headers */
#define LEAF_MAJOR 0x1000

double rog_shape_lane_rate(const struct rog_shape_lane *lane, double t_s)
{
    return rog_trace_rate(lane->trace, lane->offset_s + t_s);
}

double rog_shape_lane_next(const struct rog_shape_lane *lane, double t_s)
{
    return rog_trace_next_change(lane->trace, lane->offset_s + t_s) - lane->offset_s;
}

double rog_shape_lane_mean(const struct rog_shape_lane *lane, double from_s, double to_s)
{
    double at_s = from_s, megabits = 0;
    while (at_s < to_s) {
        double until_s = fmin(rog_shape_lane_next(lane, at_s), to_s);
        if (until_s <= at_s) /* rounding the offset has skipped a very short value */
            until_s = nextafter(at_s, INFINITY);
        megabits += rog_shape_lane_rate(lane, at_s) * (until_s - at_s);
        at_s = until_s;
    }
    return to_s > from_s ? megabits / (to_s - from_s) : 0;
}

char *rog_shape_lane_line(const struct rog_shape_lane *lane, const char *verb, double mbps)
{
    double rate_bps = fmax(floor(mbps * 1e6), MIN_RATE_BPS);
    /* Each change refills the bucket: at low rates the burst must not be larger than necessary. At
     * rate 0 it is the one frame that may be sent at the time of the change. */
    double burst = fmax(lane->frame_bytes, rate_bps / 8 * BURST_S);
    double limit = mbps > 0 ? fmax(QUEUE_FRAMES * (double)lane->frame_bytes, rate_bps / 8 * QUEUE_S)
                            : HELD_FRAMES * (double)lane->frame_bytes;
    /* The peak rate limits nothing if it is so high that a frame takes no time at it: at a rate
     * that can be measured tbf waits for a timer after each frame, of which a machine has only a
     * limited number per second. With a peak rate tbf cuts large (GSO) packets into frames of `mtu`
     * before it queues them; otherwise a packet queued under a large burst would never be sent
     * after the burst becomes smaller than it. If it never does, cutting would only cost processor
     * time. */
    char peak[48] = "";
    if (!lane->keeps_large)
        snprintf(peak, sizeof peak, " peakrate 10tbit mtu %ub", lane->frame_bytes);
    return rog_format("qdisc %s dev %s %s tbf rate %.0fbit burst %.0fb limit %.0fb%s\n", verb,
                      lane->device, lane->where, rate_bps, burst, limit, peak);
}

static double slowest_mbps(const struct rog_trace *trace)
{
    double slowest = trace->mbps[0];
    for (uint32_t i = 1; i < trace->count; i++)
        slowest = fmin(slowest, trace->mbps[i]);
    return slowest;
}

/* Creates a lane's qdisc with its first rate. */
static int install(struct rog_shape_lane *lane, struct rog_error *err)
{
    lane->keeps_large = slowest_mbps(lane->trace) * 1e6 / 8 * BURST_S >= LARGE_BYTES;
    char *line = rog_shape_lane_line(lane, "add", rog_shape_lane_rate(lane, 0));
    if (!line)
        return rog_fail_nomem(err);
    line[strcspn(line, "\n")] = '\0';
    int code = rog_shape_command(err, "tc %s", line);
    free(line);
    return code;
}

static struct rog_shape_lane *add(struct rog_shape_lanes *lanes, const char *device,
                                  const char *direction)
{
    struct rog_shape_lane *lane = &lanes->lane[lanes->count++];
    *lane = (struct rog_shape_lane){.direction = direction, .frame_bytes = lanes->frame_bytes};
    snprintf(lane->device, sizeof lane->device, "%s", device);
    snprintf(lane->where, sizeof lane->where, "root handle " ROG_SHAPE_HANDLE);
    snprintf(lane->handle, sizeof lane->handle, ROG_SHAPE_HANDLE);
    return lane;
}

static int make_own(struct rog_shape_lanes *lanes, const struct rog_shape_options *options,
                    const struct rog_shape_state *state, struct rog_error *err)
{
    int code = ROG_OK;
    if (options->direction != ROG_SHAPE_INGRESS)
        add(lanes, state->iface, "egress");
    if (options->direction != ROG_SHAPE_EGRESS)
        add(lanes, state->ifb, "ingress");
    for (size_t i = 0; i < lanes->count; i++) {
        lanes->lane[i].rank = options->rank;
        lanes->lane[i].trace = options->trace;
        lanes->lane[i].offset_s = options->offset_s;
        lanes->lane[i].tells_rate = i == 0;
    }
    if (options->direction != ROG_SHAPE_EGRESS) {
        code = rog_shape_command(err, "ip link add name %s type ifb", state->ifb);
        if (code == ROG_EFAILED)
            rog_fail_prefix(err,
                            "the kernel does not support ifb: shape egress here (--direction "
                            "egress) and the other direction on the server, one class per worker");
        if (!code)
            code = rog_shape_command(err, "ip link set dev %s up", state->ifb);
    }
    for (size_t i = 0; i < lanes->count && !code; i++)
        code = install(&lanes->lane[i], err);
    if (!code && options->direction != ROG_SHAPE_EGRESS)
        code = rog_shape_command(err, "tc qdisc add dev %s handle ffff: ingress", state->iface);
    if (!code && options->direction != ROG_SHAPE_EGRESS)
        code = rog_shape_command(err,
                                 "tc filter add dev %s parent ffff: protocol all prio 1 u32 match "
                                 "u32 0 0 action mirred egress redirect dev %s",
                                 state->iface, state->ifb);
    return code;
}

static int make_class(struct rog_shape_lanes *lanes, const struct rog_shape_peer *peer,
                      bool tells_rate, const char *iface, struct rog_error *err)
{
    struct in6_addr address;
    bool is_v4 = inet_pton(AF_INET, peer->address, &address) == 1;
    if (!is_v4 && inet_pton(AF_INET6, peer->address, &address) != 1)
        return rog_fail(err, ROG_EINVAL,
                        "worker %u must be given as an IPv4 or IPv6 address (found \"%s\")",
                        peer->rank, peer->address);
    struct rog_shape_lane *lane = add(lanes, iface, "downlink");
    unsigned number = (unsigned)lanes->count;
    lane->rank = peer->rank;
    lane->trace = peer->trace;
    lane->offset_s = peer->offset_s;
    lane->tells_rate = tells_rate;
    snprintf(lane->where, sizeof lane->where, "parent " ROG_SHAPE_HANDLE "%x handle %x:", number,
             LEAF_MAJOR + number);
    snprintf(lane->handle, sizeof lane->handle, "%x:", LEAF_MAJOR + number);
    /* The class has no effective limit; its tbf shapes. */
    int code = rog_shape_command(err,
                                 "tc class add dev %s parent " ROG_SHAPE_HANDLE
                                 " classid " ROG_SHAPE_HANDLE "%x htb rate 10gbit quantum 60000",
                                 iface, number);
    if (!code)
        code = install(lane, err);
    if (!code)
        code = rog_shape_command(err,
                                 "tc filter add dev %s parent " ROG_SHAPE_HANDLE
                                 " protocol %s prio %d u32 match %s dst %s/%d "
                                 "flowid " ROG_SHAPE_HANDLE "%x",
                                 iface, is_v4 ? "ip" : "ipv6", is_v4 ? 1 : 2, is_v4 ? "ip" : "ip6",
                                 peer->address, is_v4 ? 32 : 128, number);
    return code;
}

int rog_shape_lanes_make(struct rog_shape_lanes *lanes, const struct rog_shape_options *options,
                         const struct rog_shape_state *state, struct rog_error *err)
{
    *lanes = (struct rog_shape_lanes){0};
    if (options->peer_count > ROG_SHAPE_MAX_PEERS)
        return rog_fail(err, ROG_EINVAL, "more than %d workers on one interface",
                        ROG_SHAPE_MAX_PEERS);
    lanes->lane = calloc(options->peer_count + 2, sizeof *lanes->lane);
    if (!lanes->lane)
        return rog_fail_nomem(err);
    int code = rog_shape_iface_frame(state->iface, &lanes->frame_bytes, err);
    if (!code && !options->peer_count)
        code = make_own(lanes, options, state, err);
    if (!code && options->peer_count)
        code = rog_shape_command(err, "tc qdisc add dev %s root handle " ROG_SHAPE_HANDLE " htb",
                                 state->iface);
    for (size_t i = 0; i < options->peer_count && !code; i++)
        code = make_class(lanes, &options->peers[i], !options->silent, state->iface, err);
    return code;
}

void rog_shape_lanes_release(struct rog_shape_lanes *lanes)
{
    free(lanes->lane);
    *lanes = (struct rog_shape_lanes){0};
}
