# SPDX-License-Identifier: Apache-2.0
"""ConvMLP (Li, Hassani, Walton, Shi 2021) in PyTorch, names and order of parameters as published.

Variants: convmlp-l, convmlp-m and convmlp-s as published, convmlp-nano for images of 32x32. Stochastic depth is
left out.
"""
from torch import nn
from torch.nn import functional as F

CLASSES = 100
VARIANTS = {  # stem channels, stem stride, conv blocks, conv hidden, [(blocks, dim, ratio)]
    "convmlp-l": ([48, 48, 96], 2, 3, 192, [(4, 192, 3), (8, 384, 3), (3, 768, 3)]),
    "convmlp-m": ([32, 32, 64], 2, 3, 128, [(3, 128, 3), (6, 256, 3), (3, 512, 3)]),
    "convmlp-s": ([32, 32, 64], 2, 2, 128, [(2, 128, 2), (4, 256, 2), (2, 512, 2)]),
    "convmlp-nano": ([32], 1, 1, 16, [(1, 64, 1), (1, 128, 2)]),
}


def conv_norm(cin, cout, kernel, stride=1):
    conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(cout), nn.ReLU()]


class Tokenizer(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        layers, cin = [], 3
        for i, cout in enumerate(channels):
            layers += conv_norm(cin, cout, 3, stride if i == 0 else 1)
            cin = cout
        self.block = nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))

    def forward(self, x):
        return self.block(x)


class ConvStages(nn.Module):
    def __init__(self, blocks, channels, hidden, out):
        super().__init__()
        self.conv_blocks = nn.ModuleList(
            nn.Sequential(*conv_norm(channels, hidden, 1), *conv_norm(hidden, hidden, 3),
                          *conv_norm(hidden, channels, 1)) for _ in range(blocks))
        self.downsample = nn.Conv2d(channels, out, 3, 2, 1)

    def forward(self, x):
        for block in self.conv_blocks:
            x = x + block(x)
        return self.downsample(x)


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """The order of these lines is the order of the parameters."""

    def __init__(self, dim, ratio):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.channel_mlp1 = Mlp(dim, dim * ratio)
        self.norm2 = nn.LayerNorm(dim)
        self.connect = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim, bias=False)
        self.connect_norm = nn.LayerNorm(dim)
        self.channel_mlp2 = Mlp(dim, dim * ratio)

    def forward(self, x):
        x = x + self.channel_mlp1(self.norm1(x))
        x = self.connect(self.connect_norm(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return x + self.channel_mlp2(self.norm2(x))


class Down(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.downsample = nn.Conv2d(cin, cout, 3, 2, 1)

    def forward(self, x):
        return self.downsample(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Stage(nn.Module):
    def __init__(self, blocks, dim, ratio, following):
        super().__init__()
        self.blocks = nn.ModuleList(Block(dim, ratio) for _ in range(blocks))
        self.downsample_mlp = Down(dim, following) if following else nn.Identity()

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.downsample_mlp(x)


class ConvMLP(nn.Module):
    def __init__(self, stem, stride, conv_blocks, hidden, stages):
        super().__init__()
        dims = [dim for _, dim, _ in stages]
        self.tokenizer = Tokenizer(stem, stride)
        self.conv_stages = ConvStages(conv_blocks, stem[-1], hidden, dims[0])
        self.stages = nn.ModuleList(
            Stage(blocks, dim, ratio, following)
            for (blocks, dim, ratio), following in zip(stages, dims[1:] + [0]))
        self.norm = nn.LayerNorm(dims[-1])
        self.head = nn.Linear(dims[-1], CLASSES)

    def forward(self, x):
        x = self.conv_stages(self.tokenizer(x)).permute(0, 2, 3, 1)
        for stage in self.stages:
            x = stage(x)
        return self.head(self.norm(x.flatten(1, 2)).mean(1))
