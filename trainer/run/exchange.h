/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_EXCHANGE_H
#define ROG_RUN_EXCHANGE_H

/* The rule by which a run's gradients are exchanged, the size of its messages, and that of a full
 * exchange. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <common/run_config.h>
#include <librog/sync/rows.h>
#include <rog/error.h>
#include <rog/rog.h>
#include <rog/strategy.h>

/* Returns the rule of all tensors in an iteration of a worker. */
struct rog_rule rog_exchange_rule(const struct rog_run_config *config, uint32_t iteration);

/* Returns the maximum size of a message in bytes: about 1/128 of a full exchange, small enough that
 * a sender can stop soon after its budget has ended, and large enough that headers hardly count. */
size_t rog_exchange_message_bytes(const struct rog_rows *rows);

/* Computes the bytes of all messages of a push of the whole model, headers included. For ConvMLP-M
 * with 100 classes that is 2,124,300; the published system sends 2,123,965. */
int rog_exchange_bytes(const struct rog_rows *rows, uint64_t *bytes, struct rog_error *err);

/* Determines whether the strategy selects rows, that is, whether its first push may omit any. */
int rog_exchange_selects(const struct rog_rows *rows, const struct rog_strategy *strategy,
                         const struct rog_strategy_config *policy, bool *selects,
                         struct rog_error *err);

#endif
