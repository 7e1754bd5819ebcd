/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_ROW_SHARES_H
#define ROG_FIGURES_ROW_SHARES_H

/* The share of each layer's rows in each push and pull of one worker. */

#include <stddef.h>

#include <orchestrator/conf/look.h>
#include <orchestrator/figures/microevents.h>

enum rog_row_way { ROG_ROWS_PUSHED, ROG_ROWS_PULLED, ROG_ROW_WAYS };

/* A push or a pull: from the end of the previous one to its own end, clipped to the window. */
struct rog_row_exchange {
    double from_s, to_s;
    double *percent; /* [layers], NaN if not known */
};

struct rog_row_shares {
    char **layer; /* [layers]: names, clean text, in the model's order */
    double *rows; /* [layers] */
    size_t layers;
    struct {
        struct rog_row_exchange *item;
        size_t count;
    } way[ROG_ROW_WAYS];
};

/* For the run, worker and window of `events`. ROG_ENOTFOUND for a run without such a record, with a
 * list of those that have one; ROG_EFORMAT for a damaged one. */
int rog_row_shares_load(struct rog_db *db, const struct rog_microevents *events,
                        struct rog_row_shares *shares, struct rog_error *err);
void rog_row_shares_release(struct rog_row_shares *shares);

/* Writes the panel stem.gp and stem.dat: two heat maps, pushes above pulls. */
int rog_row_shares_write(const struct rog_row_shares *shares, const struct rog_microevents *events,
                         const struct rog_look *look, const char *folder, const char *stem,
                         const char *title, struct rog_error *err);

#endif
