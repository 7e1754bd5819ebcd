/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_CONTRIBUTION_H
#define ROG_SYNC_CONTRIBUTION_H

/*
 * What a worker contributes in an iteration and how a pull changes its model: everything about it
 * that is neither policy nor codec. u are the updates that wait to be sent, w is the model that is
 * trained.
 *
 * Gradients. An iteration has one gradient per tensor, and u <- u + lr (...) by a rule (rog/rog.h).
 * The default is dist-EF-blockSGDM (Zheng, Huang, Kwok, NeurIPS 2019) in units of the update rather
 * than of the gradient, so that a changing learning rate needs no rescaling of the residual:
 *     m <- mu m + g;   u <- u + lr (g + mu m + wd/(1-mu) w)
 * Only pulls change w.
 *
 * Deltas. The worker's own optimizer makes local steps, which change w. A is the model as it was
 * pulled, row by row, and b is w at the time when its changes were last added to u:
 *     push:  u <- u + (b - w);   b <- w
 *     pull:  A <- the pulled rows; and for these rows
 *              a = 0:  w <- A + (w - b)             b <- A
 *              a > 0:  w <- a w + (1 - a) A;        b <- A;   u <- (1 - a) u
 * With a = 0 the row of the server replaces that of the worker, except for steps since the last
 * push (which exist if computing and exchanging overlap); they stay and are pushed next: each step
 * is pushed exactly once. With a > 0 (Streaming DiLoCo, Douillard et al., arXiv:2501.18512) a
 * worker keeps a part of its own changes, and next pushes its distance from A: that part is pushed
 * again, so the same part of the waiting updates is removed from u. There is no momentum.
 *
 * Both. The residual of a sent row, u - x (rog/codec.h), is multiplied by error_feedback. A row
 * that is not sent waits unchanged.
 *
 * If computing and exchanging overlap, a pull does not change w before the merge.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <librog/sync/set.h>
#include <rog/contribution.h>
#include <rog/error.h>
#include <rog/rog.h>

/* Gradients, full error feedback, no overlap. */
extern const struct rog_contribution_config rog_contribution_default;

/* What an iteration adds. All pointers are borrowed. */
struct rog_worker_gradients {
    const float *const *tensors;  /* [tensor], the mean over the local steps; NULL for a tensor
                                     without a gradient in this iteration: its momentum is not
                                     changed, its waiting updates stay. NULL without values, and for
                                     deltas */
    const struct rog_rule *rules; /* one for all tensors, or one per tensor; NULL for deltas */
    uint32_t rule_count;
};

struct rog_contribution {
    struct rog_contribution_config config;
    const struct rog_rows *rows;
    float **values;  /* w, [tensor]; NULL without values, as all pointers below */
    float *update;   /* u */
    float *momentum; /* m; NULL for deltas */
    float *base;     /* b; NULL for gradients */
    float *aside;    /* deltas: A; gradients that overlap: rows of a pull; else NULL */
    float *scaled;   /* as long as the longest row, if gradients are clipped */
    bool deferred;   /* rows of the current pull are merged later */
};

/* tensors: [tensor], w, borrowed; NULL: no values. ROG_EINVAL: a number is out of range, or the
 * combination makes no sense. Release the struct in any case. */
int rog_contribution_init(struct rog_contribution *contribution,
                          const struct rog_contribution_config *config, const struct rog_rows *rows,
                          float *const *tensors, struct rog_error *err);
void rog_contribution_release(struct rog_contribution *contribution);

/* ---- push ---- */

/* ROG_EINVAL: not what this kind needs, a rule out of range, or a gradient that is not finite.
 * Changes nothing. */
int rog_contribution_check(const struct rog_contribution *contribution,
                           const struct rog_worker_gradients *given, uint32_t iteration,
                           struct rog_error *err);
/* Adds a checked contribution to u; needs values. Computes mean |u| of each row and the scale of
 * each tensor, unless the whole model has one scale. ROG_EFAILED: u no longer fits a float. */
int rog_contribution_add(struct rog_contribution *contribution,
                         const struct rog_worker_gradients *given, const struct rog_way *way,
                         float *magnitude, float *scale, struct rog_error *err);

void rog_contribution_row_sent(struct rog_contribution *contribution, uint32_t row);
/* Call this when the row has been encoded, and u contains its residual. */
static inline void rog_contribution_sent(struct rog_contribution *contribution, uint32_t row)
{
    if (contribution->config.momentum_masking || contribution->config.error_feedback < 1)
        rog_contribution_row_sent(contribution, row);
}

/* ---- pull ---- */

float *rog_contribution_room(struct rog_contribution *contribution, uint32_t row);
/* Returns the place into which a row of a pull is decoded. */
static inline float *rog_contribution_pulling(struct rog_contribution *contribution, uint32_t row)
{
    return contribution->aside ? rog_contribution_room(contribution, row)
                               : rog_rows_in(contribution->rows, contribution->values, row);
}

void rog_contribution_merge_row(struct rog_contribution *contribution, uint32_t row);
/* Call this when a row of a pull has been decoded. */
static inline void rog_contribution_pulled(struct rog_contribution *contribution, uint32_t row)
{
    if (contribution->aside && !contribution->deferred)
        rog_contribution_merge_row(contribution, row);
}
/* Merges these rows of a pull, whose merge was deferred. */
void rog_contribution_merge(struct rog_contribution *contribution, const struct rog_set *rows);

/* Call this when w has become a copy of the server's model. u and m are kept. */
void rog_contribution_join(struct rog_contribution *contribution);

/* All members except w. */
void rog_contribution_archive(struct rog_contribution *contribution, struct rog_archive *archive);

#endif
