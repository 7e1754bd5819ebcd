/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_REGION_H
#define ROG_PROGRAMS_REGION_H

/*
 * The simulation's side of the memory that it shares with a program (librog/virtual/protocol.h).
 * The program may write to it at any time: values that decide about memory accesses are copied
 * before they are checked, and all offsets follow from the layout alone.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/json.h>
#include <librog/net/layout.h>
#include <librog/virtual/protocol.h>
#include <rog/error.h>
#include <rog/rog.h>

struct rog_region {
    uint8_t *bytes; /* NULL: not mapped */
    size_t size;
    struct rog_virtual_places places;
    uint32_t trained; /* number of trained tensors */
    bool without_values;
};

/* Maps the descriptor's memory, and reads the program's hello and layout, both owned by the caller.
 * The descriptor remains the caller's. ROG_EFORMAT: it is not such a region. */
int rog_region_open(struct rog_region *region, int fd, struct rog_json **hello,
                    struct rog_layout **layout, struct rog_error *err);
void rog_region_close(struct rog_region *region);

/* Return NULL if there are no values. */
float *rog_region_values(const struct rog_region *region);
float *rog_region_constants(const struct rog_region *region);
float *rog_region_gradients(const struct rog_region *region);

/* Writes what the program receives with control. */
void rog_region_tell(const struct rog_region *region, uint32_t iteration, uint32_t local_steps,
                     const struct rog_statistics *statistics);

/* Reads the program's result: for each tensor whether there is a gradient, and `count` rules, which
 * must be 0, 1 or one for each tensor. ROG_EINVAL: an invalid rule. Both lists have space for all
 * tensors. */
int rog_region_take(const struct rog_region *region, uint32_t count, bool *given,
                    struct rog_rule *rules, struct rog_error *err);

#endif
