/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_HOST_METER_H
#define ROG_HOST_METER_H

/* Energy measured by the host's own sensors, reported as events of the run. */

#include <stdbool.h>

#include <rog/error.h>
#include <trainer/host/journal.h>
#include <trainer/power/power.h>

struct rog_host_meter {
    struct rog_power *power; /* NULL if there is no sensor */
    bool begun;
    double next_sample_s, next_event_s; /* by CLOCK_MONOTONIC */
};

/* Searches for sensors. It is not an error if there is none. */
int rog_host_meter_open(struct rog_host_meter *meter, const char *sysfs,
                        const struct rog_host_journal *journal, struct rog_error *err);
void rog_host_meter_close(struct rog_host_meter *meter);

/* Samples and reports what is due once the run has started; `last`: the run has ended; reports
 * everything measured. ROG_EFAILED: a sensor failed; the meter is closed, and *joules is what it
 * has measured; ROG_EIO, ROG_ENOMEM: the journal's. */
int rog_host_meter_read(struct rog_host_meter *meter, const struct rog_host_journal *journal,
                        bool last, double *joules, struct rog_error *err);

#endif
