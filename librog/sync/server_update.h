/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_UPDATE_H
#define ROG_SYNC_SERVER_UPDATE_H

/*
 * A server optimizer at work on a model (rog/server_optimizer.h): what has been added up of the
 * round that is under way, what the optimizer remembers, and the steps. A push costs what its rows
 * cost, a step what the rows cost that are in its round; how many workers there are plays no part.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <librog/sync/set.h>
#include <rog/error.h>
#include <rog/server_optimizer.h>

struct rog_server_update {
    const struct rog_server_optimizer *optimizer;
    struct rog_server_optimizer_config config;
    const struct rog_rows *rows;
    /* Of the model's size each, NULL without values or where the optimizer has none. */
    float *memory[ROG_SERVER_OPTIMIZER_MEMORY];
    float *sum;
    /* Of steps: at once each push is one, in rounds each round. */
    uint64_t steps;

    /* In rounds. */
    struct rog_set in_round; /* rows that have been added to */
    uint32_t *row_steps;     /* [row]: steps that it was in */
    uint32_t contributions;  /* to the round */
    uint32_t gone;           /* of these, of workers that have left since */
    float *votes;            /* of the longest row, where signs are added up; else NULL */
};

/* How many arrays of the model's size it takes. */
static inline uint32_t rog_server_update_arrays(const struct rog_server_optimizer *optimizer)
{
    return optimizer->memory + (optimizer->step != NULL);
}

/* optimizer NULL: the first of all. parameters: its struct of them, borrowed; NULL where it has
 * none, else ROG_EINVAL. Without values nothing is remembered of elements. */
int rog_server_update_init(struct rog_server_update *update,
                           const struct rog_server_optimizer *optimizer, const void *parameters,
                           const struct rog_rows *rows, uint32_t workers, bool values,
                           struct rog_error *err);
/* Harmless on one that is all 0. */
void rog_server_update_release(struct rog_server_update *update);

static inline bool rog_server_update_in_rounds(const struct rog_server_update *update)
{
    return update->optimizer->step != NULL;
}

/* The first `count` rows of `list` have arrived; merged[row]: how often a row of the model has
 * changed. */
void rog_server_update_arrived(struct rog_server_update *update, const uint32_t *list,
                               uint32_t count, uint32_t *merged);
/* The values of one of them. change: of the whole model. */
void rog_server_update_apply(struct rog_server_update *update, const struct rog_arrival *arrival,
                             float *change);
/* Where they go, for prefetching. */
static inline const float *rog_server_update_target(const struct rog_server_update *update,
                                                    const float *change)
{
    return update->sum ? update->sum : change;
}
/* A push of a weight above 0 begins; it has arrived completely. */
void rog_server_update_push_begins(struct rog_server_update *update);
void rog_server_update_push_ends(struct rog_server_update *update);
/* A worker leaves that has made so many contributions to the round. They stay in it, and do not
 * stand for those of who is still there. */
void rog_server_update_left(struct rog_server_update *update, uint32_t contributions);
/* Ends the round where it has what it needs of so many active workers. change: NULL without
 * values. */
void rog_server_update_settle(struct rog_server_update *update, uint32_t active, float *change,
                              uint32_t *merged);

/* What there is beside the model: how many bytes, and these. */
size_t rog_server_update_bytes(const struct rog_server_update *update);
void rog_server_update_save(const struct rog_server_update *update, uint8_t *bytes);
/* ROG_EFORMAT: not as many bytes. */
int rog_server_update_load(struct rog_server_update *update, const uint8_t *bytes, size_t size,
                           struct rog_error *err);
/* Both, for an archive. */
void rog_server_update_archive(struct rog_server_update *update, struct rog_archive *archive);

#endif
