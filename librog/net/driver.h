/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_DRIVER_H
#define ROG_LINK_DRIVER_H

/*
 * The interface below the public API (librog/rog.c): the driver of a worker. One driver contains
 * the core and talks to a server over the network in real time (work.h); the other passes
 * everything to the simulation of a virtual cluster, which contains the core
 * (librog/virtual/client.h). The server's name selects the driver. In both cases control
 * alternates: the caller has it while it computes, hands it over with the result, and waits until
 * it gets it back.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <common/run_config.h>
#include <librog/net/layout.h>
#include <librog/net/seal.h>
#include <librog/sync/contribution.h>
#include <librog/trace/trace.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/strategy.h>

/* All borrowed until the driver is freed. */
struct rog_driver_options {
    const struct rog_run_worker *profile;
    const struct rog_strategy *strategy;
    const struct rog_json *hello; /* net/hello.h */
    const struct rog_layout *layout;
    const struct rog_rows *rows;
    float *const *tensors; /* [layout->count]; NULL: no values */
    const struct rog_secret *secret;
    const struct rog_trace *trace; /* NULL: not paced */
    const char *server;            /* its address, in the format of this driver */
    const char *out_dir;           /* created if missing; NULL: no events */
    int32_t threshold;
    const void *parameters; /* the strategy's parameters; NULL: none */
    uint64_t seed;          /* the strategy's seed */
    uint32_t rank, workers; /* 1..N */
    double wire_scale;      /* bytes on the wire per byte of a message */
    double server_timeout_s;
    const struct rog_contribution_config *contribution; /* NULL: rog_contribution_default */
    bool upload;                                        /* the workers provide the model */
    bool record_rows; /* report the number of rows sent of each layer */
    bool energy;      /* report energy by the profile's power model */
    bool signals;     /* SIGINT and SIGTERM end it */
};

/* What a caller may read, as of when it last had control. */
struct rog_driver_view {
    struct rog_statistics statistics;
    uint32_t next, local_steps; /* the next iteration, and its steps */
    bool resumed;               /* the run has resumed: the program must load what it saved */
    bool keep_due;              /* the program must save its state */
};

struct rog_driver {
    /* ROG_EINVAL: an address; ROG_EIO: the folder for events. */
    int (*new)(void **driver, const struct rog_driver_options *options, struct rog_error *err);
    /* Leaves the server if that has not happened yet. No effect on NULL. */
    void (*free)(void *driver);

    /* Starts to connect; the caller first gets control when the run starts. */
    int (*start)(void *driver, struct rog_error *err);

    /* Waits until the caller has control and no exchange is in progress, at most timeout_s
     * (negative: without limit). ROG_EBUSY: not yet; ROG_EINVAL: the server has another
     * configuration; ROG_EINTR: a signal; ROG_EFAILED: the connection to the server is lost, or the
     * run has failed. Also 0 if the run has ended. If nothing has been handed back since, an
     * exchange that is in progress while the caller has control is completed, and its result is
     * then in the model. */
    int (*settle)(void *driver, double timeout_s, struct rog_error *err);
    /* Returns true if the caller does not have control. */
    bool (*is_busy)(void *driver);

    /* Calls that hand control back. Gradients are borrowed until the caller gets control again.
     * `loss`: NAN if there is none. ROG_EINVAL if the caller does not have control, or already
     * knows that the run has ended: if it has ended meanwhile, the next wait reports it. */
    int (*push)(void *driver, const struct rog_worker_gradients *gradients, double loss,
                struct rog_error *err);
    int (*finish)(void *driver, struct rog_error *err);

    /* While the caller has control and no exchange is in progress: rog_worker_state; otherwise
     * ROG_EINVAL. */
    int (*state)(void *driver, uint32_t tensor, float **momentum, float **update,
                 struct rog_error *err);
    void (*look)(const void *driver, struct rog_driver_view *view);
    /* The caller cannot continue and gives the reason: leaves the run. Only `free` may follow. */
    void (*leave)(void *driver, const char *why);

    /* Only in simulations, otherwise NULL. kept: the program has saved its state, or why it could
     * not. The others hand control back: transfer for a message of the program in each direction,
     * end_iteration for the end of an iteration whose exchange consisted of these messages. */
    int (*kept)(void *driver, const char *why_not, struct rog_error *err);
    int (*transfer)(void *driver, uint64_t bytes_up, uint64_t bytes_down, struct rog_error *err);
    int (*end_iteration)(void *driver, double loss, bool is_model, struct rog_error *err);
};

#endif
