/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_NET_H
#define ROG_NN_NET_H

/*
 * A network: an architecture prepared for one batch size. It holds activations and the compiled
 * primitives of oneDNN, but no weights: those are arguments, so that one network serves every
 * worker of a virtual cluster. Images are (B, H, W, 3) float32, normalized, channels last; logits
 * are (B, classes). One network is used by one thread at a time.
 */

#include <stdint.h>

#include <rog/error.h>
#include <trainer/nn/arch.h>
#include <trainer/nn/mode.h>

struct rog_net;

/* `arch` is borrowed and must outlive the network. batch >= 1. The network computes only on the
 * calling thread, and the same input gives the same bytes. */
int rog_net_new(struct rog_net **net, const struct rog_arch *arch, uint32_t batch,
                enum rog_net_mode mode, struct rog_error *err);
/* The same with `threads` (>= 1) OpenMP threads for each call. */
int rog_net_new_threads(struct rog_net **net, const struct rog_arch *arch, uint32_t batch,
                        enum rog_net_mode mode, uint32_t threads, struct rog_error *err);
void rog_net_free(struct rog_net *net);

/* images: (batch, H, W, 3); params: arch->params floats; buffers: arch->buffers floats. logits,
 * owned by the network, valid until its next call: (batch, classes). A ROG_NET_TRAIN network uses
 * batch statistics here, too, but does not update the running ones. */
int rog_net_forward(struct rog_net *net, const float *params, const float *buffers,
                    const float *images, const float **logits, struct rog_error *err);

/* Makes one forward and backward pass. targets: (batch, classes), rows sum to 1 (soft labels).
 * *loss is the batch mean of the cross-entropy; grads (arch->params floats) is overwritten with its
 * gradient. In ROG_NET_TRAIN mode `buffers` is updated (momentum 0.1, unbiased variance, as
 * PyTorch), otherwise it is only read. ROG_EINVAL for a ROG_NET_INFER network. */
int rog_net_gradients(struct rog_net *net, const float *params, float *buffers, const float *images,
                      const float *targets, float *loss, float *grads, struct rog_error *err);

#endif
