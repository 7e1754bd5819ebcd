/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_PROGRAMS_PEERS_H
#define ROG_TEST_PROGRAMS_PEERS_H

#include <stdbool.h>

/* Training programs, correct and faulty, by their names. */

/* Returns whether the arguments of this process are those of a peer: "peer NAME"; or, like
 * Python's, "NAME", and "-m rog.worker_host --workers N NAME" for a process with N workers. *status
 * is then the result of main. */
bool is_peer(int argc, char **argv, int *status);

#endif
