/* SPDX-License-Identifier: Apache-2.0 */
/* Runs programs of Slurm and reads their output. */
#include <orchestrator/pool/slurm/command.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/pool/slurm/queue.h>

#define MOMENT_MS 20 /* pause in the output that ends a read */
#define PIECE_BYTES 65536
#define SAYS_BYTES 200

/* ---- the environment ---- */

static bool begins_with_one(const char *variable, const char *const *names)
{
    for (; names && *names; names++)
        if (strncmp(variable, *names, strlen(*names)) == 0)
            return true;
    return false;
}

/* Variables that would select other jobs than requested, or change what a script does (sbatch,
 * "INPUT ENVIRONMENT VARIABLES"). */
static const char *const misleading[] = {
    "SQUEUE_",           "SCANCEL_",         "SLURM_TIME_FORMAT=", "SBATCH_ARRAY_INX=",
    "SBATCH_OPEN_MODE=", "SBATCH_REQUEUE=",  "SBATCH_NO_REQUEUE=", "SBATCH_SIGNAL=",
    "SBATCH_WAIT=",      "SBATCH_JOB_NAME=", "SBATCH_OUTPUT=",     NULL,
};

/* Builds an array of pointers into the environment's own texts. */
static const char **make_environment(const char *const *without)
{
    extern char **environ;
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    const char **made = calloc(count + 1, sizeof *made);
    for (size_t i = 0; made && i < count; i++)
        if (!begins_with_one(environ[i], misleading) && !begins_with_one(environ[i], without))
            made[kept++] = environ[i];
    return made;
}

/* ---- running ---- */

int rog_slurm_command_start(struct rog_slurm_command *command, const char *const *argv,
                            const char *const *without, double limit_s, struct rog_error *err)
{
    *command = ROG_SLURM_COMMAND_NONE;
    const char **environment = make_environment(without);
    command->output = rog_strdup("");
    command->errors = rog_strdup("");
    int code = environment && command->output && command->errors ? 0 : rog_fail_nomem(err);
    const struct rog_process_options how = {
        .argv = argv, .pipes = true, .error_pipe = true, .environment = environment};
    if (code == 0)
        code = rog_process_start(&command->process, &how, err);
    if (code == 0) {
        rog_process_close_input(&command->process);
        command->program = argv[0];
        command->since_s = rog_clock_s();
        command->limit_s = limit_s;
    }
    free(environment);
    if (code < 0)
        rog_slurm_command_release(command);
    return code;
}

/* Reads what a non-blocking pipe contains. Returns true if there was anything. */
static bool take(int fd, char **text, size_t *bytes, bool *no_memory)
{
    ssize_t got = 1;
    bool any = false;
    while (fd >= 0 && got > 0 && *bytes < ROG_PROCESS_OUTPUT_MAX_BYTES) {
        char *grown = realloc(*text, *bytes + PIECE_BYTES + 1);
        if (!grown) {
            *no_memory = true;
            return any;
        }
        *text = grown;
        got = read(fd, grown + *bytes, PIECE_BYTES);
        *bytes += got > 0 ? (size_t)got : 0;
        grown[*bytes] = '\0';
        any = any || got > 0;
    }
    return any;
}

static bool take_both(struct rog_slurm_command *command)
{
    bool one = take(command->process.output, &command->output, &command->output_bytes,
                    &command->no_memory);
    bool other = take(command->process.errors, &command->errors, &command->errors_bytes,
                      &command->no_memory);
    return one || other;
}

/* Reads until there was no output for a moment. */
static void read_output(struct rog_slurm_command *command)
{
    struct pollfd pipes[2] = {{.fd = command->process.output, .events = POLLIN},
                              {.fd = command->process.errors, .events = POLLIN}};
    while (poll(pipes, 2, MOMENT_MS) > 0 && take_both(command))
        ;
}

int rog_slurm_command_look(struct rog_slurm_command *command, bool *in_time, struct rog_error *err)
{
    char says[SAYS_BYTES];
    read_output(command);
    bool is_late = rog_clock_s() - command->since_s > command->limit_s;
    *in_time = !is_late;
    if (!rog_process_ended(&command->process)) {
        if (!is_late)
            return 1;
        rog_process_kill(&command->process);
        return rog_fail(err, ROG_EFAILED, "%s has not answered within %g s", command->program,
                        command->limit_s);
    }
    *in_time = true;
    take_both(command);
    if (command->no_memory)
        return rog_fail_nomem(err);
    if (command->process.status == 0)
        return 0;
    rog_slurm_last_words(command->errors, says, sizeof says);
    return rog_fail(err, ROG_EFAILED, "%s: %s", command->program,
                    says[0] ? says : "it failed without output");
}

void rog_slurm_command_release(struct rog_slurm_command *command)
{
    rog_process_kill(&command->process);
    free(command->output);
    free(command->errors);
    *command = ROG_SLURM_COMMAND_NONE;
}

int rog_slurm_command_run(const char *const *argv, double limit_s, char **output,
                          struct rog_error *err)
{
    struct rog_slurm_command command;
    bool in_time;
    int code = rog_slurm_command_start(&command, argv, NULL, limit_s, err);
    if (code < 0)
        return code;
    while ((code = rog_slurm_command_look(&command, &in_time, err)) == 1)
        poll(NULL, 0, MOMENT_MS);
    if (code == 0 && output) {
        *output = command.output;
        command.output = NULL;
    }
    rog_slurm_command_release(&command);
    return code;
}
