/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MOMENT_H
#define ROG_LINK_MOMENT_H

/* A moment of a run, as a server writes it beside what it saves: how far the run had got, and what
 * its time is when somebody goes on from there. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* When the run began. */
struct rog_run_origin {
    double steady_s; /* a time of rog_link_now */
    double wall_s;   /* the same since 1970, for a server that goes on */
};

struct rog_moment {
    struct rog_run_origin origin;
    double t_s;                /* since then */
    bool paused;               /* time has stood still since */
    uint32_t index, iteration; /* of the last checkpoint; that the run had got to */
};

void rog_moment_put(const struct rog_moment *moment, struct rog_json *to);
/* The origin alone, for a moment that was saved before the run had that one. */
void rog_moment_put_origin(const struct rog_run_origin *origin, struct rog_json *to);
/* The origin is that of a server that goes on now: the run's time has gone on meanwhile, or with
 * `paused` it goes on from t_s. ROG_EFORMAT: `where`, which it is of, does not say it. */
int rog_moment_read(struct rog_moment *moment, const struct rog_json *from, bool paused,
                    const char *where, struct rog_error *err);

#endif
