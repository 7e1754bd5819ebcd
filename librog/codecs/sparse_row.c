/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of which few elements travel: indices as a bitmap or as differences, and values. */
#include <librog/codecs/sparse_row.h>

#include <stdbool.h>
#include <string.h>

#include <librog/codecs/packed_values.h>

#define BITMAP 32 /* instead of a number of low bits */

/* ---- how the indices travel ---- */

struct layout {
    unsigned low;     /* bits of an index that travel as they are, or BITMAP */
    size_t low_bytes; /* of all of them */
    size_t set_bits;  /* that follow: a bitmap, or what is above the low bits */
};

static size_t bytes_for(size_t bits)
{
    return (bits + 7) / 8;
}

static struct layout layout_of(uint32_t elements, uint32_t count)
{
    struct layout best = {.low = BITMAP, .set_bits = count > 0 ? elements : 0};
    for (unsigned low = 0; low < BITMAP && count > 0; low++) {
        struct layout other = {low, bytes_for((size_t)count * low),
                               (size_t)count + ((elements - 1) >> low)};
        if (other.low_bytes + bytes_for(other.set_bits) < best.low_bytes + bytes_for(best.set_bits))
            best = other;
    }
    return best;
}

static size_t layout_bytes(const struct layout *layout)
{
    return layout->low_bytes + bytes_for(layout->set_bits);
}

/* ---- bits, the lowest of a byte first ---- */

struct bits {
    uint8_t *to; /* one of both */
    const uint8_t *from;
    uint64_t hold;
    unsigned held;
};

static inline void put_bits(struct bits *bits, uint32_t value, unsigned width)
{
    bits->hold |= (uint64_t)value << bits->held;
    for (bits->held += width; bits->held >= 8; bits->held -= 8, bits->hold >>= 8)
        *bits->to++ = (uint8_t)bits->hold;
}

static inline uint32_t get_bits(struct bits *bits, unsigned width)
{
    for (; bits->held < width; bits->held += 8)
        bits->hold |= (uint64_t)*bits->from++ << bits->held;
    uint32_t value = (uint32_t)(bits->hold & ((UINT64_C(1) << width) - 1));
    bits->hold >>= width;
    bits->held -= width;
    return value;
}

/* Walks over the bits that are set. */
struct walk {
    const uint8_t *bytes, *end;
    uint64_t word;
    size_t base; /* number of its lowest bit */
};

static struct walk walk_of(const uint8_t *bytes, size_t bits)
{
    return (struct walk){.bytes = bytes, .end = bytes + bytes_for(bits), .base = (size_t)0 - 64};
}

static inline bool next_set(struct walk *walk, size_t *bit)
{
    while (walk->word == 0) {
        size_t left = (size_t)(walk->end - walk->bytes), taken = left < 8 ? left : 8;
        if (left == 0)
            return false;
        if (taken == 8)
            for (size_t i = 0; i < 8; i++)
                walk->word |= (uint64_t)walk->bytes[i] << (8 * i);
        else
            for (size_t i = 0; i < taken; i++)
                walk->word |= (uint64_t)walk->bytes[i] << (8 * i);
        walk->bytes += taken;
        walk->base += 64;
    }
    *bit = walk->base + (size_t)__builtin_ctzll(walk->word);
    walk->word &= walk->word - 1;
    return true;
}

/* ---- indices ---- */

static void put_indices(const struct layout *layout, const uint32_t *index, uint32_t count,
                        uint8_t *bytes)
{
    bool bitmap = layout->low == BITMAP;
    unsigned low = bitmap ? 0 : layout->low;
    struct bits lows = {.to = bytes};
    uint8_t *set = bytes + layout->low_bytes;
    memset(set, 0, bytes_for(layout->set_bits));
    for (uint32_t i = 0; i < count; i++) {
        size_t bit = bitmap ? index[i] : (size_t)(index[i] >> low) + i;
        put_bits(&lows, index[i] & ((UINT32_C(1) << low) - 1), low);
        set[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
    if (lows.held > 0)
        *lows.to = (uint8_t)lows.hold;
}

/* Indices one after the other; they have been counted. */
struct reader {
    struct layout layout;
    struct walk walk;
    struct bits lows;
    uint32_t taken;
};

static struct reader reader_of(const struct layout *layout, const uint8_t *bytes)
{
    return (struct reader){.layout = *layout,
                           .walk = walk_of(bytes + layout->low_bytes, layout->set_bits),
                           .lows = {.from = bytes}};
}

static inline bool next_index(struct reader *reader, uint64_t *index)
{
    size_t bit;
    if (!next_set(&reader->walk, &bit))
        return false;
    *index = bit;
    if (reader->layout.low != BITMAP) {
        *index = (uint64_t)(bit - reader->taken) << reader->layout.low;
        *index |= get_bits(&reader->lows, reader->layout.low);
    }
    reader->taken++;
    return true;
}

static const char *check_indices(const struct rog_sparse_form *form, const struct layout *layout,
                                 uint32_t count, const uint8_t *bytes)
{
    struct reader reader = reader_of(layout, bytes);
    struct walk ones = reader.walk;
    uint64_t index, next = 0;
    size_t bit, set = 0, last = 0;
    for (; next_set(&ones, &bit); set++)
        last = bit;
    if (set != count)
        return "more or fewer indices than it says";
    if (set > 0 && last >= layout->set_bits)
        return "bits past its end";
    for (; next_index(&reader, &index); next = index + 1)
        if (index < next || index >= form->elements)
            return index < next ? "indices that do not ascend" : "an index of no element";
    return reader.lows.hold ? "bits past its end" : NULL;
}

/* ---- rows ---- */

static unsigned count_bytes(uint32_t elements)
{
    return elements <= UINT8_MAX ? 1 : elements <= UINT16_MAX ? 2 : 4;
}

static uint32_t get_count(const struct rog_sparse_form *form, const uint8_t *bytes)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < count_bytes(form->elements); i++)
        count |= (uint32_t)bytes[i] << (8 * i);
    return count;
}

size_t rog_sparse_bytes(const struct rog_sparse_form *form, uint32_t count)
{
    struct layout layout = layout_of(form->elements, count);
    return count_bytes(form->elements) + layout_bytes(&layout) +
           rog_values_bytes(count, form->bits);
}

size_t rog_sparse_scratch(uint32_t most)
{
    return (size_t)most * (sizeof(uint32_t) + sizeof(float));
}

struct rog_sparse_entries rog_sparse_entries(void *scratch, uint32_t most)
{
    return (struct rog_sparse_entries){.index = scratch, .value = (float *)scratch + most};
}

size_t rog_sparse_put(const struct rog_sparse_form *form, const struct rog_sparse_entries *entries,
                      uint8_t *bytes)
{
    uint8_t *at = bytes;
    struct layout layout = layout_of(form->elements, entries->count);
    for (unsigned i = 0; i < count_bytes(form->elements); i++)
        *at++ = (uint8_t)(entries->count >> (8 * i));
    put_indices(&layout, entries->index, entries->count, at);
    at += layout_bytes(&layout);
    rog_values_put(entries->value, entries->count, form->bits, at);
    return (size_t)(at - bytes) + rog_values_bytes(entries->count, form->bits);
}

void rog_sparse_get(const struct rog_sparse_form *form, const uint8_t *bytes,
                    struct rog_sparse_entries *entries)
{
    entries->count = get_count(form, bytes);
    bytes += count_bytes(form->elements);
    struct layout layout = layout_of(form->elements, entries->count);
    struct reader reader = reader_of(&layout, bytes);
    uint64_t index;
    for (uint32_t i = 0; i < entries->count && next_index(&reader, &index); i++)
        entries->index[i] = (uint32_t)index;
    rog_values_get(bytes + layout_bytes(&layout), entries->count, form->bits, entries->value);
}

size_t rog_sparse_check(const struct rog_sparse_form *form, uint32_t most, float limit,
                        const uint8_t *bytes, size_t size, const char **why)
{
    unsigned head = count_bytes(form->elements);
    uint32_t count = size < head ? UINT32_MAX : get_count(form, bytes);
    *why = "more elements than it may have";
    if (count > most)
        return 0;
    size_t whole = rog_sparse_bytes(form, count);
    *why = "fewer bytes than it says";
    if (size < whole)
        return 0;
    struct layout layout = layout_of(form->elements, count);
    *why = check_indices(form, &layout, count, bytes + head);
    if (!*why)
        *why = rog_values_check(bytes + head + layout_bytes(&layout), count, form->bits, limit);
    return *why ? 0 : whole;
}
