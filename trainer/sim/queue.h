/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_QUEUE_H
#define ROG_SIM_QUEUE_H

/* Events in order of virtual time; those of the same time in an order that the user gives, so that
 * a run is repeatable. A binary heap. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_moment {
    double t_s;
    uint64_t order; /* among those of the same time */
};
bool rog_moment_before(struct rog_moment a, struct rog_moment b);

struct rog_queue_item {
    struct rog_moment at;
    uint32_t kind; /* the rest belongs to the user */
    uint32_t worker;
    uint32_t slot;
};

/* Zero-initialize. */
struct rog_queue {
    struct rog_queue_item *items;
    size_t count, room;
};

void rog_queue_release(struct rog_queue *queue);
/* Only ROG_ENOMEM. */
int rog_queue_put(struct rog_queue *queue, struct rog_queue_item item, struct rog_error *err);
/* Returns the next item, valid until an item is added or taken; NULL if the queue is empty. */
const struct rog_queue_item *rog_queue_first(const struct rog_queue *queue);
/* Removes the next item; false if the queue is empty. */
bool rog_queue_take(struct rog_queue *queue, struct rog_queue_item *item);

#endif
