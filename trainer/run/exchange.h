/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_EXCHANGE_H
#define ROG_RUN_EXCHANGE_H

/* By which rule a run's gradients are exchanged, into which messages that is cut, and how large it
 * is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/run_config.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/strategy.h>

/* Of all tensors, in this iteration of a worker. */
struct rog_rule rog_exchange_rule(const struct rog_run_config *config, uint32_t iteration);

/* Most bytes of a message: about 1/128 of a full exchange, small enough that a sender can stop soon
 * after its budget is over and large enough that headers hardly count. */
size_t rog_exchange_message_bytes(const struct rog_rows *rows);

/* All messages of a push of the whole model, in bytes, headers included. For ConvMLP-M with 100
 * classes that is 2,124,300; the published system sends 2,123,965. */
int rog_exchange_bytes(const struct rog_rows *rows, uint64_t *bytes, struct rog_error *err);

/* Whether the strategy chooses rows: whether there is one that its first push can do without. */
int rog_exchange_selects(const struct rog_rows *rows, const struct rog_strategy *strategy,
                         const struct rog_strategy_config *policy, bool *selects,
                         struct rog_error *err);

#endif
