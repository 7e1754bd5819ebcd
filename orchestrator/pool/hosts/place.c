/* SPDX-License-Identifier: Apache-2.0 */
/* Creates and removes the pool on a host, with its programs and its keeper. */
#include <orchestrator/pool/hosts/hosts_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/deploy/deploy.h>
#include <orchestrator/hosts/holders.h>
#include <orchestrator/pool/keeper.h>
#include <orchestrator/pool/files.h>

#define COMMAND_TIMEOUT_S 30.0
#define CLEAN_TIMEOUT_S 60.0
#define SLOTS_MOST 1024 /* limit if the host reports its number of processors */
#define TERMS_FILE "pool.json"
#define TERMS_MAX_BYTES 65536

/* ---- identifying the host ---- */

static const char who_script[] = "uname -m\n"
                                 "nproc 2>/dev/null || echo 1\n" ROG_MACHINE_SCRIPT;

/* Rejects a second name of the same host, which would use its slots twice. */
static int check_duplicate(struct rog_pool_host *host, const char *machine, struct rog_error *err)
{
    struct rog_pool_hosts *hosts = host->hosts;
    const char *twin = NULL;
    pthread_mutex_lock(&hosts->mutex);
    for (size_t i = 0; machine[0] && i < hosts->count; i++)
        if (&hosts->host[i] != host && strcmp(hosts->host[i].machine, machine) == 0)
            twin = hosts->host[i].name;
    if (!twin)
        snprintf(host->machine, sizeof host->machine, "%s", machine);
    pthread_mutex_unlock(&hosts->mutex);
    return twin ? rog_fail(err, ROG_EINVAL, "%s and %s are one machine", twin, host->name) : 0;
}

/* Asks the host for its identity. *architecture is heap memory. */
static int identify(struct rog_pool_host *host, char **architecture, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", who_script, NULL};
    char *said = NULL, machine[ROG_MACHINE_BYTES];
    *architecture = NULL;
    int code = rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, &said, err);
    if (code)
        return code;
    char *rest = said, *first = strsep(&rest, "\n"), *processors = strsep(&rest, "\n");
    long given = (long)rog_json_get_integer(host->settings, "slots", 0);
    long found = processors ? strtol(processors, NULL, 10) : 0;
    found = found < 1 ? 1 : found > SLOTS_MOST ? SLOTS_MOST : found;
    long slots = given > 0 ? given : found;
    rog_machine_read(machine, rest ? rest : "");
    code = check_duplicate(host, machine, err);
    if (code == 0 && !(*architecture = rog_strdup(first)))
        code = rog_fail_nomem(err);
    pthread_mutex_lock(&host->hosts->mutex);
    host->slots = (size_t)slots;
    host->ahead = 2 * host->slots;
    pthread_mutex_unlock(&host->hosts->mutex);
    free(said);
    return code;
}

/* ---- programs and pool ---- */

static int bring_programs(struct rog_pool_host *host, const char *architecture,
                          struct rog_error *err)
{
    const struct rog_bundle *bundle;
    size_t count = 0;
    free(host->tree);
    host->tree = NULL;
    int code = rog_bundle_cache_take(host->hosts->bundles, architecture, &bundle, err);
    if (code == ROG_ENOTFOUND || code == ROG_EFORMAT)
        code = rog_fail(err, ROG_EINVAL,
                        "its architecture is %s, for which there is no rogctl here", architecture);
    if (code == 0) {
        const struct rog_deploy_item *items = rog_bundle_items(bundle, &count);
        host->bundle = bundle;
        code = rog_deploy_tree(host->connection, items, count, &host->tree, NULL, err);
    }
    return code;
}

/* $1: the cache folder of the host, $2: the pool's name; its terms are the input. Removes pools of
 * other controllers that have not returned for a day and whose keepers were killed. The day is that
 * of a clock that may be set, so keepers are looked for. */
static const char make_script[] =
    "set -eu\n"
    "umask 077\n"
    "mkdir -p \"$1/pools\"\n"
    "cd \"$1/pools\"\n"
    "find . -mindepth 2 -maxdepth 2 -name " ROG_POOL_LEASE_FILE " -mmin +1440 |\n"
    "    while read -r left; do\n"
    "        left=${left#./}\n"
    "        left=${left%/*}\n"
    "        pid=$(cat \"$left/" ROG_POOL_KEEPER_FILE "\" 2>/dev/null) || pid=none\n"
    "        case $(tr '\\0' ' ' 2>/dev/null <\"/proc/${pid:-none}/cmdline\") in\n"
    "        *\"/pools/$left\"*) ;;\n"
    "        *) rm -rf \"$left\" ;;\n"
    "        esac\n"
    "    done\n"
    "mkdir -p \"$2\"\n"
    "cd \"$2\"\n"
    "mkdir -p ready taken done agents runs tmp\n"
    "rm -f stop " ROG_POOL_OVER_FILE "\n"
    "[ -e " ROG_POOL_LEASE_FILE " ] || : >" ROG_POOL_LEASE_FILE "\n"
    "cat >part\n"
    "mv -f part " TERMS_FILE "\n";

static int give_text(void *user, const void **data, size_t *size, struct rog_error *err)
{
    const char **rest = user;
    (void)err;
    *data = *rest;
    *size = strlen(*rest);
    *rest += *size;
    return 0;
}

/* Copies the terms of the local pool, with a shorter lease, so that agents of one host notice soon
 * if one dies. */
static int make_terms(const struct rog_pool_hosts *hosts, char **text, struct rog_error *err)
{
    struct rog_json *value = NULL;
    char *path = rog_path_join(rog_pool_path(hosts->pool), TERMS_FILE);
    int code = path ? rog_pool_read_file(path, TERMS_MAX_BYTES, &value, err) : rog_fail_nomem(err);
    free(path);
    if (code == 0) {
        rog_json_put_number(value, "lease_s", ROG_POOL_LEASE_S);
        *text = rog_json_text(value);
        code = *text ? 0 : rog_fail_nomem(err);
    }
    rog_json_free(value);
    return code;
}

static int make_pool(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_command_result result;
    char *root = NULL, *terms = NULL;
    char *name = rog_format("%s-%s", host->hosts->mark, host->key);
    int code = name ? make_terms(host->hosts, &terms, err) : rog_fail_nomem(err);
    if (code == 0)
        code = rog_deploy_root(host->connection, &root, err);
    if (code == 0) {
        const char *const argv[] = {"sh", "-c", make_script, "sh", root, name, NULL};
        const char *rest = terms;
        const struct rog_command_input input = {give_text, &rest};
        code = rog_connection_feed(host->connection, argv, &input, COMMAND_TIMEOUT_S, &result, err);
    }
    if (code == 0) {
        code = rog_connection_succeeded(host->connection, "making a pool", &result, err);
        rog_command_result_release(&result);
    }
    free(host->folder);
    host->folder = code == 0 ? rog_format("%s/pools/%s", root, name) : NULL;
    if (code == 0 && !host->folder)
        code = rog_fail_nomem(err);
    free(name);
    free(terms);
    free(root);
    return code;
}

/* Checks whether the host's C library can run rogctl. */
static int try_program(struct rog_pool_host *host, struct rog_error *err)
{
    char *program = rog_path_join(host->tree, ROG_BUNDLE_CONTROLLER);
    const char *const argv[] = {program, "--version", NULL};
    int code = program
                   ? rog_connection_command(host->connection, argv, COMMAND_TIMEOUT_S, NULL, err)
                   : rog_fail_nomem(err);
    if (code && rog_bundle_explain(err))
        code = err->code = ROG_EINVAL;
    free(program);
    return code;
}

int rog_pool_host_prepare(struct rog_pool_host *host, struct rog_error *err)
{
    char *architecture = NULL;
    int code = identify(host, &architecture, err);
    if (code == 0)
        code = bring_programs(host, architecture, err);
    if (code == 0)
        code = try_program(host, err);
    if (code == 0)
        code = make_pool(host, err);
    free(architecture);
    return code;
}

void rog_pool_host_lose(struct rog_pool_host *host)
{
    free(host->folder);
    host->folder = NULL;
    host->runs = host->stopped = false;
    rog_pool_host_forget_trees(host);
}

/* ---- the keeper ---- */

/* Splits "env NAME=VALUE ... nice -n 10 rogctl agent ..." at spaces into arguments. */
static int put_words(struct rog_json *list, char *text, struct rog_error *err)
{
    for (char *rest = text, *word = strsep(&rest, " "); word; word = strsep(&rest, " "))
        if (word[0])
            rog_json_append(list, rog_json_new_string(word));
    return list ? 0 : rog_fail_nomem(err);
}

static int make_command(const struct rog_pool_host *host, struct rog_json *list,
                        struct rog_error *err)
{
    char nice[32], slots[32], lease[32];
    char *temporary = rog_format("TMPDIR=%s/tmp", host->folder);
    char *environment = rog_strdup(rog_json_get_string(host->settings, "environment", ""));
    char *program = rog_path_join(host->tree, ROG_BUNDLE_CONTROLLER);
    snprintf(nice, sizeof nice, "%lld", (long long)rog_json_get_integer(host->settings, "nice", 0));
    snprintf(slots, sizeof slots, "%zu", host->slots);
    snprintf(lease, sizeof lease, "%g", host->hosts->file->lease_s);
    const char *const before[] = {"nice", "-n", nice, "env", temporary};
    const char *const behind[] = {program, "agent",   host->folder, "--slots",
                                  slots,   "--lease", lease};
    int code = temporary && environment && program ? 0 : rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < sizeof before / sizeof *before; i++)
        rog_json_append(list, rog_json_new_string(before[i]));
    if (code == 0)
        code = put_words(list, environment, err);
    for (size_t i = 0; code == 0 && i < sizeof behind / sizeof *behind; i++)
        rog_json_append(list, rog_json_new_string(behind[i]));
    free(program);
    free(environment);
    free(temporary);
    return code;
}

int rog_pool_host_start(struct rog_pool_host *host, struct rog_error *err)
{
    struct rog_json *list = rog_json_array();
    char *log = rog_path_join(host->folder, "keeper.log");
    int code = list && log ? make_command(host, list, err) : rog_fail_nomem(err);
    size_t count = rog_json_size(list);
    const char **argv = code == 0 ? calloc(count + 1, sizeof *argv) : NULL;
    long pid;
    if (code == 0 && !argv)
        code = rog_fail_nomem(err);
    for (size_t i = 0; code == 0 && i < count; i++)
        argv[i] = rog_json_string(rog_json_at(list, i), "");
    if (code == 0)
        code = rog_connection_start(host->connection, argv, log, &pid, err);
    free(argv);
    free(log);
    rog_json_free(list);
    host->started_s = rog_clock_s();
    return code;
}

/* $1: the pool. Its keeper stops the agents and removes the pool. If there is no keeper, or it does
 * not finish in time, this script does so. */
static const char clean_script[] = "cd \"$1\" 2>/dev/null || exit 0\n"
                                   ": >" ROG_POOL_OVER_FILE "\n"
                                   "pid=$(cat " ROG_POOL_KEEPER_FILE " 2>/dev/null) || pid=none\n"
                                   "tries=0\n"
                                   "while [ -d \"$1\" ] && [ $tries -lt 150 ] &&\n"
                                   "    case $(tr '\\0' ' ' 2>/dev/null <\"/proc/$pid/cmdline\") "
                                   "in *\"$1\"*) ;; *) false ;; esac\n"
                                   "do\n"
                                   "    sleep 0.2\n"
                                   "    tries=$((tries + 1))\n"
                                   "done 2>/dev/null\n"
                                   "[ ! -d \"$1\" ] || rm -rf \"$1\"\n";

int rog_pool_host_clean(struct rog_pool_host *host, struct rog_error *err)
{
    const char *const argv[] = {"sh", "-c", clean_script, "sh", host->folder, NULL};
    return host->folder ? rog_connection_command(host->connection, argv, CLEAN_TIMEOUT_S, NULL, err)
                        : 0;
}
