/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TESTS_POLICIES_H
#define ROG_TESTS_POLICIES_H

/* Strategies that say what the ones that come with the project do not. */

#include <rog/strategy.h>

/* 50 local steps, and SSP. */
extern const struct rog_strategy policy_steps;
/* Something is sent in every fifth iteration, nothing in the others; nobody waits. */
extern const struct rog_strategy policy_seldom;
/* The tenth of the rows with the largest magnitudes, both ways; a worker is at most `threshold`
 * iterations ahead of any other. */
extern const struct rog_strategy policy_top;
/* The first worker makes 20 times as many steps. The others wait for it for 2 s. */
extern const struct rog_strategy policy_patient;
/* All but one of the workers have to be there. The first one makes 20 times as many steps. */
extern const struct rog_strategy policy_backup;
/* The first worker sends nothing and asks again at once, for ever, while the others send all. */
extern const struct rog_strategy policy_hasty;
/* Asks again each half a second, for ever. */
extern const struct rog_strategy policy_stubborn;
/* Ends the run where a worker does not know how long its steps took. */
extern const struct rog_strategy policy_watchful;
/* Everything that can be said, drawn from the run's seed and from what is in the views. */
extern const struct rog_strategy policy_everything;

#endif
