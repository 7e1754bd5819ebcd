/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_FED_CIFAR_H
#define ROG_DATA_FED_CIFAR_H

/*
 * CIFAR-100 as published by TensorFlow Federated (Reddi et al. 2021, "Adaptive Federated
 * Optimization"): HDF5 files (libhdf5's types stay in fed_cifar.c) with a group examples/CLIENT for
 * each client, which contains "image", 8-bit unsigned (n, 32, 32, 3), "label" and "coarse_label",
 * whole numbers (n). The published files have 500 clients with 100 training images each and 100
 * clients with 100 test images each.
 *
 * This is part of the program rog-hdf5, which rog-trainer runs: so a trainer on a robot needs
 * neither libhdf5 nor the dozens of libraries that it depends on, and a file that crashes libhdf5
 * does not affect training.
 */

#include <rog/error.h>

/*
 * Writes all clients' images, clients in the order of their names as text, as records of
 * CIFAR-100's binary format (trainer/data/cifar.h); `output` is either complete or missing. The
 * output does not contain the clients. ROG_EFORMAT names the file, the client and what is wrong
 * with it: a missing group or array, wrong shape or type, a label out of range, links and data
 * outside of the file, damage found by libhdf5.
 */
int rog_fed_cifar_convert(const char *path, const char *output, struct rog_error *err);

#endif
