/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_SERVER_UPDATE_H
#define ROG_SYNC_SERVER_UPDATE_H

/*
 * A server optimizer in use (rog/server_optimizer.h): the sums of the current round, the
 * optimizer's memory, and the steps. The cost of a push depends on its rows, that of a step on the
 * rows of its round; the number of workers does not matter.
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
    /* Each of the model's size; NULL without values, or if the optimizer does not need it. */
    float *memory[ROG_SERVER_OPTIMIZER_MEMORY];
    float *sum;
    /* Number of steps: at once each push is one, in rounds each round. */
    uint64_t steps;

    /* For rounds only. */
    struct rog_set in_round; /* rows with contributions */
    uint32_t *row_steps;     /* [row]: number of steps that included it */
    uint32_t contributions;  /* number of contributions to the round */
    uint32_t gone;           /* those of them from workers that have left since */
    float *votes;            /* of the longest row, if signs are added up; else NULL */
};

/* Returns how many arrays of the model's size the optimizer needs. */
static inline uint32_t rog_server_update_arrays(const struct rog_server_optimizer *optimizer)
{
    return optimizer->memory + (optimizer->step != NULL);
}

/* optimizer NULL: the first of all. parameters: its struct of parameters, borrowed; must be NULL if
 * it has none, else ROG_EINVAL. Without values no memory of elements is kept. */
int rog_server_update_init(struct rog_server_update *update,
                           const struct rog_server_optimizer *optimizer, const void *parameters,
                           const struct rog_rows *rows, uint32_t workers, bool values,
                           struct rog_error *err);
/* No effect on a struct that is all zero. */
void rog_server_update_release(struct rog_server_update *update);

static inline bool rog_server_update_in_rounds(const struct rog_server_update *update)
{
    return update->optimizer->step != NULL;
}

/* The first `count` rows of `list` have arrived. merged[row] counts how often a row of the model
 * has changed. */
void rog_server_update_arrived(struct rog_server_update *update, const uint32_t *list,
                               uint32_t count, uint32_t *merged);
/* Applies the values of one arrived row. change: of the whole model. */
void rog_server_update_apply(struct rog_server_update *update, const struct rog_arrival *arrival,
                             float *change);
/* Returns where the values are added, for prefetching. */
static inline const float *rog_server_update_target(const struct rog_server_update *update,
                                                    const float *change)
{
    return update->sum ? update->sum : change;
}
/* A push with a weight above 0 begins; such a push has arrived completely. */
void rog_server_update_push_begins(struct rog_server_update *update);
void rog_server_update_push_ends(struct rog_server_update *update);
/* A worker leaves that has made this many contributions to the round. They stay in it, but do not
 * replace those of the remaining workers. */
void rog_server_update_left(struct rog_server_update *update, uint32_t contributions);
/* Ends the round if it has enough contributions for this many active workers. change: NULL without
 * values. */
void rog_server_update_settle(struct rog_server_update *update, uint32_t active, float *change,
                              uint32_t *merged);

/* The state beside the model: its size, and writing it. */
size_t rog_server_update_bytes(const struct rog_server_update *update);
void rog_server_update_save(const struct rog_server_update *update, uint8_t *bytes);
/* ROG_EFORMAT: the size is wrong. */
int rog_server_update_load(struct rog_server_update *update, const uint8_t *bytes, size_t size,
                           struct rog_error *err);
/* Saves or loads the same state in an archive. */
void rog_server_update_archive(struct rog_server_update *update, struct rog_archive *archive);

#endif
