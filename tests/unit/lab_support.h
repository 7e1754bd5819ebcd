/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that need the lab: whether this machine can have one. */
#ifndef ROG_TESTS_LAB_SUPPORT_H
#define ROG_TESTS_LAB_SUPPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <common/process.h>
#include <orchestrator/lab/lab.h>

struct lab_group {
    char why_not[1200]; /* "" if a lab can be created */
};

static inline bool lab_try(const char *const *argv, struct lab_group *group)
{
    struct rog_error err = {0};
    if (rog_process_run(argv, 20, NULL, &err) == ROG_OK)
        return true;
    if (!group->why_not[0])
        snprintf(group->why_not, sizeof group->why_not, "%s", err.message);
    return false;
}

static inline int lab_group_set_up(void **state)
{
    static const char *const make_space[] = {"ip", "netns", "add", "roglabtry", NULL};
    static const char *const make_bridge[] = {"ip",   "-n",           "roglabtry", "link",   "add",
                                              "name", "roglabtry-br", "type",      "bridge", NULL};
    static const char *const remove_space[] = {"ip", "netns", "del", "roglabtry", NULL};
    struct lab_group *group = calloc(1, sizeof *group);
    struct rog_lab_status *status = calloc(1, sizeof *status);
    struct rog_error err = {0};
    *state = group;
    if (geteuid() != 0)
        snprintf(group->why_not, sizeof group->why_not, "the lab needs root");
    else if (access("/usr/sbin/sshd", X_OK) != 0)
        snprintf(group->why_not, sizeof group->why_not, "openssh-server is not installed");
    else if (lab_try(make_space, group)) {
        lab_try(make_bridge, group);
        lab_try(remove_space, group);
    }
    if (!group->why_not[0] && rog_lab_status(status, &err) == ROG_OK && status->count)
        snprintf(group->why_not, sizeof group->why_not, "a lab is up on this machine already");
    free(status);
    return 0;
}

static inline int lab_group_tear_down(void **state)
{
    free(*state);
    return 0;
}

/* Call it at the start of every test that needs the lab. */
static inline void need_lab(void **state)
{
    const struct lab_group *group = *state;
    if (group->why_not[0]) {
        printf("skipped: %s\n", group->why_not);
        skip();
    }
}

/* Also used after a failed test. */
static inline int lab_tear_down(void **state)
{
    const struct lab_group *group = *state;
    struct rog_error err;
    return group->why_not[0] ? 0 : rog_lab_down(NULL, &err);
}

#endif
