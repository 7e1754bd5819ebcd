/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_UI_JOBS_H
#define ROG_UI_JOBS_H

/*
 * Who answers requests: threads that each have a connection of their own to the database, in lanes,
 * so that what takes long (drawing, files) never waits in front of what does not.
 */

#include <orchestrator/store/db.h>

enum rog_lane { ROG_LANE_QUERY, ROG_LANE_DRAW, ROG_LANE_FILE, ROG_LANES };

struct rog_jobs;

/* A thread's own. */
struct rog_desk {
    const char *path;  /* of the database */
    struct rog_db *db; /* NULL: not open */
};

/* The database, opened again where it is another one than before. It reads one state until
 * rog_desk_leave. */
int rog_desk_db(struct rog_desk *desk, struct rog_db **db, struct rog_error *err);
/* `code`: how it went; after an error of the database it is opened anew next time. */
void rog_desk_leave(struct rog_desk *desk, int code);
void rog_desk_close(struct rog_desk *desk);

/* `path` stays the caller's. */
int rog_jobs_start(struct rog_jobs **jobs, const char *path, struct rog_error *err);
/* `work` is called once, by a thread of the lane; with a desk of NULL where it is to be given up:
 * the jobs end. */
void rog_jobs_put(struct rog_jobs *jobs, enum rog_lane lane,
                  void (*work)(void *user, struct rog_desk *desk), void *user);
/* What has begun is finished, what waits is given up. */
void rog_jobs_stop(struct rog_jobs *jobs);

#endif
