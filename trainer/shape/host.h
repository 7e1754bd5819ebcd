/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SHAPE_HOST_H
#define ROG_SHAPE_HOST_H

/* Runs tc and ip, and reads the state of an interface. Commands that change something are run by
 * sudo unless this process is root. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <common/process.h>
#include <rog/error.h>

/* Maximum length of an interface's name, with the NUL. */
#define ROG_SHAPE_IFACE_BYTES 16

/* Runs a command given as one line of words separated by single spaces. Errors have the command and
 * its message; ROG_ENOTFOUND if tc or ip is not installed. */
int rog_shape_command(struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a command that changes nothing and prints JSON. *json is owned by the caller. */
int rog_shape_ask(struct rog_json **json, struct rog_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Starts a tc that reads commands line by line and answers queries for counters. */
int rog_shape_start_tc(struct rog_process *tc, struct rog_error *err);

/* ROG_EINVAL if it does not exist or the name is invalid. */
int rog_shape_iface_index(const char *iface, unsigned *index, struct rog_error *err);
/* Returns the bytes of the longest frame. */
int rog_shape_iface_frame(const char *iface, uint32_t *bytes, struct rog_error *err);

/* Returns the name of the ifb device that belongs to an interface. */
void rog_shape_ifb_name(unsigned index, char name[ROG_SHAPE_IFACE_BYTES]);

/* The qdiscs of an interface. */
struct rog_shape_qdiscs {
    bool root_is_ours;
    bool has_ingress;
    char root_kind[32]; /* of a root qdisc that is neither ours nor the default; otherwise "" */
    char recreate[128]; /* "handle 8001: pfifo limit 1000"; "" if it cannot be recreated */
};
int rog_shape_look(const char *iface, struct rog_shape_qdiscs *qdiscs, struct rog_error *err);

#endif
