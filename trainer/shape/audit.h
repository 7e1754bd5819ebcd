/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_AUDIT_H
#define ROG_SHAPE_AUDIT_H

/* The audit file: requested rates and tc's counters, compared. */

#include <stdio.h>

#include <rog/error.h>
#include <trainer/shape/lanes.h>
#include <trainer/shape/options.h>

/* Records that a rate was set. `file` may be NULL here and below. */
int rog_shape_audit_rate(FILE *file, const struct rog_shape_lane *lane, double t_s, double mbps,
                         struct rog_error *err);

/* Reads the counters from the output of `tc -s -j qdisc show dev DEVICE` at t_s, for every lane on
 * that device. The first answer only initializes the counts. */
int rog_shape_audit_answer(FILE *file, struct rog_shape_lanes *lanes, const char *device,
                           const char *text, size_t size, double t_s, struct rog_error *err);

/* Sums up the lanes and writes the last line. */
int rog_shape_audit_end(const struct rog_shape_options *options, struct rog_shape_lanes *lanes,
                        struct rog_shape_summary *summary, struct rog_error *err);

#endif
