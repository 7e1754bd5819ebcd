/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CLIENT_ROG_STATE_H
#define ROG_CLIENT_ROG_STATE_H

/* The inside of a worker's handle, shared by open.c (what it is made of) and rog.c (its life). */

#include <stdbool.h>
#include <stdint.h>

#include <common/plugin.h>
#include <common/run_config.h>
#include <librog/net/driver.h>
#include <librog/parts/parts.h>

struct rog {
    /* Copies of what the options point to. */
    char *server, *strategy, *out_dir, *workload, *data_id;
    const struct rog_run_config *config; /* NULL: none was given */
    struct rog_run_config *parsed;       /* the same where it was given as text */
    struct rog_run_worker profile;
    struct rog_plugin plugin;
    struct rog_json *settings; /* of the run, as far as the options or the configuration say */
    struct rog_parts parts;    /* what they name */
    struct rog_secret *secret;
    struct rog_trace *trace;
    bool without_values, background;

    struct rog_layout *layout;
    float **tensors; /* [layout->count], the program's */

    struct rog_rows *rows;
    struct rog_json *hello;
    struct rog_rule *rules; /* [layout->trained], copies of the program's */
    struct rog_driver_options how;
    const struct rog_driver *driver; /* that the server's name calls for */
    void *work;                      /* its own; NULL: not started */
    bool begun;                      /* the run, for this worker */
    struct rog_driver_view view;
};

#endif
