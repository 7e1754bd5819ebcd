/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_POOL_SLURM_STATE_H
#define ROG_POOL_SLURM_STATE_H

/* Shares the provider's state between slurm.c and follow.c. */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/pool/provider.h>
#include <orchestrator/pool/slurm/command.h>
#include <orchestrator/pool/slurm/queue.h>
#include <orchestrator/pool/slurm/settings.h>

#define ROG_SLURM_FOLDER "slurm" /* in the pool: the script, and the output of jobs */
#define ROG_SLURM_SCRIPT ROG_SLURM_FOLDER "/agents.sh"
#define ROG_SLURM_QUEUE_LIMIT_S 60.0 /* for an answer of squeue, scontrol and scancel */
#define ROG_SLURM_MAX_ARRAY 1000     /* while unknown; one less than Slurm's default */
#define ROG_SLURM_SAYS_BYTES 300

enum rog_slurm_question {
    ROG_SLURM_NOTHING,
    ROG_SLURM_SIZE,
    ROG_SLURM_QUEUE,
    ROG_SLURM_SUBMISSION
};

struct rog_slurm {
    const struct rog_pool_site *site;
    struct rog_slurm_settings settings;

    struct rog_slurm_command command;
    enum rog_slurm_question asking;
    double next_s; /* when Slurm is asked again, a time of rog_clock_s */

    bool knows_size;
    bool has_arrays;
    size_t most;       /* number of jobs that Slurm accepts; less after a refusal */
    size_t submitting; /* jobs of the submission in progress */
    bool has_submitted;
    struct rog_slurm_jobs jobs; /* as of the last read of the queue */

    size_t rounds;                      /* submissions since an agent was seen or a run was done */
    size_t done;                        /* runs done, as of that read */
    double away_since_s;                /* Slurm has not answered since then; 0: it answers */
    char refused[ROG_SLURM_SAYS_BYTES]; /* why it accepts no more jobs; "": it does */
    char told[ROG_SLURM_REASON_BYTES];  /* the failure of jobs that was last reported */
};

/* slurm.c. Prints a sentence for the user. */
void rog_slurm_tell(const struct rog_slurm *slurm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Builds the argv of squeue for this user's jobs; `uid` is a buffer for its number. */
#define ROG_SLURM_UID_BYTES 24
#define ROG_SLURM_QUEUE_WORDS 10
void rog_slurm_queue_words(const char *words[ROG_SLURM_QUEUE_WORDS], char uid[ROG_SLURM_UID_BYTES]);

/* slurm.c: writes the batch script of so many jobs for the site's pool. *text is heap memory. */
int rog_slurm_make_script(const struct rog_slurm_settings *settings,
                          const struct rog_pool_site *site, size_t jobs, size_t at_once,
                          char **text, struct rog_error *err);

/* follow.c: the provider's hook `step`. */
int rog_slurm_step(void *state, const struct rog_pool_counts *counts, char *says, size_t bytes,
                   struct rog_error *err);

#endif
