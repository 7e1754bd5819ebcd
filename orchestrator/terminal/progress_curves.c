/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the test results of the jobs that are shown. */
#include <orchestrator/terminal/progress_curves.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/store/summary.h>

#define AGAIN_S 2.0

struct curve {
    char *run_id;
    double accuracy; /* the job's accuracy when the results were read */
    bool is_over;
    double read_s; /* time of reading */
    double *result;
    size_t results;
};

struct rog_curves {
    struct curve *curve; /* by index of the job */
    size_t count;
};

struct rog_curves *rog_curves_new(void)
{
    return calloc(1, sizeof(struct rog_curves));
}

static void release(struct curve *curve)
{
    free(curve->run_id);
    free(curve->result);
    *curve = (struct curve){0};
}

void rog_curves_free(struct rog_curves *curves)
{
    for (size_t i = 0; curves && i < curves->count; i++)
        release(&curves->curve[i]);
    if (curves)
        free(curves->curve);
    free(curves);
}

static bool make_room(struct rog_curves *curves, size_t count)
{
    if (count <= curves->count)
        return true;
    struct curve *more = realloc(curves->curve, count * sizeof *more);
    if (!more)
        return false;
    memset(more + curves->count, 0, (count - curves->count) * sizeof *more);
    curves->curve = more;
    curves->count = count;
    return true;
}

/* Loads results; a curve that cannot be read is not drawn. */
static void load(struct curve *curve, struct rog_db *db, const struct rog_fleet_job *job)
{
    struct rog_accuracy accuracy;
    release(curve);
    curve->run_id = rog_strdup(job->run_id);
    curve->accuracy = job->accuracy;
    curve->is_over = rog_fleet_job_is_over(job);
    curve->read_s = rog_clock_s();
    if (!curve->run_id || rog_accuracy_load(db, job->run_id, &accuracy, NULL) < 0)
        return;
    curve->result = calloc(accuracy.count + 1, sizeof *curve->result);
    for (size_t i = 0; curve->result && i < accuracy.count; i++)
        if (isfinite(accuracy.point[i].percent))
            curve->result[curve->results++] = accuracy.point[i].percent;
    rog_accuracy_release(&accuracy);
}

/* Returns whether the results are up to date. A new test usually changes the last result, but the
 * result may be equal to the previous one, so they are read again after some time. */
static bool is_fresh(const struct curve *curve, const struct rog_fleet_job *job)
{
    return curve->run_id && strcmp(curve->run_id, job->run_id) == 0 &&
           fabs(curve->accuracy - job->accuracy) <= 0 &&
           (curve->is_over || rog_clock_s() - curve->read_s < AGAIN_S) &&
           curve->is_over == rog_fleet_job_is_over(job);
}

const double *rog_curves_of(struct rog_curves *curves, struct rog_db *db,
                            const struct rog_fleet_job *jobs, size_t index, size_t *count)
{
    const struct rog_fleet_job *job = &jobs[index];
    *count = 0;
    if (!curves || !db || isnan(job->accuracy) || !make_room(curves, index + 1))
        return NULL;
    struct curve *curve = &curves->curve[index];
    if (!is_fresh(curve, job))
        load(curve, db, job);
    *count = curve->results;
    return curve->result;
}
