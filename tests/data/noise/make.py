#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes opencv.bin: results of OpenCV for a small image (Debian: python3-opencv).

The file is a sequence of cases: a line "NAME VALUE", then HEIGHT x WIDTH x 3 bytes. The image
itself is computed by a formula that noise_test.c uses too.
"""
import cv2
import numpy as np

HEIGHT, WIDTH = 24, 32


def picture():
    y, x, c = np.mgrid[0:HEIGHT, 0:WIDTH, 0:3]
    smooth = 7 * x + 5 * y + 40 * c
    blocks = 120 * (((x // 5) + (y // 4) + c) % 2)
    return ((smooth + blocks) % 256).astype(np.uint8)


def warp(image, matrix):
    return cv2.warpAffine(image, np.array(matrix, np.float64), (WIDTH, HEIGHT))


def about_centre(image, degrees, scale):
    return warp(image, cv2.getRotationMatrix2D((WIDTH // 2, HEIGHT // 2), degrees, scale))


TRANSFORMS = {
    "blur": lambda i, v: cv2.blur(i, (v, v)) if v > 0 else cv2.GaussianBlur(i, (-v, -v), 0),
    "brightness": lambda i, v: cv2.add(i, (float(v),) * 4),
    "contrast": lambda i, v: cv2.multiply(i, np.array([v, v, v, v])),
    "translation": lambda i, v: warp(i, [[1, 0, v * WIDTH], [0, 1, v * HEIGHT]]),
    "scale": lambda i, v: about_centre(i, 0, v),
    "shear": lambda i, v: warp(i, [[1, v, -v * (HEIGHT // 2)], [0, 1, 0]]),
    "rotation": lambda i, v: about_centre(i, v, 1),
}

# Bounds of the ranges that are drawn from, values in between, and values that only a caller can
# choose.
CASES = [
    ("blur", 2), ("blur", 3), ("blur", 4), ("blur", 5), ("blur", 6), ("blur", 17), ("blur", -3),
    ("blur", -5), ("blur", -7),
    ("brightness", 10), ("brightness", 77), ("brightness", 100), ("brightness", -60),
    ("contrast", 1.2), ("contrast", 2.71), ("contrast", 3.0), ("contrast", 0.35),
    ("translation", 0.015625), ("translation", 0.0625), ("translation", 0.1103),
    ("translation", 0.3125), ("translation", -0.2),
    ("scale", 1.2), ("scale", 1.37), ("scale", 2.2), ("scale", 0.6),
    ("shear", 0.1), ("shear", 0.83), ("shear", 1.0), ("shear", -0.4),
    ("rotation", 3), ("rotation", 17.3), ("rotation", 30), ("rotation", -25.5), ("rotation", 45),
]

with open("opencv.bin", "wb") as file:
    for name, value in CASES:
        file.write(f"{name} {value}\n".encode())
        file.write(TRANSFORMS[name](picture(), value).tobytes())
