# SPDX-License-Identifier: Apache-2.0
"""ViT-Tiny (Dosovitskiy et al., ICLR 2021; Touvron et al., ICML 2021) for images of 32 x 32,
trained with AdamW on CIFAR-100 from random weights.

vit_tiny.conf sweeps it. `options` of the experiment file: width (192), depth (12), heads (3), patch
(4 pixels), classes (100; 20: the superclasses). Each worker makes local steps of AdamW; their sum
is exchanged after each step or every few steps.
"""
import os

import torch
from torch import nn
from torch.nn import functional as F

import rog


class ViT(nn.Module):
    def __init__(self, width=192, depth=12, heads=3, patch=4, classes=100):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(0.02 * torch.randn(1, 1 + (32 // patch) ** 2, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0, activation="gelu",
                                           batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, nn.LayerNorm(width))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.position
        return self.head(self.blocks(x)[:, 0])


def read(name):
    """Images and labels of a file in the binary format of CIFAR-100."""
    path = os.path.join(run.settings["data"].partition(":")[2], name)
    records = torch.from_file(path, size=os.path.getsize(path), dtype=torch.uint8).view(-1, 3074)
    return records[:, 2:].view(-1, 3, 32, 32), records[:, int(run.options["classes"] == 100)].long()


def inputs(pixels):
    return (pixels.float() / 255 - 0.5) / 0.25


run = rog.from_env()
torch.manual_seed(run.seed)
model = ViT(**run.options)

if run.checkpoint:  # what `test` of the experiment file is run for
    model.load_state_dict(rog.load(run.checkpoint))
    model.eval()
    images, labels = read("test.bin")
    with torch.no_grad():
        right = sum((model(inputs(x)).argmax(1) == y).sum().item()
                    for x, y in zip(images[::5].split(250), labels[::5].split(250)))
    print("%.2f%%" % (100 * right / len(labels[::5])))
    raise SystemExit

images, labels = read("train.bin")
images, labels = images[run.rank - 1::run.workers], labels[run.rank - 1::run.workers]
adamw = torch.optim.AdamW(model.parameters(), lr=run.settings["learning_rate"], weight_decay=0.05)
warmup = torch.optim.lr_scheduler.LinearLR(adamw, 0.1, total_iters=50)
optimizer = rog.LocalOptimizer(adamw, model=model, **run)
torch.manual_seed(1000 * run.seed + run.rank)
optimizer.keep(warmup=warmup)
while not optimizer.over:
    pick = torch.randint(len(labels), (run.worker["batch"],))
    loss = F.cross_entropy(model(inputs(images[pick])), labels[pick])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step(loss=loss.item())
    warmup.step()
optimizer.finish()
