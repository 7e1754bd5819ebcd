/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_FED_CIFAR_H
#define ROG_DATA_FED_CIFAR_H

/*
 * CIFAR-100 as TensorFlow Federated publishes it (Reddi et al. 2021, "Adaptive Federated
 * Optimization"): HDF5 files (libhdf5 behind it; its types stay in fed_cifar.c) with a group
 * examples/CLIENT for each client, in it "image", 8-bit unsigned (n, 32, 32, 3), "label" and
 * "coarse_label", whole numbers (n). The published files have 500 clients with 100 training images
 * each and 100 clients with 100 test images each.
 *
 * This is part of the program rog-hdf5, which rog-trainer runs: so a trainer on a robot needs no
 * libhdf5 and the dozens of libraries that come with it, and a file that breaks libhdf5 breaks no
 * training.
 */

#include <rog/error.h>

/*
 * Writes all clients' images, clients in the order of their names as text, as records of
 * CIFAR-100's binary format (trainer/data/cifar.h); `output` is there whole or not at all. Whose
 * images they were is not kept. ROG_EFORMAT names the file, the client and what is wrong with it:
 * no such group or array, wrong shape or type, a label out of range, links and data that lead out
 * of the file, damage that libhdf5 found.
 */
int rog_fed_cifar_convert(const char *path, const char *output, struct rog_error *err);

#endif
