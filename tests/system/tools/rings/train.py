# SPDX-License-Identifier: Apache-2.0
"""A user's program for tests: a small network that distinguishes two rings of points. `--test` prints
the accuracy of $ROG_CHECKPOINT."""
import os
import sys

sys.path.insert(0, "parts")
import torch

import rog
from rings import points

torch.set_num_threads(1)
torch.manual_seed(3)
model = torch.nn.Sequential(torch.nn.Linear(2, 24), torch.nn.Tanh(), torch.nn.Linear(24, 2))
if sys.argv[1:] == ["--test"]:
    model.load_state_dict(rog.load(os.environ["ROG_CHECKPOINT"]))
    x, y = points(torch.Generator().manual_seed(9), 2000)
    print("tested on 2000 points\n%.2f" % (100 * (model(x).argmax(1) == y).float().mean()))
    sys.exit()
run = rog.from_env()
random = torch.Generator().manual_seed(1000 * run.seed + run.rank)
optimizer = rog.Optimizer(model.named_parameters(), lr=run.settings["learning_rate"], momentum=0.9,
                          **run)
while not optimizer.over:
    x, y = points(random, run.worker["batch"])
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
