# SPDX-License-Identifier: Apache-2.0
"""Networks for measurements on virtual clusters."""
import os
import sys

from torch import nn
from torch.nn import functional as F

_CONVMLP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "convmlp")


class _Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(cout), nn.BatchNorm2d(cout)
        self.shortcut = nn.Identity() if cin == cout else nn.Sequential(
            nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    """ResNet-18 for images of 32 x 32, with a first convolution of 3 x 3 (He et al., CVPR 2016). The
    mean over the image is computed in a way that has a deterministic gradient on every device."""

    def __init__(self, width, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width),
                                  nn.ReLU())
        stages = [width, 2 * width, 4 * width, 8 * width]
        blocks = []
        for cin, cout in zip([width] + stages, stages):
            blocks += [_Block(cin, cout, 1 if cin == cout else 2), _Block(cout, cout, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(8 * width, classes)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Shapes(nn.Module):
    """Tensors of unusual shapes, two of them not contiguous in memory, for testing exchanges
    only."""

    def __init__(self):
        super().__init__()
        import torch
        self.tensors = nn.ParameterList([
            nn.Parameter(torch.randn(64, 3, 7, 7).to(memory_format=torch.channels_last)),
            nn.Parameter(torch.randn(129, 65).t()), nn.Parameter(torch.randn(1)),
            nn.Parameter(torch.randn(())), nn.Parameter(torch.randn(1000, 33))])


def make(name, width=64):
    """resnet18, shapes, or a ConvMLP (convmlp-m, convmlp-nano, ...)."""
    if name == "resnet18":
        return ResNet18(width, 100)
    if name == "shapes":
        return Shapes()
    if _CONVMLP not in sys.path:
        sys.path.insert(0, _CONVMLP)
    from convmlp import VARIANTS, ConvMLP
    return ConvMLP(*VARIANTS[name])
