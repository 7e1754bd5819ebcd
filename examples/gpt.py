# SPDX-License-Identifier: Apache-2.0
"""A GPT (Radford et al. 2019) that learns to write Python, byte by byte, from the standard library's sources.

gpt.conf sweeps it. `options` of the experiment file: layers (6), heads (6), width (384), context (256 bytes);
these make 10.9 million parameters. The test prints bits per byte of files that no worker has seen.
"""
import glob
import math
import os
import rog
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        n, t, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        later = torch.ones(t, t, dtype=torch.bool).triu(1)
        scores = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3])).masked_fill(later, -math.inf)
        x = x + self.out((scores.softmax(3) @ v).transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    def __init__(self, layers=6, heads=6, width=384, context=256):
        super().__init__()
        self.token, self.position = nn.Embedding(256, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(layers)])
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 256))

    def forward(self, x):
        return self.head(self.blocks(self.token(x) + self.position.weight[:x.shape[1]]))

    def loss(self, text, count):
        span = torch.arange(self.position.num_embeddings + 1)
        pieces = text[torch.randint(len(text) - len(span), (count, 1)) + span].long()
        return nn.functional.cross_entropy(self(pieces[:, :-1]).flatten(0, 1), pieces[:, 1:].flatten())


def read(paths):
    return torch.frombuffer(bytearray(b"".join(open(path, "rb").read() for path in paths)), dtype=torch.uint8)


def main():
    run = rog.from_env()
    torch.manual_seed(run.seed)
    model = GPT(**run.options)
    paths = sorted(glob.glob(os.path.join(os.path.dirname(os.__file__), "*.py")))
    if run.checkpoint:  # what `test` of the experiment file is run for: each tenth file
        model.load_state_dict(rog.load(run.checkpoint))
        with torch.no_grad():
            return print("%.4f" % (model.loss(read(paths[::10]), 200) / math.log(2)))
    seen = [path for i, path in enumerate(paths) if i % 10]
    text = read(seen[run.rank - 1::run.workers])
    adamw = torch.optim.AdamW(model.parameters(), lr=run.settings["learning_rate"], weight_decay=0.1)
    warmup = torch.optim.lr_scheduler.LinearLR(adamw, 0.1, total_iters=50)
    optimizer = rog.LocalOptimizer(adamw, model=model, **run)
    torch.manual_seed(1000 * run.seed + run.rank)
    optimizer.keep(warmup=warmup)
    while not optimizer.over:
        loss = model.loss(text, run.worker["batch"])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step(loss=loss.item())
        warmup.step()
    optimizer.finish()


if __name__ == "__main__":
    main()
