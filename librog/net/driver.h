/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_DRIVER_H
#define ROG_LINK_DRIVER_H

/*
 * The seam below the public face (librog/rog.c): what moves a worker on. One driver has the core
 * and talks to a server over the network, in real time (work.h); the other hands everything to the
 * simulation of a virtual cluster, which has the core (librog/virtual/client.h). The name of the
 * server says which.
 *
 * Either way control is handed to and fro: the caller has it while it computes, gives it away with
 * what it has computed, and waits until it has it again.
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

/* All borrowed, and kept until the driver is freed. */
struct rog_driver_options {
    const struct rog_run_worker *profile;
    const struct rog_strategy *strategy;
    const struct rog_json *hello; /* net/hello.h */
    const struct rog_layout *layout;
    const struct rog_rows *rows;
    float *const *tensors; /* [layout->count]; NULL: no values */
    const struct rog_secret *secret;
    const struct rog_trace *trace; /* NULL: not paced */
    const char *server;            /* its address, as this driver has them */
    const char *out_dir;           /* made if missing; NULL: no events */
    int32_t threshold;
    const void *parameters; /* the strategy's own; NULL: none */
    uint64_t seed;          /* the strategy's */
    uint32_t rank, workers; /* 1..N */
    double wire_scale;      /* bytes on the wire that a byte of a message stands for */
    double server_timeout_s;
    const struct rog_contribution_config *contribution; /* NULL: rog_contribution_default */
    bool upload;                                        /* the workers bring the server its model */
    bool record_rows; /* report how many of each layer's rows are sent */
    bool energy;      /* report energy by the profile's model */
    bool signals;     /* SIGINT and SIGTERM end it */
};

/* What a caller may look at, as of when it had control last. */
struct rog_driver_view {
    struct rog_statistics statistics;
    uint32_t next, local_steps; /* the next iteration, and its steps */
    bool resumed;  /* the run was taken up: what the program has kept is to be loaded */
    bool keep_due; /* what the program keeps is wanted */
};

struct rog_driver {
    /* ROG_EINVAL: an address; ROG_EIO: the folder for events. */
    int (*new)(void **driver, const struct rog_driver_options *options, struct rog_error *err);
    /* Takes leave of the server where that has not been done. Harmless on NULL. */
    void (*free)(void *driver);

    /* Begins to connect; the caller first has control when the run begins. */
    int (*start)(void *driver, struct rog_error *err);

    /* Waits until the caller has control and no exchange goes on, at most timeout_s (negative: as
     * long as it takes). ROG_EBUSY: not yet; ROG_EINVAL: the server has another configuration;
     * ROG_EINTR: a signal; ROG_EFAILED: the server is gone, or the run has failed. 0 also when the
     * run is over. Where nothing has been handed back since, an exchange that goes on while the
     * caller has control is waited for, and its result is in the model then. */
    int (*settle)(void *driver, double timeout_s, struct rog_error *err);
    /* The caller does not have control. */
    bool (*is_going_on)(void *driver);

    /* What hands control back. Gradients are borrowed until the caller has it again. `loss`: NAN
     * where there is none. ROG_EINVAL when the caller does not have control, or the run is over and
     * it has been told: where it has ended since then, the next wait tells it. */
    int (*push)(void *driver, const struct rog_worker_gradients *gradients, double loss,
                struct rog_error *err);
    int (*finish)(void *driver, struct rog_error *err);

    /* While the caller has control and no exchange goes on: rog_worker_state; else ROG_EINVAL. */
    int (*state)(void *driver, uint32_t tensor, float **momentum, float **update,
                 struct rog_error *err);
    void (*look)(const void *driver, struct rog_driver_view *view);
    /* The caller cannot go on and says why: takes leave. Only `free` makes sense after it. */
    void (*leave)(void *driver, const char *why);

    /* Of a simulation alone, else NULL. That the program has kept what it keeps, or why not; and
     * what hands control back for a message of the program's own, and one back, and for the end of
     * an iteration of which these were the exchange. */
    int (*kept)(void *driver, const char *why_not, struct rog_error *err);
    int (*transfer)(void *driver, uint64_t bytes_up, uint64_t bytes_down, struct rog_error *err);
    int (*end_iteration)(void *driver, double loss, bool is_model, struct rog_error *err);
};

#endif
