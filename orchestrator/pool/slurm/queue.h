/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_QUEUE_H
#define ROG_POOL_SLURM_QUEUE_H

/* What the programs of Slurm say, read: text in, numbers out. Formats of lines are asked for (-o),
 * as the versions of Slurm do not agree on their JSON. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* A job a line; the folder it was submitted in, which tells a pool's jobs from all others, last: it
 * may have a bar in its name. */
#define ROG_SLURM_QUEUE_FORMAT "%i|%F|%T|%r|%Z"

#define ROG_SLURM_JOB_BYTES 64
#define ROG_SLURM_REASON_BYTES 64

struct rog_slurm_jobs {
    size_t waiting, running; /* in the queue, and on nodes or on the way to or from them */
    size_t held;             /* of those that wait: until somebody releases them */
    size_t ended;            /* a while ago at most; Slurm forgets them */
    char waits_for[ROG_SLURM_REASON_BYTES]; /* one of those that wait, as Slurm calls it; "" */
    char held_job[ROG_SLURM_JOB_BYTES];     /* one of those that are held; "" */
    /* The last one that ended otherwise than by itself or by somebody's wish; "": none. */
    char failed_job[ROG_SLURM_JOB_BYTES], failed_state[ROG_SLURM_REASON_BYTES];
};

/* Counts the jobs of `text` that were submitted in `folder`. `arrays` (NULL: not wanted) becomes
 * the list of the numbers, as texts, of those that have not ended, each array's once. Lines of
 * another form are passed over. */
int rog_slurm_count(const char *text, const char *folder, struct rog_slurm_jobs *jobs,
                    struct rog_json *arrays, struct rog_error *err);

/* The fields of sacct -P that say how jobs have ended, also those that squeue has forgotten. */
#define ROG_SLURM_ACCOUNT_FORMAT "JobID,State,WorkDir"
/* Notes the last job of the folder that ended badly, if there is one. */
void rog_slurm_note_accounted(const char *text, const char *folder, struct rog_slurm_jobs *jobs);

/* MaxArraySize of `scontrol show config`; -1: it does not say. */
long rog_slurm_max_array(const char *config);

/* The number of the array that sbatch --parsable has submitted; false: it says none. */
bool rog_slurm_submitted(const char *text, char number[ROG_SLURM_JOB_BYTES]);

/* What is wanted, and what there is. */
struct rog_slurm_wish {
    size_t work;     /* runs to do */
    size_t cpus;     /* runs that a job does at once */
    size_t agents;   /* jobs at most */
    size_t throttle; /* of them at the same time; 0: any number */
    size_t in_queue; /* waiting and running */
    size_t most;     /* jobs that Slurm takes at once, >= 1 */
};
/* How many jobs are to be submitted now, and at_once of them may run (0: all). More arrays follow
 * until what is wanted is there. An array that is there may use all of the throttle, as long as it
 * has so many jobs. */
size_t rog_slurm_next_array(const struct rog_slurm_wish *wish, size_t *at_once);

/* What is to be done about a submission that failed, by what sbatch says. */
enum rog_slurm_refusal {
    ROG_SLURM_REFUSED, /* it would fail again */
    ROG_SLURM_TOO_BIG, /* a smaller array, or one when others have ended, may do */
    ROG_SLURM_AWAY,    /* Slurm does not answer now */
};
enum rog_slurm_refusal rog_slurm_refusal_of(const char *says);

/* The last line of what a program says that has something in it, from behind "error: " on. Writes
 * at most `bytes` to `text`, and returns it. */
const char *rog_slurm_last_words(const char *says, char *text, size_t bytes);

#endif
