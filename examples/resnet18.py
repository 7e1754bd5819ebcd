# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 (He et al., CVPR 2016) for images of 32 x 32, trained on CIFAR-100 from random weights.

`options` in resnet18.conf: width (channels of the first stage), classes (100; 20: the superclasses).
"""
import os
import rog
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(cout), nn.BatchNorm2d(cout)
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = nn.functional.relu(self.norm1(self.conv1(x)))
        return nn.functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet18(width=64, classes=100):
    stages = [width, width, 2 * width, 4 * width, 8 * width]
    blocks = []
    for cin, cout in zip(stages, stages[1:]):
        blocks += [Block(cin, cout, 1 if cin == cout else 2), Block(cout, cout, 1)]
    return nn.Sequential(
        nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, classes))


def read(name):
    """Images and labels of a file in the binary format of CIFAR-100."""
    path = os.path.join(run.settings["data"].partition(":")[2], name)
    records = torch.from_file(path, size=os.path.getsize(path), dtype=torch.uint8).view(-1, 3074)
    return records[:, 2:].view(-1, 3, 32, 32), records[:, int(run.options["classes"] == 100)].long()


def inputs(pixels):
    return (pixels.float() / 255 - 0.5) / 0.25


run = rog.from_env()
torch.manual_seed(run.seed)
model = resnet18(**run.options)
images, labels = read("train.bin")

if run.checkpoint:  # what `test` of the experiment file is run for
    model.load_state_dict(rog.load(run.checkpoint), strict=False)  # all but the statistics
    picks = torch.randint(len(labels), (4, 250))
    torch.optim.swa_utils.update_bn([inputs(images[pick]) for pick in picks], model)
    model.eval()
    images, labels = read("test.bin")
    with torch.no_grad():
        right = sum((model(inputs(x)).argmax(1) == y).sum().item()
                    for x, y in zip(images[::5].split(250), labels[::5].split(250)))
    print("%.2f%%" % (100 * right / len(labels[::5])))
    raise SystemExit

images, labels = images[run.rank - 1::run.workers], labels[run.rank - 1::run.workers]
rule = {"lr": run.settings["learning_rate"], "momentum": 0.9, "weight_decay": 5e-4}
if run.contribution == "delta":  # local steps
    optimizer = rog.LocalOptimizer(torch.optim.SGD(model.parameters(), **rule), model=model,
                                   buffers="own", **run)
else:
    optimizer = rog.Optimizer(model.named_parameters(), **rule, **run)
torch.manual_seed(1000 * run.seed + run.rank)
optimizer.keep(model=model)
while not optimizer.over:
    pick = torch.randint(len(labels), (run.worker["batch"],))
    loss = nn.functional.cross_entropy(model(inputs(images[pick])), labels[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step(loss=loss.item())
optimizer.finish()
