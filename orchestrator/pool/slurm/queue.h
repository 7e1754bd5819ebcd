/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_QUEUE_H
#define ROG_POOL_SLURM_QUEUE_H

/* Parses the output of Slurm's programs into numbers. Line formats are requested with -o, because
 * the JSON of Slurm's versions differs. */

#include <stdbool.h>
#include <stddef.h>

#include <common/json.h>
#include <rog/error.h>

/* One job per line. The folder that it was submitted in, which identifies a pool's jobs, is last,
 * as its name may contain a bar. */
#define ROG_SLURM_QUEUE_FORMAT "%i|%F|%T|%r|%Z"

#define ROG_SLURM_JOB_BYTES 64
#define ROG_SLURM_REASON_BYTES 64

struct rog_slurm_jobs {
    size_t waiting, running;                /* in the queue; on nodes, starting or ending */
    size_t held;                            /* of the waiting jobs: until a user releases them */
    size_t ended;                           /* recently; Slurm forgets them */
    char waits_for[ROG_SLURM_REASON_BYTES]; /* a reason why jobs wait, in Slurm's words; "" */
    char held_job[ROG_SLURM_JOB_BYTES];     /* one of the held jobs; "" */
    /* The last job that failed and was not cancelled; "": none. */
    char failed_job[ROG_SLURM_JOB_BYTES], failed_state[ROG_SLURM_REASON_BYTES];
};

/* Counts the jobs of `text` that were submitted in `folder`. `arrays` (NULL: not wanted) receives
 * the numbers, as texts, of arrays and jobs that have not ended, each once. Lines of another form
 * are skipped. */
int rog_slurm_count(const char *text, const char *folder, struct rog_slurm_jobs *jobs,
                    struct rog_json *arrays, struct rog_error *err);

/* Fields of sacct -P that tell how jobs have ended, including those that squeue has forgotten. */
#define ROG_SLURM_ACCOUNT_FORMAT "JobID,State,WorkDir"
/* Records the last job of the folder that failed, if any. */
void rog_slurm_note_accounted(const char *text, const char *folder, struct rog_slurm_jobs *jobs);

/* Returns MaxArraySize of `scontrol show config`; -1 if it is not in the text. */
long rog_slurm_max_array(const char *config);

/* Reads the number of the array that sbatch --parsable has submitted. Returns false if there is
 * none. */
bool rog_slurm_submitted(const char *text, char number[ROG_SLURM_JOB_BYTES]);

/* How many jobs are wanted, and how many there are. */
struct rog_slurm_wish {
    size_t work;     /* runs to execute */
    size_t cpus;     /* runs that a job executes at once */
    size_t agents;   /* maximum number of jobs */
    size_t throttle; /* maximum number of running jobs; 0: no limit */
    size_t in_queue; /* waiting and running */
    size_t most;     /* maximum number of jobs that Slurm accepts, >= 1 */
};
/* Returns how many jobs to submit now; *at_once of them may run at the same time (0: all). Further
 * arrays follow until there are enough jobs. An existing array may use all of the throttle while it
 * has that many jobs. */
size_t rog_slurm_next_array(const struct rog_slurm_wish *wish, size_t *at_once);

/* How to handle a failed submission, according to the message of sbatch. */
enum rog_slurm_refusal {
    ROG_SLURM_REFUSED, /* it would fail again */
    ROG_SLURM_TOO_BIG, /* a smaller array, or the same after others have ended, may be accepted */
    ROG_SLURM_AWAY,    /* Slurm does not answer now */
};
enum rog_slurm_refusal rog_slurm_refusal_of(const char *says);

/* Finds the last non-empty line of a program's output, without text up to "error: ". Writes at most
 * `bytes` to `text`, and returns it. */
const char *rog_slurm_last_words(const char *says, char *text, size_t bytes);

#endif
