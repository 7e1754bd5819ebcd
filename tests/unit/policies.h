/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_POLICIES_H
#define ROG_TESTS_POLICIES_H

/* Strategies with decisions that the included ones do not make. */

#include <rog/strategy.h>

/* 50 local steps, and SSP. */
extern const struct rog_strategy policy_steps;
/* Sends in every fifth iteration, nothing in the others; no worker waits. */
extern const struct rog_strategy policy_seldom;
/* Sends the tenth of the rows with the largest magnitudes, in both directions; a worker is at most
 * `threshold` iterations ahead of any other. */
extern const struct rog_strategy policy_top;
/* The first worker makes 20 times as many steps. The others wait for it for 2 s. */
extern const struct rog_strategy policy_patient;
/* All workers but one must have pushed. The first one makes 20 times as many steps. */
extern const struct rog_strategy policy_backup;
/* The first worker sends nothing and asks again at once, forever, while the others send
 * everything. */
extern const struct rog_strategy policy_hasty;
/* Asks again every half second, forever. */
extern const struct rog_strategy policy_stubborn;
/* Ends the run if a worker does not know how long its steps took. */
extern const struct rog_strategy policy_watchful;
/* All possible decisions, drawn from the run's seed and the contents of the views. */
extern const struct rog_strategy policy_everything;

#endif
