/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a user's test: one process for each checkpoint, or copies of one process. */
#include <trainer/run/program_tester.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <common/file.h>
#include <common/hash.h>
#include <common/last_words.h>
#include <common/metric.h>
#include <common/program_command.h>
#include <trainer/run/program.h>

#define LAST_LINE_BYTES 240
#define MESSAGES "/proc/self/fd/2"
#define MESSAGES_BYTES 4096
#define END_MARK "\036rog.test_host " /* from python/rog/test_host.py, followed by the status */

struct rog_program_tester {
    const struct rog_run_config *config;
    char *folder;
    char *copying; /* command of a process that forks copies of itself; NULL: one process each */
    pid_t process; /* the running process; 0: none */
    int input;     /* a socket to it */
    FILE *output;  /* its output */
};

/* ---- the process ---- */

/* Opens both ends of the process's input and output. The input is a socket, since writing to a
 * socket need not raise a signal. */
static int open_ends(int input[2], int output[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input))
        return -1;
    if (pipe2(output, O_CLOEXEC) == 0)
        return 0;
    close(input[0]);
    close(input[1]);
    return -1;
}

static int spawn(struct rog_program_tester *tester, const char *command, int input, int output)
{
    char shell[] = "sh", option[] = "-c", *const argv[] = {shell, option, (char *)command, NULL};
    posix_spawn_file_actions_t actions;
    int cause = posix_spawn_file_actions_init(&actions);
    if (cause)
        return cause;
    cause = posix_spawn_file_actions_addchdir_np(&actions, tester->folder);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!cause)
        cause = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!cause)
        cause = posix_spawn(&tester->process, "/bin/sh", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

static int start(struct rog_program_tester *tester, const char *command, struct rog_error *err)
{
    int input[2], output[2];
    if (open_ends(input, output))
        return rog_fail(err, ROG_EIO, "cannot open a pipe: %s", strerror(errno));
    fflush(NULL);
    int cause = spawn(tester, command, input[1], output[1]);
    close(input[1]);
    close(output[1]);
    tester->input = input[0];
    tester->output = fdopen(output[0], "r");
    if (!tester->output) {
        close(output[0]);
        return rog_fail_nomem(err);
    }
    if (!cause)
        return ROG_OK;
    tester->process = 0;
    return rog_fail(err, ROG_EFAILED, "cannot start the test \"%s\": %s", tester->config->test,
                    strerror(cause));
}

/* Waits for the process; returns its status as waitpid does. */
static int await_end(struct rog_program_tester *tester)
{
    int status = 0;
    if (tester->input >= 0)
        close(tester->input);
    if (tester->output)
        fclose(tester->output);
    while (tester->process && waitpid(tester->process, &status, 0) < 0 && errno == EINTR)
        continue;
    tester->process = 0;
    tester->input = -1;
    tester->output = NULL;
    return status;
}

int rog_program_tester_new(struct rog_program_tester **tester, const struct rog_run_config *config,
                           const char *config_path, bool many, struct rog_error *err)
{
    struct rog_program_tester *made = calloc(1, sizeof *made);
    *tester = NULL;
    if (!made)
        return rog_fail_nomem(err);
    *made = (struct rog_program_tester){.config = config, .input = -1};
    int code = rog_program_prepare_test(config, config_path, &made->folder, err);
    if (!code && many)
        code = rog_program_copying_command(config->test, &made->copying, err);
    if (code)
        rog_program_tester_free(made);
    else
        *tester = made;
    return code;
}

void rog_program_tester_free(struct rog_program_tester *tester)
{
    if (!tester)
        return;
    await_end(tester);
    free(tester->copying);
    free(tester->folder);
    free(tester);
}

/* ---- its output ---- */

/* Copies the last non-empty line, shortened to what is shown; "" if there is none. Reads up to the
 * mark, which is followed by the status, or to the end: then false. */
static bool last_line(FILE *output, char last[LAST_LINE_BYTES], int *status)
{
    char *line = NULL;
    size_t room = 0;
    bool marked = false;
    last[0] = '\0';
    while (!marked && getline(&line, &room, output) >= 0) {
        const char *begin = line + strspn(line, " \t\r\n");
        marked = strncmp(line, END_MARK, strlen(END_MARK)) == 0;
        if (marked)
            *status = atoi(line + strlen(END_MARK));
        else if (*begin)
            snprintf(last, LAST_LINE_BYTES, "%.*s", (int)strcspn(begin, "\r\n"), begin);
    }
    free(line);
    return marked;
}

/* Returns the result at the beginning of a line: a number with a decimal point, then the unit or a
 * '%', then a blank or the end. Otherwise NAN: in "64,3" the number before the comma is not the
 * result. */
static double result_in(const char *line, const char *unit)
{
    char *end;
    size_t length = strspn(line, "0123456789+-.eE"), unit_length = strlen(unit);
    double number = strtod(line, &end);
    if (!length || end != line + length)
        return (double)NAN;
    if (*end == '%')
        end++;
    else if (strncmp(end, unit, unit_length) == 0)
        end += unit_length;
    return *end == '\0' || *end == ' ' || *end == '\t' ? number : (double)NAN;
}

/* Reads the result from the test's last line. */
static int take_result(const struct rog_run_config *config, const char *last, double *value,
                       struct rog_error *err)
{
    struct rog_metric metric;
    char range[ROG_METRIC_TEXT_BYTES];
    int code = rog_metric_read(config->json, &metric, err);
    *value = code ? (double)NAN : result_in(last, metric.unit);
    if (code || rog_metric_may_be(&metric, *value))
        return code;
    rog_metric_range(&metric, range);
    return rog_fail(
        err, ROG_EFAILED,
        "the last line of the test \"%s\" must begin with %s, as in 64.3 (found \"%s\")",
        config->test, range, last);
}

/* ---- failures ---- */

/* Opens the file to which this process writes its messages, for reading, and returns its size; -1
 * if it is not a regular file. What follows there is the test's. */
static int messages_open(off_t *size)
{
    struct stat status;
    bool file = fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    *size = file ? status.st_size : 0;
    return file ? open(MESSAGES, O_RDONLY | O_CLOEXEC) : -1;
}

/* Fails with ROG_EFAILED and the test's last line, of its messages or else of its output, and where
 * the rest is. */
static int fail_test(const char *test, int status, int messages, off_t from, const char *last,
                     struct rog_error *err)
{
    char end[MESSAGES_BYTES + 1] = "", said[LAST_LINE_BYTES], path[PATH_MAX] = "";
    off_t size = messages >= 0 ? lseek(messages, 0, SEEK_END) : 0;
    if (size - from > MESSAGES_BYTES)
        from = size - MESSAGES_BYTES;
    if (messages >= 0 && pread(messages, end, MESSAGES_BYTES, from) >= 0 &&
        readlink(MESSAGES, path, sizeof path - 1) < 0)
        path[0] = '\0';
    rog_last_words(end, said, sizeof said);
    const char *words = said[0] ? said : last;
    return rog_fail(err, ROG_EFAILED, "the test \"%s\" ended with %s %d; it said %s%s%s%s%s%s",
                    test, WIFEXITED(status) ? "status" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                    words[0] ? "\"" : "nothing", words, words[0] ? "\"" : "", path[0] ? " (" : "",
                    path, path[0] ? ")" : "");
}

/* ---- a checkpoint ---- */

/* Runs the test in a process of its own. */
static int run_once(struct rog_program_tester *tester, char last[LAST_LINE_BYTES], int *status,
                    struct rog_error *err)
{
    int code = start(tester, tester->config->test, err);
    if (!code) {
        shutdown(tester->input, SHUT_WR);
        last_line(tester->output, last, status);
    }
    *status = await_end(tester);
    return code;
}

/* Runs the test in a copy of the process that is already running. */
static int run_copy(struct rog_program_tester *tester, const char *path, char last[LAST_LINE_BYTES],
                    int *status, struct rog_error *err)
{
    int code = tester->process ? ROG_OK : start(tester, tester->copying, err);
    /* If the process has exited, its status has the reason. */
    bool answered = !code && send(tester->input, path, strlen(path) + 1, MSG_NOSIGNAL) >= 0 &&
                    last_line(tester->output, last, status);
    if (!answered)
        *status = await_end(tester);
    if (!code && !answered && WIFEXITED(*status) && WEXITSTATUS(*status) == 0)
        code = rog_fail(err, ROG_EFAILED, "the test \"%s\" exited without a status",
                        tester->config->test);
    return code;
}

int rog_program_tester_run(struct rog_program_tester *tester, const char *checkpoint,
                           struct rog_test_result *result, struct rog_error *err)
{
    const char *test = tester->config->test;
    int status = 0;
    char last[LAST_LINE_BYTES] = "";
    *result = (struct rog_test_result){.loss = (double)NAN, .accuracy = (double)NAN};
    char *path = rog_path_real(checkpoint);
    int code = ROG_OK;
    if (!path)
        code = rog_fail(err, ROG_EINVAL, "cannot find %s: %s", checkpoint, strerror(errno));
    else if (setenv("ROG_CHECKPOINT", path, 1))
        code = rog_fail_nomem(err);
    if (!code)
        code = rog_sha256_file(checkpoint, result->sha256, err);
    off_t before = 0;
    int messages = messages_open(&before);
    if (!code)
        code = tester->copying ? run_copy(tester, path, last, &status, err)
                               : run_once(tester, last, &status, err);
    if (!code && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
        code = fail_test(test, status, messages, before, last, err);
    else if (!code)
        code = take_result(tester->config, last, &result->accuracy, err);
    if (messages >= 0)
        close(messages);
    free(path);
    return code;
}
