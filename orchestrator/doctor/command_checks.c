/* SPDX-License-Identifier: Apache-2.0 */
/* Checks how commands and files get to a host and back: login shell, SFTP server. */
#include <orchestrator/doctor/host_probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>

#define COMMAND_TIMEOUT_S 30.0
#define SLOW_S 1.0 /* for a command that does nothing */
/* The login needs more round trips on a slow link than two commands do. */
#define PART_OF_LOGIN 2

/* --- the login shell --- */

/* That commands can be executed was tested when connecting. */
void rog_check_shell(struct rog_host_probe *probe)
{
    const char *const nothing[] = {"true", NULL};
    struct rog_error why = {0};
    const char *shell = rog_json_get_string(probe->facts, "shell", ""),
               *slash = strrchr(shell, '/');
    const char *name = shell[0] ? slash ? slash + 1 : shell : "the login shell";
    double begin_s = rog_clock_s();
    int code = rog_connection_command(probe->connection, nothing, COMMAND_TIMEOUT_S, NULL, &why);
    double took_s = rog_clock_s() - begin_s;
    if (code) {
        ROG_FOUND(probe, "shell", ROG_FINDING_BAD, "%s", why.message);
        return;
    }
    bool slow = took_s > SLOW_S && took_s > (probe->connect_s - took_s) / PART_OF_LOGIN;
    ROG_FOUND(probe, "shell", slow ? ROG_FINDING_NOTE : ROG_FINDING_GOOD,
              "%s: a command takes %.2f s", name, took_s);
    if (slow)
        ROG_ADVISE(probe, "each command waits for the start-up files there (~/.bashrc, ~/.zshenv, "
                          "~/.tcshrc or ~/.config/fish/config.fish): run what sleeps or takes long "
                          "only in interactive shells");
}

/* --- files --- */

void rog_check_files(struct rog_host_probe *probe)
{
    uint64_t bytes = 0;
    struct rog_error why = {0};
    char *program = probe->tree ? rog_path_join(probe->tree, ROG_BUNDLE_PROGRAM) : NULL;
    if (!program)
        return;
    if (rog_connection_size(probe->connection, program, &bytes, &why) == ROG_OK)
        ROG_FOUND(probe, "files", ROG_FINDING_GOOD, "can be fetched");
    else
        ROG_FOUND(probe, "files", ROG_FINDING_BAD, "%s", why.message);
    free(program);
}
