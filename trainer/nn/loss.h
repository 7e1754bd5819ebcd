/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_LOSS_H
#define ROG_NN_LOSS_H

/* Softmax and cross-entropy. */

#include <stdint.h>

/* Returns the batch mean of the cross-entropy of softmax(logits (batch, classes)) with soft targets
 * (batch, classes) whose rows sum to 1; dlogits (batch, classes) becomes its gradient. */
float rog_cross_entropy(uint32_t batch, uint32_t classes, const float *logits, const float *targets,
                        float *dlogits);

#endif
