/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SCRATCH_H
#define ROG_COMMON_SCRATCH_H

/* Temporary folders. If the process that created one is killed, the folder is removed when another
 * one is created in the same place. */

#include <rog/error.h>

struct rog_scratch {
    char *path; /* NULL: none */
    int lock;
};

/* Creates PARENT/NAME.rogpart-xxxxxx (temporary.h), readable only by its owner; in $TMPDIR (or
 * /tmp) if `parent` is NULL. ROG_EIO; ROG_ENOMEM. */
int rog_scratch_make(struct rog_scratch *scratch, const char *parent, const char *name,
                     struct rog_error *err);
/* Removes it with its contents; on ROG_EIO some may remain. No effect if there is none. */
int rog_scratch_remove(struct rog_scratch *scratch, struct rog_error *err);

#endif
