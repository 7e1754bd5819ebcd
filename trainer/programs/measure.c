/* SPDX-License-Identifier: Apache-2.0 */
/* Measures the time of a program that runs alone, and keeps the result. */
#include <trainer/programs/measure.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <common/clock.h>
#include <common/file.h>
#include <common/hash.h>
#include <common/json.h>
#include <common/process.h>
#include <common/settings.h>
#include <trainer/data/cache.h>
#include <trainer/programs/programs.h>

#define MEASURE_VERSION 1 /* incremented when something else is measured */
#define LEFT_OUT 3        /* iterations in which caches fill and memory is allocated */
#define ENOUGH 10         /* iterations, or more if they are shorter than */
#define LEAST_S 1.0       /* together */
#define MOST_S 20.0
#define MOST 4096 /* iterations */
#define KNOWN_MAX_BYTES 4096
#define STEP_MAX_S 1e6 /* the same limit as for a given step_s */
#define WAIT_S 0.1     /* between two attempts to take the lock */

/* ---- what it depends on ---- */

/* Returns the first line of /proc/cpuinfo that names the processor; heap memory. */
static char *processor_name(void)
{
    char line[256];
    char *name = NULL;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && !name && fgets(line, sizeof line, file))
        if (strncmp(line, "model name", 10) == 0)
            name = rog_strdup(line);
    if (file)
        fclose(file);
    return name ? name : rog_strdup("");
}

static void put_machine(struct rog_json *of)
{
    char host[256] = "";
    char *processor = processor_name();
    const char *devices = getenv("CUDA_VISIBLE_DEVICES");
    gethostname(host, sizeof host - 1);
    rog_json_put_string(of, "host", host);
    rog_json_put_string(of, "processor", processor);
    rog_json_put_string(of, "devices", devices ? devices : "");
    free(processor);
}

/* Identifies the file that the command runs, an interpreter or another program, as far as
 * possible. */
static void put_program(struct rog_json *of, const char *command)
{
    const char *word = command + strspn(command, " \t");
    while (strcspn(word, "=") < strcspn(word, " \t"))
        word += strcspn(word, " \t") + strspn(word + strcspn(word, " \t"), " \t");
    char *name = rog_format("%.*s", (int)strcspn(word, " \t"), word);
    char *path = !name ? NULL : strchr(name, '/') ? rog_strdup(name) : rog_program_path(name);
    char hex[ROG_SHA256_HEX_BYTES];
    if (path && rog_sha256_file(path, hex, NULL) == 0)
        rog_json_put_string(of, "program", hex);
    free(path);
    free(name);
}

static char *recipe(const struct rog_run_config *config, const struct rog_run_worker *worker)
{
    struct rog_json *of = rog_json_object();
    rog_settings_copy(rog_run_settings, ROG_SETTING_OF_STEP, 0, config->json, of);
    rog_json_put_integer(of, "version", MEASURE_VERSION);
    rog_json_put_integer(of, "batch", worker->batch);
    rog_json_put_integer(of, "local_steps", worker->local_steps);
    put_program(of, config->command ? config->command : "");
    put_machine(of);
    char *text = rog_json_text_sorted(of);
    rog_json_free(of);
    return text;
}

/* ---- known times ---- */

/* False also if the file is damaged: then the time is measured again. */
static bool read_known(const char *path, double *step_s)
{
    char *text = NULL;
    size_t size = 0;
    struct rog_json *known = NULL;
    if (rog_file_read(path, KNOWN_MAX_BYTES, &text, &size, NULL))
        return false;
    bool is_json = rog_json_parse(text, size, path, &known, NULL) == 0;
    *step_s = is_json ? rog_json_get_number(known, "step_s", 0) : 0;
    rog_json_free(known);
    free(text);
    return *step_s > 0 && *step_s <= STEP_MAX_S;
}

static int write_known(const char *path, double step_s, uint32_t iterations, struct rog_error *err)
{
    struct rog_json *known = rog_json_object();
    rog_json_put_number(known, "step_s", step_s);
    rog_json_put_integer(known, "iterations", iterations);
    char *text = rog_json_text(known);
    rog_json_free(known);
    int code = text ? rog_file_write(path, text, strlen(text), err) : rog_fail_nomem(err);
    free(text);
    return code;
}

/* ---- measuring ---- */

static int by_size(const void *one, const void *other)
{
    const double *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

struct times {
    double s[MOST]; /* time of an iteration's local steps */
    uint32_t count;
    double sum_s;
};

static bool is_enough(const struct times *times, double since_s)
{
    bool whole = times->count >= LEFT_OUT + ENOUGH && times->sum_s >= LEAST_S;
    return times->count == MOST || whole ||
           (times->count > LEFT_OUT && rog_clock_s() - since_s > MOST_S);
}

/* Lets the program compute repeatedly, from its own initial model. */
static int take_times(struct rog_programs *programs, const struct rog_run_worker *worker,
                      struct times *times, struct rog_error *err)
{
    const double begin_s = rog_clock_s();
    int code = ROG_OK;
    bool through = false;
    double part_s = 0; /* time of an iteration that has not ended */
    while (!code && !through && !is_enough(times, begin_s)) {
        const struct rog_programs_turn turn = {
            .worker = worker->rank - 1,
            .iteration = times->count + 1,
            .local_steps = worker->local_steps,
            .statistics = {.iteration = times->count, .largest_iteration = times->count},
        };
        struct rog_programs_result result = {0};
        code = rog_programs_compute(programs, &turn, err);
        if (!code)
            code = rog_programs_result(programs, turn.worker, &result, err);
        through = result.kind == ROG_PROGRAMS_FINISH;
        part_s += result.seconds;
        /* Otherwise it continues the iteration, as if what it waits for took no time. */
        if (code || (result.kind != ROG_PROGRAMS_STEP && result.kind != ROG_PROGRAMS_APART))
            continue;
        times->s[times->count] = part_s;
        times->sum_s += times->count >= LEFT_OUT ? part_s : 0;
        times->count++;
        part_s = 0;
    }
    return code;
}

/* Returns the median over iterations, divided by the number of local steps. */
static int take_median(struct times *times, const struct rog_run_worker *worker, double *step_s,
                       struct rog_error *err)
{
    uint32_t left_out = times->count > LEFT_OUT ? LEFT_OUT : 0, count = times->count - left_out;
    double *s = times->s + left_out;
    if (!count)
        return rog_fail(err, ROG_EFAILED,
                        "worker %u's program exited before it finished an iteration", worker->rank);
    qsort(s, count, sizeof *s, by_size);
    *step_s = (s[(count - 1) / 2] + s[count / 2]) / 2 / worker->local_steps;
    return ROG_OK;
}

/* Creates a folder beside the entry, whose lock is held: what a killed measurement has left is
 * removed by the next one. The folder of a failed program stays, since the error names its log. */
static int make_folder(char **folder, const char *path, struct rog_error *err)
{
    *folder = rog_format("%s.programs", path);
    int code = *folder ? rog_dir_remove(*folder, err) : rog_fail_nomem(err);
    return code ? code : rog_dir_make(*folder, err);
}

static int measure(const struct rog_run_config *config, const struct rog_run_worker *worker,
                   const struct rog_measure_options *options, const char *path,
                   struct rog_error *err)
{
    char *folder = NULL;
    double step_s = 0;
    struct rog_programs *programs = NULL;
    struct times *times = calloc(1, sizeof *times);
    int code = times ? make_folder(&folder, path, err) : rog_fail_nomem(err);
    if (code) {
        free(folder);
        free(times);
        return code;
    }
    const struct rog_programs_options how = {
        .config = config,
        .config_path = options->config_path,
        .out_dir = folder,
        .at_once = 1,
        .only_rank = worker->rank,
        .interrupted = options->interrupted,
        .user = options->user,
    };
    code = rog_programs_start(&programs, &how, err);
    if (!code)
        code = take_times(programs, worker, times, err);
    rog_programs_free(programs);
    if (!code)
        code = take_median(times, worker, &step_s, err);
    if (!code)
        code = write_known(path, step_s, times->count, err);
    if (code != ROG_EFAILED)
        rog_dir_remove(folder, NULL);
    free(folder);
    free(times);
    return code;
}

static int take_lock(struct rog_lock *lock, const char *path,
                     const struct rog_measure_options *options, struct rog_error *err)
{
    int code;
    while ((code = rog_lock_try(lock, path, err)) == ROG_EBUSY) {
        if (options->interrupted && options->interrupted(options->user))
            return rog_fail(err, ROG_EINTR, "interrupted");
        usleep((useconds_t)(1e6 * WAIT_S));
    }
    return code;
}

/* ---- each worker ---- */

static void say(const struct rog_run_worker *worker, double step_s,
                const struct rog_measure_options *options)
{
    char *text =
        rog_format("a local step of worker %u's program takes %.4g s here", worker->rank, step_s);
    if (text && options->say)
        options->say(options->user, text);
    free(text);
}

/* Finds the time on this machine. */
static int find_step(const struct rog_run_config *config, const struct rog_run_worker *worker,
                     const struct rog_measure_options *options, double *step_s,
                     struct rog_error *err)
{
    struct rog_lock lock = ROG_LOCK_NONE;
    char *text = recipe(config, worker), *path = NULL;
    int code = text ? rog_cache_path(&path, "steps", text, "json", err) : rog_fail_nomem(err);
    bool known = !code && read_known(path, step_s);
    if (!code && !known)
        code = take_lock(&lock, path, options, err);
    if (!code && !known)
        known = read_known(path, step_s); /* measured by another process meanwhile */
    if (!code && !known)
        code = measure(config, worker, options, path, err);
    if (!code && !known && !read_known(path, step_s)) /* rounded as in the file, like all later
                                                         results */
        code = rog_fail(err, ROG_EIO, "%s cannot be read", path);
    rog_lock_release(&lock);
    if (!code)
        say(worker, *step_s, options);
    free(path);
    free(text);
    return code;
}

/* Returns a worker before `index` that computes the same; NULL: none. */
static const struct rog_run_worker *alike(const struct rog_run_config *config, uint32_t index)
{
    const struct rog_run_worker *own = &config->workers[index];
    for (uint32_t i = 0; i < index; i++) {
        const struct rog_run_worker *other = &config->workers[i];
        if (other->step_measured && other->batch == own->batch &&
            other->local_steps == own->local_steps)
            return other;
    }
    return NULL;
}

int rog_measure_steps(struct rog_run_config *config, const struct rog_measure_options *options,
                      struct rog_error *err)
{
    int code = ROG_OK;
    for (uint32_t i = 0; i < config->worker_count && !code; i++) {
        struct rog_run_worker *worker = &config->workers[i];
        const struct rog_run_worker *same = worker->step_measured ? alike(config, i) : NULL;
        double step_s = same ? same->step_s * same->speed : 0;
        if (!worker->step_measured)
            continue;
        if (!same)
            code = find_step(config, worker, options, &step_s, err);
        worker->step_s = step_s / worker->speed;
    }
    return code ? rog_fail_prefix(err, "step_s = \"measured\"") : ROG_OK;
}
