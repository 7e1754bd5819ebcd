/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROBE_PROBE_H
#define ROG_PROBE_PROBE_H

/*
 * How much gets through between a server and its workers over time, measured by short trains of
 * datagrams (train.h), one at a time: first one up, then one down for each worker, round by round.
 * On a channel that all share, a rate is then what one worker has of it alone.
 *
 * Each end has a folder of its own that only its user may read, with
 *   key          the recording's token, 32 hexadecimal digits
 *   lease        touched by who wants the recording: on the server rogctl, on a worker the process
 *                itself as long as it hears from the server
 * and writes there
 *   state.json   as a host's supervisor does (host/host.h), whose lock it holds: so
 *                `rog-trainer host --folder F --stop` ends it and removes the folder. A worker
 *                removes its own when the server says that the recording is over; both do when the
 *                lease has run out
 *   samples.csv  the server: a row for each look at a link (librog/trace/measured.h). Of one that
 *                is down, or through which a train did not come within half a second, the rates are
 *                0; the row of rank 0 at the end has what all looks took together
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>

#define ROG_PROBE_SAMPLES "samples.csv"
#define ROG_PROBE_MAX_WORKERS 1000

struct rog_probe_options {
    const char *folder;
    const char *address; /* the server: where to listen; a worker: where the server is */
    uint32_t workers;    /* the server: how many there are */
    uint32_t rank;       /* a worker: which it is, from 1 */
    double seconds;      /* the server: how long; 0: until it is ended */
    double period_s;     /* from one round to the next, at least */
    double load;         /* share of the time in which trains may be on the way, all together */
    double train_s;      /* how long a train is sent */
    double lease_s;
};

/* Both return when the recording is over, or they are told to end (SIGTERM, SIGINT, SIGHUP), which
 * is no error. Change the current folder and the signal mask of the process. ROG_EFAILED: the
 * lease has run out; ROG_EINVAL, ROG_EBUSY, ROG_EIO. */
int rog_probe_serve(const struct rog_probe_options *options, struct rog_error *err);
int rog_probe_work(const struct rog_probe_options *options, struct rog_error *err);

#endif
