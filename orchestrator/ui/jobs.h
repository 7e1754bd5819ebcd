/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_JOBS_H
#define ROG_UI_JOBS_H

/*
 * Threads that answer requests, each with its own connection to the database. They are divided into
 * lanes, so that slow requests (drawing, files) do not delay fast ones.
 */

#include <orchestrator/store/db.h>

enum rog_lane { ROG_LANE_QUERY, ROG_LANE_DRAW, ROG_LANE_FILE, ROG_LANES };

struct rog_jobs;

/* State of a thread. */
struct rog_desk {
    const char *path;  /* of the database; borrowed */
    struct rog_db *db; /* NULL: not open */
};

/* Gets the database, which is opened again if the file has been replaced. It shows one state until
 * rog_desk_leave. */
int rog_desk_db(struct rog_desk *desk, struct rog_db **db, struct rog_error *err);
/* `code`: result of the job; after an error of the database it is opened again next time. */
void rog_desk_leave(struct rog_desk *desk, int code);
void rog_desk_close(struct rog_desk *desk);

/* `path` is borrowed. */
int rog_jobs_start(struct rog_jobs **jobs, const char *path, struct rog_error *err);
/* `work` is called once, by a thread of the lane; with `desk` NULL if the job is cancelled because
 * the threads are ending. */
void rog_jobs_put(struct rog_jobs *jobs, enum rog_lane lane,
                  void (*work)(void *user, struct rog_desk *desk), void *user);
/* Finishes running jobs and cancels waiting ones. */
void rog_jobs_stop(struct rog_jobs *jobs);

#endif
