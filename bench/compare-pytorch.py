#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The lines of bench-nn in PyTorch: name, images per second.

    compare-pytorch.py FOLDER [SECONDS [TEXT]]
        FOLDER: where the network is defined in PyTorch (tests/data/nn); SECONDS for each line,
        default 3; only lines with TEXT in their names

One thread is timed by its CPU time, two by the wall clock, as in bench-nn. Debian: python3-torch
and, for a meaningful comparison, libopenblas0-openmp.
"""
import os
import statistics
import sys
import time

# Freed tensors stay in the process, which makes PyTorch faster; read when the C library starts.
TUNED = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
LINES = [("convmlp-nano", 32, 24, "training"), ("convmlp-s", 32, 64, "training"),
         ("convmlp-m", 32, 24, "training"), ("convmlp-m", 224, 8, "training"),
         ("convmlp-nano", 32, 100, "inference"), ("convmlp-s", 32, 256, "inference"),
         ("convmlp-m", 32, 256, "inference")]


def measure(torch, model, images, training, seconds, clock):
    repeats, end = [], None
    while end is None or len(repeats) < 3 or time.perf_counter() < end:
        begin = clock()
        if training:
            model.zero_grad(set_to_none=True)
            model(images).logsumexp(1).mean().backward()
        else:
            with torch.no_grad():
                model(images)
        if end is None:
            end = time.perf_counter() + seconds  # the first pass is not counted
        else:
            repeats.append(clock() - begin)
    return images.shape[0] / statistics.median(repeats)


def main(folder, seconds, text):
    import torch
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    from make_golden import VARIANTS, ConvMLP
    for threads in (1, 2):
        torch.set_num_threads(threads)
        clock = time.process_time if threads == 1 else time.perf_counter
        for name, size, batch, what in LINES:
            line = f"{name} {size}x{size} batch {batch}, {what}, threads {threads}"
            if text not in line:
                continue
            rate = 0
            for form in (torch.contiguous_format, torch.channels_last):
                model = ConvMLP(*VARIANTS[name]).to(memory_format=form).eval()
                images = torch.randn(batch, 3, size, size).to(memory_format=form)
                rate = max(rate, measure(torch, model, images, what == "training", seconds / 2,
                                         clock))
            print(f"{line}\t{rate:.6g}", flush=True)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    if not all(key in os.environ for key in TUNED):
        os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, **TUNED})
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 3.0,
         sys.argv[3] if len(sys.argv) > 3 else "")
