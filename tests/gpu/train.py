# SPDX-License-Identifier: Apache-2.0
"""The program of the runs of tests/gpu/run and bench/program-step.py: random images of random classes,
for a given number of iterations. Writes the model to `model` and times to `times.json`: for each
iteration computation and step() in wall time, and `cpu`, both in CPU time, including what other workers
of the process computed meanwhile."""
import argparse
import json
import os
import sys
import time

import torch
from torch.nn import functional as F

import rog

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import networks  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network")
    parser.add_argument("--width", type=int, default=64, help="channels of resnet18's first stage")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--image", type=int, default=32)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--deterministic", action="store_true")
    parser.add_argument("--bare", type=int, default=0,
                        help="so many steps of torch.optim.SGD before each of worker 1's, timed")
    return parser.parse_args()


def synchronize(device):
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def draw(generator, batch, image, device):
    """Draws a batch: the class determines the colour of the random image."""
    classes = torch.randint(100, (batch,), generator=generator)
    images = torch.randn(batch, 3, image, image, generator=generator)
    images += classes.view(-1, 1, 1, 1) / 50 - 1
    return images.to(device), classes.to(device)


def set_gradients(model, generator):
    """Sets random gradients, the same on every device, so that only the exchange is compared."""
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator).to(parameter.device)
    return 0.0


def compute(model, batch):
    loss = F.cross_entropy(model(batch[0]), batch[1])
    loss.backward()
    return loss.item()


def bare_steps(model, count, batch, device):
    """Returns, for each of `count` steps of plain PyTorch, seconds of wall time and of CPU time."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    times = []
    for _ in range(count):
        begin, cpu = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=False)
        compute(model, batch)
        optimizer.step()
        synchronize(device)
        times.append((time.perf_counter() - begin, time.process_time() - cpu))
    return times


def main():
    given, run = arguments(), rog.from_env()
    device = given.device
    if given.deterministic:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.use_deterministic_algorithms(True)
    torch.manual_seed(run.seed)
    model = networks.make(given.network, given.width).to(device)
    generator = torch.Generator().manual_seed(1000 * run.seed + run.rank)
    batch = run.worker["batch"]
    fixed = None
    times = {"compute": [], "step": [], "cpu": [], "bare": []}
    if given.bare:
        fixed = draw(generator, batch, given.image, device)
        if run.rank == 1:
            bare = networks.make(given.network, given.width).to(device)
            bare_steps(bare, 2, fixed, device)
    optimizer = rog.Optimizer(model.named_parameters(), lr=1e-3, momentum=0.9, **run)
    began = time.perf_counter()
    for _ in range(given.iterations):
        if optimizer.over:
            break
        if given.bare and run.rank == 1:
            times["bare"] += bare_steps(bare, given.bare, fixed, device)
        begin, cpu = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=False)
        if given.network == "shapes":
            loss = set_gradients(model, generator)
        else:
            loss = compute(model, fixed or draw(generator, batch, given.image, device))
        synchronize(device)
        middle = time.perf_counter()
        optimizer.step(loss=loss)
        times["compute"].append(middle - begin)
        times["step"].append(time.perf_counter() - middle)
        times["cpu"].append(time.process_time() - cpu)
    times["whole"] = time.perf_counter() - began
    optimizer.finish()
    with open(os.path.join(os.environ["ROG_OUT"], "model"), "wb") as file:
        for parameter in model.parameters():
            file.write(parameter.detach().cpu().contiguous().numpy().tobytes())
    with open(os.path.join(os.environ["ROG_OUT"], "times.json"), "w", encoding="utf-8") as file:
        json.dump(times, file)


main()
