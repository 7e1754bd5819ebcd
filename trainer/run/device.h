/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_DEVICE_H
#define ROG_RUN_DEVICE_H

/* How long this device takes for the parts of an iteration, by the wall clock: what a device
 * profile says (experiments/profiles.conf). No data is needed: a batch takes as long with any
 * images. */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

/* The median of what was repeated, and how far the middle half of it is from there. */
struct rog_device_time {
    double median_s, spread_s; /* spread: half of the distance between the quartiles */
    uint32_t count;
};

struct rog_device_options {
    double seconds;              /* how long to repeat something, at least three times */
    void (*between)(void *user); /* called between two repetitions; NULL: nothing */
    bool (*interrupted)(void *user);
    void *user;
};

/* One local step of worker 1's batch with the built-in network: forward and backward, on one thread
 * as workers do. ROG_EINTR; ROG_ENOTFOUND, ROG_ENOMEM. */
int rog_device_step(const struct rog_run_config *config, const struct rog_device_options *options,
                    struct rog_device_time *step, struct rog_error *err);

/* One exchange of this run's model by its library and codecs. */
struct rog_device_exchange {
    struct rog_device_time push;          /* the worker: adds up what waits, writes the push */
    struct rog_device_time pull;          /* the worker: applies the pull */
    struct rog_device_time server_unpack; /* the server: takes the push */
    struct rog_device_time server_pull;   /* the server: makes the pull */
};
int rog_device_exchange(const struct rog_run_config *config,
                        const struct rog_device_options *options,
                        struct rog_device_exchange *exchange, struct rog_error *err);

#endif
