/* SPDX-License-Identifier: Apache-2.0 */
/* Tries in a child process whether a strategy can be created: a plugin that crashes ends only the
 * child, and what it prints does not mix with our output. */
#include <trainer/run/train.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES 256
#define LIMIT_S 60

/* First byte of the answer of a child that does not crash. */
#define GOOD 'g'
#define REFUSED 'r' /* the message follows */

/* Runs in the child, which writes its answer to `out`. */
static _Noreturn void begin(const struct rog_train *train, int out)
{
    const struct rog_strategy *strategy = train->plugin.strategy;
    const struct rog_strategy_config config = {
        .rows = train->rows->row_count,
        .workers = train->config->worker_count,
        .threshold = train->threshold,
        .parameters = train->plugin.parameters,
        .model = &train->rows->model,
        .seed = train->config->seed,
        .worker = ROG_NOBODY,
    };
    char answer[ANSWER_BYTES] = {GOOD};
    void *state = NULL;
    dup2(STDERR_FILENO, STDOUT_FILENO);
    alarm(LIMIT_S);
    if (strategy->create(&config, &state, answer + 1, sizeof answer - 1))
        answer[0] = REFUSED;
    else if (strategy->destroy)
        strategy->destroy(state);
    _exit(write(out, answer, strnlen(answer, sizeof answer)) < 0);
}

/* Reads the child's answer, as far as it fits; "" if it writes nothing. */
static void listen_to(int in, char answer[ANSWER_BYTES])
{
    size_t used = 0;
    ssize_t got;
    while (used < ANSWER_BYTES - 1 &&
           ((got = read(in, answer + used, ANSWER_BYTES - 1 - used)) > 0 ||
            (got < 0 && errno == EINTR)))
        used += got > 0 ? (size_t)got : 0;
    answer[used] = '\0';
}

static int judge(const struct rog_train *train, int status, const char *answer,
                 struct rog_error *err)
{
    const char *name = train->plugin.strategy->name, *path = train->plugin.path;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGALRM)
        return rog_fail(err, ROG_EINVAL, "%s cannot start: plugin %s did not finish within %d s",
                        name, path, LIMIT_S);
    if (number)
        return rog_fail(err, ROG_EINVAL, "%s cannot start: plugin %s crashed (signal %d, %s)", name,
                        path, number, strsignal(number));
    if (!answer[0])
        return rog_fail(err, ROG_EINVAL, "%s cannot start: plugin %s exited the process", name,
                        path);
    if (answer[0] == REFUSED)
        return rog_fail(err, ROG_EINVAL, "%s cannot start: %s", name, answer + 1);
    return ROG_OK;
}

int rog_train_try_strategy(const struct rog_train *train, struct rog_error *err)
{
    char answer[ANSWER_BYTES];
    int ends[2], status = 0;
    if (!train->plugin.strategy->create)
        return ROG_OK;
    if (pipe(ends) != 0)
        return rog_fail(err, ROG_EIO, "cannot create a pipe: %s", strerror(errno));
    fflush(NULL); /* so that no buffered output is written twice */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        begin(train, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return rog_fail(err, ROG_EIO, "cannot start a process: %s", strerror(errno));
    }
    listen_to(ends[0], answer);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return judge(train, status, answer, err);
}
