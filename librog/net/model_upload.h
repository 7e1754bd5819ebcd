/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MODEL_UPLOAD_H
#define ROG_LINK_MODEL_UPLOAD_H

/*
 * A model that the workers send to a server. Every worker sends its layout when its session begins;
 * the first one with a complete layout is asked for its values, and the others must have the same
 * layout. The run starts when all of this has arrived. The layout is kept in DIR/layout.json, for a
 * server that resumes.
 *
 * If the server has the model, too (because some workers have the network of its configuration),
 * layout and values are known from the beginning, and workers with other values receive these.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/net/layout.h>
#include <librog/net/model.h>
#include <rog/error.h>

struct rog_model_upload;

struct rog_model_upload_hooks {
    /* The first layout has arrived: creates a model from it, whose values follow. */
    int (*adopt)(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err);
    /* This worker must be asked for its values. */
    int (*ask)(void *user, uint32_t worker, struct rog_error *err);
    /* The layout of this worker is equal to that of the run. */
    void (*accepted)(void *user, uint32_t worker);
    /* All values have arrived. */
    int (*complete)(void *user, struct rog_error *err);
    /* The data of this worker cannot be used (ROG_EINVAL), or something else has failed. */
    void (*refuse)(void *user, uint32_t worker, int code, const struct rog_error *err);
};

/* For workers 0 to workers - 1; the layout is kept in `folder`. Folder and hooks are borrowed. */
int rog_model_upload_new(struct rog_model_upload **upload, uint32_t workers, const char *folder,
                         const struct rog_model_upload_hooks *hooks, void *user,
                         struct rog_error *err);
void rog_model_upload_free(struct rog_model_upload *upload);

/* The server has its own model; layout and owner ("the network X", for messages) are borrowed. */
int rog_model_upload_own(struct rog_model_upload *upload, const struct rog_layout *layout,
                         const char *owner, const struct rog_model *model, struct rog_error *err);
/* Restores the layout that a previous server kept. */
int rog_model_upload_restore(struct rog_model_upload *upload, struct rog_error *err);

/* Begins a session of the worker; sha256: of the values with which it starts. */
void rog_model_upload_enter(struct rog_model_upload *upload, uint32_t worker, const char *sha256);
/* Its session has ended. */
void rog_model_upload_forget(struct rog_model_upload *upload, uint32_t worker);
/* Process its messages (hello.h). An error breaks the connection. */
int rog_model_upload_layout(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err);
int rog_model_upload_values(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err);

/* Returns true if the whole model is known. */
bool rog_model_upload_known(const struct rog_model_upload *upload);
/* Returns true if the worker has the run's layout. */
bool rog_model_upload_agrees(const struct rog_model_upload *upload, uint32_t worker);
/* Returns true if the worker's initial values differ from the run's, so that it must receive
 * those. */
bool rog_model_upload_differs(const struct rog_model_upload *upload, uint32_t worker);

#endif
