/* SPDX-License-Identifier: Apache-2.0 */
/* Large arrays, aligned and on large pages where there are any. */
#include <common/memory.h>

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LINE_BYTES 64
#define LARGE_PAGE_BYTES ((uintptr_t)1 << 21)

float *rog_floats(size_t count)
{
    if (count > (SIZE_MAX - LINE_BYTES) / sizeof(float))
        return NULL;
    size_t bytes = (count * sizeof(float) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    float *floats = aligned_alloc(LINE_BYTES, bytes);
    if (floats)
        rog_large_pages(floats, bytes);
    return floats;
}

void rog_large_pages(void *memory, size_t bytes)
{
    uintptr_t begin = ((uintptr_t)memory + LARGE_PAGE_BYTES - 1) & ~(LARGE_PAGE_BYTES - 1);
    uintptr_t end = ((uintptr_t)memory + bytes) & ~(LARGE_PAGE_BYTES - 1);
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
