/* SPDX-License-Identifier: Apache-2.0 */
/* rog-hdf5: converts TensorFlow Federated's CIFAR-100 to CIFAR-100's binary format. */
#include <stdio.h>

#include <common/cli.h>
#include <trainer/data/fed_cifar.h>

int main(int argc, char **argv)
{
    struct rog_error err = {0};
    if (argc != 3 || argv[1][0] == '-') {
        fprintf(stderr,
                "usage: rog-hdf5 FILE.h5 OUTPUT.bin\n"
                "\n"
                "Writes the images of a CIFAR-100 file of TensorFlow Federated as records of the\n"
                "binary format of CIFAR-100.\n");
        return ROG_EXIT_USAGE;
    }
    int code = rog_fed_cifar_convert(argv[1], argv[2], &err);
    if (code)
        fprintf(stderr, "%s\n", err.message);
    return rog_exit_status(code);
}
