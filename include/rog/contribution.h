/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CONTRIBUTION_H
#define ROG_CONTRIBUTION_H

/* What a worker contributes in an iteration: the settings of a run (librog/parts), implemented by
 * the core (librog/sync/contribution.h). This header is not installed. */

#include <stdbool.h>

enum rog_contribution_kind { ROG_CONTRIBUTION_GRADIENT, ROG_CONTRIBUTION_DELTA };

struct rog_contribution_config {
    enum rog_contribution_kind kind;
    double error_feedback; /* [0, 1] */
    bool momentum_masking; /* gradients: once a row is sent, m <- 0 where u has become 0 (DGC: Lin
                              et al., ICLR 2018, section 3.2) */
    double clip_norm;      /* gradients: scaled down to at most this 2-norm, over all tensors; 0: no
                              limit */
    double merge; /* a, the weight of the local model when a pull is merged; 0: pulled rows replace
                     it; for deltas */
    bool overlap; /* the next iteration is computed during the exchange */
};

#endif
