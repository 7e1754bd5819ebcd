/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_SLOTS_H
#define ROG_SIM_SLOTS_H

/* Messages on their way: buffers of one size, used again and again. */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_slot {
    uint8_t *data; /* [bytes of the pool] */
    size_t size;
    size_t wire_bytes;
    uint32_t next_free;
    uint32_t next_held; /* index + 1; 0: none. The user's */
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

#endif
