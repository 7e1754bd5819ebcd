/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_AUDIT_H
#define ROG_SHAPE_AUDIT_H

/* What was asked for against what tc's counters say: the lines of the audit file. */

#include <stdio.h>

#include <rog/error.h>
#include <trainer/shape/lanes.h>
#include <trainer/shape/options.h>

/* A rate was set. `file` may be NULL here and below. */
int rog_shape_audit_rate(FILE *file, const struct rog_shape_lane *lane, double t_s, double mbps,
                         struct rog_error *err);

/* Takes the counters out of what `tc -s -j qdisc show dev DEVICE` said at t_s, into every lane on
 * that device. The first answer only begins the count. */
int rog_shape_audit_answer(FILE *file, struct rog_shape_lanes *lanes, const char *device,
                           const char *text, size_t size, double t_s, struct rog_error *err);

/* Adds the lanes up and writes the last line. */
int rog_shape_audit_end(const struct rog_shape_options *options, struct rog_shape_lanes *lanes,
                        struct rog_shape_summary *summary, struct rog_error *err);

#endif
