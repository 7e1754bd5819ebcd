/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_CLOCK_H
#define ROG_COMMON_CLOCK_H

/* Returns seconds by CLOCK_MONOTONIC: the same for all processes of a machine, and not affected by
 * changes of the date. */
double rog_clock_s(void);

#endif
