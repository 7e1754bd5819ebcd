/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The cost of a command: wall time, CPU time and the largest memory, medians over repeats. Its
 * standard output is discarded.
 *
 *     bench-command NAME REPEATS PROGRAM ARGUMENTS...
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bench/measure.h>

#define MOST_REPEATS 100

struct cost {
    double wall_s, cpu_s, memory_mib;
};

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* Returns 0, or the error as an exit status. */
static int run(char **command, struct cost *cost)
{
    struct rusage usage;
    int status;
    double begin_s = rog_bench_wall_s();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
            dup2(null, STDOUT_FILENO);
        execvp(command[0], command);
        fprintf(stderr, "bench-command: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        perror("bench-command");
        return 1;
    }
    cost->wall_s = rog_bench_wall_s() - begin_s;
    cost->cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    cost->memory_mib = (double)usage.ru_maxrss / 1024;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "bench-command: %s: ended by signal %d\n", command[0], WTERMSIG(status));
    return 1;
}

static void print(const char *name, const char *what, double *values, int count, const char *unit)
{
    char full[160];
    snprintf(full, sizeof full, "%s, %s", name, what);
    rog_bench_print(full, rog_bench_median(values, (size_t)count), unit, ROG_BENCH_NO_LIMIT);
}

int main(int argc, char **argv)
{
    double wall_s[MOST_REPEATS], cpu_s[MOST_REPEATS], memory_mib[MOST_REPEATS];
    int repeats = argc > 3 ? atoi(argv[2]) : 0;
    if (repeats < 1 || repeats > MOST_REPEATS) {
        fprintf(stderr, "usage: bench-command NAME REPEATS PROGRAM ARGUMENTS...\n");
        return 2;
    }
    for (int i = 0; i < repeats; i++) {
        struct cost cost = {0};
        int status = run(argv + 3, &cost);
        if (status)
            return status;
        wall_s[i] = cost.wall_s;
        cpu_s[i] = cost.cpu_s;
        memory_mib[i] = cost.memory_mib;
    }
    print(argv[1], "wall", wall_s, repeats, "s");
    print(argv[1], "CPU", cpu_s, repeats, "s");
    print(argv[1], "memory", memory_mib, repeats, "MiB");
    return 0;
}
