/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_VERSIONS_H
#define ROG_SYNC_VERSIONS_H

/*
 * The versions table: for each worker and row the iteration of the last push that contained the
 * row, and for each worker its oldest row. Setting a version is O(1); when the last of a worker's
 * oldest rows gets a newer version, that worker's rows are scanned once.
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
/* The number of rows and workers must be the same. */
void rog_versions_archive(struct rog_versions *versions, struct rog_archive *archive);

/* Raises the version of a row; returns true if the worker's oldest version has risen. */
bool rog_versions_raise(struct rog_versions *versions, uint32_t worker, uint32_t row,
                        uint32_t version);

/* A worker joins: all of its rows get `version`, and it becomes active. */
void rog_versions_join(struct rog_versions *versions, uint32_t worker, uint32_t version);

static inline uint32_t rog_versions_get(const struct rog_versions *versions, uint32_t worker,
                                        uint32_t row)
{
    return versions->version[(uint64_t)worker * versions->rows + row];
}

/* Returns the smallest version over all rows of all active workers; 0 if none is active. */
uint32_t rog_versions_oldest(const struct rog_versions *versions);

void rog_versions_view(const struct rog_versions *versions, struct rog_version_view *view);

#endif
