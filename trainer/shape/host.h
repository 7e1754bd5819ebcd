/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_HOST_H
#define ROG_SHAPE_HOST_H

/* Commands to tc and ip, and what they tell about an interface. Those that change something are run
 * by sudo where this process is not root. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <common/process.h>
#include <rog/error.h>

/* Longest name of an interface, with the NUL. */
#define ROG_SHAPE_IFACE_BYTES 16

/* Runs a command given as one line of words separated by single blanks. Errors name it and its
 * complaint; ROG_ENOTFOUND where tc or ip is not installed. */
int rog_shape_command(struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a command that only looks, and prints JSON. *json is owned by the caller. */
int rog_shape_ask(struct rog_json **json, struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A tc that takes commands line by line and answers questions about counters. */
int rog_shape_start_tc(struct rog_process *tc, struct rog_error *err);

/* ROG_EINVAL where it does not exist or its name is not one. */
int rog_shape_iface_index(const char *iface, unsigned *index, struct rog_error *err);
/* Bytes of the longest frame. */
int rog_shape_iface_frame(const char *iface, uint32_t *bytes, struct rog_error *err);

/* The ifb device that belongs to an interface. */
void rog_shape_ifb_name(unsigned index, char name[ROG_SHAPE_IFACE_BYTES]);

/* What hangs on an interface. */
struct rog_shape_qdiscs {
    bool root_is_ours;
    bool has_ingress;
    char root_kind[32]; /* of a root qdisc that is neither ours nor the default, else "" */
    char recreate[128]; /* "handle 8001: pfifo limit 1000", "" where it cannot be made again */
};
int rog_shape_look(const char *iface, struct rog_shape_qdiscs *qdiscs, struct rog_error *err);

#endif
