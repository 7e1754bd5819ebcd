/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SLOTS_H
#define ROG_SIM_SLOTS_H

/* Messages in flight: buffers of one size, which are reused. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_slot {
    uint8_t *data; /* [bytes of the pool] */
    size_t size;
    size_t wire_bytes;
    uint64_t order;     /* set by the user */
    uint32_t next_free; /* index + 1; 0: none */
    uint32_t next;      /* the same, in a list */
};

/* Slots in use, in the order in which they were appended. Zero-initialize. */
struct rog_slot_list {
    uint32_t first, last; /* index + 1; 0: none */
};

struct rog_slots {
    size_t bytes; /* size of each buffer; set before the first use */
    struct rog_slot *items;
    uint32_t count, room;
    uint32_t first_free; /* index + 1; 0: none */
};

void rog_slots_release(struct rog_slots *slots);
/* Returns an unused slot's index in *index. Only ROG_ENOMEM. */
int rog_slots_take(struct rog_slots *slots, uint32_t *index, struct rog_error *err);
void rog_slots_give(struct rog_slots *slots, uint32_t index);
/* A slot is in at most one list. */
void rog_slots_append(struct rog_slots *slots, struct rog_slot_list *list, uint32_t index);
/* Removes the first slot; false if the list is empty. */
bool rog_slots_pop(const struct rog_slots *slots, struct rog_slot_list *list, uint32_t *index);
/* Returns the wire bytes of all slots of a list. */
uint64_t rog_slots_wire_bytes(const struct rog_slots *slots, const struct rog_slot_list *list);

#endif
