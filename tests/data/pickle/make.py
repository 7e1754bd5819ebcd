#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes small pickles in the format of the published noisy data set: two clients, three images.

    make.py FOLDER      writes FOLDER/protocol3.pkl and FOLDER/protocol4.pkl

Pixel i, counted through all images, is 7 * i % 251. Debian: python3-numpy.
"""
import pickle
import sys

import numpy as np

PIXELS = 32 * 32 * 3


def images(first, count):
    numbers = 7 * np.arange(first * PIXELS, (first + count) * PIXELS) % 251
    return numbers.astype(np.uint8).reshape(count, 32, 32, 3)


SET = {"images": {"0": images(0, 2), "1": images(2, 1)},
       "labels": {"0": np.array([3, 99], np.int64), "1": np.array([0], np.int64)}}

if __name__ == "__main__":
    for protocol in (3, 4):
        with open(f"{sys.argv[1]}/protocol{protocol}.pkl", "wb") as file:
            pickle.dump(SET, file, protocol)
