/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_PROBE_H
#define ROG_PROBE_PROBE_H

/*
 * Measures the rates between a server and its workers over time with short trains of datagrams
 * (train.h), one at a time: for each worker a train up, then one down, round by round. On a shared
 * channel a rate is then the one that a worker gets alone.
 *
 * Each end has its own folder, which only its user can read, with
 *   key          the recording's token, 32 hexadecimal digits
 *   lease        touched as long as the recording is needed: on the server by rogctl, on a worker
 *                by the process itself as long as it receives something from the server
 * and writes there
 *   state.json   like a host's supervisor (host/host.h), whose lock it holds: so `rog-trainer host
 *                --folder F --stop` ends it and removes the folder. A worker removes its own when
 *                the server ends the recording; both do when the lease has expired
 *   samples.csv  the server: a row for each measurement of a link (librog/trace/measured.h). If a
 *                link is down, or no part of a train has arrived for half a second, the rates are
 *                0; the row of rank 0 at the end has the total effort of all measurements
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_PROBE_SAMPLES "samples.csv"
#define ROG_PROBE_MAX_WORKERS 1000

struct rog_probe_options {
    const char *folder;
    const char *address; /* the server: address to listen on; a worker: the server's address */
    uint32_t workers;    /* the server: number of workers */
    uint32_t rank;       /* a worker: its rank, from 1 */
    double seconds;      /* the server: duration; 0: until it is ended */
    double period_s;     /* minimum time between the starts of two rounds */
    double load;         /* maximum share of the time in which trains are in flight, over all
                            workers */
    double train_s;      /* duration of sending a train */
    double lease_s;
};

/* Run one end. Both return when the recording has ended, or when they are told to end (SIGTERM,
 * SIGINT, SIGHUP), which is not an error. They change the current folder and the signal mask of the
 * process. ROG_EFAILED: the lease has expired; ROG_EINVAL, ROG_EBUSY, ROG_EIO. */
int rog_probe_serve(const struct rog_probe_options *options, struct rog_error *err);
int rog_probe_work(const struct rog_probe_options *options, struct rog_error *err);

#endif
