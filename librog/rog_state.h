/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CLIENT_ROG_STATE_H
#define ROG_CLIENT_ROG_STATE_H

/* The state of a worker's handle, shared by open.c (creation) and rog.c (use). */

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
    struct rog_run_config *parsed;       /* the same, if it was given as text */
    struct rog_run_worker profile;
    struct rog_plugin plugin;
    struct rog_json *settings; /* settings of the run, as given by the options or the
                                  configuration */
    struct rog_parts parts;    /* the parts that they name */
    struct rog_secret *secret;
    struct rog_trace *trace;
    bool without_values, background;

    struct rog_layout *layout;
    float **tensors; /* [layout->count], the program's */

    struct rog_rows *rows;
    struct rog_json *hello;
    struct rog_rule *rules; /* [layout->trained], copies of the program's */
    struct rog_driver_options how;
    const struct rog_driver *driver; /* selected by the server's name */
    void *work;                      /* the driver's state; NULL: not started */
    bool begun;                      /* the run has begun for this worker */
    struct rog_driver_view view;
};

#endif
