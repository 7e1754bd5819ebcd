/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_RESERVE_H
#define ROG_LINK_RESERVE_H

/*
 * libuv aborts if it cannot allocate the table of descriptors that a loop watches. After this call
 * it takes the table from a reserve in this case, once, and the thread records that memory ran out
 * (common/ran_out.h): the next operation of the loop fails with that error.
 *
 * It affects the whole process and all of its loops. Call it only in our own programs, and before
 * they create threads.
 */
void rog_reserve_for_loops(void);

#endif
