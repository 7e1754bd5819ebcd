/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_SCRATCH_H
#define ROG_COMMON_SCRATCH_H

/* A folder for what is made on the way. Of one whose maker was killed nothing stays once another is
 * made in the same place. */

#include <rog/error.h>

struct rog_scratch {
    char *path; /* NULL: none */
    int lock;
};

/* Makes PARENT/NAME.rogpart-xxxxxx (temporary.h), readable by its owner alone; where `parent` is
 * NULL, in $TMPDIR (/tmp where that is not set). ROG_EIO; ROG_ENOMEM. */
int rog_scratch_make(struct rog_scratch *scratch, const char *parent, const char *name,
                     struct rog_error *err);
/* With all that is in it, of which something stays on ROG_EIO. Harmless where there is none. */
int rog_scratch_remove(struct rog_scratch *scratch, struct rog_error *err);

#endif
