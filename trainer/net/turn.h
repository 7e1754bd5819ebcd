/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_TURN_H
#define ROG_LINK_TURN_H

/*
 * Whose turn it is: a loop in a thread of its own, and a caller in another, who computes. What they
 * share belongs to whoever has the turn, so that neither waits for a lock while the other works:
 * the loop gives the turn, the caller hands it back. The loop has it at first.
 */

#include <stdbool.h>

#include <uv.h>

#include <rog/error.h>

struct rog_turn;

struct rog_turn_hooks {
    /* In the loop's thread: the caller has handed back. */
    void (*taken)(void *user);
    /* In the loop's thread: the caller wants the loop to end. */
    void (*quit)(void *user);
};

int rog_turn_new(struct rog_turn **turn, uv_loop_t *loop, const struct rog_turn_hooks *hooks,
                 void *user, struct rog_error *err);
/* When nobody uses it any more. The loop must run once more before it is closed. Harmless on NULL.
 */
void rog_turn_free(struct rog_turn *turn);

/* The loop's side. `over`: the turn is given for the last time, the loop ends. */
void rog_turn_give(struct rog_turn *turn);
void rog_turn_over(struct rog_turn *turn);
/* The caller has the turn, or has handed it back and `taken` has not been called. */
bool rog_turn_given(const struct rog_turn *turn);

/* The caller's side. Waits for the turn, at most so long (negative: without end); false where it
 * has not come. */
bool rog_turn_wait(struct rog_turn *turn, double timeout_s);
/* False, and nothing done, when the turn is not the caller's or it is over. */
bool rog_turn_hand_back(struct rog_turn *turn);
bool rog_turn_is_over(struct rog_turn *turn);
/* At any time, whoever has the turn. */
void rog_turn_quit(struct rog_turn *turn);

#endif
