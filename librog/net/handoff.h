/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_HANDOFF_H
#define ROG_LINK_HANDOFF_H

/*
 * Passes control between a loop in its own thread and a caller in another thread, which computes.
 * Shared data belong to the side that has control, so that neither waits for a lock while the other
 * works: the loop gives control, the caller hands it back. Initially the loop has it.
 */

#include <stdbool.h>

#include <uv.h>

#include <rog/error.h>

struct rog_handoff;

struct rog_handoff_hooks {
    /* In the loop's thread: the caller has handed control back. */
    void (*taken)(void *user);
    /* In the loop's thread: the caller wants the loop to end. */
    void (*quit)(void *user);
};

int rog_handoff_new(struct rog_handoff **handoff, uv_loop_t *loop,
                    const struct rog_handoff_hooks *hooks, void *user, struct rog_error *err);
/* Call this once no side uses it. The loop must run once more before it is closed. No effect on
 * NULL. */
void rog_handoff_free(struct rog_handoff *handoff);

/* The loop's side: gives control to the caller. `over`: for the last time, then the loop ends. */
void rog_handoff_give(struct rog_handoff *handoff);
void rog_handoff_over(struct rog_handoff *handoff);
/* Returns true if the caller has control, or has handed it back and `taken` has not been called
 * yet. */
bool rog_handoff_given(const struct rog_handoff *handoff);

/* The caller's side: waits for control, at most this long (negative: without limit); returns false
 * if it has not got it. */
bool rog_handoff_wait(struct rog_handoff *handoff, double timeout_s);
/* Returns false and does nothing if the caller does not have control or the loop has ended. */
bool rog_handoff_hand_back(struct rog_handoff *handoff);
bool rog_handoff_is_over(struct rog_handoff *handoff);
/* Asks the loop to end; at any time, whichever side has control. */
void rog_handoff_quit(struct rog_handoff *handoff);

#endif
