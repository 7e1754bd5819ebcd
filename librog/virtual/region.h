/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_REGION_H
#define ROG_VIRTUAL_REGION_H

/* The program's side of the memory that it shares with the simulation: creates it, fills it with
 * what the simulation needs, and copies to and from the program's tensors. */

#include <librog/net/driver.h>
#include <librog/virtual/protocol.h>

struct rog_virtual_region {
    const struct rog_driver_options *options;
    struct rog_virtual_places places;
    uint8_t *memory;
    struct rog_virtual_head *head; /* beginning of `memory` */
    float **values, **gradients;   /* [layout->count] and [layout->trained], the position of each
                                      tensor in it; NULL without values */
};

/* Creates the region with hello, layout and the program's values. *fd: to be sent to the simulation
 * and closed; -1 if there is none. ROG_EIO. Release it in any case. */
int rog_virtual_region_init(struct rog_virtual_region *region,
                            const struct rog_driver_options *options, int *fd,
                            struct rog_error *err);
void rog_virtual_region_release(struct rog_virtual_region *region);

/* Copy the program's tensors into the region, and back; `constants`: these too. No effect without
 * values. */
void rog_virtual_region_put_model(struct rog_virtual_region *region, bool constants);
void rog_virtual_region_take_model(const struct rog_virtual_region *region, bool constants);
void rog_virtual_region_put_step(struct rog_virtual_region *region,
                                 const struct rog_worker_gradients *gradients);

/* Returns the name of the first tensor that the program has changed since it took the model; NULL
 * if none. */
const char *rog_virtual_region_changed(const struct rog_virtual_region *region);

#endif
