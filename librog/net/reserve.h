/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_RESERVE_H
#define ROG_LINK_RESERVE_H

/*
 * libuv aborts if there is no memory for the table of what a loop watches. From this call on it
 * takes the table from a reserve then, once, and the thread notes that memory ran out
 * (common/ran_out.h): what the loop does next fails with that error.
 *
 * It is for the whole process and all of its loops, therefore only for a program that is ours, and
 * to be called before it has threads.
 */
void rog_reserve_for_loops(void);

#endif
