/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_FAMILY_H
#define ROG_COMMON_FAMILY_H

/*
 * All that comes from a process: what it has started, what that has started, and so on, also what
 * has left its process group and session. Known by descent, for which the process has to be the
 * one that orphans go to (rog_family_adopt), and by a variable of the environment that all inherit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on orphans among this process's descendants become its children. */
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
/* Without memory or /proc: nobody. Release it. */
void rog_family_look(struct rog_family *family);
void rog_family_release(struct rog_family *family);
/* Keeps the children of a process alone. */
void rog_family_keep_children(struct rog_family *family, pid_t parent);
bool rog_family_has(const struct rog_family *family, pid_t pid);
/* Of a process and what it descends from, the one that is a child of `top`; 0: it does not descend
 * from that. */
pid_t rog_family_branch(const struct rog_family *family, pid_t pid, pid_t top);

/* What a process occupies, with its share of the pages that it has in common with others; 0 where
 * that cannot be found. */
uint64_t rog_family_bytes(pid_t pid);

/* Kills, until none is left or about `limit_s` are over, whoever has "mark" in the environment that
 * it was started with, and, unless `spared` is NULL, all descendants of this process but those
 * children and what descends from them. Children are reaped. */
void rog_family_kill(const char *mark, const struct rog_family *spared, double limit_s);

#endif
