# SPDX-License-Identifier: Apache-2.0
"""Compares local SGD on the core with PyTorch's own post-local SGD.

    postlocal.py PROGRAM

The case "local SGD" of papers.py, executed by PROGRAM (methods.c) and by three processes of PyTorch
with its hook and its averager, with the same quadratic functions. Models after each exchange must
agree within TOLERANCE of the largest magnitude. Skipped without PyTorch.
"""

import os
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torch.distributed as dist
    from torch.distributed.algorithms.ddp_comm_hooks import post_localSGD_hook as post_local
    from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager
    from torch.distributed.optim import PostLocalSGDOptimizer
except ImportError:
    print("skipped: this test needs NumPy and PyTorch (python3-torch)")
    sys.exit(77)

from papers import CASES, EXCHANGES, WORKERS, Trace, write

TOLERANCE = 1e-6
CASE = next(case for case in CASES if case.name == "local SGD")


class Quadratic(torch.nn.Module):
    def __init__(self, start, c, t):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32))
        self.c, self.t = (torch.tensor(x, dtype=torch.float32) for x in (c, t))

    def forward(self):
        return (self.c * (self.w - self.t) ** 2).sum() / 2


def work(rank, folder, problem, settings, all_done):
    """Runs one of the processes; the first one keeps the models. None exits before all have received
    what it sent."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank,
                            world_size=WORKERS)
    model = torch.nn.parallel.DistributedDataParallel(
        Quadratic(problem.start, problem.c[rank], problem.t[rank]))
    alone = [dist.new_group([other]) for other in range(WORKERS)][rank]
    state = post_local.PostLocalSGDState(process_group=None, subgroup=alone, start_localSGD_iter=0)
    model.register_comm_hook(state, post_local.post_localSGD_hook)
    steps = settings["batchsize"]
    optimizer = PostLocalSGDOptimizer(
        torch.optim.SGD(model.parameters(), lr=settings["learning_rate"],
                        momentum=settings["momentum"]),
        PeriodicModelAverager(period=steps, warmup_steps=steps - 1))
    models = []
    for step in range(1, steps * EXCHANGES + 1):
        optimizer.zero_grad()
        model().backward()
        optimizer.step()
        if step % steps == 0:
            models.append(model.module.w.detach().numpy().copy())
    if rank == 0:
        np.save(os.path.join(folder, "models.npy"), np.array(models))
    all_done.wait(timeout=240)
    dist.destroy_process_group()


def main():
    with tempfile.TemporaryDirectory() as folder:
        given = os.path.join(folder, "cases.json")
        write(given, [CASE.described()])
        trace = Trace(sys.argv[1], given, CASE)
        all_done = torch.multiprocessing.get_context("fork").Barrier(WORKERS)
        torch.multiprocessing.start_processes(
            work, (folder, trace.problem, CASE.settings, all_done), WORKERS, start_method="fork")
        theirs = np.load(os.path.join(folder, "models.npy")).astype("f8")
    found = trace.models[WORKERS - 1::WORKERS]
    worst = (np.abs(found - theirs) / np.abs(theirs).max(axis=1, keepdims=True)).max()
    print(f"PyTorch {torch.__version__}: off by at most {worst:.1e} of the largest")
    assert worst <= TOLERANCE


if __name__ == "__main__":
    main()
