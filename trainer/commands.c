/* SPDX-License-Identifier: Apache-2.0 */
/* Code shared by the trainer's commands. */
#include <trainer/commands.h>

#include <errno.h>
#include <math.h>
#include <omp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <common/workload.h>
#include <librog/net/reserve.h>

int rog_command_config(const struct rog_cli *cli, struct rog_run_config **config,
                       struct rog_error *err)
{
    const char *path = rog_cli_string(cli, "config");
    int code = path ? rog_run_config_read(config, path, err)
                    : rog_run_config_new(config, rog_json_object(), "default configuration", err);
    return code == ROG_ENOTFOUND ? ROG_EINVAL : code; /* wrong usage, not an empty result */
}

uint32_t rog_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

void rog_command_threads(const struct rog_cli *cli, uint32_t fallback)
{
    omp_set_num_threads(rog_cli_given(cli, "threads") ? (int)rog_cli_int(cli, "threads")
                                                      : (int)fallback);
}

int rog_command_node_init(struct rog_command_node *node, struct rog_run_config *config,
                          const struct rog_cli *cli, struct rog_error *err)
{
    *node = (struct rog_command_node){.config = config};
    rog_reserve_for_loops();
    int code = rog_secret_read(&node->secret, rog_cli_string(cli, "key-file"), err);
    if (code)
        return code;
    rog_command_threads(cli, rog_processors());
    if (rog_workload_has_network(config->json))
        code = rog_pretrain_ensure(config, NULL, &node->start, err);
    return code;
}

void rog_command_node_release(struct rog_command_node *node)
{
    rog_secret_free(node->secret);
    rog_pretrained_release(&node->start);
    rog_run_config_free(node->config);
}

int rog_event_write(FILE *file, const char *event, double t_s, struct rog_json *body,
                    struct rog_error *err)
{
    int code = ROG_OK;
    struct rog_json *line = rog_json_object();
    rog_json_put_string(line, "event", event);
    rog_json_put_number(line, "t", rint(t_s * 1e6) / 1e6);
    rog_json_put_all(line, body);
    char *text = line && body ? rog_json_text(line) : NULL;
    if (!text)
        code = rog_fail_nomem(err);
    else if (fprintf(file, "%s\n", text) < 0 || fflush(file))
        code = rog_fail(err, ROG_EIO, "cannot write an event: %s", strerror(errno));
    free(text);
    rog_json_free(line);
    rog_json_free(body);
    return code;
}

void rog_command_hold_signals(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

bool rog_command_asked_to_end(void *user)
{
    (void)user;
    sigset_t pending;
    if (sigpending(&pending))
        return false;
    return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
           sigismember(&pending, SIGHUP) == 1;
}
