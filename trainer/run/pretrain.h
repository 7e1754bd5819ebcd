/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_RUN_PRETRAIN_H
#define ROG_RUN_PRETRAIN_H

/*
 * The initial model of a run: trained on the clean training images with batch statistics in
 * BatchNorm, and kept in the cache under the hash of everything that it depends on, so that it is
 * trained once. If several processes need it at the same time, one trains and the others wait.
 */

#include <stdbool.h>
#include <stdint.h>

#include <common/run_config.h>
#include <rog/error.h>
#include <trainer/nn/arch.h>
#include <trainer/run/fit.h>

/* Incremented when the same settings give another model. */
#define ROG_PRETRAIN_VERSION 2

struct rog_pretrained {
    char *path; /* a safetensors file */
    char sha256[65];
    bool made;     /* true if trained by this call; false if it was cached */
    double wall_s; /* training time; 0 if it was cached */
};

#define ROG_PRETRAIN_WAITING "another process is training this starting model: waiting for it"

/* Callbacks about the progress; either may be NULL. */
struct rog_pretrain_watch {
    rog_fit_watch progress;
    /* Called repeatedly while another process trains this model, since_s after the wait began. A
     * result other than 0 stops waiting (ROG_EINTR). */
    int (*waiting)(void *user, double since_s);
    void *user;
};

/*
 * Provides the initial model of `config`: its initial_model, or the cached one, or one trained now
 * (pretrain_epochs 0: random weights). A cached file whose hash differs from the recorded one is
 * trained again. `watch` may be NULL. Free with rog_pretrained_release.
 */
int rog_pretrain_ensure(const struct rog_run_config *config, const struct rog_pretrain_watch *watch,
                        struct rog_pretrained *pretrained, struct rog_error *err);
void rog_pretrained_release(struct rog_pretrained *pretrained);

/* Creates the architecture of config->model for the classes of config->data. */
int rog_pretrain_arch(const struct rog_run_config *config, struct rog_arch **arch,
                      struct rog_error *err);

#endif
