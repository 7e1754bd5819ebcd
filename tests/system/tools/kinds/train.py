# SPDX-License-Identifier: Apache-2.0
"""A user's program for tests: a perceptron that classifies noisy vectors of ten classes. Each worker
draws its own vectors. `--test` prints the accuracy of $ROG_CHECKPOINT."""
import os
import sys

import torch

import rog

INPUTS, HIDDEN, CLASSES = 256, 512, 10
random = torch.Generator().manual_seed(7)
kinds = 0.2 * torch.randn(CLASSES, INPUTS, generator=random)


def examples(count, random):
    y = torch.randint(CLASSES, (count,), generator=random)
    return kinds[y] + torch.randn(count, INPUTS, generator=random), y


run = rog.from_env()
torch.manual_seed(run.seed)
model = torch.nn.Sequential(torch.nn.Linear(INPUTS, HIDDEN), torch.nn.ReLU(),
                            torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.ReLU(),
                            torch.nn.Linear(HIDDEN, CLASSES))
if run.checkpoint:
    model.load_state_dict(rog.load(run.checkpoint))
    x, y = examples(5000, torch.Generator().manual_seed(9))
    print("%.2f" % (100 * (model(x).argmax(1) == y).float().mean()))
    sys.exit()
optimizer = rog.Optimizer(model.named_parameters(), lr=run.settings["learning_rate"], momentum=0.9,
                          model=model, **run)
random = torch.Generator().manual_seed(1000 * run.seed + run.rank)
while not optimizer.over:
    x, y = examples(run.worker["batch"], random)
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
