/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that need a network: two namespaces of the test, connected by a veth. */
#ifndef ROG_TESTS_NAMESPACE_SUPPORT_H
#define ROG_TESTS_NAMESPACE_SUPPORT_H

#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/shape/host.h>

#define IFACE "eth0"
#define WORKER "10.99.7.1"
#define SERVER "10.99.7.2"

struct world {
    char worker[32], server[32]; /* namespaces; eth0 of each is one end of the veth */
    char folder[64];
    char skip[512]; /* why nothing can be tested here */
};

static inline double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void sleep_s(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&time, NULL);
}

static inline void tear(const struct world *world)
{
    struct rog_error ignored;
    rog_shape_command(&ignored, "ip netns del %s", world->worker);
    rog_shape_command(&ignored, "ip netns del %s", world->server);
    if (world->folder[0])
        rog_dir_remove(world->folder, &ignored);
}

static inline int build(struct world *world, struct rog_error *err)
{
    const char *w = world->worker, *s = world->server;
    int code = rog_shape_command(err, "ip netns add %s", w);
    if (!code)
        code = rog_shape_command(err, "ip netns add %s", s);
    if (!code)
        code =
            rog_shape_command(err, "ip link add name %s netns %s type veth peer name %s netns %s",
                              IFACE, w, IFACE, s);
    if (!code)
        code = rog_shape_command(err, "ip -n %s address add %s/24 dev %s", w, WORKER, IFACE);
    if (!code)
        code = rog_shape_command(err, "ip -n %s address add %s/24 dev %s", s, SERVER, IFACE);
    if (!code)
        code = rog_shape_command(err, "ip -n %s link set dev %s up", w, IFACE);
    if (!code)
        code = rog_shape_command(err, "ip -n %s link set dev %s up", s, IFACE);
    return code;
}

/* Nothing of the previous test may be left. */
static inline int set_up(void **state)
{
    static const char name[] = "/tmp/rog-shape-XXXXXX";
    struct world *world = calloc(1, sizeof *world);
    struct rog_error err = {0};
    *state = world;
    snprintf(world->worker, sizeof world->worker, "rogtw%ld", (long)getpid());
    snprintf(world->server, sizeof world->server, "rogts%ld", (long)getpid());
    memcpy(world->folder, name, sizeof name);
    if (!mkdtemp(world->folder))
        return -1;
    if (geteuid() != 0)
        snprintf(world->skip, sizeof world->skip, "namespaces need root");
    else if (build(world, &err))
        snprintf(world->skip, sizeof world->skip, "no network namespaces here: %.400s",
                 err.message);
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *world = *state;
    tear(world);
    free(world);
    return 0;
}

static inline struct world *world_of(void **state)
{
    struct world *world = *state;
    if (world->skip[0]) {
        printf("skipped: %s\n", world->skip);
        skip();
    }
    return world;
}

static inline bool enter(const char *space)
{
    char *path = rog_format("/run/netns/%s", space);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
}

/* Forks a child in a namespace that dies with the test. Returns 0 in the child. */
static inline pid_t branch(const char *space)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        setpriority(PRIO_PROCESS, 0, -15); /* measurements must not depend on other processes */
        if (!enter(space))
            _exit(99);
    }
    return pid;
}

static inline int finish(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
