/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POWER_POWER_H
#define ROG_POWER_POWER_H

/*
 * What a host draws, by its own sensors, integrated to joules.
 *
 * Kinds of sensors, in the order in which they are trusted with the host's total:
 *   ina3221  rails of a Jetson board, through hwmon (inN_input in mV, currN_input in mA) or through
 *            the iio layout of older kernels (in_powerN_input in mW). A rail that feeds the whole
 *            board (VDD_IN and the like) counts alone, otherwise all rails are added up.
 *   hwmon    any other chip that hwmon has power of (powerN_input or powerN_average in uW): INA238
 *            and its kin, the power meter of ACPI, a power supply. One that measures the whole
 *            machine, by its label or its kind, counts alone, otherwise all are added up. Those
 *            that are part of a processor or a graphics card (amdgpu, i915, ...) are listed only.
 *   battery  power_supply: power_now (uW), or voltage_now (uV) times current_now (uA). Only while
 *            it discharges is its power that of the host; a battery that does not is listed only.
 *   rapl     powercap: energy_uj, which begins again at 0 after max_energy_range_uj. "psys" counts
 *            alone, otherwise packages and dram are added up; their parts (core, uncore) are listed
 *            only.
 * Every sensor found is read; the first kind that has one that counts makes the total.
 *
 * Powers are integrated by the trapezoidal rule between samples (the published system's period is
 * ROG_POWER_PERIOD_S), counters are exact. A RAPL counter of a busy package comes round after about
 * half an hour at the earliest: longer pauses between samples lose whole rounds.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rog/error.h>

#define ROG_POWER_PERIOD_S 0.5
#define ROG_POWER_MODEL "model" /* the source where no sensor is: the device profile's watts */

struct rog_power;

struct rog_power_sensor {
    char name[64];    /* "ina3221:VDD_IN", "ina238:1-0040", "rapl:package-0", "battery:BAT0" */
    bool counts;      /* is part of the total */
    double watts;     /* at the last sample; RAPL: the mean since the one before it */
    double joules;    /* since the first sample */
    bool whole_board; /* feeds everything */
};

/* Looks for sensors under `sysfs` ("/sys"). ROG_ENOTFOUND when none counts: the message says what
 * was looked for and what could not be read, and the caller falls back to ROG_POWER_MODEL. */
int rog_power_open(struct rog_power **power, const char *sysfs, struct rog_error *err);
void rog_power_free(struct rog_power *power);

/* Reads every sensor; t_s is the time of now on any clock that only goes forward. ROG_EIO or
 * ROG_EFORMAT when a sensor that counts cannot be read, ROG_EFAILED when the battery that makes the
 * total no longer discharges: nothing is added then, and the next good sample bridges the gap. */
int rog_power_sample(struct rog_power *power, double t_s, struct rog_error *err);

/* The total since the first sample. */
double rog_power_joules(const struct rog_power *power);
/* The total at the last sample; RAPL needs two samples and gives 0 before. */
double rog_power_watts(const struct rog_power *power);
/* What makes the total: the name of the one sensor that counts, or its kind ("rapl") where several
 * do. */
const char *rog_power_source(const struct rog_power *power);

size_t rog_power_sensor_count(const struct rog_power *power);
const struct rog_power_sensor *rog_power_sensor(const struct rog_power *power, size_t index);

#endif
