# SPDX-License-Identifier: Apache-2.0
"""A strategy of EXO Gym, unchanged, over links of the virtual cluster: DiLoCo, SPARTA or plain data parallelism.
A network learns on which of two rings a point lies. exogym_diloco.conf sweeps it; `options` of the workload:
strategy ("diloco", "reduce" or "fedavg"), H (steps between two exchanges).
"""
import torch
from exogym.strategy import DiLoCoStrategy, FedAvgStrategy, OptimSpec
from exogym.strategy.strategy import SimpleReduceStrategy

import rog
from rog.adapters import exogym

STEPS = 400


def draw(count):
    outer = torch.randint(2, (count, 1)).float()
    angle = 6.2831853 * torch.rand(count, 1)
    radius = 0.5 + outer + 0.3 * (torch.rand(count, 1) - 0.5)
    return torch.cat([radius * angle.cos(), radius * angle.sin()], 1), outer


run = rog.from_env()
torch.manual_seed(run.seed)
model = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))

if run.checkpoint:  # what `test` of the experiment file is run for
    model.load_state_dict(rog.load(run.checkpoint))
    points, outer = draw(2000)
    print("%.2f%%" % (100 * ((model(points) > 0) == (outer > 0.5)).float().mean().item()))
    raise SystemExit

adamw, interval = OptimSpec(torch.optim.AdamW, lr=0.01), run.options.get("H", 20)
strategy = {"diloco": lambda: DiLoCoStrategy(optim_spec=adamw, H=interval),
            "fedavg": lambda: FedAvgStrategy(inner_optim=adamw, H=interval),
            "reduce": lambda: SimpleReduceStrategy(optim_spec=adamw)}[run.options["strategy"]]()
node = exogym.Node(strategy, model, run, max_steps=STEPS)
torch.manual_seed(1000 * run.seed + run.rank)
for _ in range(STEPS):
    points, outer = draw(64)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(model(points), outer)
    node.zero_grad()
    loss.backward()
    node.step(loss.item())
    if node.over:
        break
node.finish()
