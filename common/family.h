/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_FAMILY_H
#define ROG_COMMON_FAMILY_H

/*
 * The descendants of a process, also those that have left its process group and session. They are
 * found by descent, which requires that the process adopts orphans (rog_family_adopt), and by an
 * environment variable that all of them inherit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on, orphaned descendants of this process become its children. */
void rog_family_adopt(bool adopt);

/* A process and its parent; of all that there are. */
struct rog_family_member {
    pid_t pid, parent, group;
    uint64_t rss_bytes;
};
struct rog_family {
    struct rog_family_member *members;
    size_t count;
};
/* Empty if there is no memory or no /proc. Release it. */
void rog_family_look(struct rog_family *family);
void rog_family_release(struct rog_family *family);
/* Keeps only the children of a process. */
void rog_family_keep_children(struct rog_family *family, pid_t parent);
bool rog_family_has(const struct rog_family *family, pid_t pid);
/* Of a process and its ancestors, the one that is a child of `top`; 0: it does not descend from
 * that. */
pid_t rog_family_branch(const struct rog_family *family, pid_t pid, pid_t top);

/* The memory of a process, with its share of the pages that it shares with others; 0 if unknown. */
uint64_t rog_family_bytes(pid_t pid);

/* Kills, until none is left or about `limit_s` has passed, all processes that were started with
 * "mark" in their environment and, unless `spared` is NULL, all descendants of this process except
 * those children and their descendants. Children are reaped. */
void rog_family_kill(const char *mark, const struct rog_family *spared, double limit_s);

#endif
