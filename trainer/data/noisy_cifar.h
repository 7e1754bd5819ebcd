/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_DATA_NOISY_CIFAR_H
#define ROG_DATA_NOISY_CIFAR_H

/*
 * The noisy images that the published runs adapt to, in datasets/ of its source tree:
 * mixed_fed_cifar100_train.pkl and mixed_fed_cifar100_test.pkl, pickles of {"images": {CLIENT:
 * array}, "labels": {CLIENT: array}} written by transfer_h5py_2_pickle of utils/add_noise.ipynb:
 * 8-bit unsigned (n, 32, 32, 3), and whole numbers (n). The sizes of the published files are, to
 * the byte, what that function writes in protocol 4 for 500 clients with 100 training images each
 * and 100 clients with 100 test images each.
 */

#include <rog/error.h>
#include <trainer/data/dataset.h>

/* Reads all clients' images, clients in the order of the file. ROG_EFORMAT names the file, the
 * client and what is wrong. */
int rog_noisy_cifar_read(struct rog_dataset **dataset, const char *path, struct rog_error *err);

/* The same for a file's contents, for rog_noisy_cifar_read and tests. */
int rog_noisy_cifar_parse(struct rog_dataset **dataset, const char *bytes, size_t size,
                          const char *path, struct rog_error *err);

#endif
