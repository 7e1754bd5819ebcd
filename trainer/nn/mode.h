/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_MODE_H
#define ROG_NN_MODE_H

/* The purpose of passes through a network, which its layers need to know, too. */

enum rog_net_mode {
    ROG_NET_INFER,        /* forward only; BatchNorm uses running statistics */
    ROG_NET_TRAIN_FROZEN, /* forward and backward; BatchNorm uses running statistics (adaptation) */
    ROG_NET_TRAIN,        /* forward and backward; BatchNorm uses and updates batch statistics */
};

#endif
