/* SPDX-License-Identifier: Apache-2.0 */

/* A shared object that is no strategy. */

#include <rog/strategy.h>

ROG_STRATEGY_EXPORT extern const int something_else;
const int something_else = ROG_STRATEGY_ABI;
