/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_STORE_ENERGY_H
#define ROG_STORE_ENERGY_H

/*
 * The energy that workers of a run have used. Several sensors of a host, each of which counts from
 * its own start, add up; readings of the power model count only for workers without a sensor.
 */

#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/db.h>

struct rog_energy_point {
    int64_t rank;
    int64_t sensor; /* each sensor of a rank has its own number */
    double t;       /* s */
    double joules;  /* since the run's start */
};
struct rog_energy {
    struct rog_energy_point *point; /* by rank, sensor, then t */
    size_t count;
};

/* Reads all readings of the run's workers. Release it in any case. */
int rog_energy_load(struct rog_db *db, const char *run_id, struct rog_energy *energy,
                    struct rog_error *err);
void rog_energy_release(struct rog_energy *energy);

/* Joules used until t: the mean over workers of the sums over their sensors. Linear between
 * readings, from 0 J at 0 s; constant after a sensor's last reading. NaN without readings. */
double rog_energy_at(const struct rog_energy *energy, double t);
/* The same at `count` ascending times. */
void rog_energy_at_each(const struct rog_energy *energy, const double *t, size_t count,
                        double *joules);

/* The time until which the energy of every worker is known, s; NaN without readings. */
double rog_energy_known_until(const struct rog_energy *energy);

/* Mean power of one worker, W: of each of its sensors the largest reading by the time of its last
 * reading. NaN without readings. */
double rog_energy_mean_power(const struct rog_energy *energy, int64_t rank);

#endif
