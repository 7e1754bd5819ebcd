/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether workers reach the server's port, with a trainer at both ends. */
#include <orchestrator/doctor/host_probe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/file.h>

#define LISTEN_S "60" /* the listener stops by itself after this time */
#define LOOKS 50
#define LOOK_NS 100000000L
#define COMMAND_TIMEOUT_S 30.0

/* Waits until the listener reports that it is listening, or why it is not. */
static int await_listener(struct rog_host_probe *server, struct rog_error *err)
{
    const char *const argv[] = {"cat", "--", server->listener_log, NULL};
    const struct timespec step = {0, LOOK_NS};
    for (int i = 0; i < LOOKS; i++) {
        char *said = NULL;
        int code = rog_connection_command(server->connection, argv, COMMAND_TIMEOUT_S, &said, err);
        if (code)
            return code;
        bool listens = strncmp(said, "listening", 9) == 0;
        size_t length = strcspn(said, "\n");
        if (!listens && said[length]) {
            const char *mark = strstr(said, ": ");
            said[length] = '\0';
            code = rog_fail(err, ROG_EFAILED, "%s", mark ? mark + 2 : said);
        }
        free(said);
        if (code || listens)
            return code;
        nanosleep(&step, NULL);
    }
    return rog_fail(err, ROG_EFAILED, "the listener sent nothing");
}

void rog_port_open(struct rog_host_probe *server)
{
    char address[16];
    struct rog_error why = {0};
    if (server->held) {
        ROG_FOUND(server, "port", ROG_FINDING_NOTE,
                  "not tested: a run is active there or may start at any time, as a sweep holds "
                  "the host");
        ROG_ADVISE(server, "run doctor again when the host is free");
        return;
    }
    unsigned port = server->options->cluster->port;
    char *program = rog_format("%s/" ROG_BUNDLE_PROGRAM, server->tree);
    server->listener_log = rog_format("%s/doctor-%ld.log", server->root, (long)getpid());
    snprintf(address, sizeof address, ":%u", port);
    const char *const argv[] = {program, "reach", "--listen", address, "--seconds", LISTEN_S, NULL};
    int code = program && server->listener_log ? ROG_OK : rog_fail_nomem(&why);
    if (!code)
        code = rog_connection_start(server->connection, argv, server->listener_log,
                                    &server->listener, &why);
    if (!code)
        code = await_listener(server, &why);
    server->port_open = !code;
    free(program);
    if (!code)
        return;
    ROG_FOUND(server, "port", ROG_FINDING_BAD, "%s", why.message);
    if (strstr(why.message, "in use"))
        ROG_ADVISE(server,
                   "`sudo ss -ltnp` there names the program; stop it, or set another port in the "
                   "cluster file");
}

void rog_port_try(struct rog_host_probe *worker)
{
    const char *const arguments[] = {"reach", worker->target, NULL};
    char *said = NULL;
    int status = 0;
    struct rog_error why = {0};
    if (!worker->connection || !worker->tree || !worker->target[0])
        return;
    if (rog_host_probe_trainer(worker, arguments, COMMAND_TIMEOUT_S, &said, &status, &why) ==
        ROG_OK) {
        ROG_FOUND(worker, "port", ROG_FINDING_GOOD, "%.*s", (int)strcspn(said, "\n"), said);
    } else {
        ROG_FOUND(worker, "port", ROG_FINDING_BAD, "%s", why.message);
        if (strstr(why.message, "cannot be found"))
            ROG_ADVISE(worker, "give the server an `address` in the cluster file that this worker "
                               "knows, best an IP address");
        else
            ROG_ADVISE(
                worker,
                "allow TCP port %u in the server's firewall (sudo ufw allow %u/tcp, or "
                "nft/iptables), and check that the server's address is right for this worker",
                worker->options->cluster->port, worker->options->cluster->port);
    }
    free(said);
}

void rog_port_close(struct rog_host_probe *server)
{
    static const char script[] = "[ \"$1\" -le 1 ] || kill \"$1\" 2>/dev/null; rm -f -- \"$2\"";
    char pid[24];
    struct rog_error ignored;
    snprintf(pid, sizeof pid, "%ld", server->listener);
    const char *const argv[] = {"sh", "-c", script, "sh", pid, server->listener_log, NULL};
    if (server->listener_log)
        rog_connection_command(server->connection, argv, COMMAND_TIMEOUT_S, NULL, &ignored);
    free(server->listener_log);
    server->listener_log = NULL;
}
