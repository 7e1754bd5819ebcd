/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POWER_HEALTH_H
#define ROG_POWER_HEALTH_H

/*
 * The state of a host: charge, temperature, throttling, traffic, from the kernel's sysfs.
 *
 *   battery    power_supply of type Battery that is the host's own: capacity (percent), otherwise
 *              energy_now / energy_full or charge_now / charge_full; the mean of several
 *   celsius    the hottest thermal zone; if there is none, the hottest sensor of hwmon. Readings
 *              that are impossible for a running device are ignored, and so is the zone PMIC-Die of
 *              Jetson boards, which always reports 100 degrees
 *   throttled  a cooling device that slows processors down (thermal-cpufreq, cpufreq-cpu0,
 *              devfreq-..., Processor, cpu-throttle-alert, ...) is active, not just a fan; or, on a
 *              Raspberry Pi, the firmware reports it: one of the bits 0 to 3 of get_throttled
 *              (under-voltage, capped, throttled, soft limit of temperature)
 */

#include <stdbool.h>

#include <rog/error.h>

struct rog_health {
    double battery;    /* 0..1; NaN if there is none */
    double celsius;    /* NaN if unknown */
    bool can_throttle; /* false if nothing reports throttling */
    bool throttled;
};

/* Reads everything under `sysfs` ("/sys"); values that cannot be read are unknown. ROG_ENOMEM,
 * ROG_EIO a folder that cannot be listed. */
int rog_health_read(const char *sysfs, struct rog_health *health, struct rog_error *err);

/* Returns the bytes that a network interface has sent and received since it was created. False if
 * no interface has this name. */
bool rog_health_traffic(const char *sysfs, const char *iface, double *sent, double *received);

#endif
