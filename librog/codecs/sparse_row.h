/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_SPARSE_ROW_H
#define ROG_CODECS_SPARSE_ROW_H

/*
 * A row of which few elements travel, by their indices and values:
 *
 *     count | indices | values (packed_values.h)
 *
 * count has as many bytes as the row's number of elements needs: 1, 2 or 4. How the indices travel
 * follows from count and elements, whichever is smaller: a bitmap of the row, or their differences
 * (P. Elias, J. ACM 1974; R. Fano, 1971): of each index the r low bits, then what is above them as
 * bits of which the one at (index >> r) + i is set for index i: r + 1 bits an index and one more
 * for every 2^r elements, with the best r. So the count of a row says how long it is.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/codec.h>

/* The elements as a mask (kernels/mask.h), and their values in order. */
struct rog_sparse_entries {
    uint64_t *set;
    float *value;
    uint32_t count;
};

/* A row with this number of elements, and values of this many bits. */
struct rog_sparse_form {
    uint32_t elements;
    unsigned bits;
};

size_t rog_sparse_bytes(const struct rog_sparse_form *form, uint32_t count);

/* The size of scratch memory for at most this many entries; and empty entries in that memory. */
size_t rog_sparse_scratch(uint32_t elements, uint32_t most);
struct rog_sparse_entries rog_sparse_entries(void *scratch, uint32_t elements);

/* Returns the number of bytes written. On return values are those that the bytes contain. */
size_t rog_sparse_put(const struct rog_sparse_form *form, const struct rog_sparse_entries *entries,
                      uint8_t *bytes);
/* The entries of a row that was checked; their memory is large enough. */
void rog_sparse_get(const struct rog_sparse_form *form, const uint8_t *bytes,
                    struct rog_sparse_entries *entries);

/* As `check` of rog/codec.h, for a row with at most this many entries. */
size_t rog_sparse_check(const struct rog_sparse_form *form, uint32_t most, float limit,
                        const uint8_t *bytes, size_t size, const char **why);

#endif
