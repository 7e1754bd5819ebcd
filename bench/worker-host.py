#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The memory that workers of one process (rog.worker_host) take, and the cost of a change of turns.

    worker-host.py BUILD [WORKERS ...]    BUILD: a folder with bin/ and lib/; WORKERS: 1 16 64

Each trains a perceptron of 669,706 parameters by rog.Optimizer, batches of 24, in a simulation that
only takes the mean (tests/python/simulation.py). For each number of workers: resident memory of the
process, shared memory included; the memory of one more worker, in models of four bytes per
parameter; threads of the process (OMP_NUM_THREADS, default 1); CPU time of putting one worker's
state aside and restoring another's.
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

PROGRAM = """
import os, time
import torch, rog
from rog import _process_state

rank, workers = int(os.environ["ROG_RANK"]), int(os.environ["WORKERS"])
torch.manual_seed(rank)
model = torch.nn.Sequential(torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512),
                            torch.nn.ReLU(), torch.nn.Linear(512, 10))
optimizer = rog.Optimizer(model.parameters(), lr=0.01, momentum=0.9, rank=rank, workers=workers,
                          server=os.environ["ROG_SERVER"], strategy="bsp", compression="none")
x, y = torch.randn(24, 784), torch.randint(10, (24,))
for step in range(5):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
if rank == workers:
    with open("/proc/self/status") as status:
        said = {line.split(":")[0]: line.split()[1] for line in status if line.startswith(("VmRSS", "Threads"))}
    before = time.process_time()
    for _ in range(1000):
        _process_state.take_up(_process_state.put_aside())
    print(int(said["VmRSS"]) / 1024, sum(p.numel() for p in model.parameters()), said["Threads"],
          time.process_time() - before, flush=True)
optimizer.finish()
"""


def measure(workers, simulation, path):
    """Megabytes, parameters, threads, ms per change of turns."""
    with simulation(workers) as virtual:
        said = subprocess.run(
            [sys.executable, "-B", "-m", "rog.worker_host", "--workers", str(workers), path],
            stdout=subprocess.PIPE, text=True, check=True,
            env=dict(os.environ, ROG_SERVER=virtual.server, ROG_RANK="1", WORKERS=str(workers),
                     PYTHONPATH=os.path.join(os.environ["ROG_SOURCE"], "python"))).stdout
    return [float(value) for value in said.split(": ")[1].split()]


def main(build, numbers):
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    os.environ["ROG_SOURCE"], os.environ["ROG_BUILD"] = source, build
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("ROG_PLUGIN_PATH", os.path.join(build, "lib", "rog", "plugins"))
    sys.path.insert(0, os.path.join(source, "tests", "python"))
    from simulation import Simulation
    print("workers\tMB\tmodels a worker more\tthreads\tchange of turns, ms")
    before = None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "train.py")
        with open(path, "w") as file:
            file.write(PROGRAM)
        for workers in numbers:
            memory, parameters, threads, turn = measure(workers, Simulation, path)
            more = "-"
            if before:
                one = (memory - before[1]) / (workers - before[0])
                more = "%.2f" % (one * 2**20 / 4 / parameters)
            print("%d\t%.0f\t%s\t%d\t%.2f" % (workers, memory, more, threads, turn), flush=True)
            before = before or (workers, memory)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), [int(word) for word in sys.argv[2:]] or [1, 16, 64])
