/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_RAN_OUT_H
#define ROG_COMMON_RAN_OUT_H

/*
 * Memory that ran out where nobody looked: values are put together, and texts made of them, by many
 * calls whose results are not checked one by one. Each of these calls notes here that something is
 * missing in what this thread has made, and from then on the thread does nothing that lasts: no
 * text is made of a JSON value, no file put in its place, no transaction committed, no command ends
 * well. Whoever uses what was made in another way, or hands it to another thread, asks first.
 *
 * There is no way back, as nobody knows what is whole. Another thread, or another process, goes on.
 */

#include <stdbool.h>

#include <rog/error.h>

void rog_ran_out_note(void);
bool rog_ran_out(void);
/* ROG_OK, or ROG_ENOMEM if memory ran out in this thread. */
int rog_ran_out_check(struct rog_error *err);
/* Whether even a small allocation fails now: for functions that fail without a reason. */
bool rog_ran_out_now(void);

#endif
