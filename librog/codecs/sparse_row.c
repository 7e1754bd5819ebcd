/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of which few elements are sent: indices as a bitmap or as differences, and values. */
#include <librog/codecs/sparse_row.h>

#include <string.h>

#include <librog/codecs/packed_values.h>
#include <librog/kernels/float_bytes.h>
#include <librog/kernels/mask.h>

#define BITMAP 32 /* in place of the number of low bits */

/* ---- encoding of indices ---- */

struct layout {
    unsigned low;     /* low bits of an index that are stored as they are, or BITMAP */
    size_t low_bytes; /* bytes of the low bits of all indices */
    size_t set_bits;  /* bits that follow: a bitmap, or the high parts */
};

static size_t bytes_for(size_t bits)
{
    return (bits + 7) / 8;
}

static size_t layout_bytes(const struct layout *layout)
{
    return layout->low_bytes + bytes_for(layout->set_bits);
}

static struct layout layout_of(uint32_t elements, uint32_t count)
{
    struct layout best = {.low = BITMAP, .set_bits = count > 0 ? elements : 0};
    for (unsigned low = 0; low < BITMAP && count > 0; low++) {
        struct layout other = {low, bytes_for((size_t)count * low),
                               (size_t)count + ((elements - 1) >> low)};
        if (other.low_bytes >= layout_bytes(&best))
            break; /* more low bits need even more bytes */
        if (layout_bytes(&other) < layout_bytes(&best))
            best = other;
    }
    return best;
}

/* ---- bits, the lowest of a byte first ---- */

struct bits {
    uint8_t *to; /* either `to` or `from` is used */
    const uint8_t *from, *end;
    uint64_t hold;
    unsigned held;
};

static inline void put_bits(struct bits *bits, uint32_t value, unsigned width)
{
    bits->hold |= (uint64_t)value << bits->held;
    bits->held += width;
    if (bits->held < 32)
        return;
    rog_put_number(bits->to, bits->hold, 4);
    bits->to += 4;
    bits->hold >>= 32;
    bits->held -= 32;
}

static inline uint32_t get_bits(struct bits *bits, unsigned width)
{
    if (bits->held < width) {
        size_t left = (size_t)(bits->end - bits->from), taken = left < 4 ? left : 4;
        uint64_t more =
            taken == 4 ? rog_get_float_bits(bits->from) : rog_get_number(bits->from, taken);
        bits->hold |= more << bits->held;
        bits->from += taken;
        bits->held += 8 * (unsigned)taken;
    }
    uint32_t value = (uint32_t)(bits->hold & ((UINT64_C(1) << width) - 1));
    bits->hold >>= width;
    bits->held -= width;
    return value;
}

/* Returns eight bytes as a word, or fewer at the end. */
static inline uint64_t word_at(const uint8_t *bytes, size_t size, size_t at)
{
    return size - at >= 8 ? rog_get_u64_le(bytes + at) : rog_get_number(bytes + at, size - at);
}

/* ---- indices ---- */

static void put_bitmap(const uint64_t *set, uint32_t elements, uint8_t *bytes)
{
    for (size_t i = 0; i < bytes_for(elements); i++)
        bytes[i] = (uint8_t)(set[i / 8] >> (i % 8 * 8));
}

static void put_differences(const struct layout *layout, const uint64_t *set, uint32_t elements,
                            uint8_t *bytes)
{
    struct bits lows = {.to = bytes};
    uint8_t *high = bytes + layout->low_bytes;
    uint32_t mask = (UINT32_C(1) << layout->low) - 1;
    size_t taken = 0, at = 0, size = bytes_for(layout->set_bits);
    uint64_t word = 0; /* of the high parts, at this byte */
    memset(high, 0, size);
    for (uint32_t base = 0; base < elements; base += 64) {
        for (uint64_t in = set[base / 64]; in; in &= in - 1) {
            uint32_t index = base + (uint32_t)__builtin_ctzll(in);
            size_t bit = (size_t)(index >> layout->low) + taken++;
            put_bits(&lows, index & mask, layout->low);
            if (bit / 64 * 8 > at) {
                rog_put_number(high + at, word, 8);
                at = bit / 64 * 8;
                word = 0;
            }
            word |= UINT64_C(1) << (bit % 64);
        }
    }
    rog_put_number(high + at, word, size - at < 8 ? size - at : 8);
    rog_put_number(lows.to, lows.hold, bytes_for(lows.held));
}

/* Counts the set bits of a bitmap or of the high parts; *last: the last of them. */
static size_t count_set(const uint8_t *bytes, size_t bits, size_t *last)
{
    size_t size = bytes_for(bits), count = 0;
    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = word_at(bytes, size, at);
        count += (size_t)__builtin_popcountll(word);
        if (word)
            *last = 8 * at + 63 - (size_t)__builtin_clzll(word);
    }
    return count;
}

/* Reads indices into `set`, which may be NULL. The number of set bits in the bytes has been
 * checked. */
static const char *read_differences(const struct layout *layout, const uint8_t *bytes,
                                    uint32_t elements, uint64_t *set)
{
    struct bits lows = {.from = bytes, .end = bytes + layout->low_bytes};
    const uint8_t *high = bytes + layout->low_bytes;
    size_t size = bytes_for(layout->set_bits), taken = 0;
    uint64_t next = 0;
    for (size_t at = 0; at < size; at += 8) {
        for (uint64_t in = word_at(high, size, at); in; in &= in - 1) {
            size_t bit = 8 * at + (size_t)__builtin_ctzll(in);
            uint64_t index = (uint64_t)(bit - taken++) << layout->low;
            index |= get_bits(&lows, layout->low);
            if (set)
                set[index / 64] |= UINT64_C(1) << (index % 64);
            else if (index < next || index >= elements)
                return index < next ? "indices that are not ascending" : "an index out of range";
            next = index + 1;
        }
    }
    return lows.hold ? "nonzero bits after its end" : NULL;
}

static const char *check_indices(const struct rog_sparse_form *form, const struct layout *layout,
                                 uint32_t count, const uint8_t *bytes)
{
    size_t last = 0;
    if (count_set(bytes + layout->low_bytes, layout->set_bits, &last) != count)
        return "a number of indices other than announced";
    if (count > 0 && last >= layout->set_bits)
        return "nonzero bits after its end";
    return layout->low == BITMAP ? NULL : read_differences(layout, bytes, form->elements, NULL);
}

static void get_indices(const struct rog_sparse_form *form, const struct layout *layout,
                        const uint8_t *bytes, uint64_t *set)
{
    size_t size = bytes_for(layout->set_bits);
    memset(set, 0, rog_mask_words(form->elements) * sizeof *set);
    if (layout->low != BITMAP)
        read_differences(layout, bytes, form->elements, set);
    else
        for (size_t at = 0; at < size; at += 8)
            set[at / 8] = word_at(bytes, size, at);
}

/* ---- rows ---- */

static unsigned count_bytes(uint32_t elements)
{
    return elements <= UINT8_MAX ? 1 : elements <= UINT16_MAX ? 2 : 4;
}

static uint32_t get_count(const struct rog_sparse_form *form, const uint8_t *bytes)
{
    return (uint32_t)rog_get_number(bytes, count_bytes(form->elements));
}

size_t rog_sparse_bytes(const struct rog_sparse_form *form, uint32_t count)
{
    struct layout layout = layout_of(form->elements, count);
    return count_bytes(form->elements) + layout_bytes(&layout) +
           rog_values_bytes(count, form->bits);
}

size_t rog_sparse_scratch(uint32_t elements, uint32_t most)
{
    return rog_mask_words(elements) * sizeof(uint64_t) + (size_t)most * sizeof(float);
}

struct rog_sparse_entries rog_sparse_entries(void *scratch, uint32_t elements)
{
    size_t words = rog_mask_words(elements);
    memset(scratch, 0, words * sizeof(uint64_t));
    return (struct rog_sparse_entries){.set = scratch, .value = (float *)scratch + 2 * words};
}

size_t rog_sparse_put(const struct rog_sparse_form *form, const struct rog_sparse_entries *entries,
                      uint8_t *bytes)
{
    struct layout layout = layout_of(form->elements, entries->count);
    uint8_t *at = bytes + count_bytes(form->elements);
    rog_put_number(bytes, entries->count, count_bytes(form->elements));
    if (layout.low != BITMAP)
        put_differences(&layout, entries->set, form->elements, at);
    else if (entries->count > 0)
        put_bitmap(entries->set, form->elements, at);
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
    get_indices(form, &layout, bytes, entries->set);
    rog_values_get(bytes + layout_bytes(&layout), entries->count, form->bits, entries->value);
}

size_t rog_sparse_check(const struct rog_sparse_form *form, uint32_t most, float limit,
                        const uint8_t *bytes, size_t size, const char **why)
{
    unsigned head = count_bytes(form->elements);
    uint32_t count = size < head ? UINT32_MAX : get_count(form, bytes);
    *why = "more elements than allowed";
    if (count > most)
        return 0;
    size_t whole = rog_sparse_bytes(form, count);
    *why = "fewer bytes than announced";
    if (size < whole)
        return 0;
    struct layout layout = layout_of(form->elements, count);
    *why = check_indices(form, &layout, count, bytes + head);
    if (!*why)
        *why = rog_values_check(bytes + head + layout_bytes(&layout), count, form->bits, limit);
    return *why ? 0 : whole;
}
