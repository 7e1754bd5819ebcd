/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_VERSIONS_H
#define ROG_SYNC_VERSIONS_H

/*
 * The versions table: for each worker and row the iteration of the last push that carried it, and
 * for each worker its oldest row. Setting a version is O(1); when the last of a worker's oldest
 * rows moves on, that worker's rows are looked through once.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <rog/error.h>
#include <rog/strategy.h>

struct rog_versions {
    uint32_t rows, workers;
    uint32_t *version;   /* [worker * rows + row] */
    uint32_t *oldest;    /* [worker] */
    uint32_t *at_oldest; /* [worker]: rows whose version is oldest[worker] */
    uint32_t *latest;    /* [worker] */
    uint8_t *active;     /* [worker] */
};

int rog_versions_init(struct rog_versions *versions, uint32_t rows, uint32_t workers,
                      struct rog_error *err);
void rog_versions_release(struct rog_versions *versions);
/* Of as many rows and workers. */
void rog_versions_archive(struct rog_versions *versions, struct rog_archive *archive);

/* The version of a row rises to `version`; true when the worker's oldest version has risen. */
bool rog_versions_raise(struct rog_versions *versions, uint32_t worker, uint32_t row,
                        uint32_t version);

/* A worker begins anew: all of its rows are of `version`, and it is waited for. */
void rog_versions_join(struct rog_versions *versions, uint32_t worker, uint32_t version);

static inline uint32_t rog_versions_get(const struct rog_versions *versions, uint32_t worker,
                                        uint32_t row)
{
    return versions->version[(uint64_t)worker * versions->rows + row];
}

/* The smallest version over all rows of all active workers; 0 where nobody is active. */
uint32_t rog_versions_oldest(const struct rog_versions *versions);

void rog_versions_view(const struct rog_versions *versions, struct rog_version_view *view);

#endif
