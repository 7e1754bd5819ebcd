/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SLOTS_H
#define ROG_SIM_SLOTS_H

/* Messages on their way: buffers of one size, used again and again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_slot {
    uint8_t *data; /* [bytes of the pool] */
    size_t size;
    size_t wire_bytes;
    uint64_t order;     /* the user's */
    uint32_t next_free; /* index + 1; 0: none */
    uint32_t next;      /* the same, in a list */
};

/* Slots in use, in the order in which they were appended. Zero-initialize. */
struct rog_slot_list {
    uint32_t first, last; /* index + 1; 0: none */
};

struct rog_slots {
    size_t bytes; /* of each buffer; set before the first use */
    struct rog_slot *items;
    uint32_t count, room;
    uint32_t first_free; /* index + 1; 0: none */
};

void rog_slots_release(struct rog_slots *slots);
/* An unused slot's index. Only ROG_ENOMEM. */
int rog_slots_take(struct rog_slots *slots, uint32_t *index, struct rog_error *err);
void rog_slots_give(struct rog_slots *slots, uint32_t index);
/* A slot is in one list at most. */
void rog_slots_append(struct rog_slots *slots, struct rog_slot_list *list, uint32_t index);
/* Takes the first one off; false when the list is empty. */
bool rog_slots_pop(const struct rog_slots *slots, struct rog_slot_list *list, uint32_t *index);
/* Wire bytes of all of a list. */
uint64_t rog_slots_wire_bytes(const struct rog_slots *slots, const struct rog_slot_list *list);

#endif
