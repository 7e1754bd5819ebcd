/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_OPTIMIZERS_OPTIMIZERS_H
#define ROG_OPTIMIZERS_OPTIMIZERS_H

/* The available server optimizers. */

#include <rog/server_optimizer.h>

/* All server optimizers, NULL at the end; the first is the default. */
extern const struct rog_server_optimizer *const rog_server_optimizers[];

#endif
