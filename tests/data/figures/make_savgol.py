#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes savgol.txt: values and what scipy.signal.savgol_filter(window, 3, mode="interp") makes of
them. Each block is a line "count window" and then one line "value smooth" a point.

    pip install numpy scipy; python3 make_savgol.py > savgol.txt
"""
import numpy as np
from scipy.signal import savgol_filter

CASES = [(25, 25), (26, 25), (47, 25), (66, 25), (24, 11), (12, 5), (5, 5)]

rng = np.random.default_rng(20221001)
for count, window in CASES:
    x = np.arange(count)
    values = 52.9 + 16 * (1 - np.exp(-x / 9)) + rng.normal(0, 0.4, count)
    smooth = savgol_filter(values, window, 3, mode="interp")
    print(count, window)
    for value, result in zip(values, smooth):
        print(f"{value:.17g} {result:.17g}")
