/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_HANDOFF_H
#define ROG_LINK_HANDOFF_H

/*
 * Handing control to and fro between a loop in a thread of its own and a caller in another, who
 * computes. What they share belongs to whoever has control, so that neither waits for a lock while
 * the other works: the loop gives control, the caller hands it back. The loop has it at first.
 */

#include <stdbool.h>

#include <uv.h>

#include <rog/error.h>

struct rog_handoff;

struct rog_handoff_hooks {
    /* In the loop's thread: the caller has handed back. */
    void (*taken)(void *user);
    /* In the loop's thread: the caller wants the loop to end. */
    void (*quit)(void *user);
};

int rog_handoff_new(struct rog_handoff **handoff, uv_loop_t *loop,
                    const struct rog_handoff_hooks *hooks, void *user, struct rog_error *err);
/* When nobody uses it any more. The loop must run once more before it is closed. Harmless on NULL.
 */
void rog_handoff_free(struct rog_handoff *handoff);

/* The loop's side. `over`: control is given for the last time, the loop ends. */
void rog_handoff_give(struct rog_handoff *handoff);
void rog_handoff_over(struct rog_handoff *handoff);
/* The caller has control, or has handed it back and `taken` has not been called. */
bool rog_handoff_given(const struct rog_handoff *handoff);

/* The caller's side. Waits for control, at most so long (negative: without end); false where it has
 * not come. */
bool rog_handoff_wait(struct rog_handoff *handoff, double timeout_s);
/* False, and nothing done, when the caller does not have control or it is over. */
bool rog_handoff_hand_back(struct rog_handoff *handoff);
bool rog_handoff_is_over(struct rog_handoff *handoff);
/* At any time, whoever has control. */
void rog_handoff_quit(struct rog_handoff *handoff);

#endif
