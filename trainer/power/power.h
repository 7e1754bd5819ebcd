/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POWER_POWER_H
#define ROG_POWER_POWER_H

/*
 * The power that a host draws, measured by its own sensors and integrated to joules.
 *
 * Kinds of sensors, in the order in which they are preferred for the host's total:
 *   ina3221  rails of a Jetson board, through hwmon (inN_input in mV, currN_input in mA) or through
 *            the iio layout of older kernels (in_powerN_input in mW). A rail that supplies the
 *            whole board (VDD_IN and the like) counts alone, otherwise all rails are added up.
 *   hwmon    any other chip with power in hwmon (powerN_input or powerN_average in uW): INA238 and
 *            similar chips, the power meter of ACPI, a power supply. One that measures the whole
 *            machine, by its label or its kind, counts alone, otherwise all are added up. Those of
 *            a processor or a graphics card (amdgpu, i915, ...) are only listed.
 *   battery  power_supply: power_now (uW), or voltage_now (uV) times current_now (uA). Its power is
 *            that of the host only while it discharges; otherwise it is only listed.
 *   rapl     powercap: energy_uj, which wraps around to 0 after max_energy_range_uj. "psys" counts
 *            alone, otherwise packages and dram are added up; their parts (core, uncore) are only
 *            listed.
 * Every sensor found is read; the first kind with a sensor that counts makes the total.
 *
 * Powers are integrated by the trapezoidal rule between samples (the published system's period is
 * ROG_POWER_PERIOD_S), counters are exact. A RAPL counter of a busy package wraps around after
 * about half an hour at the earliest: longer pauses between samples lose whole ranges.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

#define ROG_POWER_PERIOD_S 0.5
#define ROG_POWER_MODEL "model" /* source without a sensor: the device profile's watts */

struct rog_power;

struct rog_power_sensor {
    char name[64];    /* "ina3221:VDD_IN", "ina238:1-0040", "rapl:package-0", "battery:BAT0" */
    bool counts;      /* is part of the total */
    double watts;     /* at the last sample; RAPL: the mean since the previous one */
    double joules;    /* since the first sample */
    bool whole_board; /* measures the supply of the whole board */
};

/* Searches for sensors under `sysfs` ("/sys"). ROG_ENOTFOUND if none counts: the message lists what
 * was searched for and what could not be read, and the caller uses ROG_POWER_MODEL instead. */
int rog_power_open(struct rog_power **power, const char *sysfs, struct rog_error *err);
void rog_power_free(struct rog_power *power);

/* Reads every sensor; t_s is the current time by any monotonic clock. ROG_EIO or ROG_EFORMAT if a
 * sensor that counts cannot be read, ROG_EFAILED if the battery that makes the total no longer
 * discharges: then nothing is added, and the next good sample covers the gap. */
int rog_power_sample(struct rog_power *power, double t_s, struct rog_error *err);

/* Returns the total since the first sample. */
double rog_power_joules(const struct rog_power *power);
/* Returns the total at the last sample; RAPL needs two samples and returns 0 before. */
double rog_power_watts(const struct rog_power *power);
/* Returns the source of the total: the name of the only sensor that counts, or the kind ("rapl") of
 * several. */
const char *rog_power_source(const struct rog_power *power);

size_t rog_power_sensor_count(const struct rog_power *power);
const struct rog_power_sensor *rog_power_sensor(const struct rog_power *power, size_t index);

#endif
