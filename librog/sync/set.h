/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SET_H
#define ROG_SYNC_SET_H

/* A set of row or tensor numbers 0 .. size - 1, one bit each; iterating over it gives ascending
 * order. */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>

struct rog_set {
    uint64_t *words;
    uint32_t size;  /* numbers it can hold */
    uint32_t count; /* numbers it holds */
};

int rog_set_init(struct rog_set *set, uint32_t size, struct rog_error *err);
void rog_set_release(struct rog_set *set);
/* Archives the members; the size must be the same. */
void rog_set_archive(struct rog_set *set, struct rog_archive *archive);
void rog_set_clear(struct rog_set *set);
void rog_set_fill(struct rog_set *set);

/* Writes all members, ascending, to `list`, which must have room for them; returns their number. */
uint32_t rog_set_list(const struct rog_set *set, uint32_t *list);

/* Returns how many runs of consecutive numbers the members form. */
uint32_t rog_set_runs(const struct rog_set *set);

/* Returns the smallest member >= from, or set->size if there is none. */
uint32_t rog_set_next(const struct rog_set *set, uint32_t from);
/* Returns the smallest number >= from that is not a member, or set->size if there is none. */
uint32_t rog_set_next_absent(const struct rog_set *set, uint32_t from);

static inline bool rog_set_has(const struct rog_set *set, uint32_t number)
{
    return set->words[number / 64] >> (number % 64) & 1;
}

/* Returns false if the number was already a member. */
static inline bool rog_set_add(struct rog_set *set, uint32_t number)
{
    if (rog_set_has(set, number))
        return false;
    set->words[number / 64] |= UINT64_C(1) << (number % 64);
    set->count++;
    return true;
}

static inline void rog_set_remove(struct rog_set *set, uint32_t number)
{
    if (!rog_set_has(set, number))
        return;
    set->words[number / 64] &= ~(UINT64_C(1) << (number % 64));
    set->count--;
}

#endif
