/* SPDX-License-Identifier: Apache-2.0 */
/* Slurm: the batch script for any settings, the output of its programs, and the supervision of jobs
 * if these fail, hang or print invalid output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <common/file.h>
#include <common/process.h>
#include <orchestrator/pool/provider.h>
#include <orchestrator/pool/slurm/queue.h>
#include <orchestrator/pool/slurm/script.h>

/* ---- the script ---- */

static struct rog_slurm_settings settings_of(const char *text)
{
    struct rog_slurm_settings settings;
    struct rog_error err = {0};
    char path[] = "/tmp/rog-slurm-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fprintf(file, "kind = \"slurm\";\n%s", text);
    fclose(file);
    if (rog_slurm_settings_read(&settings, path, &err) != 0)
        fail_msg("%s", err.message);
    unlink(path);
    return settings;
}

static const struct rog_slurm_array four = {
    .pool = "/data/results.pool/case", .rogctl = "/opt/bin/rogctl", .jobs = 4, .at_once = 2};

static char *script_of(const char *text, const struct rog_slurm_array *array)
{
    struct rog_slurm_settings settings = settings_of(text);
    struct rog_error err = {0};
    char *script = NULL;
    if (rog_slurm_script(&settings, array, &script, &err) != 0)
        fail_msg("%s", err.message);
    rog_slurm_settings_release(&settings);
    return script;
}

static void assert_says(const char *script, const char *line)
{
    char *whole = rog_format("\n%s\n", line);
    if (!strstr(script, whole))
        fail_msg("no line %s in\n%s", line, script);
    free(whole);
}

static void every_setting_is_said(void **state)
{
    (void)state;
    char *script = script_of(
        "partition = \"a,b\"; account = \"acc\"; qos = \"q\"; constraint = \"x86&ib\"; "
        "time = \"1-02:00:00\"; cpus = 3; mem = \"2G\"; gres = \"gpu:1\"; job_name = \"my job\"; "
        "output = \"out %A.txt\"; signal_before = 120; requeue = false; "
        "setup = [\"module load x\", \"export A=1\"]; options = [\"--exclusive\", \"--nice=10\"];",
        &four);
    static const char *const lines[] = {
        "#SBATCH --partition=\"a,b\"",
        "#SBATCH --account=\"acc\"",
        "#SBATCH --qos=\"q\"",
        "#SBATCH --constraint=\"x86&ib\"",
        "#SBATCH --time=\"1-02:00:00\"",
        "#SBATCH --cpus-per-task=3",
        "#SBATCH --mem=\"2G\"",
        "#SBATCH --gres=\"gpu:1\"",
        "#SBATCH --job-name=\"my job\"",
        "#SBATCH --output=\"/data/results.pool/case/out %A.txt\"",
        "#SBATCH --chdir=\"/data/results.pool/case\"",
        "#SBATCH --signal=B:USR1@120",
        "#SBATCH --no-requeue",
        "#SBATCH --array=0-3%2",
        "#SBATCH --exclusive",
        "#SBATCH --nice=\"10\"",
        "module load x",
        "export A=1",
        "/opt/bin/rogctl agent /data/results.pool/case --slots 3 &"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_says(script, lines[i]);
    assert_null(strstr(script, "scontrol requeue"));
    free(script);
    script = script_of("", &(struct rog_slurm_array){.pool = "/p", .rogctl = "/r"});
    assert_null(strstr(script, "--array"));
    assert_null(strstr(script, "--partition"));
    assert_says(script, "#SBATCH --requeue");
    assert_non_null(strstr(script, "scontrol requeue"));
    free(script);
}

static void containers(void **state)
{
    (void)state;
    struct rog_slurm_array array = four;
    struct rog_json *files = rog_json_array();
    static const char *const paths[] = {"/opt/lib/my rog.so", "/scratch/a.csv", "/scratches/a.csv",
                                        "/a/x", "/b/x:1"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        rog_json_append(files, rog_json_new_string(paths[i]));
    array.files = files;
    array.plugins = "/opt/my lib";
    /* A file is mounted where no mount has its place. */
    char *script =
        script_of("image = \"/images/my rog.sif\"; mounts = [\"/scratch/\", \"/a:/b:ro\"]; "
                  "runtime_options = \"--nv  --cleanenv\";",
                  &array);
    assert_says(script,
                "apptainer exec ${TMPDIR:+--bind \"$TMPDIR\"} --bind "
                "/data/results.pool/case:/data/results.pool/case --bind /scratch/:/scratch/ --bind "
                "/a:/b:ro --bind '/opt/lib/my rog.so:/opt/lib/my rog.so' --bind "
                "/scratches/a.csv:/scratches/a.csv --bind /a/x:/a/x --nv --cleanenv "
                "'/images/my rog.sif' rogctl agent /data/results.pool/case --slots 1 &");
    assert_non_null(strstr(script, "\nexport ROG_PLUGIN_PATH='/opt/my lib'"));
    free(script);
    struct rog_slurm_settings settings = settings_of("image = \"i\";");
    struct rog_error err = {0};
    assert_int_equal(rog_slurm_script(&settings, &array, &script, &err), ROG_EINVAL);
    assert_non_null(strstr(err.message, "/b/x:1 cannot be mounted"));
    rog_slurm_settings_release(&settings);
    rog_json_free(files);
    script =
        script_of("image = \"rog:1\"; runtime = \"podman\"; rogctl = \"/usr/bin/rogctl\";", &four);
    assert_says(script,
                "podman run --rm --name \"$name\" --cgroups=disabled --network=host --user=0 --env "
                "'SLURM_*' --env 'ROG*' --volume /data/results.pool/case:/data/results.pool/case "
                "--entrypoint "
                "/usr/bin/rogctl rog:1 agent /data/results.pool/case --slots 1 &");
    free(script);
}

/* Each is rejected; none is truncated, or becomes an option or a command. */
static void values_impossible_in_a_script(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "partition = \"a\\n#SBATCH --uid=0\";",
        "account = \"a\\\"b\";",
        "qos = \"a\\\\\";",
        "job_name = \"a\\rb\";",
        "output = \"\";",
        "constraint = \"\\x1b[2J\";",
        "time = \"\";",
        "options = [\"exclusive\"];",
        "options = [\"--array=0-9\"];",
        "options = [\"-a0-9\"];",
        "options = [\"-D /tmp\"];",
        "options = [\"--wrap=id\"];",
        "options = [\"-W\"];",
        "options = [\"--signal=KILL\"];",
        "options = [\"--exclusive --array=0-9\"];",
        "options = [\"--comment=a\\n#SBATCH --array=0-9\"];",
        "options = [\"\"];",
        "setup = [\"a\\nb\"];",
        "image = \"-v\";",
        "image = \"i\"; mounts = [\"a\"];",
        "image = \"i\"; mounts = [\"/a,/b\"];",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_slurm_settings settings = settings_of(wrong[i]);
        struct rog_error err = {0};
        char *script = NULL;
        int code = rog_slurm_script(&settings, &four, &script, &err);
        if (code != ROG_EINVAL || script || !err.message[0])
            fail_msg("%s: %d, %s", wrong[i], code, script ? script : err.message);
        rog_slurm_settings_release(&settings);
    }
    struct rog_slurm_settings settings = settings_of("");
    struct rog_slurm_array array = four;
    char *script = NULL;
    array.pool = "/data/a\nb";
    assert_int_equal(rog_slurm_script(&settings, &array, &script, NULL), ROG_EINVAL);
    array.pool = "/data/a\"b";
    assert_int_equal(rog_slurm_script(&settings, &array, &script, NULL), ROG_EINVAL);
    rog_slurm_settings_release(&settings);
}

/* Values that sbatch and sh accept unchanged. A line of options ends with its value, and the
 * command has exactly its words. */
static void unusual_values_are_preserved(void **state)
{
    (void)state;
    static const char pool[] = "/data/it's $(id) `id` #1 50% \xc3\xa9";
    const struct rog_slurm_array array = {.pool = pool, .rogctl = "/o'pt/$HOME/rogctl", .jobs = 1};
    char *script =
        script_of("job_name = \"$(id) 'x' #1\"; options = [\"--comment=a # b\"];", &array);
    assert_says(script, "#SBATCH --job-name=\"$(id) 'x' #1\"");
    assert_says(script, "#SBATCH --comment=\"a # b\"");
    assert_says(script, "#SBATCH --chdir=\"/data/it's $(id) `id` #1 50% \xc3\xa9\"");
    assert_says(script,
                "#SBATCH --output=\"/data/it's $(id) `id` #1 50%% \xc3\xa9/slurm/%A_%a.out\"");
    char *line = strstr(script, "\n'/o");
    assert_non_null(line);
    line[strcspn(line + 1, "&") + 1] = '\0';
    char *asked = rog_format("show() { printf '%%s\\n' \"$@\"; }; show %s", line + 1);
    const char *const argv[] = {"sh", "-c", asked, NULL};
    char *said = NULL;
    assert_int_equal(rog_process_run(argv, 10, &said, NULL), 0);
    char *expected = rog_format("/o'pt/$HOME/rogctl\nagent\n%s\n--slots\n1\n", pool);
    assert_string_equal(said, expected);
    free(expected);
    free(said);
    free(asked);
    free(script);
}

static void files_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"kind = \"virtual\";", "kind must be"},
        {"cpus = 1;", "kind must be"},
        {"kind = \"slurm\"; cpus = 0;", "cpus must be"},
        {"kind = \"slurm\"; partitions = \"a\";", "partition"},
        {"kind = \"slurm\"; setup = \"module load\";", "setup must be"},
        {"kind = \"slurm\"; runtime = \"docker\"; image = \"i\";", "runtime must be"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rog_slurm_settings settings;
        struct rog_error err = {0};
        assert_int_equal(
            rog_file_write("wrong-slurm.conf", wrong[i].text, strlen(wrong[i].text), NULL), 0);
        int code = rog_slurm_settings_read(&settings, "wrong-slurm.conf", &err);
        if (code != ROG_EINVAL || !strstr(err.message, wrong[i].says))
            fail_msg("%s: %d %s", wrong[i].text, code, err.message);
        rog_slurm_settings_release(&settings);
    }
    unlink("wrong-slurm.conf");
}

/* ---- output of Slurm ---- */

static void jobs_are_counted(void **state)
{
    (void)state;
    static const char text[] = "7_2|7|PENDING|Priority|/p\n"
                               "7_3|7|PENDING|JobHeldUser|/p\n"
                               "7_5|7|PENDING|Nodes required for job are DOWN, DRAINED or reserved "
                               "for jobs in higher priority partitions|/p\n"
                               "7_0|7|RUNNING|None|/p\n"
                               "7_1|7|COMPLETING|None|/p\n"
                               "9_0|9|RUNNING|None|/p|q\n" /* of another pool */
                               "9_1|9|RUNNING|None|/p/\n"
                               "8|8|OUT_OF_MEMORY|OutOfMemory|/p\n"
                               "6_1|6|COMPLETED|None|/p\n"
                               "5_0|5|REQUEUE_HOLD|launch failed requeued held|/p\n"
                               "squeue: something|else\n"
                               "x|7|RUNNING|None|/p\n"
                               "7_9|7;id|RUNNING|None|/p\n"
                               "||||\n"
                               "7_4|7|SOMETHING_NEW|None|/p"; /* without a line end */
    struct rog_slurm_jobs jobs;
    struct rog_json *arrays = rog_json_array();
    assert_int_equal(rog_slurm_count(text, "/p", &jobs, arrays, NULL), 0);
    assert_int_equal(jobs.waiting, 4);
    assert_int_equal(jobs.held, 2);
    assert_int_equal(jobs.running, 3);
    assert_int_equal(jobs.ended, 2);
    assert_string_equal(jobs.waits_for, "Priority");
    assert_string_equal(jobs.held_job, "5_0");
    assert_string_equal(jobs.failed_job, "8");
    assert_string_equal(jobs.failed_state, "OUT_OF_MEMORY");
    assert_int_equal(rog_json_size(arrays), 2);
    assert_string_equal(rog_json_string(rog_json_at(arrays, 0), ""), "7");
    assert_string_equal(rog_json_string(rog_json_at(arrays, 1), ""), "5");
    rog_json_free(arrays);
    assert_int_equal(rog_slurm_count(text, "/p|q", &jobs, NULL, NULL), 0);
    assert_int_equal(jobs.running, 1);
    assert_int_equal(rog_slurm_count("", "/p", &jobs, NULL, NULL), 0);
    rog_slurm_note_accounted("7_1|COMPLETED|/p\n7_2|CANCELLED by 1000|/p\n7_3|FAILED|/q\nx|\n",
                             "/p", &jobs);
    assert_string_equal(jobs.failed_job, "");
    rog_slurm_note_accounted("7_1|OUT_OF_MEMORY|/p\n7_2|COMPLETED|/p\n", "/p", &jobs);
    assert_string_equal(jobs.failed_job, "7_1");
    assert_string_equal(jobs.failed_state, "OUT_OF_MEMORY");
    jobs = (struct rog_slurm_jobs){0};
    assert_int_equal(jobs.waiting + jobs.running + jobs.ended, 0);
}

static void other_words(void **state)
{
    (void)state;
    char number[ROG_SLURM_JOB_BYTES], words[40];
    assert_int_equal(rog_slurm_max_array("A = 1\nMaxArraySize            = 1001\nB = 2\n"), 1001);
    assert_int_equal(rog_slurm_max_array("XMaxArraySize = 5\n"), -1);
    assert_int_equal(rog_slurm_max_array("MaxArraySize = (null)\n"), -1);
    assert_int_equal(rog_slurm_max_array(""), -1);
    assert_true(rog_slurm_submitted("123\n", number));
    assert_string_equal(number, "123");
    assert_true(rog_slurm_submitted("45;cluster\n", number));
    assert_string_equal(number, "45");
    assert_false(rog_slurm_submitted("Submitted batch job 3\n", number));
    assert_false(rog_slurm_submitted("", number));
    assert_string_equal(rog_slurm_last_words("sbatch: error: A\nsbatch: error: B is wrong\n\n",
                                             words, sizeof words),
                        "B is wrong");
    assert_string_equal(rog_slurm_last_words("", words, sizeof words), "");
    assert_int_equal(rog_slurm_refusal_of("sbatch: error: Batch job submission failed: Unable to "
                                          "contact slurm controller (connect failure)\n"),
                     ROG_SLURM_AWAY);
    assert_int_equal(rog_slurm_refusal_of("sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: "
                                          "Batch job submission failed: Job violates "
                                          "accounting/QOS policy (job submit limit, ...)\n"),
                     ROG_SLURM_TOO_BIG);
    assert_int_equal(rog_slurm_refusal_of("sbatch: error: invalid partition specified: nope\n"),
                     ROG_SLURM_REFUSED);
}

/* {work, cpus, agents, throttle, in_queue, most} -> jobs, tasks at once */
static void arrays_are_split(void **state)
{
    (void)state;
    static const struct {
        struct rog_slurm_wish wish;
        size_t jobs, at_once;
    } cases[] = {
        {{10, 1, 100, 0, 0, 1001}, 10, 0},      {{10, 4, 100, 0, 0, 1001}, 3, 0},
        {{5000, 1, 3000, 0, 0, 1001}, 1001, 0}, {{5000, 1, 3000, 0, 2002, 1001}, 998, 0},
        {{5000, 1, 3000, 0, 3000, 1001}, 0, 0}, {{2, 1, 100, 0, 5, 1001}, 0, 0},
        {{100, 1, 50, 10, 0, 1001}, 50, 10},    {{100, 1, 50, 10, 4, 1001}, 46, 6},
        {{100, 1, 50, 10, 12, 1001}, 0, 0},     {{3, 1, 50, 10, 0, 1001}, 3, 0},
        {{0, 1, 50, 10, 0, 1001}, 0, 0},        {{9, 1, 50, 0, 0, 1}, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t at_once = 77;
        assert_int_equal(rog_slurm_next_array(&cases[i].wish, &at_once), cases[i].jobs);
        assert_int_equal(at_once, cases[i].at_once);
    }
}

/* ---- supervision of jobs ---- */

struct scene {
    char folder[32]; /* of the pool, and of programs with the names of Slurm's */
    char *path;      /* PATH before */
    struct rog_pool_site site;
    void *slurm;
    char said[2000], says[ROG_POOL_SAYS_BYTES];
};

static void put_program(const struct scene *scene, const char *name, const char *script)
{
    char *path = rog_path_join(scene->folder, name);
    char *text =
        rog_format("#!/bin/sh\necho \"%s $*\" >>%s/calls\n%s\n", name, scene->folder, script);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), 0);
    assert_int_equal(chmod(path, 0755), 0);
    free(text);
    free(path);
}

static void on_say(void *user, const char *text)
{
    struct scene *scene = user;
    size_t used = strlen(scene->said);
    snprintf(scene->said + used, sizeof scene->said - used, "%s\n", text);
}

/* Starts a Slurm that accepts everything, with an empty queue. */
static void begin(struct scene *scene)
{
    *scene = (struct scene){.folder = "/tmp/rog-slurm-XXXXXX"};
    assert_non_null(mkdtemp(scene->folder));
    scene->path = rog_strdup(getenv("PATH"));
    char *path = rog_format("%s:%s", scene->folder, scene->path);
    setenv("PATH", path, 1);
    free(path);
    put_program(scene, "scontrol", "echo 'MaxArraySize            = 1001'");
    put_program(scene, "squeue", "");
    put_program(scene, "scancel", "");
    put_program(scene, "sbatch", "echo 12");
    scene->site = (struct rog_pool_site){.path = scene->folder,
                                         .rogctl = "/opt/rogctl",
                                         .name = "case",
                                         .tasks = 8,
                                         .say = on_say,
                                         .user = scene};
    assert_int_equal(rog_pool_slurm_provider.open(&scene->slurm, &scene->site, NULL), 0);
}

static void end(struct scene *scene)
{
    rog_pool_slurm_provider.close(scene->slurm);
    setenv("PATH", scene->path, 1);
    free(scene->path);
    rog_dir_remove(scene->folder, NULL);
}

static const struct rog_pool_counts eight = {.ready = 8};

/* Steps until a program was called `times` times, with a time limit; returns the result of the last
 * step. */
static int step_until(struct scene *scene, const char *called, int times, struct rog_error *err)
{
    char *path = rog_path_join(scene->folder, "calls");
    int code = 0, seen = 0;
    for (int i = 0; i < 1000 && code == 0 && seen < times; i++) {
        char *calls = NULL;
        size_t size;
        code = rog_pool_slurm_provider.step(scene->slurm, &eight, scene->says, sizeof scene->says,
                                            err);
        usleep(10000);
        seen = 0;
        if (rog_file_read(path, 1 << 20, &calls, &size, NULL) == 0)
            for (const char *at = calls; (at = strstr(at, called)); at++)
                seen++;
        free(calls);
    }
    free(path);
    return code;
}

static char *calls_of(const struct scene *scene)
{
    char *path = rog_path_join(scene->folder, "calls"), *calls = NULL;
    size_t size;
    assert_int_equal(rog_file_read(path, 1 << 20, &calls, &size, NULL), 0);
    free(path);
    return calls;
}

static void jobs_are_submitted_once(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    setenv("SQUEUE_PARTITION", "other", 1);
    put_program(&scene, "squeue",
                "[ -z \"$SQUEUE_PARTITION\" ] || echo misled\n"
                "[ ! -e $(dirname $0)/there ] || echo \"12_0|12|PENDING|Priority|$(dirname $0)\"");
    put_program(&scene, "sbatch",
                "touch $(dirname $0)/there; grep '#SBATCH --array' $2 "
                ">>$(dirname $0)/calls; echo 12");
    assert_int_equal(step_until(&scene, "squeue", 2, NULL), 0);
    char *calls = calls_of(&scene);
    assert_non_null(strstr(calls, "#SBATCH --array=0-7\n"));
    assert_non_null(strstr(scene.said, "8 jobs for agents submitted to Slurm, as 12"));
    free(calls);
    /* Queued jobs end with the pool. */
    assert_int_equal(rog_pool_slurm_provider.stop(scene.slurm, NULL), 0);
    calls = calls_of(&scene);
    assert_non_null(strstr(calls, "scancel 12\n"));
    assert_null(strstr(calls, "misled"));
    free(calls);
    unsetenv("SQUEUE_PARTITION");
    end(&scene);
}

static void existing_jobs_are_not_submitted_again(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    put_program(&scene, "squeue",
                "for i in 0 1 2 3 4 5 6 7; do echo \"3_$i|3|RUNNING|None|$(dirname $0)\"; done");
    assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
        usleep(10000);
    }
    char *calls = calls_of(&scene);
    assert_null(strstr(calls, "sbatch"));
    free(calls);
    end(&scene);
}

static void put_text(const struct scene *scene, const char *name, const char *text)
{
    char *path = rog_path_join(scene->folder, name);
    assert_int_equal(rog_file_write(path, text, strlen(text), NULL), 0);
    free(path);
}

/* Why a job ended badly is in its output. */
static void last_words_are_said(void **state)
{
    (void)state;
    static const struct {
        const char *job, *file;
    } jobs[] = {{"12_0", "slurm/12_0.out"}, {"12", "slurm/12_4294967294.out"}, {"12_0", "x"}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        struct scene scene;
        begin(&scene);
        char *queue =
            rog_format("echo \"%s|12|FAILED|NonZeroExitCode|$(dirname $0)\"", jobs[i].job);
        put_program(&scene, "squeue", queue);
        put_text(&scene, jobs[i].file, "Error: \x1b[31mno rogctl\n\n");
        assert_int_equal(step_until(&scene, "sbatch", 1, NULL), 0);
        bool has_words = strstr(scene.said, " has ended: FAILED: Error: ") != NULL;
        if (has_words != (i < 2) || strstr(scene.said, "\x1b") || !strstr(scene.said, "FAILED"))
            fail_msg("%s", scene.said);
        free(queue);
        end(&scene);
    }
}

static void refusals(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err = {0};
    begin(&scene);
    put_program(&scene, "sbatch",
                "echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
    assert_int_equal(step_until(&scene, "sbatch", 2, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "invalid partition specified: x"));
    end(&scene);
    /* As many steps as it takes. */
    begin(&scene);
    put_program(&scene, "sbatch",
                "grep -q 'array=0-1$' $2 || { echo 'sbatch: error: Job violates accounting/QOS "
                "policy (job submit limit)' >&2; exit 1; }; echo 12");
    assert_int_equal(step_until(&scene, "sbatch", 3, NULL), 0);
    for (int i = 0; i < 200 && !strstr(scene.said, "2 jobs for agents"); i++) {
        assert_int_equal(step_until(&scene, "sbatch", 1, NULL), 0);
        usleep(10000);
    }
    assert_non_null(strstr(scene.said, "2 jobs for agents submitted"));
    end(&scene);
}

/* Nothing waits for it, nothing is lost, and users are told once. */
static void slurm_is_away(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene);
    put_program(&scene, "squeue",
                "echo 'slurm_load_jobs error: Unable to contact slurm controller "
                "(connect failure)' >&2; exit 1");
    assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
    for (int i = 0; i < 300 && !scene.said[0]; i++) {
        assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
        usleep(10000);
    }
    assert_non_null(strstr(scene.said, "Slurm does not answer (squeue: Unable to contact"));
    assert_non_null(strstr(scene.says, "Slurm does not answer"));
    struct rog_error err = {0};
    assert_int_equal(rog_pool_slurm_provider.stop(scene.slurm, &err), ROG_EFAILED);
    assert_non_null(strstr(err.message, "exit by themselves"));
    end(&scene);
    /* A hanging program blocks nothing. */
    begin(&scene);
    put_program(&scene, "squeue", "exec sleep 600");
    assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(step_until(&scene, "squeue", 1, NULL), 0);
    end(&scene);
}

static void without_slurm(void **state)
{
    (void)state;
    struct scene scene;
    struct rog_error err = {0};
    void *slurm = NULL;
    begin(&scene);
    setenv("PATH", "/nowhere", 1);
    if (!rog_program_exists("sbatch")) {
        assert_int_equal(rog_pool_slurm_provider.open(&slurm, &scene.site, &err), ROG_EFAILED);
        assert_non_null(strstr(err.message, "sbatch is not installed here"));
    }
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_is_said),
        cmocka_unit_test(containers),
        cmocka_unit_test(values_impossible_in_a_script),
        cmocka_unit_test(unusual_values_are_preserved),
        cmocka_unit_test(files_that_are_wrong),
        cmocka_unit_test(jobs_are_counted),
        cmocka_unit_test(other_words),
        cmocka_unit_test(arrays_are_split),
        cmocka_unit_test(jobs_are_submitted_once),
        cmocka_unit_test(existing_jobs_are_not_submitted_again),
        cmocka_unit_test(last_words_are_said),
        cmocka_unit_test(refusals),
        cmocka_unit_test(slurm_is_away),
        cmocka_unit_test(without_slurm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
