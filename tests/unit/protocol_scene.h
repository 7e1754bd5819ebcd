/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROTOCOL_SCENE_H
#define PROTOCOL_SCENE_H

/* A server and two workers without links between them, for single scenes of the protocol: messages
 * are delivered when a test requests it, and take as long as the test sets. */

#include <stdint.h>

#include <librog/sync/server.h>
#include <librog/sync/set.h>
#include <librog/sync/wire.h>
#include <librog/sync/worker.h>

#include "sync_cluster.h"

#define SCENE_WORKERS 2

struct scene {
    struct rog_strategy strategy;
    struct rog_rows *rows;
    struct rog_server *server;
    struct rog_worker *worker[SCENE_WORKERS];
    float *model, *params[SCENE_WORKERS], *gradients;
    uint8_t *buffer;
    size_t bytes;
    double now, message_s;       /* duration of each message */
    struct rog_set carried;      /* rows of the last stream */
    struct rog_wire begin, last; /* its BEGIN and END */
    uint32_t messages;           /* of the last delivery, BEGIN and END included */
};

/* `threshold` rows are mandatory, the largest on a push, those with the most unseen versions on a
 * pull; the others have 0.05 s. No worker waits. */
struct rog_strategy scene_strategy(void);
void scene_plan_push(void *state, const struct rog_strategy_config *config,
                     const struct rog_send_view *view, struct rog_send_plan *plan);
void scene_plan_pull(void *state, const struct rog_strategy_config *config,
                     const struct rog_send_view *view, struct rog_send_plan *plan);
/* Alternative: a worker may be one iteration ahead of the others' rows. */
void scene_admit_one_ahead(void *state, const struct rog_strategy_config *config,
                           const struct rog_admit_view *view, struct rog_admission *admission);

void scene_init(struct scene *scene, struct rog_strategy strategy, int32_t threshold);
void scene_release(struct scene *scene);

/* Fills the gradients of a row, with alternating signs. */
void scene_fill_row(struct scene *scene, uint32_t row, float value);
/* Begins a worker's push of the scene's gradients. */
void scene_push(struct scene *scene, uint32_t worker);
/* Begins a push of worker 0, which may be rejected. Without momentum and decay. */
int scene_push_at(struct scene *scene, const float *gradients, double rate, struct rog_error *err);
/* Delivers all messages of the worker to the server. */
void scene_flow_up(struct scene *scene, uint32_t worker);
/* Delivers all messages of the server to the worker; returns the last notice other than
 * ROG_WORKER_NOTHING. */
enum rog_worker_notice scene_flow_down(struct scene *scene, uint32_t worker);
/* Accounts for the message in the scene's buffer, which is sent. */
void scene_note_message(struct scene *scene, size_t size);
/* Returns the kinds of the server's notices since the last call, in order, as letters, each
 * followed by the number of its worker. */
const char *scene_notices(struct scene *scene, char text[64]);

#endif
