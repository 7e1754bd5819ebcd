/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_RAN_OUT_H
#define ROG_COMMON_RAN_OUT_H

/*
 * Memory that ran out in unchecked calls: values are built, and texts made from them, by many calls
 * whose results are not checked one by one. Each of these calls records here that something is
 * missing in what this thread has made. From then on the thread does nothing permanent: no text is
 * made from a JSON value, no file is put into place, no transaction is committed, no command
 * succeeds. Code that uses such values in another way, or passes them to another thread, must check
 * first.
 *
 * This cannot be reset, because it is unknown which values are complete. Other threads and
 * processes continue.
 */

#include <stdbool.h>

#include <rog/error.h>

void rog_ran_out_note(void);
bool rog_ran_out(void);
/* Returns ROG_OK, or ROG_ENOMEM if memory ran out in this thread. */
int rog_ran_out_check(struct rog_error *err);
/* Returns whether even a small allocation fails now: for functions that fail without a reason. */
bool rog_ran_out_now(void);

#endif
