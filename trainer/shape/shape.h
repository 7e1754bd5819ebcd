/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_SHAPE_H
#define ROG_SHAPE_SHAPE_H

/*
 * Replays bandwidth traces on a network interface with the kernel's traffic control (tc).
 *
 * On a worker both directions of its interface get the trace: what it sends through a tbf at the
 * interface's root, what it receives through an ifb device (ingress qdisc, u32 filter, mirred)
 * with a tbf of its own. Where the kernel has no ifb, the worker shapes egress alone and the server
 * shapes the other direction: on its interface an htb with one class for each worker's address, a
 * tbf inside; other traffic is not touched.
 *
 * A rate of 0 becomes 8 bit/s, the smallest that tbf has, with a queue that holds what arrives: at
 * most one frame slips out at the moment of the change, then a byte a second. Because packets are
 * kept and not dropped, TCP goes on as soon as the rate is back; tbf, which then sleeps, is woken
 * up by one small frame of ours (Ethernet type 0x88B5, addressed to the interface itself).
 *
 * Without root all that changes something is run by `sudo -n`: tc, and ip for the ifb devices
 * (docs/cluster-setup.md has the lines for sudoers). Users do not see each other's locks.
 *
 * One `tc -batch` child applies all steps and answers all questions about counters; no process is
 * started for a step. Before anything is changed a guard process is forked that holds the other
 * end of a pipe: when this process ends, however it ends, the guard puts the interface back as it
 * was. The state of a shaped interface (what was there before, who shapes) lies in
 * ROG_SHAPE_STATE_DIR, one file an interface, locked by whoever shapes. What a power cut or a
 * kill -9 of both processes leaves is found by that file and by the handle ROG_SHAPE_HANDLE, and
 * removed by rog_shape_restore or by the next replay.
 */

#include <stdbool.h>

#include <rog/error.h>
#include <trainer/shape/options.h>

/*
 * Shapes until the end and puts the interface back. Errors: ROG_EINVAL no such interface, a qdisc
 * of somebody else on it, no right to change it; ROG_ENOTFOUND no tc, ip or sudo;
 * ROG_EBUSY somebody shapes it already; ROG_EFAILED the kernel lacks something, or refused a
 * change. The interface is as before in any case, or the message says that it is not.
 * The caller ignores SIGPIPE (tc may end under us).
 */
int rog_shape_replay(const struct rog_shape_options *options, struct rog_shape_summary *summary,
                     struct rog_error *err);

/* Removes what a replay has left on the interface that was killed together with its guard. One that
 * runs is left alone, and so is an interface that is gone. */
int rog_shape_clean(const char *iface, struct rog_error *err);

/* Ends a replay that runs on the interface, and removes what one has left there. *found (may be
 * NULL) says whether there was anything. */
int rog_shape_restore(const char *iface, bool *found, struct rog_error *err);

/* What can be shaped here. Tried out on a device made for the purpose, not on `iface`. */
struct rog_shape_probe {
    bool tools;     /* tc and ip are installed */
    bool permitted; /* devices may be made and changed */
    bool tbf, htb, u32, ifb, mirred;
    bool exists;       /* the interface */
    bool left_over;    /* a replay's qdiscs are on it */
    char obstacle[64]; /* kind of a qdisc of somebody else that is in the way, "" where there is
                          none */
    bool egress, ingress, downlink; /* what follows for this interface */
};
int rog_shape_probe(const char *iface, struct rog_shape_probe *probe, struct rog_error *err);

#endif
