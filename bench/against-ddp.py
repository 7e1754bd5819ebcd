#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One worker of bench/against-ddp: trains for SECONDS, then prints the number of steps and the model's
accuracy.

    against-ddp.py ddp|rog RANK SECONDS ADDRESS [KEY STRATEGY]

A perceptron of 166,154 parameters learns the answers of another one for 64 random numbers (10
classes); both workers have their own examples, in batches of 64. ddp: torch DistributedDataParallel
by gloo, ADDRESS is that of rank 1. rog: the Python package, ADDRESS is that of rog-trainer serve.
"""
import os
import sys
import time

import torch
from torch import nn

WORKERS, BATCH = 2, 64
SGD = {"lr": 0.02, "momentum": 0.9}


def make(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(),
                         nn.Linear(256, 10))


def main(kind, rank, seconds, address, key=None, strategy=None):
    torch.set_num_threads(1)
    teacher, model = make(1), make(2)
    with torch.no_grad():
        teacher[4].weight.mul_(8)
    random = torch.Generator().manual_seed(100 + rank)

    def examples(count, generator):
        x = torch.randn(count, 64, generator=generator)
        with torch.no_grad():
            return x, teacher(x).argmax(1)

    if kind == "ddp":
        host, _, port = address.rpartition(":")
        os.environ.update(MASTER_ADDR=host, MASTER_PORT=port, GLOO_SOCKET_IFNAME="eth0")
        torch.distributed.init_process_group("gloo", rank=rank - 1, world_size=WORKERS)
        trained = nn.parallel.DistributedDataParallel(model)
        optimizer = torch.optim.SGD(model.parameters(), **SGD)
        over = torch.zeros(1)
    else:
        import rog
        trained = model
        optimizer = rog.Optimizer(model.parameters(), server=address, key_file=key, rank=rank,
                                  workers=WORKERS, strategy=strategy, **SGD)
    begin, steps, now = time.monotonic(), 0, 0.0
    while now < seconds:
        x, y = examples(BATCH, random)
        optimizer.zero_grad()
        nn.functional.cross_entropy(trained(x), y).backward()
        optimizer.step()
        steps, now = steps + 1, time.monotonic() - begin
        if kind == "ddp":  # both must stop after the same step, which rank 1 announces
            over.fill_(now >= seconds)
            torch.distributed.broadcast(over, 0)
            now = seconds if over.item() else min(now, seconds - 1e-9)
    took = time.monotonic() - begin
    x, y = examples(5000, torch.Generator().manual_seed(7))
    with torch.no_grad():
        accuracy = 100 * (model(x).argmax(1) == y).float().mean().item()
    print("%d\t%.4f\t%.1f" % (steps, took / steps, accuracy), flush=True)
    if kind == "rog":
        optimizer.finish()


if __name__ == "__main__":
    if not 5 <= len(sys.argv) <= 7:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:])
