/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CODECS_SPARSE_ROW_H
#define ROG_CODECS_SPARSE_ROW_H

/*
 * A row of which few elements are sent, by index and value:
 *
 *     count | indices | values (packed_values.h)
 *
 * count has as many bytes as the row's number of elements needs: 1, 2 or 4. The encoding of the
 * indices follows from count and elements, whichever is smaller: a bitmap of the row, or
 * differences (P. Elias, J. ACM 1974; R. Fano, 1971): the r low bits of each index, then the high
 * parts as a bitmap in which bit (index >> r) + i is set for the i-th index. This takes r + 1 bits
 * per index and one more for every 2^r elements, with the best r. So the count of a row determines
 * its length.
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

/* Returns the size of scratch memory for at most this many entries; and empty entries in that
 * memory. */
size_t rog_sparse_scratch(uint32_t elements, uint32_t most);
struct rog_sparse_entries rog_sparse_entries(void *scratch, uint32_t elements);

/* Returns the number of bytes written. On return the entries have the values that the bytes
 * contain. */
size_t rog_sparse_put(const struct rog_sparse_form *form, const struct rog_sparse_entries *entries,
                      uint8_t *bytes);
/* Reads the entries of a checked row; their memory must be large enough. */
void rog_sparse_get(const struct rog_sparse_form *form, const uint8_t *bytes,
                    struct rog_sparse_entries *entries);

/* As `check` of rog/codec.h, for a row with at most this many entries. */
size_t rog_sparse_check(const struct rog_sparse_form *form, uint32_t most, float limit,
                        const uint8_t *bytes, size_t size, const char **why);

#endif
