/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_VIRTUAL_REGION_H
#define ROG_VIRTUAL_REGION_H

/* A program's side of the memory that it shares with the simulation: made here, filled with what
 * the simulation has to know, and what is copied to and from the program's tensors. */

#include <librog/net/driver.h>
#include <librog/virtual/protocol.h>

struct rog_virtual_region {
    const struct rog_driver_options *options;
    struct rog_virtual_places places;
    uint8_t *memory;
    struct rog_virtual_head *head; /* the beginning of it */
    float **values, **gradients;   /* [layout->count] and [layout->trained], where each lies in it;
                                      NULL without values */
};

/* With hello, layout and the program's values in it. *fd: to be sent to the simulation and closed;
 * -1 where there is none. ROG_EIO. Release it in any case. */
int rog_virtual_region_init(struct rog_virtual_region *region,
                            const struct rog_driver_options *options, int *fd,
                            struct rog_error *err);
void rog_virtual_region_release(struct rog_virtual_region *region);

/* The model of the program's tensors into the region, and back; `constants`: these too. Nothing
 * without values. */
void rog_virtual_region_put_model(struct rog_virtual_region *region, bool constants);
void rog_virtual_region_take_model(const struct rog_virtual_region *region, bool constants);
void rog_virtual_region_put_step(struct rog_virtual_region *region,
                                 const struct rog_worker_gradients *gradients);

/* The name of the first tensor that the program has changed since it took the model; NULL: none. */
const char *rog_virtual_region_changed(const struct rog_virtual_region *region);

#endif
