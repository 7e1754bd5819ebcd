/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the server or worker, and says how it ended. */
#include <trainer/host/role.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <common/cli.h>
#include <common/file.h>
#include <common/json.h>
#include <common/last_words.h>
#include <common/workload.h>
#include <rog/events.h>
#include <trainer/host/folder.h>

#define TRAINER_LOG "trainer.log"
#define SERVER_STATE "server.json"
#define WORK_FOLDER "work"
#define EVENTS "events.jsonl"
#define CONFIG_MAX_BYTES ((size_t)64 << 20)
#define OWN_WORDS 16
#define LAST_WORDS_BYTES 600
#define LOG_END_BYTES 4096
#define SIGNALS 64

/* Whether the worker's process becomes a program of somebody's own. A configuration that cannot be
 * read is for the role to complain about. */
static bool runs_program(const struct rog_host_spec *spec)
{
    struct rog_json *config = NULL;
    char *text = NULL;
    size_t size = 0;
    bool runs = !spec->serves &&
                rog_file_read(ROG_HOST_CONFIG, CONFIG_MAX_BYTES, &text, &size, NULL) == ROG_OK &&
                rog_json_parse(text, size, ROG_HOST_CONFIG, &config, NULL) == ROG_OK &&
                rog_workload_runs_program(config, spec->rank);
    rog_json_free(config);
    free(text);
    return runs;
}

static int find_program(struct rog_host_role *role, struct rog_error *err)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0 || (size_t)size == sizeof path)
        return rog_fail(err, ROG_EIO, "cannot find this program: %s", strerror(errno));
    path[size] = '\0';
    role->program = rog_strdup(path);
    return role->program ? ROG_OK : rog_fail_nomem(err);
}

int rog_host_role_init(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err)
{
    char here[4096];
    *role = ROG_HOST_ROLE_NONE;
    role->serves = spec->serves;
    role->wrapped = rog_json_size(spec->wrap) > 0;
    role->runs_program = runs_program(spec);
    role->process.status = -1;
    role->name = spec->serves ? "the server" : "the worker";
    role->events = spec->serves ? EVENTS : WORK_FOLDER "/" EVENTS;
    role->copy = spec->serves ? NULL : EVENTS;
    snprintf(role->rank, sizeof role->rank, "%u", spec->rank);
    if (!getcwd(here, sizeof here))
        return rog_fail(err, ROG_EIO, "cannot name the current folder: %s", strerror(errno));
    role->config = rog_path_join(here, ROG_HOST_CONFIG);
    role->key = rog_path_join(here, ROG_HOST_KEY);
    role->out = spec->serves ? rog_strdup(here) : rog_path_join(here, WORK_FOLDER);
    role->words = calloc(rog_json_size(spec->wrap) + rog_json_size(spec->arguments) + OWN_WORDS,
                         sizeof *role->words);
    if (!role->config || !role->key || !role->out || !role->words)
        return rog_fail_nomem(err);
    return find_program(role, err);
}

void rog_host_role_release(struct rog_host_role *role)
{
    free(role->words);
    free(role->config);
    free(role->key);
    free(role->out);
    free(role->program);
    *role = ROG_HOST_ROLE_NONE;
}

static size_t add_all(const char **words, size_t count, const struct rog_json *list)
{
    for (size_t i = 0; i < rog_json_size(list); i++)
        words[count++] = rog_json_string(rog_json_at(list, i), "");
    return count;
}

int rog_host_role_start(struct rog_host_role *role, const struct rog_host_spec *spec, bool again,
                        struct rog_error *err)
{
    const char *const own[] = {
        role->program, role->serves ? "serve" : "work",
        "--config",    role->config,
        "--key-file",  role->key,
        "--out",       role->out,
    };
    size_t count = add_all(role->words, 0, spec->wrap);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        role->words[count++] = own[i];
    if (!role->serves) {
        role->words[count++] = "--rank";
        role->words[count++] = role->rank;
    }
    if (role->serves && again)
        role->words[count++] = "--resume";
    count = add_all(role->words, count, spec->arguments);
    role->words[count] = NULL;
    const struct rog_process_options how = {.argv = role->words, .log = TRAINER_LOG};
    return rog_process_start(&role->process, &how, err);
}

int rog_host_role_killed_by(const struct rog_host_role *role)
{
    int number = role->process.status - 128;
    bool is_interrupted = role->process.status == ROG_EXIT_INTERRUPTED;
    if (role->process.signal)
        return role->process.signal;
    if (!role->wrapped)
        return is_interrupted && !role->runs_program ? SIGINT : 0;
    /* A wrapper says 128 + signal; the trainer itself ends so when it is interrupted. */
    return number <= 0 || number > SIGNALS || is_interrupted ? 0 : number;
}

bool rog_host_role_can_restart(const struct rog_host_role *role)
{
    return !role->serves || rog_file_exists(SERVER_STATE);
}

/* The last line of its log. */
static void last_words(char words[LAST_WORDS_BYTES])
{
    char end[LOG_END_BYTES + 1] = "";
    FILE *log = fopen(TRAINER_LOG, "re");
    if (log) {
        fseek(log, -LOG_END_BYTES, SEEK_END); /* a shorter one is read from its beginning */
        end[fread(end, 1, LOG_END_BYTES, log)] = '\0';
        fclose(log);
    }
    rog_last_words(end, words, LAST_WORDS_BYTES);
}

bool rog_host_role_took_part(const struct rog_host_role *role)
{
    return rog_file_exists(role->events);
}

void rog_host_role_explain(const struct rog_host_role *role, struct rog_error *why)
{
    char words[LAST_WORDS_BYTES];
    struct statvfs disk;
    int killed_by = rog_host_role_killed_by(role);
    bool full = statvfs(".", &disk) == 0 && disk.f_bavail == 0;
    last_words(words);
    if (role->process.status == 0) {
        rog_fail(why, ROG_EFAILED, "%s's program " ROG_NO_PART "; it said%s%s", role->name,
                 words[0] ? ": " : " nothing", words);
        return;
    }
    rog_fail(why, ROG_EFAILED, "%s %s %d%s%s%s", role->name,
             killed_by ? "was killed by signal" : "ended with exit status",
             killed_by ? killed_by : role->process.status, words[0] ? ": " : "", words,
             full ? " (the disk is full)" : "");
}
