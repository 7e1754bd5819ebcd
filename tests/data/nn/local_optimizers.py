# SPDX-License-Identifier: Apache-2.0
"""Prints the models of tests/unit/local_test.c: the results of 50 steps of torch.optim in float64.

    python3 local_optimizers.py
"""

import torch

COUNT, STEPS = 12, 50

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
    "sgd without momentum": lambda p: torch.optim.SGD(p, lr=0.05, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(
        p, lr=0.05, momentum=0.8, weight_decay=0.01, nesterov=True
    ),
    "adamw": lambda p: torch.optim.AdamW(
        p, lr=0.02, betas=(0.9, 0.99), eps=1e-6, weight_decay=0.1
    ),
}

numbers = torch.arange(COUNT, dtype=torch.float64)
steepness = torch.linspace(0.5, 3.0, COUNT, dtype=torch.float64)
for name, make in OPTIMIZERS.items():
    w = torch.nn.Parameter(numbers * 7 % 11 / 11 - 0.4)
    optimizer = make([w])
    for step in range(STEPS):
        # The gradient of a quadratic function, plus a term that changes with the step.
        w.grad = steepness * w.detach() + 0.3 * torch.cos(numbers + 0.7 * step)
        optimizer.step()
    print(name, ", ".join(f"{x:.9g}" for x in w.tolist()))
