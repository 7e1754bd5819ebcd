/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of events. */
#include <trainer/sim/queue.h>

#include <stdlib.h>

void rog_queue_release(struct rog_queue *queue)
{
    free(queue->items);
    *queue = (struct rog_queue){0};
}

bool rog_moment_before(struct rog_moment a, struct rog_moment b)
{
    if (a.t_s < b.t_s || a.t_s > b.t_s)
        return a.t_s < b.t_s;
    return a.order < b.order;
}

static bool before(const struct rog_queue_item *a, const struct rog_queue_item *b)
{
    return rog_moment_before(a->at, b->at);
}

int rog_queue_put(struct rog_queue *queue, struct rog_queue_item item, struct rog_error *err)
{
    if (queue->count == queue->room) {
        size_t room = queue->room ? 2 * queue->room : 256;
        struct rog_queue_item *items = realloc(queue->items, room * sizeof *items);
        if (!items)
            return rog_fail_nomem(err);
        queue->items = items;
        queue->room = room;
    }
    size_t at = queue->count++;
    while (at) {
        size_t parent = (at - 1) / 2;
        if (!before(&item, &queue->items[parent]))
            break;
        queue->items[at] = queue->items[parent];
        at = parent;
    }
    queue->items[at] = item;
    return ROG_OK;
}

const struct rog_queue_item *rog_queue_first(const struct rog_queue *queue)
{
    return queue->count ? &queue->items[0] : NULL;
}

bool rog_queue_take(struct rog_queue *queue, struct rog_queue_item *item)
{
    if (!queue->count)
        return false;
    *item = queue->items[0];
    struct rog_queue_item last = queue->items[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count && before(&queue->items[child + 1], &queue->items[child]))
            child++;
        if (!before(&queue->items[child], &last))
            break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    queue->items[at] = last;
    return true;
}
