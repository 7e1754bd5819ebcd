/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CLAIM_CLAIM_H
#define ROG_CLAIM_CLAIM_H

/* A place among those who want this host (common/claims.h), as long as the process has it. */

#include <common/claims.h>
#include <rog/error.h>

#define ROG_CLAIM_PARTS 10

struct rog_claim {
    struct rog_claim_entry entry;
    int fd[ROG_CLAIM_PARTS]; /* [count] */
    size_t count;            /* 0: it has none */
};

/* Takes a place: that of the token where it has one already, else the last. No other program that
 * this one starts keeps it. ROG_EBUSY: somebody else has been about it for 10 s; ROG_EIO. */
int rog_claim_enter(struct rog_claim *claim, const char *token, const char *text,
                    struct rog_error *err);
/* Harmless without one. */
void rog_claim_leave(struct rog_claim *claim);

/* All places that are taken. Release it in any case. */
int rog_claim_look(struct rog_claims *claims, struct rog_error *err);

#endif
