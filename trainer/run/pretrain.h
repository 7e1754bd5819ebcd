/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PRETRAIN_H
#define ROG_RUN_PRETRAIN_H

/*
 * The model that a run starts from: trained on the clean training images with batch statistics in
 * BatchNorm, and kept in the cache under the hash of everything that it depends on, so that it is
 * trained once. Of several processes that need it at the same time one trains and the others wait.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>
#include <trainer/nn/arch.h>
#include <trainer/run/fit.h>

/* Counted up when the same settings give another model. */
#define ROG_PRETRAIN_VERSION 2

struct rog_pretrained {
    char *path; /* a safetensors file */
    char sha256[65];
    bool made;     /* by this call; false: it was there */
    double wall_s; /* that training took, 0 when it was there */
};

#define ROG_PRETRAIN_WAITING "another process is training this starting model: waiting for it"

/* Who wants to know how far it is; either may be NULL. */
struct rog_pretrain_watch {
    rog_fit_watch progress;
    /* Another process makes this model and is waited for; called again and again, since_s after the
     * wait began. Not 0: no more (ROG_EINTR). */
    int (*waiting)(void *user, double since_s);
    void *user;
};

/*
 * Gives the starting model of `config`: its initial_model, or the cached one, or one trained now
 * (pretrain_epochs 0: with random weights). A cached file whose hash is not the recorded one is
 * made anew. `watch` may be NULL. Free with rog_pretrained_release.
 */
int rog_pretrain_ensure(const struct rog_run_config *config, const struct rog_pretrain_watch *watch,
                        struct rog_pretrained *pretrained, struct rog_error *err);
void rog_pretrained_release(struct rog_pretrained *pretrained);

/* The architecture of config->model for the classes of config->data. */
int rog_pretrain_arch(const struct rog_run_config *config, struct rog_arch **arch,
                      struct rog_error *err);

#endif
