/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_DEVICE_H
#define ROG_RUN_DEVICE_H

/* Measures how long this device takes for the parts of an iteration, by the wall clock: the times
 * of a device profile (experiments/profiles.conf). No data is needed: a batch takes the same time
 * with any images. */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>

/* The median of repeated measurements, and the spread of their middle half around it. */
struct rog_device_time {
    double median_s, spread_s; /* spread: half of the distance between the quartiles */
    uint32_t count;
};

struct rog_device_options {
    double seconds;              /* how long to repeat each measurement; at least three
                                    repetitions */
    void (*between)(void *user); /* called between two repetitions; NULL: nothing */
    bool (*interrupted)(void *user);
    void *user;
};

/* Measures one local step on a batch of worker 1 with the built-in network: forward and backward,
 * on one thread as workers do. ROG_EINTR; ROG_ENOTFOUND, ROG_ENOMEM. */
int rog_device_step(const struct rog_run_config *config, const struct rog_device_options *options,
                    struct rog_device_time *step, struct rog_error *err);

/* The parts of one exchange of this run's model with its library and codecs. */
struct rog_device_exchange {
    struct rog_device_time push;          /* the worker: adds its gradients to the rows and
                                             writes the push */
    struct rog_device_time pull;          /* the worker: applies the pull */
    struct rog_device_time server_unpack; /* the server: receives the push */
    struct rog_device_time server_pull;   /* the server: makes the pull */
};
int rog_device_exchange(const struct rog_run_config *config,
                        const struct rog_device_options *options,
                        struct rog_device_exchange *exchange, struct rog_error *err);

#endif
