/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MOMENT_H
#define ROG_LINK_MOMENT_H

/* A moment of a run, as a server saves it: the progress of the run, and its time when it resumes
 * from there. */

#include <stdbool.h>
#include <stdint.h>

#include <common/json.h>
#include <rog/error.h>

/* When the run started. */
struct rog_run_origin {
    double steady_s; /* a time of rog_link_now */
    double wall_s;   /* the same as seconds since 1970, for a server that resumes */
};

struct rog_moment {
    struct rog_run_origin origin;
    double t_s;                /* seconds since the origin */
    bool paused;               /* time has been paused since */
    uint32_t index, iteration; /* index of the last checkpoint; iteration that the run has
                                  reached */
};

void rog_moment_put(const struct rog_moment *moment, struct rog_json *to);
/* Writes only the origin, for a moment that was saved before the run had this origin. */
void rog_moment_put_origin(const struct rog_run_origin *origin, struct rog_json *to);
/* Reads the moment and sets the origin for a server that resumes now: the run's time has continued
 * meanwhile or, with `paused`, continues from t_s. ROG_EFORMAT: `where`, its source, does not
 * contain it. */
int rog_moment_read(struct rog_moment *moment, const struct rog_json *from, bool paused,
                    const char *where, struct rog_error *err);

#endif
