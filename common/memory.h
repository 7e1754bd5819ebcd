/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_MEMORY_H
#define ROG_COMMON_MEMORY_H

/*
 * Memory for arrays of a model's size and more. Vectors that lie across two cache lines cost twice,
 * and rows that lie strewn over more pages than the processor remembers cost a walk through the
 * page table each; so these arrays begin at a cache line, and large ones ask for pages of 2 MiB.
 */

#include <stddef.h>
#include <stdint.h>

/* Room for so many floats, whatever they are; free() releases it. NULL where there is none. */
float *rog_floats(size_t count);

/* More bytes than this process cannot get: the least of what the machine has available now, of the
 * limit of its control group and of that of its address space. From these two limits nothing is
 * subtracted that is in use already, and limits of groups around its own are not looked at: so much
 * need not be there. UINT64_MAX where nothing says anything. */
uint64_t rog_memory_available(void);

/* Asks for pages of 2 MiB where they fit into the memory, which has not been written to yet. A
 * wish: where it is not granted, the pages are small. */
void rog_large_pages(void *memory, size_t bytes);

#endif
