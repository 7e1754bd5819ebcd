/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_TOPICS_H
#define ROG_ORCHESTRATOR_TOPICS_H

/* Topics of `rogctl help` in addition to commands. */

#include <common/cli.h>

/* Ends with a row without a name. */
extern const struct rog_topic rog_topics[];

#endif
