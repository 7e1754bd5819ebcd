/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers, stored as bits. */
#include <librog/sync/set.h>

#include <stdlib.h>
#include <string.h>

static size_t word_count(uint32_t size)
{
    return ((size_t)size + 63) / 64;
}

int rog_set_init(struct rog_set *set, uint32_t size, struct rog_error *err)
{
    set->size = size;
    set->count = 0;
    set->words = calloc(word_count(size), sizeof *set->words);
    return set->words ? 0 : rog_fail_nomem(err);
}

void rog_set_release(struct rog_set *set)
{
    free(set->words);
    set->words = NULL;
}

void rog_set_archive(struct rog_set *set, struct rog_archive *archive)
{
    size_t words = word_count(set->size);
    rog_archive_bytes(archive, set->words, words * sizeof *set->words);
    if (!archive->loading)
        return;
    if (set->size % 64)
        set->words[words - 1] &= (UINT64_C(1) << (set->size % 64)) - 1;
    set->count = 0;
    for (size_t i = 0; i < words; i++)
        set->count += (uint32_t)__builtin_popcountll(set->words[i]);
}

void rog_set_clear(struct rog_set *set)
{
    memset(set->words, 0, word_count(set->size) * sizeof *set->words);
    set->count = 0;
}

void rog_set_fill(struct rog_set *set)
{
    for (uint32_t number = 0; number < set->size; number++)
        rog_set_add(set, number);
}

uint32_t rog_set_list(const struct rog_set *set, uint32_t *list)
{
    uint32_t count = 0;
    for (size_t index = 0; count < set->count; index++)
        for (uint64_t word = set->words[index]; word; word &= word - 1)
            list[count++] = (uint32_t)(index * 64 + (uint64_t)__builtin_ctzll(word));
    return count;
}

uint32_t rog_set_runs(const struct rog_set *set)
{
    uint32_t runs = 0;
    uint64_t before = 0; /* whether the number before the first one of the word is a member */
    for (size_t index = 0; index < word_count(set->size); index++) {
        uint64_t word = set->words[index];
        runs += (uint32_t)__builtin_popcountll(word & ~(word << 1 | before));
        before = word >> 63;
    }
    return runs;
}

/* Returns the first number >= from whose bit differs from that of `skip` (all ones or all
 * zeros). */
static uint32_t next_bit(const struct rog_set *set, uint32_t from, uint64_t skip)
{
    if (from >= set->size)
        return set->size;
    size_t index = from / 64;
    uint64_t word = (set->words[index] ^ skip) & (~UINT64_C(0) << (from % 64));
    size_t words = word_count(set->size);
    while (!word) {
        if (++index == words)
            return set->size;
        word = set->words[index] ^ skip;
    }
    uint64_t number = index * 64 + (uint64_t)__builtin_ctzll(word);
    return number < set->size ? (uint32_t)number : set->size;
}

uint32_t rog_set_next(const struct rog_set *set, uint32_t from)
{
    return next_bit(set, from, 0);
}

uint32_t rog_set_next_absent(const struct rog_set *set, uint32_t from)
{
    return next_bit(set, from, ~UINT64_C(0));
}
