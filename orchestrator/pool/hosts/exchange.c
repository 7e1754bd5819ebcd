/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges data with the pool of a host, by a command that takes orders as its input, one per
 * line, and answers with a listing and with results. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/hosts/holders.h>

#define PATIENCE_S 60.0
#define LOOK_S 5.0 /* seconds between two checks of holders and of heartbeats */

/* $1: the pool. Orders are words and names separated by slashes, which names cannot contain; the
 * text after the second slash of `put` is the task. Agents move tasks from ready to taken to done,
 * so listing the folders in this order misses none; a task that is handed back is found by the last
 * listing. Results are part of the answer while they are small and few; of others only the file
 * sizes are. */
static const char script[] =
    "set -u\n"
    "export LC_ALL=C\n"
    "umask 077\n"
    "cd \"$1\" 2>/dev/null || { echo gone/; exit 0; }\n"
    "pid=$(cat keeper 2>/dev/null) || pid=none\n"
    "case $(tr '\\0' ' ' 2>/dev/null <\"/proc/${pid:-none}/cmdline\") in\n"
    "*\"$1\"*) echo keeper/ ;;\n"
    "esac 2>/dev/null\n"
    "[ ! -e stop ] || echo stopped/\n"
    "[ ! -e trouble ] || printf 'trouble/%s\n' \"$(tail -n 1 keeper.log)\"\n"
    "while IFS=/ read -r word name rest; do\n"
    "    case $word in\n"
    "    lease) echo \"$name\" >lease ;;\n"
    "    put) printf '%s\\n' \"$rest\" >part && mv -f part \"ready/$name\" ;;\n"
    "    back) rm \"ready/$name\" 2>/dev/null && printf 'back/%s\\n' \"$name\" ;;\n"
    "    drop)\n"
    "        rm -f \"$name/$rest\"\n"
    "        [ \"$name\" != done ] || { rest=${rest%@*} && rm -rf \"runs/${rest#*-}\"; } ;;\n"
    "    stop) : >stop ;;\n"
    "    go) rm -f stop ;;\n"
    "    look)\n" ROG_HOLDERS_SCRIPT "        for beat in agents/*; do\n"
    "            [ ! -f \"$beat\" ] || { read -r text <\"$beat\" && printf 'beat/%s/%s\\n' "
    "\"${beat#agents/}\" \"$text\"; }\n"
    "        done ;;\n"
    "    end) over=yes ;;\n"
    "    esac\n"
    "done\n"
    "[ \"${over:-}\" ] || { echo 'the orders arrived incomplete' >&2; exit 1; }\n"
    "for place in ready taken done ready; do\n"
    "    for task in \"$place\"/*; do\n"
    "        [ ! -f \"$task\" ] || printf '%s\\n' \"$task\"\n"
    "    done\n"
    "done\n"
    "echo listed/\n"
    "left=1048576\n"
    "for task in done/*; do\n"
    "    [ -f \"$task\" ] && [ \"$left\" -gt 0 ] || continue\n"
    "    task=${task#done/}\n"
    "    name=${task%@*}\n"
    "    folder=runs/${name#*-}/${task##*@}\n"
    "    printf 'result/%s\\n' \"$task\"\n"
    "    find \"$folder\" -type f -printf '%s/%P\\n' >files || continue\n"
    "    set --\n"
    "    while IFS=/ read -r size path; do\n"
    "        if [ \"$size\" -le 262144 ] && [ \"$left\" -gt 0 ]; then\n"
    "            printf 'small/%s/%s\\n' \"$size\" \"$path\"\n"
    "            left=$((left - size - 256))\n"
    "            set -- \"$@\" \"$folder/$path\"\n"
    "        else\n"
    "            printf 'large/%s/%s\\n' \"$size\" \"$path\"\n"
    "        fi\n"
    "    done <files\n"
    "    echo bytes/\n"
    "    [ $# = 0 ] || cat -- \"$@\" || exit 1\n"
    "    echo\n"
    "done\n"
    "echo end/\n";

/* ---- orders ---- */

int rog_pool_host_drop(struct rog_pool_host *host, const char *place, const char *name,
                       const char *agent, struct rog_error *err)
{
    char *what = rog_format("%s/%s%s%s", place, name, agent ? "@" : "", agent ? agent : "");
    struct rog_json *text = what ? rog_json_new_string(what) : NULL;
    free(what);
    if (!text)
        return rog_fail_nomem(err);
    rog_json_append(host->drops, text);
    return 0;
}

/* Requests waiting tasks back, beginning with the last: as many as other hosts need, or all. */
static void order_back(struct rog_pool_host *host, FILE *orders)
{
    size_t wanted = host->busy || host->troubled ? host->held_count : host->recall;
    for (size_t i = host->held_count; i > 0 && wanted > 0; i--)
        if (host->held[i - 1].where == ROG_POOL_WAITS) {
            fprintf(orders, "back/%s\n", host->held[i - 1].task.name);
            wanted--;
        }
    host->recall = 0;
}

/* Lists the tasks of the host that have to be sent. Copies their names, because sending the files
 * that they read may take long, and the lock is not held meanwhile. */
static int list_to_send(struct rog_pool_host *host, struct rog_pool_list *list,
                        struct rog_error *err)
{
    list->task = calloc(host->held_count + 1, sizeof *list->task);
    int code = list->task ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < host->held_count; i++) {
        const struct rog_pool_held *held = &host->held[i];
        if (held->where != ROG_POOL_TO_SEND)
            continue;
        struct rog_pool_task *copy = &list->task[list->count++];
        *copy = (struct rog_pool_task){rog_strdup(held->task.name), rog_strdup(held->task.agent)};
        if (!copy->name || !copy->agent)
            code = rog_fail_nomem(err);
    }
    return code;
}

static int order_tasks(struct rog_pool_host *host, FILE *orders, struct rog_error *err)
{
    struct rog_pool_list list = {0};
    pthread_mutex_lock(&host->hosts->mutex);
    int code = rog_pool_held_take(host, err);
    if (code == 0)
        code = list_to_send(host, &list, err);
    pthread_mutex_unlock(&host->hosts->mutex);
    for (size_t i = 0; code == 0 && i < list.count; i++) {
        char *text = NULL;
        code = rog_pool_host_task(host, &list.task[i], &text, err);
        if (code == 0)
            fprintf(orders, "put/%s/%s\n", list.task[i].name, text);
        else if (code == ROG_ENOTFOUND)
            code = 0; /* other agents have it now */
        else if (host->hosts->failure.code)
            code = ROG_EINTR; /* the sweep ends */
        free(text);
    }
    rog_pool_list_release(&list);
    return code;
}

static int make_orders(struct rog_pool_host *host, bool looks, char **text, struct rog_error *err)
{
    size_t size = 0;
    struct timespec now;
    FILE *orders = open_memstream(text, &size);
    if (!orders)
        return rog_fail_nomem(err);
    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(orders, "lease/%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    for (size_t i = 0; i < rog_json_size(host->drops); i++)
        fprintf(orders, "drop/%s\n", rog_json_string(rog_json_at(host->drops, i), ""));
    if (host->busy != host->stopped)
        fprintf(orders, "%s\n", host->busy ? "stop/" : "go/");
    pthread_mutex_lock(&host->hosts->mutex);
    order_back(host, orders);
    pthread_mutex_unlock(&host->hosts->mutex);
    /* Send tasks only after the first listing: the host might have all of them already. */
    int code = host->is_listed ? order_tasks(host, orders, err) : 0;
    fprintf(orders, "%send/\n", looks ? "look/\n" : "");
    if (fclose(orders) != 0 && code == 0)
        code = rog_fail_nomem(err);
    return code;
}

static int give_orders(void *user, const void **data, size_t *size, struct rog_error *err)
{
    const char **rest = user;
    (void)err;
    *data = *rest;
    *size = strlen(*rest);
    *rest += *size;
    return 0;
}

/* ---- the whole exchange ---- */

static int send_orders(struct rog_pool_host *host, char *orders, struct rog_command_result *result,
                       struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", script, "sh", host->folder, NULL};
    const char *rest = orders;
    const struct rog_command_input input = {give_orders, &rest};
    int code = rog_connection_feed(host->connection, argv, &input, PATIENCE_S, result, err);
    if (code == 0) {
        code = rog_connection_succeeded(host->connection, "the exchange", result, err);
        if (code)
            rog_command_result_release(result);
    }
    return code;
}

int rog_pool_host_exchange(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_command_result result;
    char *orders = NULL;
    double now_s = rog_clock_s();
    bool looks = now_s - host->looked_s >= LOOK_S;
    int code = make_orders(host, looks, &orders, err);
    if (code == 0)
        code = send_orders(host, orders, &result, err);
    free(orders);
    if (code)
        return code;
    host->answered_s = rog_clock_s();
    if (looks)
        host->looked_s = now_s;
    rog_json_free(host->drops); /* the host has them */
    host->drops = rog_json_array();
    struct rog_pool_answer answer = {result.output, result.output_bytes, 0};
    code = host->drops ? rog_pool_host_answer(host, looks, &answer, err) : rog_fail_nomem(err);
    host->is_listed = code == 0;
    if (code == 0)
        host->heard_s = host->answered_s;
    rog_command_result_release(&result);
    return code;
}
