/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervises the jobs of a pool: queries Slurm at intervals, and submits more jobs if there is work
 * for them. Runs one program of Slurm at a time without waiting for it: if slurmctld does not
 * answer, these take minutes, and the query is then repeated. Decides on submissions right after
 * reading the queue, so that a submission whose answer was lost is found there and not repeated.
 */
#include <orchestrator/pool/slurm/slurm_state.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/clock.h>
#include <common/file.h>
#include <orchestrator/fleet/run_files.h>

#define SUBMIT_LIMIT_S 180.0 /* sbatch retries by itself if slurmctld is busy */
#define LOOK_S 30.0          /* between two reads of the queue */
#define SOON_S 3.0           /* after a submission */
#define AGAIN_S 15.0         /* if Slurm did not answer */
#define LATE_S 60.0          /* maximum delay of a submission without an answer */
#define ACCOUNT_LIMIT_S 10.0
#define ROUNDS_MOST 5    /* submissions whose jobs ended without any agent being seen */
#define ROUND_FACTOR 4.0 /* each of them waits this many times longer than the last */

/* ---- queries ---- */

static int ask(struct rog_slurm *slurm, enum rog_slurm_question question, const char *const *words,
               const char *const *without, double limit_s, struct rog_error *err)
{
    int code = rog_slurm_command_start(&slurm->command, words, without, limit_s, err);
    if (code == 0)
        slurm->asking = question;
    return code;
}

static int ask_size(struct rog_slurm *slurm, struct rog_error *err)
{
    static const char *const words[] = {"scontrol", "show", "config", NULL};
    return ask(slurm, ROG_SLURM_SIZE, words, NULL, ROG_SLURM_QUEUE_LIMIT_S, err);
}

static int ask_queue(struct rog_slurm *slurm, struct rog_error *err)
{
    const char *words[ROG_SLURM_QUEUE_WORDS];
    char uid[ROG_SLURM_UID_BYTES];
    rog_slurm_queue_words(words, uid);
    return ask(slurm, ROG_SLURM_QUEUE, words, NULL, ROG_SLURM_QUEUE_LIMIT_S, err);
}

/* Lists variables of sbatch that would take precedence over settings of the file. */
static void list_overridden(const struct rog_slurm_settings *s, const char *names[])
{
    const struct {
        const char *value, *variable;
    } table[] = {
        {s->partition, "SBATCH_PARTITION="},
        {s->account, "SBATCH_ACCOUNT="},
        {s->qos, "SBATCH_QOS="},
        {s->constraint, "SBATCH_CONSTRAINT="},
        {s->time, "SBATCH_TIMELIMIT="},
        {s->mem, "SBATCH_MEM_PER_NODE="},
        {s->gres, "SBATCH_GRES="},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].value)
            names[count++] = table[i].variable;
    names[count] = NULL;
}
#define SAID_MOST 8

static int submit(struct rog_slurm *slurm, size_t jobs, size_t at_once, struct rog_error *err)
{
    const char *without[SAID_MOST];
    char *text = NULL, *path = rog_path_join(slurm->site->path, ROG_SLURM_SCRIPT);
    int code = path ? rog_slurm_make_script(&slurm->settings, slurm->site,
                                            slurm->has_arrays ? jobs : 0, at_once, &text, err)
                    : rog_fail_nomem(err);
    if (code == 0)
        code = rog_file_write(path, text, strlen(text), err);
    const char *const words[] = {"sbatch", "--parsable", path, NULL};
    list_overridden(&slurm->settings, without);
    if (code == 0)
        code = ask(slurm, ROG_SLURM_SUBMISSION, words, without, SUBMIT_LIMIT_S, err);
    slurm->submitting = jobs;
    free(text);
    free(path);
    return code;
}

/* ---- messages ---- */

static void report_away(struct rog_slurm *slurm, const struct rog_error *cause)
{
    if (slurm->away_since_s > 0)
        return;
    slurm->away_since_s = rog_clock_s();
    rog_slurm_tell(slurm,
                   "Slurm does not answer (%s); running agents continue, and rogctl keeps trying",
                   cause->message);
}

static void is_back(struct rog_slurm *slurm)
{
    if (slurm->away_since_s > 0)
        rog_slurm_tell(slurm, "Slurm answers again, after %.0f s",
                       rog_clock_s() - slurm->away_since_s);
    slurm->away_since_s = 0;
}

/* Sets words to ": " and the last line of the output of the failed job; "" if there is none or
 * `output` is not the default. Slurm writes 4294967294 for %a of a job that is in no array. */
static void read_words(const struct rog_slurm *slurm, char words[ROG_SLURM_SAYS_BYTES])
{
    const char *job = slurm->jobs.failed_job;
    char *path = rog_format("%s/" ROG_SLURM_FOLDER "/%s%s.out", slurm->site->path, job,
                            strchr(job, '_') ? "" : "_4294967294");
    words[0] = words[2] = '\0';
    if (path && strcmp(slurm->settings.output, ROG_SLURM_OUTPUT) == 0)
        rog_run_log_tail(path, words + 2, ROG_SLURM_SAYS_BYTES - 2);
    if (words[2])
        memcpy(words, ": ", 2);
    free(path);
}

/* Reports jobs that failed, once for each kind of failure. */
static void report_failed_jobs(struct rog_slurm *slurm)
{
    const char *state = slurm->jobs.failed_state;
    char words[ROG_SLURM_SAYS_BYTES];
    if (!state[0] || strcmp(slurm->told, state) == 0)
        return;
    snprintf(slurm->told, sizeof slurm->told, "%s", state);
    read_words(slurm, words);
    rog_slurm_tell(slurm,
                   "job %s of Slurm has ended: %s%s; others continue its run; the output of jobs "
                   "is in %s/" ROG_SLURM_FOLDER,
                   slurm->jobs.failed_job, state, words, slurm->site->path);
}

static void say(const struct rog_slurm *slurm, char *says, size_t bytes)
{
    const struct rog_slurm_jobs *jobs = &slurm->jobs;
    says[0] = '\0';
    if (slurm->away_since_s > 0)
        snprintf(says, bytes, "Slurm does not answer");
    else if (slurm->refused[0])
        snprintf(says, bytes, "Slurm accepts no more jobs at present (%s)", slurm->refused);
    else if (jobs->held > 0)
        snprintf(says, bytes, "%zu of Slurm's jobs held; `scontrol release %s` releases one",
                 jobs->held, jobs->held_job);
    else if (jobs->waiting > 0 && jobs->running == 0)
        snprintf(says, bytes, "%zu job%s wait%s in Slurm's queue%s%s%s", jobs->waiting,
                 jobs->waiting == 1 ? "" : "s", jobs->waiting == 1 ? "s" : "",
                 jobs->waits_for[0] ? " (" : "", jobs->waits_for, jobs->waits_for[0] ? ")" : "");
}

/* ---- submissions ---- */

/* sacct may know jobs that squeue has forgotten. It fails without accounting. */
static void query_account(struct rog_slurm *slurm)
{
    static const char *const words[] = {
        "sacct", "-nPX", "-S", "now-1hours", "-o", ROG_SLURM_ACCOUNT_FORMAT, NULL};
    char *text = NULL;
    if (!slurm->jobs.failed_job[0] &&
        rog_slurm_command_run(words, ACCOUNT_LIMIT_S, &text, NULL) == 0)
        rog_slurm_note_accounted(text, slurm->site->path, &slurm->jobs);
    free(text);
}

static int give_up(struct rog_slurm *slurm, struct rog_error *err)
{
    const struct rog_slurm_jobs *jobs = &slurm->jobs;
    char words[ROG_SLURM_SAYS_BYTES] = "";
    query_account(slurm);
    bool knows = jobs->failed_job[0] != '\0';
    if (knows)
        read_words(slurm, words);
    return rog_fail(err, ROG_EFAILED,
                    "Slurm's jobs end, but none of their agents is seen here%s%s%s%s%s%s; their "
                    "output is in %s/" ROG_SLURM_FOLDER,
                    knows ? " (" : "", jobs->failed_job, knows ? " " : "", jobs->failed_state,
                    knows ? ")" : "", words, slurm->site->path);
}

/* Call it right after reading the queue. */
static int top_up(struct rog_slurm *slurm, const struct rog_pool_counts *counts,
                  struct rog_error *err)
{
    const size_t cpus = (size_t)slurm->settings.cpus;
    const struct rog_slurm_wish wish = {
        .work = counts->ready + counts->taken + slurm->jobs.held * cpus, /* held jobs do no work */
        .cpus = cpus,
        .agents = (size_t)slurm->settings.agents,
        .throttle = (size_t)slurm->settings.throttle,
        .in_queue = slurm->jobs.waiting + slurm->jobs.running,
        .most = slurm->most,
    };
    size_t at_once, jobs = rog_slurm_next_array(&wish, &at_once);
    if (jobs == 0)
        return 0;
    if (slurm->rounds >= ROUNDS_MOST && wish.in_queue == 0)
        return give_up(slurm, err);
    return submit(slurm, jobs, at_once, err);
}

/* ---- answers ---- */

/* Each of these owns the command, reads its output and releases it. */
static int take_size(struct rog_slurm *slurm, const struct rog_pool_counts *counts,
                     struct rog_error *err)
{
    (void)counts;
    (void)err;
    long size = rog_slurm_max_array(slurm->command.output);
    slurm->knows_size = true;
    slurm->has_arrays = size != 0;
    slurm->most = size > 0 ? (size_t)size : size == 0 ? 1 : ROG_SLURM_MAX_ARRAY;
    rog_slurm_command_release(&slurm->command);
    return 0;
}

static int take_queue(struct rog_slurm *slurm, const struct rog_pool_counts *counts,
                      struct rog_error *err)
{
    int code = rog_slurm_count(slurm->command.output, slurm->site->path, &slurm->jobs, NULL, err);
    rog_slurm_command_release(&slurm->command);
    if (code < 0)
        return code;
    report_failed_jobs(slurm);
    slurm->next_s = rog_clock_s() + LOOK_S;
    return top_up(slurm, counts, err);
}

static int take_submission(struct rog_slurm *slurm, const struct rog_pool_counts *counts,
                           struct rog_error *err)
{
    char number[ROG_SLURM_JOB_BYTES];
    bool known = rog_slurm_submitted(slurm->command.output, number);
    (void)counts;
    (void)err;
    rog_slurm_tell(slurm, "%zu job%s for agents submitted to Slurm%s%s", slurm->submitting,
                   slurm->submitting == 1 ? "" : "s", known ? ", as " : "", known ? number : "");
    slurm->has_submitted = true;
    slurm->rounds++;
    slurm->refused[0] = '\0';
    slurm->next_s = rog_clock_s() + SOON_S * pow(ROUND_FACTOR, (double)slurm->rounds - 1);
    rog_slurm_command_release(&slurm->command);
    return 0;
}

/* Decides whether sbatch would refuse the same submission again, or a smaller or later one may
 * succeed. */
static int take_refusal(struct rog_slurm *slurm, bool is_too_big, const struct rog_error *cause,
                        struct rog_error *err)
{
    bool has_others = slurm->jobs.waiting + slurm->jobs.running > 0;
    if (is_too_big && slurm->submitting > 1) {
        slurm->most = slurm->submitting / 2;
        slurm->next_s = 0;
        return 0;
    }
    if (!slurm->has_submitted && !has_others)
        return rog_fail(err, ROG_EFAILED, "Slurm does not accept the jobs: %s", cause->message);
    if (!slurm->refused[0])
        rog_slurm_tell(slurm, "Slurm accepts no more jobs at present: %s", cause->message);
    snprintf(slurm->refused, sizeof slurm->refused, "%.*s", (int)sizeof slurm->refused - 1,
             cause->message);
    slurm->next_s = rog_clock_s() + LOOK_S;
    return 0;
}

/* Handles a query that failed or timed out. */
static int take_failure(struct rog_slurm *slurm, enum rog_slurm_question asked, bool in_time,
                        const struct rog_error *cause, struct rog_error *err)
{
    bool submits = asked == ROG_SLURM_SUBMISSION;
    enum rog_slurm_refusal refusal =
        in_time && submits ? rog_slurm_refusal_of(slurm->command.errors) : ROG_SLURM_AWAY;
    rog_slurm_command_release(&slurm->command);
    if (refusal != ROG_SLURM_AWAY)
        return take_refusal(slurm, refusal == ROG_SLURM_TOO_BIG, cause, err);
    report_away(slurm, cause);
    slurm->next_s = rog_clock_s() + (submits ? LATE_S : AGAIN_S);
    return 0;
}

static int take_answer(struct rog_slurm *slurm, const struct rog_pool_counts *counts,
                       struct rog_error *err)
{
    static int (*const take[])(struct rog_slurm *, const struct rog_pool_counts *,
                               struct rog_error *) = {
        [ROG_SLURM_SIZE] = take_size,
        [ROG_SLURM_QUEUE] = take_queue,
        [ROG_SLURM_SUBMISSION] = take_submission,
    };
    struct rog_error cause = {0};
    bool in_time = true;
    int code = rog_slurm_command_look(&slurm->command, &in_time, &cause);
    if (code == 1)
        return 0;
    enum rog_slurm_question asked = slurm->asking;
    slurm->asking = ROG_SLURM_NOTHING;
    if (code == ROG_EFAILED)
        return take_failure(slurm, asked, in_time, &cause, err);
    if (code < 0)
        return rog_fail_again(err, &cause);
    is_back(slurm);
    return take[asked](slurm, counts, err);
}

int rog_slurm_step(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                   struct rog_error *err)
{
    struct rog_slurm *slurm = state;
    int code = 0;
    if (counts->agents > 0 || counts->done > slurm->done)
        slurm->rounds = 0;
    slurm->done = counts->done;
    if (slurm->asking != ROG_SLURM_NOTHING)
        code = take_answer(slurm, counts, err);
    if (code == 0 && slurm->asking == ROG_SLURM_NOTHING && rog_clock_s() >= slurm->next_s)
        code = slurm->knows_size ? ask_queue(slurm, err) : ask_size(slurm, err);
    say(slurm, says, bytes);
    return code;
}
