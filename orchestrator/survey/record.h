/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_RECORD_H
#define ROG_SURVEY_RECORD_H

/*
 * Recording what the links of a cluster's workers bring (trainer/probe). The server's host keeps
 * what it measures until it is fetched, so that rogctl may lose it for the time of the lease;
 * connections to workers are closed meanwhile, and a worker that drives out of reach comes back by
 * itself.
 */

#include <orchestrator/survey/hosts.h>
#include <orchestrator/survey/samples.h>

struct rog_record_options {
    const char *path; /* here: the file of all looks; there must be none yet */
    double seconds;   /* 0: until it is stopped */
    double period_s, load, train_ms;
    void (*told)(const struct rog_samples *samples, void *user); /* once a second */
    void (*remark)(const char *text, void *user);
    void *user;
};

/* Returns when the recording is over, or hosts->options.stopped has become true, which is no error;
 * nothing is left on the hosts that can be reached then, and what cannot ends by its lease.
 * ROG_EFAILED, ROG_EIO, ROG_EINVAL. */
int rog_record_links(struct rog_survey_hosts *hosts, const struct rog_record_options *options,
                     struct rog_samples *samples, struct rog_error *err);

#endif
