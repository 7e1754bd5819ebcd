# SPDX-License-Identifier: Apache-2.0
"""train.py SERVER RANK: one of two workers that learn with PyTorch on which side of a plane a point is.
The last line is how many of 1000 points it classifies correctly. Needs only torch and rog."""
import sys

import rog
import torch

rank = int(sys.argv[2])
torch.manual_seed(1)
model = torch.nn.Linear(8, 2)
optimizer = rog.Optimizer(model.named_parameters(), lr=0.5, momentum=0.9, rank=rank, workers=2,
                          server=sys.argv[1], key_file="key", strategy="ROG", threshold=4)
plane = torch.randn(8)
torch.manual_seed(rank)
for _ in range(60):
    points = torch.randn(64, 8)
    loss = torch.nn.functional.cross_entropy(model(points), (points @ plane > 0).long())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
points = torch.randn(1000, 8)
print(int((model(points).argmax(1) == (points @ plane > 0)).sum()))
