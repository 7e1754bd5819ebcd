/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_SURVEY_PROFILE_H
#define ROG_SURVEY_PROFILE_H

/*
 * Device profiles of a cluster's workers: the time each needs for a local step and for its part of
 * an exchange, the time the server needs for its part, and the worker's power while it computes,
 * waits, and sends and receives. Workers are measured one at a time, so that they do not share the
 * channel or, in a lab, the processors.
 */

#include <orchestrator/survey/hosts.h>

struct rog_profile_options {
    /* Settings of a run, for the workers' own: model, image_size, ... */
    const struct rog_json *settings;
    double seconds; /* how long each part is repeated */
    size_t rank;    /* the worker to measure; 0: all */
    void (*remark)(const char *text, void *user);
    void *user;
};

/* *profiles: [{rank, host, settings {step_s, ...} for a profile, measured {the repetitions of each
 * part, and their spread}, sensor (if there is one)}]. Owned by the caller. ROG_EINTR: stopped. */
int rog_profile_measure(struct rog_survey_hosts *hosts, const struct rog_profile_options *options,
                        struct rog_json **profiles, struct rog_error *err);

/* The text of a profile's group for a file like experiments/profiles.conf. Heap memory. */
char *rog_profile_text(const char *name, const struct rog_json *profile);

#endif
