# SPDX-License-Identifier: Apache-2.0
"""LoRA (Hu et al., ICLR 2022): the GPT of gpt.py, which writes Python, learns to write the tables
of the standard library's encodings. Only adapters of low rank are trained and exchanged.

lora.conf sweeps it, with a checkpoint of a run of gpt.conf as `initial_model`. `options` of the
experiment file: those of that run, and rank (of the adapters; 0: all weights are trained, for
comparison).
"""
import glob
import math
import os

import torch
from torch import nn

import rog
from gpt import GPT, read


class LoRA(nn.Module):
    """A linear layer that stays fixed, plus a product of two thin matrices that learns."""

    def __init__(self, base, rank):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.down.t() @ self.up.t()


run = rog.from_env()
torch.manual_seed(run.seed)
options = dict(run.options)
rank = options.pop("rank", 4)
model = GPT(**options)
model.load_state_dict(rog.load(run.settings["initial_model"]))
if rank:
    model.requires_grad_(False)
    for block in model.blocks:
        block.qkv, block.out = LoRA(block.qkv, rank), LoRA(block.out, rank)
        block.mlp[0], block.mlp[2] = LoRA(block.mlp[0], rank), LoRA(block.mlp[2], rank)

paths = sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "encodings", "*.py")))
if run.checkpoint:  # what `test` of the experiment file is run for: each tenth table
    model.load_state_dict(rog.load(run.checkpoint), strict=False)
    with torch.no_grad():
        print("%.4f" % (model.loss(read(paths[::10]), 200) / math.log(2)))
    raise SystemExit

seen = [path for i, path in enumerate(paths) if i % 10]
text = read(seen[run.rank - 1::run.workers])
trained = [p for p in model.parameters() if p.requires_grad]
adamw = torch.optim.AdamW(trained, lr=run.settings["learning_rate"], weight_decay=0.0)
optimizer = rog.LocalOptimizer(adamw, model=model, **run)
torch.manual_seed(1000 * run.seed + run.rank)
optimizer.keep()
while not optimizer.over:
    loss = model.loss(text, run.worker["batch"])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
