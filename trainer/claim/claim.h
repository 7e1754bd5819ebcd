/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CLAIM_CLAIM_H
#define ROG_CLAIM_CLAIM_H

/* A place in the queue for this host (common/claims.h), held as long as the process has it. */

#include <common/claims.h>
#include <rog/error.h>

#define ROG_CLAIM_PARTS 10

struct rog_claim {
    struct rog_claim_entry entry;
    int fd[ROG_CLAIM_PARTS]; /* [count] */
    size_t count;            /* 0: no place */
};

/* Takes a place: the token's existing one, or the last. Programs that this process starts do not
 * inherit it. ROG_EBUSY: another process has been taking a place for 10 s; ROG_EIO. */
int rog_claim_enter(struct rog_claim *claim, const char *token, const char *text,
                    struct rog_error *err);
/* Does nothing if there is no place. */
void rog_claim_leave(struct rog_claim *claim);

/* Reads all taken places. Release them in any case. */
int rog_claim_look(struct rog_claims *claims, struct rog_error *err);

#endif
