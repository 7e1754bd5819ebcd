/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_HEALTH_H
#define ROG_HOST_HEALTH_H

/* The state of the host and its link, reported as events of the run. */

#include <stdbool.h>

#include <net/if.h>

#include <rog/error.h>
#include <trainer/host/journal.h>
#include <trainer/host/spec.h>
#include <trainer/power/health.h>

struct rog_host_health {
    const char *sysfs;       /* borrowed */
    char iface[IF_NAMESIZE]; /* interface of the training's traffic; "" if unknown */
    double next_s;           /* time of the next measurement, by CLOCK_MONOTONIC */
    double said_s;           /* time of the last event */
    double counted_s;        /* time at which traffic was last counted; 0: never */
    double sent, received;   /* bytes at that time */
    double up, down;         /* Mbit/s before that time; NaN if unknown */
    char *said;              /* the body of the last event as text; NULL: none yet */
};

/* The interface is the one that the specification names, or the one by which a worker reaches the
 * server. */
void rog_host_health_open(struct rog_host_health *health, const struct rog_host_spec *spec);
void rog_host_health_close(struct rog_host_health *health);

/* Measures and reports what is due: every change, and from time to time an unchanged state, so that
 * readers of the stream know that the host is alive. `last`: the run has ended; reports everything
 * pending. Errors are the journal's. */
int rog_host_health_tell(struct rog_host_health *health, const struct rog_host_journal *journal,
                         bool last, struct rog_error *err);

#endif
