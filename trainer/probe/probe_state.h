/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_PROBE_STATE_H
#define ROG_PROBE_PROBE_STATE_H

/* What both ends of a probe have: folder, socket, signals, lease. */

#include <trainer/probe/probe.h>
#include <trainer/probe/socket.h>
#include <trainer/probe/train.h>
#include <trainer/shape/lease.h>

struct rog_probe {
    const struct rog_probe_options *options;
    struct rog_probe_socket socket;
    char *folder; /* absolute */
    int lock, signals;
    struct rog_lease lease;
    bool stopped;      /* a signal has come */
    bool lease_is_out; /* nobody wants it any more */
};
#define ROG_PROBE_NONE \
    ((struct rog_probe){.socket = ROG_PROBE_SOCKET_NONE, .lock = -1, .signals = -1})

/* Enters the folder, locks it, opens the socket. */
int rog_probe_open(struct rog_probe *probe, const struct rog_probe_options *options, bool listens,
                   struct rog_error *err);
/* Writes how it went, and closes. The folder is removed where nobody will ask any more: `over`, or
 * the lease has run out. */
void rog_probe_close(struct rog_probe *probe, int code, const struct rog_error *why, bool over);

/* Waits until something can be received, or sent where that is wanted, or until then. */
void rog_probe_wait(struct rog_probe *probe, double until_s, bool to_send);
/* ROG_EFAILED where the lease has run out. */
int rog_probe_check(struct rog_probe *probe, struct rog_error *err);

#endif
