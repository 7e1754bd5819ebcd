/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of message buffers, and lists of them. */
#include <trainer/sim/slots.h>

#include <stdlib.h>

void rog_slots_release(struct rog_slots *slots)
{
    for (uint32_t i = 0; i < slots->count; i++)
        free(slots->items[i].data);
    free(slots->items);
    *slots = (struct rog_slots){0};
}

int rog_slots_take(struct rog_slots *slots, uint32_t *index, struct rog_error *err)
{
    if (slots->first_free) {
        *index = slots->first_free - 1;
        slots->first_free = slots->items[*index].next_free;
        return ROG_OK;
    }
    if (slots->count == slots->room) {
        uint32_t room = slots->room ? 2 * slots->room : 64;
        struct rog_slot *items = realloc(slots->items, room * sizeof *items);
        if (!items)
            return rog_fail_nomem(err);
        slots->items = items;
        slots->room = room;
    }
    struct rog_slot slot = {.data = malloc(slots->bytes)};
    if (!slot.data)
        return rog_fail_nomem(err);
    *index = slots->count;
    slots->items[slots->count++] = slot;
    return ROG_OK;
}

void rog_slots_give(struct rog_slots *slots, uint32_t index)
{
    slots->items[index].next_free = slots->first_free;
    slots->first_free = index + 1;
}

void rog_slots_append(struct rog_slots *slots, struct rog_slot_list *list, uint32_t index)
{
    slots->items[index].next = 0;
    if (list->first)
        slots->items[list->last - 1].next = index + 1;
    else
        list->first = index + 1;
    list->last = index + 1;
}

bool rog_slots_pop(const struct rog_slots *slots, struct rog_slot_list *list, uint32_t *index)
{
    if (!list->first)
        return false;
    *index = list->first - 1;
    list->first = slots->items[*index].next;
    return true;
}

uint64_t rog_slots_wire_bytes(const struct rog_slots *slots, const struct rog_slot_list *list)
{
    uint64_t bytes = 0;
    for (uint32_t next = list->first; next; next = slots->items[next - 1].next)
        bytes += slots->items[next - 1].wire_bytes;
    return bytes;
}
