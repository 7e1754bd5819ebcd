/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_QUEUE_H
#define ROG_SIM_QUEUE_H

/* Events in order of virtual time; those of the same time in the order in which they were put in,
 * so that a run is the same each time. A binary heap. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_queue_item {
    double t_s;
    uint64_t sequence; /* set by rog_queue_put */
    uint32_t kind;     /* the rest is the user's */
    uint32_t worker;
    uint32_t slot;
};

struct rog_queue {
    struct rog_queue_item *items;
    size_t count, room;
    uint64_t sequence;
};

void rog_queue_release(struct rog_queue *queue);
/* Only ROG_ENOMEM. */
int rog_queue_put(struct rog_queue *queue, struct rog_queue_item item, struct rog_error *err);
/* False when it is empty. */
bool rog_queue_take(struct rog_queue *queue, struct rog_queue_item *item);

#endif
