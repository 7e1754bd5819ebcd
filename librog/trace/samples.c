/* SPDX-License-Identifier: Apache-2.0 */
/* Collects and sorts rows of recordings. */
#include <librog/trace/samples.h>

#include <math.h>
#include <stdlib.h>

int rog_trace_samples_add(struct rog_trace_samples *samples, struct rog_trace_sample sample,
                          struct rog_error *err)
{
    if (samples->count == samples->room) {
        size_t room = samples->room ? 2 * samples->room : 1024;
        struct rog_trace_sample *item = realloc(samples->item, room * sizeof *item);
        if (!item)
            return rog_fail_nomem(err);
        samples->item = item;
        samples->room = room;
    }
    samples->item[samples->count++] = sample;
    return ROG_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct rog_trace_sample *p = a, *q = b;
    if (p->at_s != q->at_s)
        return p->at_s < q->at_s ? -1 : 1;
    return (p->line > q->line) - (p->line < q->line);
}

uint32_t rog_trace_samples_sort(struct rog_trace_samples *samples)
{
    uint32_t late = 0;
    double last_s = -INFINITY;
    for (size_t i = 0; i < samples->count; i++) {
        late += samples->item[i].at_s < last_s;
        last_s = fmax(last_s, samples->item[i].at_s);
    }
    if (late)
        qsort(samples->item, samples->count, sizeof *samples->item, by_time);
    return late;
}

void rog_trace_samples_release(struct rog_trace_samples *samples)
{
    free(samples->item);
    *samples = (struct rog_trace_samples){0};
}
