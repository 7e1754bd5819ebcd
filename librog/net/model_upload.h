/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_LINK_MODEL_UPLOAD_H
#define ROG_LINK_MODEL_UPLOAD_H

/*
 * A model that the workers bring to a server. Every worker says its layout when its session begins;
 * the first whose layout is complete is asked for its values, the others must have the same layout.
 * The run begins when all that is there. The layout is kept in DIR/layout.json, for a server that
 * goes on.
 *
 * Where the server has the model too (some workers have the network of its configuration), layout
 * and values are known from the beginning, and workers whose values are others are given these.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librog/net/layout.h>
#include <librog/net/model.h>
#include <rog/error.h>

struct rog_model_upload;

struct rog_model_upload_hooks {
    /* A layout has come, the first: makes a model of it, its values yet to be filled. */
    int (*adopt)(void *user, const struct rog_layout *layout, struct rog_model *model,
                 struct rog_error *err);
    /* This worker is to be asked for its values. */
    int (*ask)(void *user, uint32_t worker, struct rog_error *err);
    /* This worker's layout is that of the run. */
    void (*accepted)(void *user, uint32_t worker);
    /* All values have come. */
    int (*complete)(void *user, struct rog_error *err);
    /* What this worker has brought cannot be used (ROG_EINVAL), or something has failed meanwhile.
     */
    void (*refuse)(void *user, uint32_t worker, int code, const struct rog_error *err);
};

/* Of workers 0 to workers - 1; the layout is kept in `folder`. Folder and hooks are borrowed. */
int rog_model_upload_new(struct rog_model_upload **upload, uint32_t workers, const char *folder,
                         const struct rog_model_upload_hooks *hooks, void *user,
                         struct rog_error *err);
void rog_model_upload_free(struct rog_model_upload *upload);

/* The model is the server's own; layout and owner ("the network X", for messages) are borrowed. */
int rog_model_upload_own(struct rog_model_upload *upload, const struct rog_layout *layout,
                         const char *owner, const struct rog_model *model, struct rog_error *err);
/* The layout is the one that a server before this one has kept. */
int rog_model_upload_restore(struct rog_model_upload *upload, struct rog_error *err);

/* A session of the worker begins; SHA-256 of the values that it starts with. */
void rog_model_upload_enter(struct rog_model_upload *upload, uint32_t worker, const char *sha256);
/* Its session is over. */
void rog_model_upload_forget(struct rog_model_upload *upload, uint32_t worker);
/* Its messages (hello.h). An error breaks the connection. */
int rog_model_upload_layout(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err);
int rog_model_upload_values(struct rog_model_upload *upload, uint32_t worker, const uint8_t *body,
                            size_t size, struct rog_error *err);

/* All of the model is known. */
bool rog_model_upload_known(const struct rog_model_upload *upload);
/* The worker has the run's layout. */
bool rog_model_upload_agrees(const struct rog_model_upload *upload, uint32_t worker);
/* It does not start from the run's values: it has to be given them. */
bool rog_model_upload_differs(const struct rog_model_upload *upload, uint32_t worker);

#endif
