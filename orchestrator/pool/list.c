/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the commands of agents that the user starts, one per line, for GNU parallel, HTCondor and
 * similar programs. */
#include <stdlib.h>
#include <string.h>

#include <orchestrator/pool/provider.h>
#include <orchestrator/ssh/quote.h>

static int print_command(const struct rog_pool_site *site, const char *run_id,
                         struct rog_error *err)
{
    const char *const words[] = {site->rogctl, "agent", site->path, "--run", run_id, NULL};
    char *line = rog_ssh_quote(words);
    if (line && strchr(line, '\n')) {
        free(line);
        return rog_fail(err, ROG_EINVAL, "%s: a line break in a path would end the command",
                        site->path);
    }
    if (line)
        site->print(site->user, line);
    free(line);
    return line ? 0 : rog_fail_nomem(err);
}

static int open_list(void **state, const struct rog_pool_site *site, struct rog_error *err)
{
    struct rog_pool_list list = {0};
    int code = 0;
    *state = NULL;
    for (enum rog_pool_place place = ROG_POOL_READY; code == 0 && place <= ROG_POOL_TAKEN;
         place++) {
        code = rog_pool_list(site->pool, place, &list, err);
        for (size_t i = 0; code == 0 && i < list.count; i++)
            code = print_command(site, rog_pool_task_run(&list.task[i]), err);
        rog_pool_list_release(&list);
    }
    return code;
}

static int step(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                struct rog_error *err)
{
    (void)state, (void)counts, (void)bytes, (void)err;
    says[0] = '\0';
    return 0;
}

static int stop(void *state, struct rog_error *err)
{
    (void)state, (void)err; /* agents notice in the pool that they have to exit */
    return 0;
}

static int describe(const struct rog_pool_site *site, struct rog_error *err)
{
    return print_command(site, "RUN", err);
}

static void close_list(void *state)
{
    (void)state;
}

const struct rog_pool_provider rog_pool_list_provider = {
    .name = "list",
    .open = open_list,
    .step = step,
    .stop = stop,
    .describe = describe,
    .close = close_list,
};
