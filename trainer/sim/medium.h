/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_MEDIUM_H
#define ROG_SIM_MEDIUM_H

/*
 * What messages travel over: the shares of the air that senders get, in virtual time, over
 * bandwidth traces. A medium is one file with one const struct of hooks, and a line in the table of
 * medium.c.
 *
 * Stations are the workers, counted from 0; the server is at the other end of all their links, and
 * sends to each of them. Each link, a station's in one direction, carries one transmission at a
 * time: the sender decides when it hands over a message, and queues those behind it. A station's
 * trace is the rate that it gets if nobody else is on the air; no medium is faster.
 *
 * The cluster moves a medium's clock: it asks for the next moment at which anything changes without
 * intervention, on any link, moves there unless something else happens earlier, and asks again.
 * Between two such moments transmissions begin and are cancelled. Each of these may change the ends
 * of all others, as on a channel that senders share; the last result of `next` is no longer valid
 * then. A medium reads no other clock, draws random numbers only from a seed among its parameters,
 * and knows nothing of messages but their bytes on the link.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <common/json.h>
#include <librog/trace/trace.h>
#include <rog/error.h>
#include <rog/parameter.h>
#include <trainer/sim/queue.h>

enum rog_sim_direction { ROG_SIM_UP, ROG_SIM_DOWN };

struct rog_medium_link {
    uint32_t station;
    enum rog_sim_direction direction;
};

struct rog_medium_station {
    const struct rog_trace *trace; /* NULL: no limit */
    double trace_offset_s;         /* time of the trace at 0 s of the run */
};

/* Borrowed until the medium is freed; the parameters only during `new`. */
struct rog_medium_setup {
    const struct rog_medium_station *stations;
    uint32_t station_count;
    const void *parameters; /* the medium's struct of parameters, filled in; NULL if it has none */
};

/* All hooks are required. `state` was created by `new`. */
struct rog_medium {
    const char *name;
    const char *summary;                    /* one line, no full stop */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* size of the struct that they describe */

    /* ROG_EINVAL: parameters that contradict each other; ROG_ENOMEM. */
    int (*new)(void **state, const struct rog_medium_setup *setup, struct rog_error *err);
    void (*free)(void *state); /* does nothing if state is NULL */

    /* Begins a transmission of `bytes` >= 0 at now_s on a link that carries none. `order` decides
     * which of those that end at the same time is first; no two have the same. Only ROG_ENOMEM. */
    int (*send)(void *state, struct rog_medium_link link, double now_s, double bytes,
                uint64_t order, struct rog_error *err);
    /* Returns the next moment at which a transmission ends, with its order, or at which results
     * have to be recomputed (a rate changes), with order 0. Infinite if and only if nothing is on
     * the air. Called after every event of a run. */
    struct rog_moment (*next)(const void *state);
    /* Moves the clock to now_s, which is not later than `next`. Returns true if the transmission
     * named by `next` has ended, on *link, which carries none from now on. */
    bool (*advance)(void *state, double now_s, struct rog_medium_link *link);
    /* Cancels the link's transmission, which must exist. Returns how many of its bytes have
     * arrived; they have used their share of the air, the others will not. */
    double (*cancel)(void *state, struct rog_medium_link link, double now_s);
    /* Saves what is on the air (common/archive.h), or loads it into a state that `new` has just
     * created with the same stations and parameters; the medium then continues as if nothing had
     * happened. on_air: [2 * station + direction], true if that link carries a transmission. Loaded
     * transmissions must end; the cluster checks when. */
    void (*archive)(void *state, const bool *on_air, struct rog_archive *archive);
};

/* Returns the index-th medium, NULL after the last. The first one is the default. */
const struct rog_medium *rog_medium_at(size_t index);
/* Returns NULL if no medium has this name. */
const struct rog_medium *rog_medium_find(const char *name);

/* A medium in use. Zero-initialize. */
struct rog_air {
    const struct rog_medium *medium;
    void *state;
};

/* `parameters`: an object, or NULL for all defaults. ROG_EINVAL: unknown parameters, or values that
 * are not allowed. */
int rog_air_init(struct rog_air *air, const struct rog_medium *medium,
                 const struct rog_medium_station *stations, uint32_t station_count,
                 const struct rog_json *parameters, struct rog_error *err);
void rog_air_release(struct rog_air *air);

#endif
