/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_HEALTH_H
#define ROG_HOST_HEALTH_H

/* How the host and its link are, as events of the run. */

#include <stdbool.h>

#include <net/if.h>

#include <rog/error.h>
#include <trainer/host/journal.h>
#include <trainer/host/spec.h>
#include <trainer/power/health.h>

struct rog_host_health {
    const char *sysfs;       /* borrowed */
    char iface[IF_NAMESIZE]; /* of the training's traffic; "": not known */
    double next_s;           /* when to look again, by CLOCK_MONOTONIC */
    double said_s;           /* when an event was written last */
    double counted_s;        /* when traffic was counted last; 0: never */
    double sent, received;   /* bytes then */
    double up, down;         /* Mbit/s up to then; NaN: not known */
    char *said;              /* the last event's body as text; NULL: none yet */
};

/* The interface is the one that the specification names, or else that by which a worker reaches the
 * server. */
void rog_host_health_open(struct rog_host_health *health, const struct rog_host_spec *spec);
void rog_host_health_close(struct rog_host_health *health);

/* Looks and reports what is due: all that has changed, and now and then that all is as it was, so
 * that whoever reads the stream knows that the host lives. `last`: it is over, whatever there is is
 * reported. Errors are the journal's. */
int rog_host_health_tell(struct rog_host_health *health, const struct rog_host_journal *journal,
                         bool last, struct rog_error *err);

#endif
