/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PROGRAMS_REGION_H
#define ROG_PROGRAMS_REGION_H

/*
 * The shared memory of a program and the simulation (librog/virtual/protocol.h), as the simulation
 * has it. The program may write into it at any moment: what decides about memory is copied before
 * it is checked, and where everything is follows from the layout alone.
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
    uint8_t *bytes; /* NULL: none */
    size_t size;
    struct rog_virtual_places places;
    uint32_t trained; /* tensors */
    bool without_values;
};

/* Maps what a descriptor stands for, and reads what the program says of itself, both the caller's
 * to free. The descriptor stays the caller's. ROG_EFORMAT: it is no such region. */
int rog_region_open(struct rog_region *region, int fd, struct rog_json **hello,
                    struct rog_layout **layout, struct rog_error *err);
void rog_region_close(struct rog_region *region);

/* NULL where there are no values. */
float *rog_region_values(const struct rog_region *region);
float *rog_region_constants(const struct rog_region *region);
float *rog_region_gradients(const struct rog_region *region);

/* What the program is told with control. */
void rog_region_tell(const struct rog_region *region, uint32_t iteration, uint32_t local_steps,
                     const struct rog_statistics *statistics);

/* What it brought: for each tensor whether there is a gradient, and `count` rules, which must be 0,
 * 1 or one for each tensor. ROG_EINVAL: a rule that cannot be. Both lists have room for all
 * tensors. */
int rog_region_take(const struct rog_region *region, uint32_t count, bool *given,
                    struct rog_rule *rules, struct rog_error *err);

#endif
