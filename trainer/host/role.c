/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the server or worker, and reports how it ended. */
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
#include <trainer/host/container.h>
#include <trainer/host/folder.h>
#include <trainer/host/remains.h>

#define TRAINER_LOG "trainer.log"
#define SERVER_STATE "server.json"
#define WORK_FOLDER "work"
#define EVENTS "events.jsonl"
#define CONFIG_MAX_BYTES ((size_t)64 << 20)
#define LAST_WORDS_BYTES 600
#define LOG_END_BYTES 4096
#define SIGNALS 64
#define TITLE_BYTES 256
#define OUTCOME_MAX_BYTES 4096

/* Returns whether the worker's process is replaced by a user's program. If the configuration cannot
 * be read, the role reports the error. */
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

int rog_host_role_init(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err)
{
    char here[4096];
    *role = ROG_HOST_ROLE_NONE;
    role->serves = spec->serves;
    role->wrapped = rog_json_size(spec->wrap) > 0 || spec->container;
    role->runs_program = runs_program(spec);
    role->process.status = -1;
    role->name = spec->serves ? "the server" : "the worker";
    role->events = spec->serves ? EVENTS : WORK_FOLDER "/" EVENTS;
    role->copy = spec->serves ? NULL : EVENTS;
    snprintf(role->rank, sizeof role->rank, "%u", spec->rank);
    if (!getcwd(here, sizeof here))
        return rog_fail(err, ROG_EIO, "cannot determine the current folder: %s", strerror(errno));
    role->folder = rog_strdup(here);
    role->config = rog_path_join(here, ROG_HOST_CONFIG);
    role->key = rog_path_join(here, ROG_HOST_KEY);
    role->out = spec->serves ? rog_strdup(here) : rog_path_join(here, WORK_FOLDER);
    if (!role->folder || !role->config || !role->key || !role->out)
        return rog_fail_nomem(err);
    return rog_own_program(&role->program, err);
}

static void release_line(struct rog_host_role *role)
{
    free(role->words);
    rog_json_free(role->line);
    role->words = NULL;
    role->line = NULL;
}

void rog_host_role_release(struct rog_host_role *role)
{
    release_line(role);
    rog_leash_let_go(&role->leash);
    free(role->folder);
    free(role->config);
    free(role->key);
    free(role->out);
    free(role->program);
    *role = ROG_HOST_ROLE_NONE;
}

/* ---- starting ---- */

static int set_variable(const char *key, const struct rog_json *value, void *user)
{
    (void)user;
    setenv(key, rog_json_string(value, ""), 1);
    return 0;
}

void rog_host_role_set_environment(const struct rog_host_spec *spec)
{
    if (rog_json_is_object(spec->environment))
        rog_json_each(spec->environment, set_variable, NULL);
}

static void add(struct rog_json *line, const char *const *words)
{
    for (; *words; words++)
        rog_json_append(line, rog_json_new_string(*words));
}

/* Adds the command line of the role itself. */
static void add_role(struct rog_host_role *role, const struct rog_host_spec *spec, bool again)
{
    const char *const own[] = {
        role->program, role->serves ? "serve" : "work",
        "--config",    role->config,
        "--key-file",  role->key,
        "--out",       role->out,
        NULL,
    };
    const char *const ranked[] = {"--rank", role->rank, NULL};
    const char *const resumed[] = {"--resume", NULL};
    add(role->line, own);
    if (!role->serves)
        add(role->line, ranked);
    if (role->serves && (again || rog_host_role_can_restart(role)))
        add(role->line, resumed);
    for (size_t i = 0; i < rog_json_size(spec->arguments); i++)
        rog_json_append(role->line, rog_json_copy(rog_json_at(spec->arguments, i)));
}

/* Adds the wrapper and rog-trainer inside, which starts the role. `start` NULL: for a test. */
static int add_wrapper(struct rog_host_role *role, const struct rog_host_spec *spec,
                       const char *start, struct rog_error *err)
{
    const char *const inside[] = {
        role->program, "inside", "--folder", role->folder, start ? "--start" : "--try",
        start,         NULL};
    if (!spec->container) {
        for (size_t i = 0; i < rog_json_size(spec->wrap); i++)
            rog_json_append(role->line, rog_json_copy(rog_json_at(spec->wrap, i)));
        add(role->line, inside);
        return ROG_OK;
    }
    rog_json_free(role->line);
    int code =
        rog_host_container_words(&role->line, spec->container, role->folder, role->program, err);
    add(role->line, inside + 1);
    return code;
}

static int make_words(struct rog_host_role *role, struct rog_error *err)
{
    size_t count = rog_json_size(role->line);
    role->words = calloc(count + 1, sizeof *role->words);
    for (size_t i = 0; role->words && i < count; i++)
        role->words[i] = rog_json_string(rog_json_at(role->line, i), "");
    return role->words ? ROG_OK : rog_fail_nomem(err);
}

static int start_wrapper(struct rog_host_role *role, const struct rog_host_spec *spec,
                         const char *start, uint32_t number, struct rog_error *err)
{
    int code = add_wrapper(role, spec, start, err);
    if (!code)
        code = make_words(role, err);
    return code ? code : rog_leash_hold(&role->leash, number, err);
}

/* Sets the mark only for the role's processes: not for a wrapper, nor for other children of this
 * process. */
static int run(struct rog_host_role *role, struct rog_error *err)
{
    const struct rog_process_options how = {.argv = role->words, .log = TRAINER_LOG};
    if (!role->wrapped)
        setenv(ROG_HOST_MARK, role->folder, 1);
    int code = rog_process_start(&role->process, &how, err);
    unsetenv(ROG_HOST_MARK);
    return code;
}

int rog_host_role_start(struct rog_host_role *role, const struct rog_host_spec *spec,
                        uint32_t start, struct rog_error *err)
{
    char number[16];
    int code;
    release_line(role);
    role->told = !role->wrapped;
    role->line = rog_json_array();
    snprintf(number, sizeof number, "%u", start);
    if (role->wrapped) {
        code = start_wrapper(role, spec, number, start, err);
    } else {
        add_role(role, spec, start > 0);
        code = make_words(role, err);
    }
    return code ? code : run(role, err);
}

int rog_host_role_start_try(struct rog_host_role *role, const struct rog_host_spec *spec,
                            struct rog_error *err)
{
    role->line = rog_json_array();
    int code = start_wrapper(role, spec, NULL, 0, err);
    return code ? code : run(role, err);
}

/* ---- ending ---- */

/* Reads the outcome that the process behind the wrapper has written. */
static void read_outcome(struct rog_host_role *role)
{
    struct rog_json *outcome = NULL;
    char *text = NULL;
    size_t size = 0;
    if (rog_file_read(ROG_LEASH_OUTCOME, OUTCOME_MAX_BYTES, &text, &size, NULL) == ROG_OK &&
        rog_json_parse(text, size, ROG_LEASH_OUTCOME, &outcome, NULL) == ROG_OK) {
        role->process.status = (int)rog_json_get_integer(outcome, "status", -1);
        role->process.signal = (int)rog_json_get_integer(outcome, "signal", 0);
        role->told = true;
    }
    rog_json_free(outcome);
    free(text);
}

/* The process is gone: ends what is left of the role. The outcome is read first, since the exit of
 * processes that the wrapper left running is not the role's outcome. */
static int end_remains(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err)
{
    if (role->wrapped)
        read_outcome(role);
    rog_leash_let_go(&role->leash);
    int code = rog_host_remains_end(role->folder, spec->container, err);
    return code ? rog_fail_prefix(err, "%s", role->name) : ROG_OK;
}

int rog_host_role_look(struct rog_host_role *role, const struct rog_host_spec *spec, bool *ended,
                       struct rog_error *err)
{
    *ended = rog_process_ended(&role->process);
    return *ended ? end_remains(role, spec, err) : ROG_OK;
}

int rog_host_role_stop(struct rog_host_role *role, const struct rog_host_spec *spec,
                       struct rog_error *err)
{
    if (role->process.pid == 0 && role->leash.fd < 0)
        return ROG_OK;
    rog_leash_let_go(&role->leash);
    if (role->wrapped) /* a signal would end only the wrapper */
        rog_process_wait(&role->process, ROG_LEASH_END_S);
    rog_process_stop(&role->process);
    return end_remains(role, spec, err);
}

int rog_host_role_killed_by(const struct rog_host_role *role)
{
    int number = role->process.status - 128;
    bool is_interrupted = role->process.status == ROG_EXIT_INTERRUPTED;
    if (role->process.signal)
        return role->process.signal;
    if (role->told)
        return is_interrupted && !role->runs_program ? SIGINT : 0;
    /* The process behind the wrapper was killed itself; the wrapper returns 128 + signal. */
    return number <= 0 || number > SIGNALS || is_interrupted ? 0 : number;
}

const char *rog_host_role_title(const struct rog_host_role *role, char *text, size_t bytes)
{
    if (role->told)
        snprintf(text, bytes, "%s", role->name);
    else
        snprintf(text, bytes, "%s's wrapper, %s,", role->name, role->words[0]);
    return text;
}

bool rog_host_role_can_restart(const struct rog_host_role *role)
{
    return !role->serves || rog_file_exists(SERVER_STATE);
}

/* Removes lines such as "See 'docker run --help'." after an error message. */
static void drop_hints(char *text)
{
    for (char *line = strrchr(text, '\n'); line; line = strrchr(text, '\n')) {
        bool hints = strncmp(line + 1, "See '", 5) == 0 || strncmp(line + 1, "Try '", 5) == 0;
        if (line[1] && !hints)
            return;
        *line = '\0';
    }
}

/* Returns the last line of its log. */
static void last_words(char words[LAST_WORDS_BYTES])
{
    char end[LOG_END_BYTES + 1] = "";
    FILE *log = fopen(TRAINER_LOG, "re");
    if (log) {
        fseek(log, -LOG_END_BYTES, SEEK_END); /* fails for a shorter log, which is read from its
                                                 beginning */
        end[fread(end, 1, LOG_END_BYTES, log)] = '\0';
        fclose(log);
    }
    drop_hints(end);
    rog_last_words(end, words, LAST_WORDS_BYTES);
}

bool rog_host_role_took_part(const struct rog_host_role *role)
{
    return rog_file_exists(role->events);
}

void rog_host_role_explain(const struct rog_host_role *role, struct rog_error *why)
{
    char words[LAST_WORDS_BYTES], title[TITLE_BYTES];
    struct statvfs disk;
    int killed_by = rog_host_role_killed_by(role);
    bool full = statvfs(".", &disk) == 0 && disk.f_bavail == 0;
    last_words(words);
    rog_host_role_title(role, title, sizeof title);
    if (role->process.status == 0 && role->told)
        rog_fail(why, ROG_EFAILED, "%s's program " ROG_NO_PART "; it said%s%s", role->name,
                 words[0] ? ": " : " nothing", words);
    else if (role->process.status == 0)
        rog_fail(why, ROG_EFAILED,
                 "%s exited before %s: it must start the command at the end of its command line "
                 "and wait for it%s%s",
                 title, role->name, words[0] ? "; it said: " : "", words);
    else
        rog_fail(why, ROG_EFAILED, "%s %s %d%s%s%s", title,
                 killed_by ? "was killed by signal" : "exited with status",
                 killed_by ? killed_by : role->process.status, words[0] ? ": " : "", words,
                 full ? " (the disk is full)" : "");
}
