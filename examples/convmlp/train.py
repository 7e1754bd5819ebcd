# SPDX-License-Identifier: Apache-2.0
"""The published job in PyTorch: a ConvMLP that was trained on clean CIFAR-100 adapts to noisy images,
each worker to its own classes. Started by rogctl (adapt.conf); `--test` prints the accuracy of
$ROG_CHECKPOINT on noisy test images of all classes.

Settings of the experiment file that it reads: data ("cifar100:FOLDER"), model, noise, batch,
learning_rate, lr_halve_at, momentum, weight_decay, label_smoothing, mixup, epochs, initial_model,
test_images, seed.
"""
import json
import math
import os
import sys

import torch
from torch.nn import functional as F

import rog
from convmlp import VARIANTS, ConvMLP

MEAN, DEVIATION = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)
NOISES = ["blur", "brightness", "contrast", "translation", "scale", "shear", "rotation"]


def read_cifar100(folder, name):
    """Images (N, 3, 32, 32) in 0..255 and fine labels of a file of the binary version."""
    with open(os.path.join(folder, name), "rb") as file:
        records = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).reshape(-1, 3074)
    return records[:, 2:].reshape(-1, 3, 32, 32), records[:, 1].long()


def disturb(images, noise, random):
    """DeepTest's transformations, one drawn for each image where noise is "mixed"."""
    images = images.float() / 255
    count = len(images)
    amount = torch.rand(count, generator=random)
    kind = torch.full((count,), NOISES.index(noise) if noise in NOISES else -1)
    if noise == "mixed":
        kind = torch.randint(len(NOISES), (count,), generator=random)
    sign = 2.0 * torch.randint(2, (count,), generator=random) - 1

    def where(name):
        return (kind == NOISES.index(name)).reshape(-1, 1, 1, 1)

    strength = amount.reshape(-1, 1, 1, 1)
    images = torch.where(where("blur"), F.avg_pool2d(images, 3, 1, 1, count_include_pad=False),
                         images)
    images = torch.where(where("brightness"), images + 0.1 + 0.3 * strength, images)
    images = torch.where(where("contrast"), images * (1.2 + strength), images)
    # The others move pixels: x' = A x + b, in units of half an image.
    matrix = torch.eye(2).repeat(count, 1, 1)
    shift = torch.zeros(count, 2)
    angle = sign * amount * math.pi / 8
    turned = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1)
    for name, new in [("scale", torch.eye(2) / (1.1 + 0.4 * amount).reshape(-1, 1, 1)),
                      ("rotation", turned.reshape(-1, 2, 2))]:
        matrix = torch.where(where(name)[:, :, :, 0], new, matrix)
    matrix[:, 0, 1] += torch.where(kind == NOISES.index("shear"), sign * (0.1 + 0.3 * amount),
                                   torch.zeros(count))
    shift[:, 0] = torch.where(kind == NOISES.index("translation"), sign * (0.1 + 0.2 * amount),
                              shift[:, 0])
    grid = F.affine_grid(torch.cat([matrix, shift.unsqueeze(2)], 2), images.shape,
                         align_corners=False)
    moved = F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    still = (kind < 3).reshape(-1, 1, 1, 1)
    images = torch.where(still, images, moved).clamp(0, 1)
    return (images - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(DEVIATION).reshape(3, 1, 1)


def make_model(settings):
    torch.manual_seed(settings["seed"])
    model = ConvMLP(*VARIANTS[settings["model"]])
    if settings.get("initial_model") and os.path.exists(settings["initial_model"]):
        model.load_state_dict(rog.load(settings["initial_model"]), strict=False)
    return rog.freeze_statistics(model)


def folder_of(settings):
    kind, _, folder = settings["data"].partition(":")
    if kind != "cifar100" or not folder:
        sys.exit('data is "%s": this example reads cifar100:FOLDER' % settings["data"])
    return folder


def shard(labels, rank, workers):
    """Non-IID: of all samples sorted by label, the rank-th of equal parts."""
    order, size = labels.argsort(stable=True), len(labels) // workers
    return order[(rank - 1) * size:rank * size]


def train(run):
    settings = run.settings
    images, labels = read_cifar100(folder_of(settings), "train.bin")
    mine = shard(labels, run.rank, run.workers)
    batch = run.worker.get("batch", settings["batch"])
    random = torch.Generator().manual_seed(1000003 * run.seed + run.rank)
    model = make_model(settings)
    optimizer = rog.Optimizer(model.parameters(), lr=settings["learning_rate"], rule="block",
                              momentum=settings["momentum"], model=model,
                              weight_decay=settings["weight_decay"], **run)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, settings["lr_halve_at"], 0.5)
    mix = torch.distributions.Beta(settings["mixup"], settings["mixup"]) if settings["mixup"] else None
    while not optimizer.over and optimizer.iteration < settings["epochs"] * (len(mine) // batch):
        pick = mine[torch.randint(len(mine), (batch,), generator=random)]
        inputs, targets = disturb(images[pick], settings["noise"], random), labels[pick]
        share = float(mix.sample()) if mix else 1.0
        outputs = model(share * inputs + (1 - share) * inputs.flip(0))
        loss = sum(part * F.cross_entropy(outputs, wanted,
                                          label_smoothing=settings["label_smoothing"])
                   for part, wanted in [(share, targets), (1 - share, targets.flip(0))])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step(loss=loss.item())
        schedule.step()
    optimizer.finish()


def test(settings, checkpoint):
    images, labels = read_cifar100(folder_of(settings), "test.bin")
    count = settings["test_images"] or len(images)
    random = torch.Generator().manual_seed(1)
    model = make_model(dict(settings, initial_model=None))
    model.load_state_dict(rog.load(checkpoint), strict=False)
    model.eval()
    right = 0
    with torch.no_grad():
        for begin in range(0, count, 100):
            part = slice(begin, min(begin + 100, count))
            outputs = model(disturb(images[part], settings["noise"], random))
            right += (outputs.argmax(1) == labels[part]).sum().item()
    print("%.3f" % (100 * right / count))


if __name__ == "__main__":
    if sys.argv[1:] == ["--test"]:
        with open(os.environ["ROG_CONFIG"], encoding="utf-8") as config:
            test(json.load(config), os.environ["ROG_CHECKPOINT"])
    else:
        train(rog.from_env())
