/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_MAGNITUDES_H
#define ROG_RUN_MAGNITUDES_H

/*
 * Magnitudes of rows that wait to be sent, without training: measured once in a run with gradients,
 * and drawn for each push and pull of runs without.
 *
 * For each tensor and each direction a profile has the scale of its rows (geometric mean; only
 * ratios count) and their spread within the tensor at one moment (standard deviation of the
 * logarithm; for a tensor of one row over time). The update that waits grows by a power of the
 * row's age, the same power for all tensors. A drawn magnitude is scale * age^growth * exp(spread *
 * z), with z a quantile of the normal distribution that the seed draws for each row.
 *
 * The file is CSV: the line "tensor,push_scale,push_spread,pull_scale,pull_spread", the line
 * "age,GROWTH,0,GROWTH,0", then a line for each tensor from 0 on, in parameter order.
 */

#include <stdint.h>

#include <librog/sync/rows.h>
#include <librog/sync/sending.h>
#include <rog/error.h>

struct rog_magnitudes;

/* Draws from the profile in a file, for these rows (borrowed) and this seed. ROG_ENOTFOUND and
 * ROG_EIO for a file that cannot be read; ROG_EFORMAT with file and line for one that has another
 * format or another number of tensors. */
int rog_magnitudes_draw(struct rog_magnitudes **magnitudes, const char *path,
                        const struct rog_rows *rows, uint64_t seed, struct rog_error *err);
/* Measures: the hook reads magnitudes and does not change them. */
int rog_magnitudes_measure(struct rog_magnitudes **magnitudes, const struct rog_rows *rows,
                           struct rog_error *err);
/* Writes the measured profile. ROG_EINVAL: a tensor has no measurements. */
int rog_magnitudes_write(const struct rog_magnitudes *magnitudes, const char *path,
                         struct rog_error *err);
void rog_magnitudes_free(struct rog_magnitudes *magnitudes);

/* Returns the hook for workers and servers, valid as long as the magnitudes. */
const struct rog_magnitude_hook *rog_magnitudes_hook(const struct rog_magnitudes *magnitudes);

#endif
