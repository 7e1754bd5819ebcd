/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_PROGRAMS_PEERS_H
#define ROG_TEST_PROGRAMS_PEERS_H

#include <stdbool.h>

/* Training programs, good and bad, by their names. */

/* Whether the arguments of this process are those of one: "peer NAME"; or, as Python's
 * would be, "NAME", and "-m rog.worker_host --workers N NAME" for one that has N workers. *status
 * is what main returns then. */
bool is_peer(int argc, char **argv, int *status);

#endif
