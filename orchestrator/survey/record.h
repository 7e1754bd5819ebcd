/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_RECORD_H
#define ROG_SURVEY_RECORD_H

/*
 * Recording the bandwidth of the links of a cluster's workers (trainer/probe). The server's host
 * keeps measurements until they are fetched, so that rogctl may lose its connection for the time of
 * the lease. Connections to workers are closed meanwhile, and a worker that drives out of range
 * reconnects by itself.
 */

#include <orchestrator/survey/hosts.h>
#include <orchestrator/survey/samples.h>

struct rog_record_options {
    const char *path; /* local file for all measurements; must not exist */
    double seconds;   /* 0: until stopped */
    double period_s, load, train_ms;
    void (*told)(const struct rog_samples *samples, void *user); /* called once a second */
    void (*remark)(const char *text, void *user);
    void *user;
};

/* Returns when the recording has ended, or hosts->options.stopped returns true, which is no error.
 * Reachable hosts have then been cleaned up; on others everything ends with its lease. ROG_EFAILED,
 * ROG_EIO, ROG_EINVAL. */
int rog_record_links(struct rog_survey_hosts *hosts, const struct rog_record_options *options,
                     struct rog_samples *samples, struct rog_error *err);

#endif
