/* SPDX-License-Identifier: Apache-2.0 */
/* Logs in to a host like rogctl, for tests/system/ssh-config.sh and shells.sh: ssh-login CONFIG
 * HOST [COMMAND...], whose output is printed. The exit status is 0 or 1; errors go to standard
 * error. $ROG_TEST_ANSWER is the answer to every question, $ROG_TEST_TIMEOUT the time limit of a
 * step in seconds. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <orchestrator/ssh/ssh.h>

static bool answer_it(void *user, const char *what, bool echo, unsigned *number, char *answer,
                      size_t bytes)
{
    const char *text = getenv("ROG_TEST_ANSWER");
    (void)user;
    (void)what;
    (void)echo;
    if (!text || *number)
        return false;
    snprintf(answer, bytes, "%s", text);
    *number = 1;
    return true;
}

int main(int argc, char **argv)
{
    struct rog_connection *connection = NULL;
    struct rog_error err = {0};
    char *output = NULL;
    const char *timeout = getenv("ROG_TEST_TIMEOUT");
    if (argc < 3)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    const struct rog_ssh_options options = {.host = argv[2],
                                            .config = argv[1],
                                            .timeout_s = timeout ? atof(timeout) : 30,
                                            .ask = getenv("ROG_TEST_ANSWER") ? answer_it : NULL};
    int code = rog_ssh_connect(&connection, &options, &err);
    if (!code && argc > 3)
        code = rog_connection_command(connection, (const char *const *)argv + 3, options.timeout_s,
                                      &output, &err);
    if (code)
        fprintf(stderr, "%s\n", err.message);
    else
        fputs(output ? output : "", stdout);
    free(output);
    rog_connection_free(connection);
    return code ? 1 : 0;
}
