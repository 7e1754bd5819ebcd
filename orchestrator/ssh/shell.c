/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a host runs commands as they are given. Login shells and start-up files can
 * prevent that; the output of one test command shows which. */
#include <orchestrator/ssh/ssh_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>

#define SAID_BYTES 120 /* of unexpected output, in a message */

#define MARK "rogctl-command"
#define OTHER "rogctl-instead"

/* The test command: like other commands, it writes output and reads its own input. */
static const char script[] = "read -r line; echo \"" MARK " ${SHELL:-} $line\"";
/* Its input. An interactive shell that a start-up file starts instead of the command executes it
 * and so reveals which shell it is. Every shell must therefore understand it. */
#define INPUT "sh -c 'echo " OTHER " $SHELL $(readlink /proc/$PPID/exe)'"

/* Files that shells read before they run a command, and how to make them stop reading. */
static const struct shell {
    const char *name, *files, *remedy;
} shells[] = {
    {"bash", "~/.bashrc", "make this the first line of ~/.bashrc: [[ $- == *i* ]] || return"},
    {"zsh", "~/.zshenv", "make this the first line of ~/.zshenv: [[ -o interactive ]] || return"},
    {"tcsh", "~/.tcshrc or ~/.cshrc", "make this the first line of it: if (! $?prompt) exit"},
    {"csh", "~/.cshrc", "make this the first line of ~/.cshrc: if (! $?prompt) exit"},
    {"fish", "~/.config/fish/config.fish",
     "wrap its contents in: if status is-interactive ... end"},
    {NULL, "~/.ssh/rc or /etc/ssh/sshrc", "remove from it what commands do not need"}, /* sshd's */
};

/* Used if even the shell is not known. */
static const char any_file[] =
    "~/.bashrc, ~/.zshenv, ~/.tcshrc or ~/.config/fish/config.fish, by the login shell";

/* Messages of login shells and of sshd if they do not run commands. */
static const char change_shell[] = "Give it another one there: sudo chsh -s /bin/bash";
static const char change_sshd[] = "Change this in /etc/ssh/sshd_config there, for";
static const struct {
    const char *words, *cause, *remedy; /* the user's name follows */
} refusals[] = {
    {"account is currently not available", "its login shell is nologin", change_shell},
    {"applet not found", "its login shell is busybox without the name of an applet", change_shell},
    {"git shell is not enabled", "its login shell is git-shell", change_shell},
    {"unrecognized command", "its login shell is git-shell or similar", change_shell},
    {"sftp connections only", "sshd allows it only SFTP (ForceCommand)", change_sshd},
};

static const struct shell *find_shell(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const struct shell *shell = shells;
    while (shell->name && strcmp(shell->name, name) != 0)
        shell++;
    return shell;
}

/* Copies a text up to `end` to one line, without leading and trailing spaces. */
static void shorten(const char *text, const char *end, char said[SAID_BYTES])
{
    size_t used = 0;
    for (; text < end && used + 1 < SAID_BYTES; text++)
        if ((unsigned char)*text > ' ')
            said[used++] = *text;
        else if (used && said[used - 1] != ' ')
            said[used++] = ' ';
    while (used && said[used - 1] == ' ')
        used--;
    said[used] = '\0';
}

/* Reports a start-up file of the shell at `path`; `what` is what it does, `remedy` what the user
 * can do. */
static int fail_startup_file(const struct rog_ssh *ssh, const char *path, const char *what,
                             const char *remedy, struct rog_error *err)
{
    const struct shell *shell = find_shell(path);
    return rog_fail(err, ROG_EINVAL, "%s: a start-up file there (%s%s%s) %s. %s: %s", ssh->name,
                    shell->name ? shell->name : "", shell->name ? " reads " : "", shell->files,
                    what, remedy, shell->remedy);
}

static int fail_printed(const struct rog_ssh *ssh, const char *path, const char *printed,
                        const char *end, struct rog_error *err)
{
    char said[SAID_BYTES], what[SAID_BYTES + 64];
    shorten(printed, end, said);
    snprintf(what, sizeof what, "prints \"%s\" into the output of every command", said);
    return fail_startup_file(ssh, path, what, "Print only in interactive shells", err);
}

/* `answer` contains the login shell and the shell that was started instead of the command. */
static int fail_other_shell(const struct rog_ssh *ssh, const char *answer, struct rog_error *err)
{
    char login[64] = "", other[64] = "another shell", what[128];
    sscanf(answer, " %63s %63s", login, other);
    snprintf(what, sizeof what, "starts %s instead of every command", other);
    return fail_startup_file(ssh, login, what, "Start it only in interactive shells", err);
}

static int fail_no_command(const struct rog_ssh *ssh, const struct rog_command_result *result,
                           struct rog_error *err)
{
    char said[SAID_BYTES];
    const char *user = ssh->settings.user;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(result->output, refusals[i].words) || strstr(result->errors, refusals[i].words))
            return rog_fail(err, ROG_EINVAL, "%s runs no commands: %s. %s %s", ssh->name,
                            refusals[i].cause, refusals[i].remedy, user);
    const char *words = result->output[0] ? result->output : result->errors;
    shorten(words, words + strlen(words), said);
    return rog_fail(err, ROG_EINVAL,
                    "%s runs no commands: one exited with status %d and %s%s%s. Either a start-up "
                    "file there exits or replaces them (%s), which it may do only in interactive "
                    "shells; or the login shell is not a shell, such as /bin/false (getent passwd "
                    "%s); or authorized_keys or sshd_config sets another command",
                    ssh->name, result->status, said[0] ? "said \"" : "without output", said,
                    said[0] ? "\"" : "", any_file, user);
}

/* The expected output is "MARK SHELL INPUT"; anything else is an error. */
static int judge(const struct rog_ssh *ssh, const struct rog_command_result *result,
                 struct rog_error *err)
{
    char path[128];
    const char *mark = strstr(result->output, MARK " "), *other = strstr(result->output, OTHER " ");
    if (!mark && other)
        return fail_other_shell(ssh, other + strlen(OTHER), err);
    if (!mark && result->status >= 128) /* by a signal: the host may be shutting down */
        return rog_fail(err, ROG_EFAILED, "%s: a command was killed there", ssh->name);
    if (!mark)
        return fail_no_command(ssh, result, err);
    const char *shell = mark + strlen(MARK " ");
    size_t length = strcspn(shell, " \n");
    const char *line = shell + length + (shell[length] == ' ');
    snprintf(path, sizeof path, "%.*s", (int)length, shell);
    if (mark != result->output)
        return fail_printed(ssh, path, result->output, mark, err);
    if (strncmp(line, INPUT "\n", strlen(INPUT "\n")) != 0)
        return fail_startup_file(ssh, path, "reads the input of commands",
                                 "Read only in interactive shells", err);
    const char *behind = line + strlen(INPUT "\n");
    return behind[0] ? fail_printed(ssh, path, behind, result->output + result->output_bytes, err)
                     : ROG_OK;
}

static int give(void *user, const void **data, size_t *size, struct rog_error *err)
{
    const char **rest = user;
    (void)err;
    *data = *rest;
    *size = strlen(*rest);
    *rest += *size;
    return ROG_OK;
}

int rog_ssh_check_shell(struct rog_ssh *ssh, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const char *rest = INPUT "\n";
    const struct rog_command_input input = {give, &rest};
    struct rog_command_result result;
    struct rog_error why = {0};
    double begin_s = rog_clock_s();
    int code = rog_connection_feed(&ssh->connection, argv, &input, ssh->timeout_s, &result, &why);
    if (code == ROG_EFORMAT)
        return rog_fail(err, ROG_EINVAL, "%s: a start-up file there (%s) prints endlessly",
                        ssh->name, any_file);
    if (code == ROG_EFAILED && rog_clock_s() - begin_s >= ssh->timeout_s)
        return rog_fail(
            err, ROG_EFAILED,
            "%s: logged in, but no command finishes within %g s. If a start-up file there (%s) "
            "sleeps or waits for something, it must do so only in interactive shells",
            ssh->name, ssh->timeout_s, any_file);
    if (code)
        return rog_fail_again(err, &why);
    code = judge(ssh, &result, err);
    rog_command_result_release(&result);
    return code;
}
