/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PYTHON_STATE_H
#define ROG_COMMON_PYTHON_STATE_H

/* The state that plugin_python.c and the hooks of a strategy in Python share. */

#include <common/json.h>
#include <common/python_link.h>
#include <rog/strategy.h>

/* The beginning of a Python strategy's struct of parameters, which is the only argument that every
 * hook gets. */
struct rog_python_head {
    struct rog_python *python;
};

/* The promises of the strategy for one configuration. */
struct rog_python_promises {
    bool known;
    uint32_t rows, workers;
    int32_t threshold;
    int64_t staleness_bound, iteration_bound;
    double least_share;
    uint32_t most_granted, least_quorum;
};

struct rog_python {
    struct rog_python_link link;
    struct rog_json *description;
    struct rog_parameter *parameters; /* ends with a row without a name */
    struct rog_strategy strategy;
    uint32_t states; /* number created so far */
    struct rog_python_promises promises;
    uint32_t saved; /* state whose saved bytes are in link.answer; 0: none */
};

/* Sets the hooks that the description names. */
void rog_python_set_hooks(struct rog_strategy *strategy, const struct rog_json *description);

#endif
