/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_MEMORY_H
#define ROG_COMMON_MEMORY_H

/*
 * Memory for arrays of the size of a model and more. Vectors that cross a cache line cost twice as
 * much, and rows on many different pages cost a page table walk each; so these arrays are aligned
 * to cache lines, and large ones request pages of 2 MiB.
 */

#include <stddef.h>
#include <stdint.h>

/* Returns memory for this many floats, uninitialized; release it with free(). NULL if out of
 * memory. */
float *rog_floats(size_t count);

/* Returns an upper limit of the bytes that this process can get: the minimum of the memory
 * available on the machine, the limit of its control group and the limit of its address space.
 * Memory already in use is not subtracted from the two limits, and limits of outer control groups
 * are ignored, so less may be available. UINT64_MAX if unknown. */
uint64_t rog_memory_available(void);

/* Requests pages of 2 MiB within this memory, which must not have been written to. Only a hint:
 * pages may remain small. */
void rog_large_pages(void *memory, size_t bytes);

#endif
