/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POWER_HEALTH_H
#define ROG_POWER_HEALTH_H

/*
 * How a host is: charge, temperature, throttling, traffic, as the kernel tells them in sysfs.
 *
 *   battery    power_supply of type Battery that is the host's own: capacity (percent), else
 *              energy_now / energy_full or charge_now / charge_full; the mean of several
 *   celsius    the hottest thermal zone; where there is none, the hottest sensor of hwmon. Left out
 *              are readings that no running device has, and the zone PMIC-Die of Jetson boards,
 *              which says 100 degrees always
 *   throttled  a cooling device that slows processors down (thermal-cpufreq, cpufreq-cpu0,
 *              devfreq-..., Processor, cpu-throttle-alert, ...) is at work, not one that only
 *              blows; or, on a Raspberry Pi, the firmware says so: one of the bits 0 to 3 of
 *              get_throttled (under-voltage, capped, throttled, soft limit of temperature)
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_health {
    double battery;    /* 0..1; NaN: there is none */
    double celsius;    /* NaN: not known */
    bool can_throttle; /* false: nothing tells about it */
    bool throttled;
};

/* Reads all that is there under `sysfs` ("/sys"); what cannot be read is not known. ROG_ENOMEM,
 * ROG_EIO a folder that cannot be listed. */
int rog_health_read(const char *sysfs, struct rog_health *health, struct rog_error *err);

/* Bytes that a network interface has sent and received since it was made. False: there is none of
 * that name. */
bool rog_health_traffic(const char *sysfs, const char *iface, double *sent, double *received);

#endif
