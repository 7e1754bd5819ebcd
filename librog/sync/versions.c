/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of rows, and the oldest version of each worker. */
#include <librog/sync/versions.h>

#include <stdlib.h>
#include <string.h>

int rog_versions_init(struct rog_versions *versions, uint32_t rows, uint32_t workers,
                      struct rog_error *err)
{
    memset(versions, 0, sizeof *versions);
    versions->rows = rows;
    versions->workers = workers;
    if (rows > SIZE_MAX / sizeof(uint32_t) / workers)
        return rog_fail_nomem(err);
    versions->version = calloc((size_t)rows * workers, sizeof *versions->version);
    versions->oldest = calloc(workers, sizeof *versions->oldest);
    versions->at_oldest = calloc(workers, sizeof *versions->at_oldest);
    versions->latest = calloc(workers, sizeof *versions->latest);
    versions->active = malloc(workers);
    if (!versions->version || !versions->oldest || !versions->at_oldest || !versions->latest ||
        !versions->active)
        return rog_fail_nomem(err);
    for (uint32_t worker = 0; worker < workers; worker++)
        versions->at_oldest[worker] = rows;
    memset(versions->active, 1, workers);
    return 0;
}

void rog_versions_release(struct rog_versions *versions)
{
    free(versions->active);
    free(versions->latest);
    free(versions->at_oldest);
    free(versions->oldest);
    free(versions->version);
    memset(versions, 0, sizeof *versions);
}

static void find_oldest(struct rog_versions *versions, uint32_t worker)
{
    const uint32_t *version = versions->version + (uint64_t)worker * versions->rows;
    uint32_t oldest = UINT32_MAX;
    for (uint32_t row = 0; row < versions->rows; row++)
        oldest = version[row] < oldest ? version[row] : oldest;
    uint32_t count = 0;
    for (uint32_t row = 0; row < versions->rows; row++)
        count += version[row] == oldest;
    versions->oldest[worker] = oldest;
    versions->at_oldest[worker] = count;
}

void rog_versions_archive(struct rog_versions *versions, struct rog_archive *archive)
{
    size_t cells = (size_t)versions->rows * versions->workers;
    rog_archive_bytes(archive, versions->version, cells * sizeof *versions->version);
    rog_archive_bytes(archive, versions->latest, versions->workers * sizeof *versions->latest);
    for (uint32_t worker = 0; worker < versions->workers; worker++) {
        bool active = versions->active[worker];
        rog_archive_flag(archive, &active);
        versions->active[worker] = active;
        if (archive->loading)
            find_oldest(versions, worker);
    }
}

bool rog_versions_raise(struct rog_versions *versions, uint32_t worker, uint32_t row,
                        uint32_t version)
{
    uint32_t *cell = &versions->version[(uint64_t)worker * versions->rows + row];
    uint32_t before = *cell;
    *cell = version;
    if (before != versions->oldest[worker] || version == before)
        return false;
    if (--versions->at_oldest[worker] > 0)
        return false;
    find_oldest(versions, worker);
    return true;
}

void rog_versions_join(struct rog_versions *versions, uint32_t worker, uint32_t version)
{
    uint32_t *own = versions->version + (uint64_t)worker * versions->rows;
    for (uint32_t row = 0; row < versions->rows; row++)
        own[row] = version;
    versions->oldest[worker] = versions->latest[worker] = version;
    versions->at_oldest[worker] = versions->rows;
    versions->active[worker] = 1;
}

uint32_t rog_versions_oldest(const struct rog_versions *versions)
{
    uint32_t oldest = UINT32_MAX;
    for (uint32_t worker = 0; worker < versions->workers; worker++) {
        uint32_t own = versions->active[worker] ? versions->oldest[worker] : UINT32_MAX;
        oldest = own < oldest ? own : oldest;
    }
    return oldest == UINT32_MAX ? 0 : oldest;
}

void rog_versions_view(const struct rog_versions *versions, struct rog_version_view *view)
{
    *view = (struct rog_version_view){.version = versions->version,
                                      .oldest = versions->oldest,
                                      .latest = versions->latest,
                                      .active = versions->active};
}
