/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_PARTS_LOCAL_H
#define ROG_PARTS_LOCAL_H

/* Names and parameters of the optimizers that make local steps of workers with the built-in network
 * (setting local_optimizer). learning_rate, momentum and weight_decay are settings of the run. */

#include <stdint.h>

#include <rog/parameter.h>

enum rog_local_kind { ROG_LOCAL_SGD, ROG_LOCAL_NESTEROV, ROG_LOCAL_ADAMW };

struct rog_local_optimizer {
    const char *name;
    const char *summary;
    enum rog_local_kind kind;
    const struct rog_parameter *parameters; /* NULL: none */
    uint32_t parameter_bytes;
};

/* Parameters of adamw. */
struct rog_adamw_parameters {
    double beta1, beta2, epsilon;
};

/* All local optimizers; the last entry has no name. */
extern const struct rog_local_optimizer rog_local_optimizers[];

#endif
