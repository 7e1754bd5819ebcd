/* SPDX-License-Identifier: Apache-2.0 */
/* Starts this command again in the background, without the terminal. */
#include <orchestrator/sweeps/detach.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/process.h>
#include <orchestrator/sweeps/registry.h>

#define PATIENCE_S 60.0 /* wait for the process to register itself */
#define ASK_S 10.0      /* wait for answers of systemd */
#define STEP_NS 20000000L
#define LOG_MAX_BYTES ((size_t)1 << 20)
#define UNIT_WORDS 7

bool rog_is_detached(void)
{
    const char *given = getenv(ROG_SWEEP_VARIABLE);
    return given && given[0];
}

/* ---- the user's service manager ---- */

/* Returns whether logind answers "yes" for a property, of this user or (NULL) of itself. */
static bool logind_says_yes(const char *property, const char *user)
{
    char *answer = NULL;
    const char *const argv[] = {"loginctl", "show-user", "--value", "-p", property, user, NULL};
    bool yes = rog_process_run(argv, ASK_S, &answer, NULL) == 0 && answer &&
               strncmp(answer, "yes", 3) == 0;
    free(answer);
    return yes;
}

/* Returns whether the user's service manager runs permanently. Without lingering it ends with the
 * user's last login, together with its units; a session of its own is better then. */
static bool has_manager(const char *user)
{
    return rog_program_exists("systemd-run") && rog_program_exists("loginctl") &&
           logind_says_yes("Linger", user);
}

/* ---- the process ---- */

/* Starts the command; as a unit, with systemd-run in front of it. A scope is entered by the process
 * itself, which keeps its environment, so that no secret in it becomes part of a command line. */
static int start(const char *id, bool as_unit, const char *log, struct rog_process *process,
                 struct rog_error *err)
{
    char *program = NULL;
    struct rog_json *words = rog_sweep_command();
    char *unit = rog_format("--unit=rogctl-%s", id);
    const char **argv = calloc(rog_json_size(words) + UNIT_WORDS + 1, sizeof *argv);
    int code = words && unit && argv ? rog_own_program(&program, err) : rog_fail_nomem(err);
    if (code == 0) {
        const char *const front[UNIT_WORDS] = {"systemd-run", "--user", "--scope", "--quiet",
                                               "--collect",   unit,     "--"};
        size_t count = as_unit ? UNIT_WORDS : 0;
        memcpy(argv, front, count * sizeof *argv);
        argv[count++] = program;
        for (size_t i = 1; i < rog_json_size(words); i++)
            argv[count++] = rog_json_string(rog_json_at(words, i), "");
        const struct rog_process_options options = {
            .argv = argv, .log = log, .outlives = true, .session = true};
        setenv(ROG_SWEEP_VARIABLE, id, 1);
        code = rog_process_start(process, &options, err);
        unsetenv(ROG_SWEEP_VARIABLE);
    }
    free(program);
    free(argv);
    free(unit);
    rog_json_free(words);
    return code;
}

/* Gets the last line of the log. */
static void last_line(const char *log, char *text, size_t bytes)
{
    char *data = NULL;
    size_t size = 0;
    text[0] = '\0';
    if (rog_file_read(log, LOG_MAX_BYTES, &data, &size, NULL) < 0)
        return;
    while (size > 0 && data[size - 1] == '\n')
        data[--size] = '\0';
    const char *line = strrchr(data, '\n');
    snprintf(text, bytes, "%s", line ? line + 1 : data);
    free(data);
}

/* Waits until the process has registered itself. */
static int await(const char *entry, const char *log, struct rog_process *process,
                 struct rog_error *err)
{
    const struct timespec step = {0, STEP_NS};
    char words[512];
    double until_s = rog_clock_s() + PATIENCE_S;
    while (!rog_file_exists(entry)) {
        if (rog_process_ended(process)) {
            last_line(log, words, sizeof words);
            return rog_fail(err, ROG_EFAILED, "the background process exited immediately%s%s",
                            words[0] ? ": " : "", words);
        }
        if (rog_clock_s() > until_s) {
            rog_process_stop(process);
            return rog_fail(err, ROG_EFAILED,
                            "the background process did not report within %g s that it is running",
                            PATIENCE_S);
        }
        nanosleep(&step, NULL);
    }
    return 0;
}

static int begin(struct rog_detached *detached, const char *entry, struct rog_error *err)
{
    char user[24];
    struct rog_process process = ROG_PROCESS_NONE;
    snprintf(user, sizeof user, "%lu", (unsigned long)getuid());
    detached->is_unit = has_manager(user);
    if (detached->is_unit) {
        struct rog_error cause;
        int code = start(detached->id, true, detached->log, &process, &cause);
        if (code == 0 && await(entry, detached->log, &process, &cause) == 0)
            return 0;
        unlink(detached->log); /* the error message contains its last line */
        detached->is_unit = false;
    }
    detached->ends_early = logind_says_yes("KillUserProcesses", NULL);
    int code = start(detached->id, false, detached->log, &process, err);
    return code ? code : await(entry, detached->log, &process, err);
}

int rog_detach(const char *name, struct rog_detached *detached, struct rog_error *err)
{
    *detached = (struct rog_detached){0};
    int code = rog_sweep_claim(name, &detached->id, err);
    if (code < 0)
        return code;
    char *entry = NULL;
    code = rog_sweep_path(detached->id, ROG_SWEEP_FILE, &entry, err);
    if (code == 0)
        code = rog_sweep_path(detached->id, ROG_SWEEP_LOG, &detached->log, err);
    if (code == 0)
        code = begin(detached, entry, err);
    if (code < 0)
        rog_sweep_forget(detached->id, NULL);
    free(entry);
    return code;
}

void rog_detached_release(struct rog_detached *detached)
{
    free(detached->id);
    free(detached->log);
    *detached = (struct rog_detached){0};
}
