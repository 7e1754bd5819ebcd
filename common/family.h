/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_FAMILY_H
#define ROG_COMMON_FAMILY_H

/*
 * The descendants of a process, including those that have left its process group and session. They
 * are found through their parents, which requires that the process adopts orphans
 * (rog_family_adopt), and by an environment variable that all of them inherit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on, orphaned descendants of this process become its children. */
void rog_family_adopt(bool adopt);

/* A process and its parent, and a list of all processes. */
struct rog_family_member {
    pid_t pid, parent, group;
    uint64_t rss_bytes;
};
struct rog_family {
    struct rog_family_member *members;
    size_t count;
};
/* Lists all processes; empty if there is no memory or no /proc. Release it. */
void rog_family_look(struct rog_family *family);
void rog_family_release(struct rog_family *family);
/* Keeps only the children of a process. */
void rog_family_keep_children(struct rog_family *family, pid_t parent);
bool rog_family_has(const struct rog_family *family, pid_t pid);
/* Returns the child of `top` that is `pid` or an ancestor of it; 0 if `pid` does not descend from
 * `top`. */
pid_t rog_family_branch(const struct rog_family *family, pid_t pid, pid_t top);

/* Returns the memory of a process, with its share of pages that it shares with others; 0 if
 * unknown. */
uint64_t rog_family_bytes(pid_t pid);

/* Kills, until none is left or about `limit_s` has passed, all processes that were started with
 * "mark" in their environment and, unless `spared` is NULL, all descendants of this process except
 * the `spared` children and their descendants. Children are reaped. */
void rog_family_kill(const char *mark, const struct rog_family *spared, double limit_s);

#endif
