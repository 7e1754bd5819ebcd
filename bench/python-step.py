#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The cost of a step of rog.Optimizer beyond librog's own exchange, for convmlp-m.

    python-step.py BUILD [STEPS]    BUILD: a folder with bin/ and lib/, default 15 steps

One worker, ROG, one bit per element, over loopback. The exchange is timed around the two calls of
librog, the step around step(). Times are wall-clock; lines as bench-nn writes them: name, value,
unit, limit.
"""
import os
import statistics
import sys
import time

sys.dont_write_bytecode = True
from python_worker import prepare  # noqa: E402


def main(build, steps):
    model, serve = prepare(build)
    inside, whole = [], []
    with serve() as server:
        optimizer = server.optimizer(model.parameters(), lr=1e-6, momentum=0.9)
        exchange = optimizer._worker.exchange

        def timed(step):
            begin = time.perf_counter()
            exchange(step)
            inside.append(time.perf_counter() - begin)

        optimizer._worker.exchange = timed
        for _ in range(steps):
            begin = time.perf_counter()
            optimizer.step()
            whole.append(time.perf_counter() - begin)
        optimizer.finish()
    beyond = [1e3 * (a - b) for a, b in zip(whole, inside)]
    count = sum(p.numel() for p in model.parameters())
    what = "python step, %d parameters" % count
    print("%s\t%.6g\tms\t-" % (what, 1e3 * statistics.median(whole)))
    print("%s, beyond librog\t%.6g\tms\t-" % (what, statistics.median(beyond)))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 15)
