/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the output of squeue, scontrol and sbatch. */
#include <orchestrator/pool/slurm/queue.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- states of jobs ---- */

enum phase { WAITS, HELD, RUNS, ENDED_WELL, ENDED_BADLY };

/* Names of states as squeue prints them. A job in any other state counts as running. */
static const struct {
    const char *state;
    enum phase phase;
} phases[] = {
    {"PENDING", WAITS},
    {"REQUEUED", WAITS},
    {"REQUEUE_FED", WAITS},
    {"REQUEUE_HOLD", HELD},
    {"RESV_DEL_HOLD", HELD},
    {"SPECIAL_EXIT", HELD},
    {"COMPLETED", ENDED_WELL},
    {"CANCELLED", ENDED_WELL},
    {"REVOKED", ENDED_WELL},
    {"PREEMPTED", ENDED_WELL},
    {"FAILED", ENDED_BADLY},
    {"TIMEOUT", ENDED_BADLY},
    {"NODE_FAIL", ENDED_BADLY},
    {"BOOT_FAIL", ENDED_BADLY},
    {"DEADLINE", ENDED_BADLY},
    {"OUT_OF_MEMORY", ENDED_BADLY},
    {"LAUNCH_FAILED", ENDED_BADLY},
};

static enum phase phase_of(const char *state, const char *reason)
{
    enum phase phase = RUNS;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (strcmp(phases[i].state, state) == 0)
            phase = phases[i].phase;
    bool is_held = strncmp(reason, "JobHeld", 7) == 0 || strstr(reason, "requeued held") != NULL;
    return phase == WAITS && is_held ? HELD : phase;
}

/* ---- squeue ---- */

struct line {
    char id[ROG_SLURM_JOB_BYTES], array[ROG_SLURM_JOB_BYTES];
    char state[ROG_SLURM_REASON_BYTES], reason[ROG_SLURM_REASON_BYTES];
    const char *folder; /* not terminated by a NUL */
    size_t folder_bytes;
};

/* Copies the text up to the next bar, truncated to `bytes`. Returns false if there is no bar. */
static bool take_field(const char **at, const char *end, char *field, size_t bytes)
{
    const char *bar = memchr(*at, '|', (size_t)(end - *at));
    if (!bar)
        return false;
    snprintf(field, bytes, "%.*s", (int)(bar - *at), *at);
    *at = bar + 1;
    return true;
}

static bool parse_line(const char *text, size_t bytes, struct line *line)
{
    const char *at = text, *end = text + bytes;
    if (!take_field(&at, end, line->id, sizeof line->id) ||
        !take_field(&at, end, line->array, sizeof line->array) ||
        !take_field(&at, end, line->state, sizeof line->state) ||
        !take_field(&at, end, line->reason, sizeof line->reason))
        return false;
    line->folder = at;
    line->folder_bytes = (size_t)(end - at);
    return isdigit((unsigned char)line->id[0]) && isdigit((unsigned char)line->array[0]) &&
           line->array[strspn(line->array, "0123456789")] == '\0';
}

static void note(struct rog_slurm_jobs *jobs, const struct line *line)
{
    enum phase phase = phase_of(line->state, line->reason);
    jobs->waiting += phase == WAITS || phase == HELD;
    jobs->held += phase == HELD;
    jobs->running += phase == RUNS;
    jobs->ended += phase == ENDED_WELL || phase == ENDED_BADLY;
    if (phase == WAITS && !jobs->waits_for[0] && strcmp(line->reason, "None") != 0)
        snprintf(jobs->waits_for, sizeof jobs->waits_for, "%s", line->reason);
    if (phase == HELD)
        snprintf(jobs->held_job, sizeof jobs->held_job, "%s", line->id);
    if (phase == ENDED_BADLY) {
        snprintf(jobs->failed_job, sizeof jobs->failed_job, "%s", line->id);
        snprintf(jobs->failed_state, sizeof jobs->failed_state, "%s", line->state);
    }
}

/* Lines of an array are adjacent, except for running jobs in some versions. */
static int add_array(struct rog_json *arrays, const struct line *line, struct rog_error *err)
{
    enum phase phase = phase_of(line->state, line->reason);
    if (!arrays || phase == ENDED_WELL || phase == ENDED_BADLY)
        return 0;
    for (size_t i = rog_json_size(arrays); i-- > 0;)
        if (strcmp(rog_json_string(rog_json_at(arrays, i), ""), line->array) == 0)
            return 0;
    struct rog_json *text = rog_json_new_string(line->array);
    if (!text)
        return rog_fail_nomem(err);
    rog_json_append(arrays, text);
    return 0;
}

int rog_slurm_count(const char *text, const char *folder, struct rog_slurm_jobs *jobs,
                    struct rog_json *arrays, struct rog_error *err)
{
    struct line line;
    size_t folder_bytes = strlen(folder);
    int code = 0;
    *jobs = (struct rog_slurm_jobs){0};
    for (const char *at = text; code == 0 && *at;) {
        size_t length = strcspn(at, "\n");
        if (parse_line(at, length, &line) && line.folder_bytes == folder_bytes &&
            memcmp(line.folder, folder, folder_bytes) == 0) {
            note(jobs, &line);
            code = add_array(arrays, &line, err);
        }
        at += length + (at[length] == '\n');
    }
    return code;
}

/* ---- sacct ---- */

void rog_slurm_note_accounted(const char *text, const char *folder, struct rog_slurm_jobs *jobs)
{
    size_t folder_bytes = strlen(folder);
    for (const char *at = text; *at;) {
        const char *end = at + strcspn(at, "\n"), *field = at;
        struct line line = {0};
        if (take_field(&field, end, line.id, sizeof line.id) &&
            take_field(&field, end, line.state, sizeof line.state) &&
            (size_t)(end - field) == folder_bytes && memcmp(field, folder, folder_bytes) == 0 &&
            phase_of(line.state, "") == ENDED_BADLY)
            note(jobs, &line);
        at = end + (*end == '\n');
    }
}

/* ---- scontrol ---- */

long rog_slurm_max_array(const char *config)
{
    static const char name[] = "MaxArraySize";
    for (const char *at = config; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        const char *value = at + sizeof name - 1;
        if (strncmp(at, name, sizeof name - 1) != 0)
            continue;
        value += strspn(value, " =");
        char *end;
        long number = strtol(value, &end, 10);
        return end > value && number >= 0 ? number : -1;
    }
    return -1;
}

/* ---- sbatch ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t rog_slurm_next_array(const struct rog_slurm_wish *wish, size_t *at_once)
{
    size_t useful = wish->work / wish->cpus + (wish->work % wish->cpus != 0);
    size_t wanted = least(useful, wish->agents);
    size_t missing = wanted > wish->in_queue ? wanted - wish->in_queue : 0;
    size_t jobs = least(missing, wish->most);
    *at_once = 0;
    if (wish->throttle == 0)
        return jobs;
    size_t room = wish->throttle - least(wish->in_queue, wish->throttle);
    *at_once = room < jobs ? room : 0;
    return room > 0 ? jobs : 0;
}

bool rog_slurm_submitted(const char *text, char number[ROG_SLURM_JOB_BYTES])
{
    size_t digits = strspn(text, "0123456789");
    char end = text[digits];
    if (digits == 0 || digits >= ROG_SLURM_JOB_BYTES || (end != ';' && end != '\n' && end != '\0'))
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    return true;
}

enum rog_slurm_refusal rog_slurm_refusal_of(const char *says)
{
    /* From slurm_strerror() in src/common/slurm_errno.c, and messages of the programs. */
    static const struct {
        const char *part;
        enum rog_slurm_refusal refusal;
    } table[] = {
        {"violates accounting/QOS policy", ROG_SLURM_TOO_BIG},
        {"Invalid job array specification", ROG_SLURM_TOO_BIG},
        {"SubmitJob", ROG_SLURM_TOO_BIG}, /* AssocMaxSubmitJobLimit, QOSMaxSubmitJobPerUserLimit */
        {"Unable to contact", ROG_SLURM_AWAY},
        {"unable to accept job", ROG_SLURM_AWAY},
        {"timed out", ROG_SLURM_AWAY},
        {"Zero Bytes", ROG_SLURM_AWAY},
        {"onnection", ROG_SLURM_AWAY},
        {"Socket", ROG_SLURM_AWAY},
        {"ommunication", ROG_SLURM_AWAY},
        {"emporarily", ROG_SLURM_AWAY},
        {"standby", ROG_SLURM_AWAY},
        {"unge", ROG_SLURM_AWAY},
        {"authentication", ROG_SLURM_AWAY},
        {"Unspecified error", ROG_SLURM_AWAY},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strstr(says, table[i].part))
            return table[i].refusal;
    return ROG_SLURM_REFUSED;
}

const char *rog_slurm_last_words(const char *says, char *text, size_t bytes)
{
    const char *last = "", *error = "error: ";
    size_t length = 0;
    for (const char *at = says; *at;) {
        size_t here = strcspn(at, "\n");
        if (here > strspn(at, " \t\r")) {
            last = at;
            length = here;
        }
        at += here + (at[here] == '\n');
    }
    const char *begin = memmem(last, length, error, strlen(error));
    if (begin) {
        length -= (size_t)(begin - last) + strlen(error);
        last = begin + strlen(error);
    }
    snprintf(text, bytes, "%.*s", (int)length, last);
    return text;
}
