/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FLEET_REMOTE_TESTER_H
#define ROG_FLEET_REMOTE_TESTER_H

/*
 * `rog-trainer test` on the tester host of a cluster: checkpoints go there one by one, the events
 * that it answers with come back. A thread with a connection of its own does so; the trainer and
 * what the run's configuration names are deployed there first. A connection that is lost is made
 * again.
 */

#include <common/json.h>
#include <orchestrator/conf/cluster.h>
#include <rog/error.h>

struct rog_remote_tester;
struct rog_credentials; /* ssh/credentials.h */

/* cluster, with a tester, credentials, trainer and run_id are borrowed, config is copied. */
int rog_remote_tester_new(struct rog_remote_tester **tester, const struct rog_cluster *cluster,
                          struct rog_credentials *credentials, const char *trainer,
                          const char *run_id, const struct rog_json *config, struct rog_error *err);
/* What is being tested is given up. Harmless on NULL. */
void rog_remote_tester_free(struct rog_remote_tester *tester);

/* A checkpoint here, one at a time. */
int rog_remote_tester_give(struct rog_remote_tester *tester, const char *path,
                           struct rog_error *err);
/* *line becomes the event that answers it (heap memory), NULL as long as there is none; does not
 * wait. ROG_EFAILED: the host cannot be reached or the test cannot be made there. */
int rog_remote_tester_take(struct rog_remote_tester *tester, char **line, struct rog_error *err);

#endif
