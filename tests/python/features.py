# SPDX-License-Identifier: Apache-2.0
"""A training program with features of real ones, for virtual.py: executed by a simulation, and by
the test itself with an optimizer of PyTorch. Its argument selects the case."""

import itertools
import os
import sys
import time
import warnings

import torch
from torch.nn import functional as F

LAST = 12


class Data(torch.utils.data.Dataset):
    def __init__(self, rank):
        random = torch.Generator().manual_seed(rank)
        self.x, self.y = torch.randn(64, 6, generator=random), torch.randint(3, (64,), generator=random)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


def make_model(case):
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.BatchNorm1d(10), torch.nn.Tanh(),
                                torch.nn.Linear(10, 3))
    if case == "local":  # a bias before BatchNorm has a gradient of rounding errors, which AdamW scales up
        model = torch.nn.Sequential(model[0], model[2], model[3])
    if case == "zero":
        model = torch.nn.Sequential(torch.nn.Linear(6, 3))
        for parameter in model.parameters():
            torch.nn.init.zeros_(parameter)
    return model


def groups(model):
    return [{"params": model[0].parameters(), "lr": 0.05, "weight_decay": 1e-3},
            {"params": [p for part in model[1:] for p in part.parameters()]}]


def settings(case):
    """Returns settings of SGD; None: AdamW."""
    return {"everything": {"lr": 0.1, "momentum": 0.9, "nesterov": True}, "local": None,
            "zero": {"lr": 0.125}}.get(case, {"lr": 0.1, "momentum": 0.9})


def steps(case, rank, model, optimizer, last):
    """Trains, using everything that a program may do between steps; yields before each optimizer's
    step."""
    everything = case in ("everything", "local")
    schedule = torch.optim.lr_scheduler.StepLR(getattr(optimizer, "inner", optimizer), 5, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without CUDA
        scaler = torch.cuda.amp.GradScaler(enabled=case == "amp")
    torch.manual_seed(100 + rank)
    # Created again in each iteration, so that a program that is resumed continues where it was.
    loader = torch.utils.data.DataLoader(Data(rank), 8, shuffle=True,
                                         num_workers=2 if case == "everything" else 0)
    if hasattr(optimizer, "keep") and optimizer.keep(schedule=schedule, model=model, scaler=scaler):
        print("taken up before iteration", optimizer.iteration + 1)
    accumulate = 3 if case == "everything" else 1
    iteration = getattr(optimizer, "iteration", 0)
    while iteration < last:
        optimizer.zero_grad()
        for x, y in itertools.islice(loader, accumulate):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=case == "amp"):
                loss = F.cross_entropy(model(x), y) / accumulate
            scaler.scale(loss).backward()
        if everything or case == "amp":
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        yield
        scaler.step(optimizer)
        scaler.update()
        schedule.step()
        iteration = getattr(optimizer, "iteration", iteration + 1)
        time.sleep(float(os.environ.get("PAUSE", 0)))
        if case == "saves" and iteration % 4 == 0:
            optimizer.state_dict()
        if case == "fails" and rank == 2 and iteration == 3:
            raise ValueError("the third is enough")


def train(case, rank, join, last=LAST):
    """Trains with the optimizer that `join` makes of model and groups. Returns the model."""
    model = make_model(case)
    everything = case in ("everything", "local")
    optimizer = join(model, groups(model) if everything else model.parameters())
    for _ in steps(case, rank, model, optimizer, last):
        pass
    if hasattr(optimizer, "finish"):
        optimizer.finish()
    return model


def main(case):
    import rog
    run = rog.from_env()

    def join(model, params):
        if settings(case) is None:
            return rog.LocalOptimizer(torch.optim.AdamW(params, lr=0.01), model=model, buffers="own",
                                      **run)
        return rog.Optimizer(params, **settings(case), model=model, buffers="own", **run)

    last = 4 if case == "early" and run.rank == 2 else LAST
    model = train(case, run.rank, join, last)
    torch.save(model.state_dict(), os.path.join(os.environ["ROG_OUT"], "model.pt"))


if __name__ == "__main__":
    main(sys.argv[1])
