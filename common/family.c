/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and kills descendants of a process, with /proc. */
#include <common/family.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>

#define STEP_NS 10000000L
#define ENVIRONMENT_BYTES ((size_t)256 << 10)

void rog_family_adopt(bool adopt)
{
    prctl(PR_SET_CHILD_SUBREAPER, adopt ? 1UL : 0UL, 0UL, 0UL, 0UL);
}

/* Reads up to bytes - 1 of a file of a process, and adds a NUL; returns the number of bytes. */
static size_t read_of(pid_t pid, const char *name, char *text, size_t bytes)
{
    char path[64];
    size_t used = 0;
    ssize_t got = 0;
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && used + 1 < bytes && (got = read(fd, text + used, bytes - 1 - used)) > 0)
        used += (size_t)got;
    if (fd >= 0)
        close(fd);
    text[used] = '\0';
    return used;
}

/* ---- finding processes ---- */

/* Reads a process's entry. The name of its program, in parentheses, may contain any characters. */
static bool read_member(pid_t pid, struct rog_family_member *member)
{
    char text[1024];
    read_of(pid, "stat", text, sizeof text);
    const char *end = strrchr(text, ')');
    char state;
    long parent, group, pages = 0;
    /* state, ppid, pgrp, then 18 fields up to vsize, rss */
    if (!end || sscanf(end + 1,
                       " %c %ld %ld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                       "%*s %*s %*s %ld",
                       &state, &parent, &group, &pages) != 4)
        return false;
    *member = (struct rog_family_member){
        .pid = pid,
        .parent = (pid_t)parent,
        .group = (pid_t)group,
        .rss_bytes = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0};
    return true;
}

static bool add(struct rog_family *family, const struct rog_family_member *member)
{
    size_t count = family->count;
    if ((count & (count - 1)) == 0) { /* room is a power of two */
        struct rog_family_member *more =
            realloc(family->members, (count ? 2 * count : 1) * sizeof *more);
        if (!more)
            return false;
        family->members = more;
    }
    family->members[family->count++] = *member;
    return true;
}

static int by_pid(const void *a, const void *b)
{
    const struct rog_family_member *one = a, *other = b;
    return (one->pid > other->pid) - (one->pid < other->pid);
}

void rog_family_look(struct rog_family *family)
{
    *family = (struct rog_family){0};
    DIR *all = opendir("/proc");
    struct rog_family_member member;
    for (struct dirent *entry; all && (entry = readdir(all));)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            read_member((pid_t)strtol(entry->d_name, NULL, 10), &member) && !add(family, &member))
            break;
    if (all)
        closedir(all);
    if (family->count)
        qsort(family->members, family->count, sizeof *family->members, by_pid);
}

void rog_family_release(struct rog_family *family)
{
    free(family->members);
    *family = (struct rog_family){0};
}

void rog_family_keep_children(struct rog_family *family, pid_t parent)
{
    size_t kept = 0;
    for (size_t i = 0; i < family->count; i++)
        if (family->members[i].parent == parent)
            family->members[kept++] = family->members[i];
    family->count = kept;
}

static const struct rog_family_member *find(const struct rog_family *family, pid_t pid)
{
    const struct rog_family_member key = {.pid = pid};
    return family->count ? bsearch(&key, family->members, family->count, sizeof key, by_pid) : NULL;
}

bool rog_family_has(const struct rog_family *family, pid_t pid)
{
    return find(family, pid) != NULL;
}

pid_t rog_family_branch(const struct rog_family *family, pid_t pid, pid_t top)
{
    /* While processes start and end, the parents that were read may form a cycle. */
    for (size_t steps = 0; steps <= family->count && pid > 0; steps++) {
        const struct rog_family_member *found = find(family, pid);
        if (found && found->parent == top)
            return pid;
        pid = found ? found->parent : 0;
    }
    return 0;
}

uint64_t rog_family_bytes(pid_t pid)
{
    char text[4096];
    unsigned long long kib = 0;
    read_of(pid, "smaps_rollup", text, sizeof text);
    const char *line = strstr(text, "\nPss:");
    return line && sscanf(line + 1, "Pss: %llu", &kib) == 1 ? (uint64_t)kib << 10 : 0;
}

/* ---- killing them ---- */

/* Returns whether one of the process's environment variables is exactly `mark`. */
static bool is_marked(pid_t pid, const char *mark, char *room)
{
    size_t used = read_of(pid, "environ", room, ENVIRONMENT_BYTES);
    for (size_t at = 0; at < used; at += strlen(room + at) + 1)
        if (strcmp(room + at, mark) == 0)
            return true;
    return false;
}

/* Kills all that exist now; returns their number. */
static size_t kill_once(const char *mark, const struct rog_family *spared, char *room)
{
    struct rog_family family;
    size_t killed = 0;
    pid_t self = getpid();
    rog_family_look(&family);
    for (size_t i = 0; i < family.count; i++) {
        pid_t pid = family.members[i].pid;
        pid_t branch = spared ? rog_family_branch(&family, pid, self) : 0;
        bool is_child = branch && !rog_family_has(spared, branch);
        if (pid == self || (is_child && waitpid(pid, NULL, WNOHANG) == pid))
            continue;
        if ((is_child || is_marked(pid, mark, room)) && kill(pid, SIGKILL) == 0)
            killed++;
    }
    rog_family_release(&family);
    return killed;
}

void rog_family_kill(const char *mark, const struct rog_family *spared, double limit_s)
{
    const struct timespec step = {0, STEP_NS};
    double until_s = rog_clock_s() + limit_s;
    char *room = malloc(ENVIRONMENT_BYTES);
    while (room && kill_once(mark, spared, room) > 0 && rog_clock_s() < until_s)
        nanosleep(&step, NULL);
    free(room);
}
