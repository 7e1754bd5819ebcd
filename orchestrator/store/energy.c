/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the energy that workers of a run have used. */
#include <orchestrator/store/energy.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/file.h>
#include <orchestrator/store/returns.h>

static const char model[] = "model"; /* source of readings that no sensor made */
#define FIRST_POINTS ((size_t)16)

/* ---- reading ---- */

struct sensors {
    char **name; /* [count] */
    size_t count;
};

/* Returns the number of a sensor, which is added if new; negative: an error. */
static int64_t number_of(struct sensors *sensors, const char *name, struct rog_error *err)
{
    for (size_t i = 0; i < sensors->count; i++)
        if (strcmp(sensors->name[i], name) == 0)
            return (int64_t)i;
    char **more = realloc(sensors->name, (sensors->count + 1) * sizeof *more);
    if (!more)
        return rog_fail_nomem(err);
    sensors->name = more;
    more[sensors->count] = rog_strdup(name);
    return more[sensors->count] ? (int64_t)sensors->count++ : rog_fail_nomem(err);
}

static void sensors_release(struct sensors *sensors)
{
    for (size_t i = 0; i < sensors->count; i++)
        free(sensors->name[i]);
    free(sensors->name);
}

static int add_point(struct rog_energy *energy, size_t *room, const struct rog_energy_point *point,
                     struct rog_error *err)
{
    if (energy->count == *room) {
        size_t twice = *room ? 2 * *room : FIRST_POINTS;
        struct rog_energy_point *more = realloc(energy->point, twice * sizeof *more);
        if (!more)
            return rog_fail_nomem(err);
        energy->point = more;
        *room = twice;
    }
    energy->point[energy->count++] = *point;
    return 0;
}

/* Drops the model's readings of workers that have a sensor. Points are by rank. */
static void drop_model(struct rog_energy *energy, int64_t model_number)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < energy->count; i = end) {
        bool measured = false;
        for (end = i; end < energy->count && energy->point[end].rank == energy->point[i].rank;
             end++)
            measured |= energy->point[end].sensor != model_number;
        for (size_t k = i; k < end; k++)
            if (!measured || energy->point[k].sensor != model_number)
                energy->point[kept++] = energy->point[k];
    }
    energy->count = kept;
}

static int by_sensor(const void *a, const void *b)
{
    const struct rog_energy_point *p = a, *q = b;
    if (p->rank != q->rank)
        return p->rank < q->rank ? -1 : 1;
    if (p->sensor != q->sensor)
        return p->sensor < q->sensor ? -1 : 1;
    return p->t < q->t ? -1 : p->t > q->t;
}

/* Makes a meter continuous that restarted from 0 together with its process. */
static void join_meters(struct rog_energy *energy, const struct rog_returns *returns)
{
    double before = 0, offset = 0;
    for (size_t i = 0; i < energy->count; i++) {
        struct rog_energy_point *point = &energy->point[i], *last = point - 1;
        if (i == 0 || point->rank != last->rank || point->sensor != last->sensor)
            offset = 0;
        else if (point->joules < before &&
                 rog_returns_restarted(returns, point->rank, last->t, point->t))
            offset += before;
        before = point->joules;
        point->joules += offset;
    }
}

/* Rows come in the order of the table's index. They are sorted only if hosts have several
 * sensors. */
int rog_energy_load(struct rog_db *db, const char *run_id, struct rog_energy *energy,
                    struct rog_error *err)
{
    *energy = (struct rog_energy){0};
    struct sensors sensors = {0};
    struct rog_returns returns;
    struct rog_query *query = NULL;
    size_t room = 0;
    int code = rog_returns_load(db, run_id, &returns, err);
    int64_t model_number = code == 0 ? number_of(&sensors, model, err) : code;
    code = model_number < 0 ? (int)model_number : 0;
    if (code == 0)
        code = rog_query_new(&query, db, err,
                             "SELECT rank, t, joules, source FROM energy"
                             " WHERE run_id = ? AND rank > 0 ORDER BY rank, t",
                             "s", run_id);
    while (code == 0 && (code = rog_query_step(query, err)) == 1) {
        const struct rog_energy_point point = {rog_query_int(query, 0),
                                               number_of(&sensors, rog_query_text(query, 3), err),
                                               rog_query_real(query, 1), rog_query_real(query, 2)};
        code = point.sensor < 0 ? (int)point.sensor : add_point(energy, &room, &point, err);
    }
    if (code == 0 && sensors.count > 1) {
        drop_model(energy, model_number);
        qsort(energy->point, energy->count, sizeof *energy->point, by_sensor);
    }
    if (code == 0)
        join_meters(energy, &returns);
    rog_query_free(query);
    rog_returns_release(&returns);
    sensors_release(&sensors);
    if (code < 0)
        rog_energy_release(energy);
    return code;
}

void rog_energy_release(struct rog_energy *energy)
{
    free(energy->point);
    *energy = (struct rog_energy){0};
}

/* ---- what was used ---- */

/* The end of the readings of the sensor whose first one is `first`. */
static size_t end_of_sensor(const struct rog_energy *energy, size_t first)
{
    const struct rog_energy_point *p = &energy->point[first];
    size_t end = first + 1;
    while (end < energy->count && energy->point[end].rank == p->rank &&
           energy->point[end].sensor == p->sensor)
        end++;
    return end;
}

/* Interpolates linearly between (t0, v0) and (t1, v1) at t. */
static double between(double t0, double v0, double t1, double v1, double t)
{
    return t1 > t0 ? v0 + (v1 - v0) * (t - t0) / (t1 - t0) : v1;
}

void rog_energy_at_each(const struct rog_energy *energy, const double *t, size_t count,
                        double *joules)
{
    size_t workers = 0;
    for (size_t k = 0; k < count; k++)
        joules[k] = 0;
    for (size_t i = 0, end; i < energy->count; i = end) {
        /* Find the pair of readings around each time. */
        double t0 = 0, j0 = 0;
        size_t k = 0;
        end = end_of_sensor(energy, i);
        for (const struct rog_energy_point *p = &energy->point[i]; p < &energy->point[end]; p++) {
            for (; k < count && p->t >= t[k]; k++)
                joules[k] += between(t0, j0, p->t, p->joules, t[k]);
            t0 = p->t;
            j0 = p->joules;
        }
        for (; k < count; k++)
            joules[k] += j0;
        workers += end == energy->count || energy->point[end].rank != energy->point[i].rank;
    }
    for (size_t k = 0; k < count; k++)
        joules[k] = workers ? joules[k] / (double)workers : (double)NAN;
}

double rog_energy_at(const struct rog_energy *energy, double t)
{
    double joules;
    rog_energy_at_each(energy, &t, 1, &joules);
    return joules;
}

double rog_energy_known_until(const struct rog_energy *energy)
{
    double until = (double)NAN;
    for (size_t i = 0, end; i < energy->count; i = end) {
        end = end_of_sensor(energy, i);
        until = fmin(until, energy->point[end - 1].t);
    }
    return until;
}

double rog_energy_mean_power(const struct rog_energy *energy, int64_t rank)
{
    double watts = (double)NAN;
    for (size_t i = 0, end; i < energy->count; i = end) {
        double most = 0, last = 0;
        end = end_of_sensor(energy, i);
        for (size_t k = i; k < end; k++) {
            most = fmax(most, energy->point[k].joules);
            last = energy->point[k].t;
        }
        if (energy->point[i].rank == rank && last > 0)
            watts = (isnan(watts) ? 0 : watts) + most / last;
    }
    return watts;
}
