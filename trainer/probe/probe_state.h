/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_PROBE_STATE_H
#define ROG_PROBE_PROBE_STATE_H

/* State of both ends of a probe: folder, socket, signals, lease. */

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
    bool stopped;      /* a signal was received */
    bool lease_is_out; /* the recording is no longer needed */
};
#define ROG_PROBE_NONE \
    ((struct rog_probe){.socket = ROG_PROBE_SOCKET_NONE, .lock = -1, .signals = -1})

/* Enters the folder, locks it, opens the socket. */
int rog_probe_open(struct rog_probe *probe, const struct rog_probe_options *options, bool listens,
                   struct rog_error *err);
/* Writes the outcome and closes the probe. Removes the folder if nobody will read it: if `over`, or
 * if the lease has expired. */
void rog_probe_close(struct rog_probe *probe, int code, const struct rog_error *why, bool over);

/* Waits until something can be received, or sent if to_send, but not longer than until until_s. */
void rog_probe_wait(struct rog_probe *probe, double until_s, bool to_send);
/* Returns ROG_EFAILED if the lease has expired. */
int rog_probe_check(struct rog_probe *probe, struct rog_error *err);

#endif
