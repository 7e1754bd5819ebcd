#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The memory of rog.Optimizer beyond PyTorch, the model and its gradients, for convmlp-m.

    python-memory.py BUILD [background]    BUILD: a folder with bin/ and lib/

One worker, ROG, one bit per element, over loopback; the server is another process. In models of four
bytes a parameter, after three steps (VmRSS) and at most (VmHWM); lines as bench-nn writes them: name,
value, unit, limit.
"""
import os
import sys

sys.dont_write_bytecode = True
from python_worker import prepare  # noqa: E402


def megabytes(name):
    """Memory of this process, as counted by the kernel."""
    with open("/proc/self/status") as status:
        return [int(line.split()[1]) / 1024 for line in status if line.startswith(name)][0]


def main(build, background):
    model, serve = prepare(build)
    before = megabytes("VmRSS")
    with serve() as server:
        optimizer = server.optimizer(model.parameters(), lr=1e-6, momentum=0.9,
                                     background=background)
        for _ in range(3):
            optimizer.step()
        after, most = megabytes("VmRSS"), megabytes("VmHWM")
        optimizer.finish()
    one = 4 * sum(p.numel() for p in model.parameters()) / 2**20
    what = "python worker%s, beyond PyTorch, model and gradients" % (
        " in the background" if background else "")
    print("%s\t%.4g\tmodels\t2" % (what, (after - before) / one))
    print("%s, at most\t%.4g\tmodels\t2" % (what, (most - before) / one))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["background"]):
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), len(sys.argv) > 2)
