/* SPDX-License-Identifier: Apache-2.0 */
/* A processor's jobs, which share its time evenly. */
#include <trainer/sim/processor.h>

#include <assert.h>
#include <float.h>
#include <stdlib.h>

void rog_processor_release(struct rog_processor *processor)
{
    free(processor->jobs);
    *processor = (struct rog_processor){0};
}

/* Gives every job its share of the time until now_s. */
static void advance(struct rog_processor *processor, double now_s)
{
    double share_s = processor->count ? (now_s - processor->at_s) / processor->count : 0;
    for (uint32_t i = 0; i < processor->count; i++) {
        double left_s = processor->jobs[i].left_s - share_s;
        processor->jobs[i].left_s = left_s > 0 ? left_s : 0;
    }
    processor->at_s = now_s;
    processor->change++;
}

/* Returns the job with the least work left; of equal ones the oldest. */
static uint32_t next_job(const struct rog_processor *processor)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < processor->count; i++)
        if (processor->jobs[i].left_s < processor->jobs[next].left_s)
            next = i;
    return next;
}

static int make_room(struct rog_processor *processor, struct rog_error *err)
{
    if (processor->count < processor->room)
        return ROG_OK;
    uint32_t room = processor->room ? 2 * processor->room : 16;
    struct rog_processor_job *jobs = realloc(processor->jobs, room * sizeof *jobs);
    if (!jobs)
        return rog_fail_nomem(err);
    processor->jobs = jobs;
    processor->room = room;
    return ROG_OK;
}

void rog_processor_archive(struct rog_processor *processor, uint32_t owners,
                           struct rog_archive *archive)
{
    uint32_t count = processor->count;
    rog_archive_real(archive, &processor->at_s);
    rog_archive_u32(archive, &processor->change);
    rog_archive_count(archive, &count, sizeof processor->jobs->left_s, "jobs of the server");
    for (uint32_t i = 0; i < count && !rog_archive_failed(archive); i++) {
        struct rog_processor_job job = {0};
        if (!archive->loading)
            job = processor->jobs[i];
        rog_archive_number(archive, &job.owner, owners - 1, "the worker of a job");
        rog_archive_within(archive, &job.left_s, 0, DBL_MAX, "the remainder of a job");
        if (!archive->loading || rog_archive_failed(archive))
            continue;
        if (make_room(processor, NULL))
            rog_archive_nomem(archive);
        else
            processor->jobs[processor->count++] = job;
    }
}

int rog_processor_add(struct rog_processor *processor, double now_s, uint32_t owner, double work_s,
                      struct rog_error *err)
{
    int code = make_room(processor, err);
    if (code)
        return code;
    advance(processor, now_s);
    processor->jobs[processor->count++] =
        (struct rog_processor_job){.owner = owner, .left_s = work_s};
    return ROG_OK;
}

bool rog_processor_next(const struct rog_processor *processor, double *end_s)
{
    if (!processor->count)
        return false;
    *end_s = processor->at_s + processor->count * processor->jobs[next_job(processor)].left_s;
    return true;
}

uint32_t rog_processor_take(struct rog_processor *processor, double now_s)
{
    assert(processor->count);
    uint32_t done = next_job(processor);
    advance(processor, now_s);
    uint32_t owner = processor->jobs[done].owner;
    processor->count--;
    for (uint32_t i = done; i < processor->count; i++)
        processor->jobs[i] = processor->jobs[i + 1];
    return owner;
}
