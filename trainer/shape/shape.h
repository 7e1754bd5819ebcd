/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_SHAPE_H
#define ROG_SHAPE_SHAPE_H

/*
 * Replays bandwidth traces on a network interface with the kernel's traffic control (tc).
 *
 * On a worker both directions of its interface follow the trace: outgoing packets by a tbf at the
 * interface's root, incoming ones by an ifb device (ingress qdisc, u32 filter, mirred) with its own
 * tbf. If the kernel has no ifb, the worker shapes only egress, and the server shapes the other
 * direction: on its interface an htb with one class for each worker's address, with a tbf inside;
 * other traffic is not affected.
 *
 * A rate of 0 becomes 8 bit/s, the minimum of tbf, with a queue that holds what arrives: at most
 * one frame is sent at the time of the change, then one byte per second. Because packets are kept
 * and not dropped, TCP continues as soon as the rate is back; tbf, which sleeps then, is woken up
 * by one small frame of ours (Ethernet type 0x88B5, addressed to the interface itself).
 *
 * Without root all commands that change something are run by `sudo -n`: tc, and ip for the ifb
 * devices (docs/cluster-setup.md has the lines for sudoers). Users do not see each other's locks.
 *
 * One child process, `tc -batch`, applies all changes and answers all queries for counters; no
 * process is started for a change. Before anything is changed a guard process is forked that holds
 * the other end of a pipe: when this process ends for any reason, the guard restores the interface.
 * The state of a shaped interface (its previous state, the process that shapes) is kept in
 * ROG_SHAPE_STATE_DIR, one file per interface, locked by the process that shapes. If a power
 * failure or a kill -9 of both processes leaves qdiscs behind, they are found by that file and by
 * the handle ROG_SHAPE_HANDLE, and removed by rog_shape_restore or by the next replay.
 */

#include <stdbool.h>

#include <rog/error.h>
#include <trainer/shape/options.h>

/*
 * Shapes until the end and restores the interface. ROG_EINVAL: no such interface, a qdisc of
 * another program on it, or no permission to change it; ROG_ENOTFOUND: no tc, ip or sudo;
 * ROG_EBUSY: another process shapes it already; ROG_EFAILED: the kernel lacks a feature, or
 * rejected a change. The interface is restored in any case, or the message says that it is not. The
 * caller must ignore SIGPIPE (tc may exit early).
 */
int rog_shape_replay(const struct rog_shape_options *options, struct rog_shape_summary *summary,
                     struct rog_error *err);

/* Removes what a replay has left on the interface that was killed together with its guard. A
 * running replay is not affected; a missing interface is not an error. */
int rog_shape_clean(const char *iface, struct rog_error *err);

/* Ends a replay that runs on the interface, and removes what one has left there. *found (may be
 * NULL) is set to whether there was anything. */
int rog_shape_restore(const char *iface, bool *found, struct rog_error *err);

/* What can be shaped here. Tested on a device created for the purpose, not on `iface`. */
struct rog_shape_probe {
    bool tools;     /* tc and ip are installed */
    bool permitted; /* devices may be created and changed */
    bool tbf, htb, u32, ifb, mirred;
    bool exists;       /* the interface exists */
    bool left_over;    /* a replay's qdiscs are on it */
    char obstacle[64]; /* kind of a qdisc of another program that prevents shaping; "" if there
                          is none */
    bool egress, ingress, downlink; /* the resulting abilities for this interface */
};
int rog_shape_probe(const char *iface, struct rog_shape_probe *probe, struct rog_error *err);

#endif
