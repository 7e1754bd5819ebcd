/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_MUTANT_H
#define ROG_MUTANT_H

/* Included by mutated sources: returns whether a mutant is the one of this process ($ROG_MUTANT, a
 * number), and records in the file $ROG_MUTANT_REACHED, one byte for each mutant, that its place
 * was reached. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile unsigned char *rog_mutants_reached;
static int rog_mutant_here = -1;

static __attribute__((noinline, unused)) void rog_mutants_begin(void)
{
    static unsigned char nowhere[ROG_MUTANTS];
    const char *number = getenv("ROG_MUTANT"), *path = getenv("ROG_MUTANT_REACHED");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;
    if (fd >= 0) {
        map = mmap(NULL, ROG_MUTANTS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    rog_mutant_here = number ? atoi(number) : -1;
    rog_mutants_reached = map == MAP_FAILED ? nowhere : (unsigned char *)map;
}

static inline __attribute__((unused)) int rog_mutant(int number)
{
    if (__builtin_expect(!rog_mutants_reached, 0))
        rog_mutants_begin();
    if (!rog_mutants_reached[number])
        rog_mutants_reached[number] = 1;
    return number == rog_mutant_here;
}

#endif
