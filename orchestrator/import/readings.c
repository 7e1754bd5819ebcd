/* SPDX-License-Identifier: Apache-2.0 */
/* Collects and sorts rows of values. */
#include <orchestrator/import/readings.h>

#include <math.h>
#include <stdlib.h>

#define ROOM ((size_t)1024)

int rog_readings_add(struct rog_readings *readings, const struct rog_reading *reading,
                     struct rog_error *err)
{
    if (readings->count % ROOM == 0) {
        void *more = realloc(readings->item, (readings->count + ROOM) * sizeof *readings->item);
        if (!more)
            return rog_fail_nomem(err);
        readings->item = more;
    }
    readings->item[readings->count++] = *reading;
    return ROG_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct rog_reading *p = a, *q = b;
    if (p->t != q->t)
        return p->t < q->t ? -1 : 1;
    return (p->line > q->line) - (p->line < q->line);
}

int64_t rog_readings_sort(struct rog_readings *readings)
{
    int64_t late = 0;
    double last = -INFINITY;
    for (size_t i = 0; i < readings->count; i++) {
        late += readings->item[i].t < last;
        last = fmax(last, readings->item[i].t);
    }
    if (late)
        qsort(readings->item, readings->count, sizeof *readings->item, by_time);
    return late;
}

int rog_readings_growing(const struct rog_readings *readings, bool *kept)
{
    /* end[k]: the smallest last row of any growing sequence of k + 1 rows; before[i]: the row
     * before row i in its sequence. */
    size_t *end = calloc(2 * readings->count + 1, sizeof *end), count = 0;
    if (!end)
        return ROG_ENOMEM;
    size_t *before = end + readings->count;
    for (size_t i = 0; i < readings->count; i++) {
        size_t low = 0, high = count; /* searches for the first end that is greater */
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (readings->item[end[middle]].value <= readings->item[i].value)
                low = middle + 1;
            else
                high = middle;
        }
        before[i] = low ? end[low - 1] : i;
        end[low] = i;
        count += low == count;
    }
    for (size_t k = count, i = count ? end[count - 1] : 0; k-- > 0; i = before[i])
        kept[i] = true;
    free(end);
    return ROG_OK;
}

void rog_readings_release(struct rog_readings *readings)
{
    free(readings->item);
    *readings = (struct rog_readings){0};
}
