/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_FED_CIFAR_H
#define ROG_DATA_FED_CIFAR_H

/*
 * CIFAR-100 as TensorFlow Federated publishes it (Reddi et al. 2021, "Adaptive Federated
 * Optimization"): HDF5 files (libhdf5 behind it; its types stay in fed_cifar.c) with a group
 * examples/CLIENT for each client, in it "image", 8-bit unsigned (n, 32, 32, 3), "label", whole
 * numbers (n), and "coarse_label", which is not read. The published files have 500 clients with 100
 * training images each and 100 clients with 100 test images each.
 */

#include <rog/error.h>
#include <trainer/data/dataset.h>

/*
 * Reads all clients' images, clients in the order of their names as text; the label (0..99) is the
 * class. Whose images they were is not kept: the split of an experiment is made by
 * rog_dataset_shard. ROG_EFORMAT names the file, the client and what is wrong with it: no such
 * group or array, wrong shape or type, a label out of range, links and data that lead out of the
 * file, damage that libhdf5 found.
 */
int rog_fed_cifar_read(struct rog_dataset **dataset, const char *path, struct rog_error *err);

#endif
