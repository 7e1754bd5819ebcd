/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_TEST_PROGRAMS_PEERS_H
#define ROG_TEST_PROGRAMS_PEERS_H

/* Training programs, good and bad, by their names; for the main function of a test. Returns its
 * exit status. */
int run_peer(const char *name);

#endif
