/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SIM_MEDIUM_H
#define ROG_SIM_MEDIUM_H

/*
 * What messages travel over: who gets which share of the air, in virtual time, over bandwidth
 * traces. A medium is one file with one const struct of hooks, and a line in the table of medium.c.
 *
 * Stations are the workers, from 0 on; the server is at the other end of all their links, and sends
 * to each of them. Each link, a station's in one direction, carries one transmission at a time:
 * what waits behind it is the sender's affair, and so is when a message is handed over at all.
 * A station's trace is the rate that it gets when nobody else is on the air; no medium is faster.
 *
 * A medium has a clock, which the cluster moves: it asks for the next moment at which anything
 * changes by itself, over all links together, goes there unless something else happens earlier, and
 * asks again. Between two such moments transmissions begin and are cancelled, and each of these may
 * change when all the others end, as on a channel that senders share; what `next` said before does
 * not hold any more then. A medium looks at no other clock, draws no random number but from a seed
 * among its parameters, and knows no messages, only their bytes on the link.
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
    double trace_offset_s;         /* the trace's time at 0 s of the run */
};

/* Borrowed until the medium is freed, but for the parameters, which hold for `new` alone. */
struct rog_medium_setup {
    const struct rog_medium_station *stations;
    uint32_t station_count;
    const void *parameters; /* the medium's struct of them, filled; NULL where it has none */
};

/* All hooks are required. `state` is what `new` made. */
struct rog_medium {
    const char *name;
    const char *summary;                    /* one line, no full stop */
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;               /* of the struct that they describe */

    /* ROG_EINVAL: parameters that do not go together; ROG_ENOMEM. */
    int (*new)(void **state, const struct rog_medium_setup *setup, struct rog_error *err);
    void (*free)(void *state); /* NULL is harmless */

    /* A transmission of `bytes` >= 0 begins at now_s on a link that carries none. `order` says
     * which of those that end at the same time is first; no two have the same. Only ROG_ENOMEM. */
    int (*send)(void *state, struct rog_medium_link link, double now_s, double bytes,
                uint64_t order, struct rog_error *err);
    /* The next moment at which a transmission ends, with its order, or at which what was computed
     * before has to be computed anew (a rate changes), with order 0. At infinity if and only if
     * nothing is on the air. Asked after every event of a run. */
    struct rog_moment (*next)(const void *state);
    /* Moves the clock to now_s, which is not later than `next`. True: the transmission that `next`
     * named has ended, on *link, which carries none from now on. */
    bool (*advance)(void *state, double now_s, struct rog_medium_link *link);
    /* Ends the link's transmission, of which there must be one, before its time. Returns the bytes
     * of it that have arrived; they have had their share of the air, the others will not. */
    double (*cancel)(void *state, struct rog_medium_link link, double now_s);
    /* Saves what is on the air (common/archive.h), or loads it into a state that `new` has just
     * made of the same stations and parameters; the medium goes on then as if nothing had been.
     * on_air: [2 * station + direction] whether that link carries a transmission. What is loaded
     * must end; it may end at any time, which the cluster looks at. */
    void (*archive)(void *state, const bool *on_air, struct rog_archive *archive);
};

/* The index-th medium there is, NULL behind the last; the first is taken where none is named. */
const struct rog_medium *rog_medium_at(size_t index);
/* NULL: there is none of that name. */
const struct rog_medium *rog_medium_find(const char *name);

/* A medium in use. Zero-initialize. */
struct rog_air {
    const struct rog_medium *medium;
    void *state;
};

/* `parameters`: an object, or NULL for all defaults. ROG_EINVAL: unknown ones, or values that are
 * not allowed. */
int rog_air_init(struct rog_air *air, const struct rog_medium *medium,
                 const struct rog_medium_station *stations, uint32_t station_count,
                 const struct rog_json *parameters, struct rog_error *err);
void rog_air_release(struct rog_air *air);

#endif
