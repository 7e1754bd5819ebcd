/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SYNC_CONTRIBUTION_H
#define ROG_SYNC_CONTRIBUTION_H

/*
 * What a worker contributes in an iteration and what a pull does to its model: everything about
 * them that is neither policy nor codec. u is what waits to be sent, w the model that is trained.
 *
 * Gradients. An iteration has one of each tensor, and u <- u + lr (...) by a rule (rog/rog.h). By
 * default that is dist-EF-blockSGDM (Zheng, Huang, Kwok, NeurIPS 2019) in units of the update
 * rather than of the gradient, so that a changing learning rate needs no rescaling of the residual:
 *     m <- mu m + g;   u <- u + lr (g + mu m + wd/(1-mu) w)
 * w changes by pulls alone.
 *
 * Deltas. An optimizer of the worker's own makes local steps: it changes w. A is the model as it
 * was pulled, row by row, and b what w was when it was accounted for last:
 *     push:  u <- u + (b - w);   b <- w
 *     pull:  A <- what the server says, for its rows, and for these
 *              a = 0:  w <- A + (w - b)             b <- A
 *              a > 0:  w <- a w + (1 - a) A;        b <- A;   u <- (1 - a) u
 * With a = 0 the row of the server takes the place of the worker's, but for steps since the last
 * push (there are some where computing and exchanging overlap), which stay and are pushed next:
 * each step is pushed exactly once. With a > 0 (Streaming DiLoCo, Douillard et al.,
 * arXiv:2501.18512) a worker keeps a part of its own way, and pushes next by how much it is away
 * from A then: that part is pushed again, and so the same part of what still waits is taken off u.
 * There is no momentum.
 *
 * Both. What a sent row leaves, u - x (rog/codec.h), counts error_feedback times from then on. A
 * row that is not sent waits as it is.
 *
 * Where computing and exchanging overlap, nothing of a pull gets into w before the merge.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/archive.h>
#include <librog/sync/rows.h>
#include <librog/sync/set.h>
#include <rog/contribution.h>
#include <rog/error.h>
#include <rog/rog.h>

/* Gradients, all of what is not sent, no overlap. */
extern const struct rog_contribution_config rog_contribution_default;

/* What an iteration adds. All borrowed. */
struct rog_worker_gradients {
    const float *const *tensors;  /* [tensor], the mean over the local steps; NULL for one that has
                                     no gradient this time: its momentum is not touched, what waits
                                     to be sent stays. NULL without values, and for deltas */
    const struct rog_rule *rules; /* one for all tensors, or one for each; NULL for deltas */
    uint32_t rule_count;
};

struct rog_contribution {
    struct rog_contribution_config config;
    const struct rog_rows *rows;
    float **values;  /* w, [tensor]; NULL without values, as all that follows */
    float *update;   /* u */
    float *momentum; /* m; NULL for deltas */
    float *base;     /* b; NULL for gradients */
    float *aside;    /* deltas: A; gradients that overlap: rows of a pull; else NULL */
    float *scaled;   /* of the longest row, where gradients are clipped */
    bool deferred;   /* rows of the pull at hand are merged later */
};

/* tensors: [tensor], w, borrowed; NULL: no values. ROG_EINVAL: a number out of its range, or of a
 * combination that means nothing. Release it in any case. */
int rog_contribution_init(struct rog_contribution *contribution,
                          const struct rog_contribution_config *config, const struct rog_rows *rows,
                          float *const *tensors, struct rog_error *err);
void rog_contribution_release(struct rog_contribution *contribution);

/* ---- push ---- */

/* ROG_EINVAL: not what this kind takes, a rule out of its range, a gradient that is not finite.
 * Nothing has been changed then. */
int rog_contribution_check(const struct rog_contribution *contribution,
                           const struct rog_worker_gradients *given, uint32_t iteration,
                           struct rog_error *err);
/* Adds what has been checked to u, with values. Of each row mean |u|, of each tensor the scale it
 * is sent with, unless all of the model has one on this way. ROG_EFAILED: u has grown past what a
 * float holds. */
int rog_contribution_add(struct rog_contribution *contribution,
                         const struct rog_worker_gradients *given, const struct rog_way *way,
                         float *magnitude, float *scale, struct rog_error *err);

void rog_contribution_row_sent(struct rog_contribution *contribution, uint32_t row);
/* The row has been encoded, and u has its residual. */
static inline void rog_contribution_sent(struct rog_contribution *contribution, uint32_t row)
{
    if (contribution->config.momentum_masking || contribution->config.error_feedback < 1)
        rog_contribution_row_sent(contribution, row);
}

/* ---- pull ---- */

float *rog_contribution_room(struct rog_contribution *contribution, uint32_t row);
/* What a row of a pull is decoded into. */
static inline float *rog_contribution_pulling(struct rog_contribution *contribution, uint32_t row)
{
    return contribution->aside ? rog_contribution_room(contribution, row)
                               : rog_rows_in(contribution->rows, contribution->values, row);
}

void rog_contribution_merge_row(struct rog_contribution *contribution, uint32_t row);
/* It has been. */
static inline void rog_contribution_pulled(struct rog_contribution *contribution, uint32_t row)
{
    if (contribution->aside && !contribution->deferred)
        rog_contribution_merge_row(contribution, row);
}
/* What has been deferred: the rows of a pull. */
void rog_contribution_merge(struct rog_contribution *contribution, const struct rog_set *rows);

/* w has been made a copy of the server's model. u and m are kept. */
void rog_contribution_join(struct rog_contribution *contribution);

/* All but w. */
void rog_contribution_archive(struct rog_contribution *contribution, struct rog_archive *archive);

#endif
