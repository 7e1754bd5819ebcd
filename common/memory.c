/* SPDX-License-Identifier: Apache-2.0 */
/* Allocates large arrays, aligned and on large pages if available. */
#include <common/memory.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

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

#define LINE_MAX_BYTES 4096

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Finds the first line of a file that begins with `begin`, without it; returns false if there is
 * none. */
static bool find_line(const char *path, const char *begin, char line[LINE_MAX_BYTES])
{
    FILE *file = fopen(path, "rbe");
    bool found = false;
    size_t length = strlen(begin);
    while (file && !found && fgets(line, LINE_MAX_BYTES, file))
        found = strncmp(line, begin, length) == 0;
    if (file)
        fclose(file);
    if (found)
        memmove(line, line + length, strlen(line + length) + 1);
    return found;
}

/* Returns the memory limit of its control group (version 2), which includes memory already in
 * use. */
static uint64_t group_limit(void)
{
    char group[LINE_MAX_BYTES], path[LINE_MAX_BYTES + 64], line[LINE_MAX_BYTES];
    uint64_t bytes;
    if (!find_line("/proc/self/cgroup", "0::", group))
        return UINT64_MAX;
    group[strcspn(group, "\n")] = '\0';
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
    return find_line(path, "", line) && sscanf(line, "%" SCNu64, &bytes) == 1 ? bytes : UINT64_MAX;
}

uint64_t rog_memory_available(void)
{
    char line[LINE_MAX_BYTES];
    uint64_t kilobytes;
    struct rlimit space;
    uint64_t bytes = group_limit();
    if (find_line("/proc/meminfo", "MemAvailable:", line) &&
        sscanf(line, "%" SCNu64, &kilobytes) == 1)
        bytes = least(bytes, kilobytes * 1024);
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        bytes = least(bytes, space.rlim_cur);
    return bytes;
}
