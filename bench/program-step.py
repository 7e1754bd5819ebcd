#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The cost of a training program's step on the virtual cluster compared with plain PyTorch, and the
memory of many workers.

    program-step.py BUILD [ITERATIONS]    BUILD: a folder with bin/ and lib/, default 8 iterations

ResNet-18 for images of 32 x 32, batch 24, four workers in one process, one thread, under BSP and
ROG 4: the time from step to step of all workers, against forward, backward and step of
torch.optim.SGD with the same batch in the same process, one before each of worker 1's steps. So
each step is compared with one of the same moment, and the medians are of these ratios. Clock times
are only meaningful on an idle machine; CPU times also on a busy one. The simulation is another
process, which works on one worker's exchange while another worker computes. Then 64 workers of a
small network (ConvMLP nano) run in one process. Times are wall-clock; lines as bench-nn writes
them: name, value, unit, limit.
"""
import os
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "gpu"))
import virtual  # noqa: E402

WORKERS, WARM = 4, 1


def say(what, value, unit, limit="-"):
    print("%s\t%.4g\t%s\t%s" % (what, value, unit, limit), flush=True)


def copies_ms(model):
    """The time of two plain copies: of the gradients to shared memory and of the model from it."""
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        bytearray(model)
        times.append(time.perf_counter() - begin)
    return 2e3 * statistics.median(times)


def overhead(build, folder, library, threshold, compression, iterations):
    settings = {"library": library, "threshold": threshold, "compression": compression,
                "program_threads": 1}
    # The time of starting and ending the simulation.
    empty = virtual.Run(build, os.path.join(folder, library + "-empty"),
                        ["resnet18", "--iterations", 1], WORKERS, batch=1, **settings)
    run = virtual.Run(build, os.path.join(folder, library),
                      ["resnet18", "--iterations", iterations, "--bare", 1], WORKERS, **settings)
    times = run.times()
    # The first iterations load memory. In each iteration the workers take turns.
    bare, bare_cpu = zip(*times["bare"][WARM:])
    step = [(a + b) / WORKERS for a, b in zip(times["compute"], times["step"])][WARM:]
    step_cpu = [cpu / WORKERS for cpu in times["cpu"][WARM:]]
    computing = [s for rank in range(1, WORKERS + 1) for s in run.times(rank)["compute"][WARM:]]
    core = ((run.used["simulation_cpu_s"] - empty.used["simulation_cpu_s"])
            / ((iterations - 1) * WORKERS))
    what = "virtual run, ResNet-18, %s %d, 4 workers" % (library, threshold)
    for clock, ours, plain in (("", step, bare), (", CPU time", step_cpu, bare_cpu)):
        more = statistics.median(a / b for a, b in zip(ours, plain)) - 1
        say(what + ": a step" + clock, 1e3 * statistics.median(ours), "ms")
        say(what + ": plain PyTorch" + clock, 1e3 * statistics.median(plain), "ms")
        say(what + ": more than plain PyTorch" + clock, 100 * more, "%", "5")
    say(what + ": forward and backward", 1e3 * statistics.median(computing), "ms")
    say(what + ": simulation, another process, CPU time", 1e3 * core, "ms")
    say(what + ": two copies", copies_ms(run.models()[0]), "ms")


def many(build, folder):
    run = virtual.Run(build, os.path.join(folder, "many"),
                      ["convmlp-nano", "--iterations", 4], 64, batch=8, program_threads=1)
    what = "64 workers of convmlp-nano in one process"
    say(what + ": memory", run.used["pss_mib"], "MiB", "24576")
    say(what + ": a step of one", 1e3 * run.times()["whole"] / (64 * 4), "ms")


def main(build, iterations):
    with tempfile.TemporaryDirectory(prefix="rog-bench-") as folder:
        for setting in (("BSP", 0, "none"), ("ROG", 4, "sign")):
            overhead(build, folder, *setting, iterations)
        many(build, folder)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8)
