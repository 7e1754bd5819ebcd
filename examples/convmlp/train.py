# SPDX-License-Identifier: Apache-2.0
"""The published job in PyTorch: a ConvMLP that was trained on clean CIFAR-100 adapts to noisy
images, each worker to its own classes. Started by rogctl (adapt.conf); `--test` prints the accuracy
of $ROG_CHECKPOINT on noisy test images of all classes.

It is the job of `workload = "train"`, so that one run can have workers of either kind (`ranks`):
the same parameters, data, noise, loss and rule, with its own random numbers.

Settings of the experiment file that it reads: data ("cifar100:FOLDER" or "synth100"), model,
image_size, noise, batch, local_steps, batchsize, learning_rate, lr_halve_at, momentum,
weight_decay, label_smoothing, mixup, epochs, initial_model, test_images, seed.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

import torch
from torch.nn import functional as F

import rog
from convmlp import VARIANTS, ConvMLP

MEAN = torch.tensor([0.5071, 0.4865, 0.4409]).reshape(3, 1, 1)
DEVIATION = torch.tensor([0.2673, 0.2564, 0.2762]).reshape(3, 1, 1)
NOISE_SEED = 1  # all runs see the same images

# ---- images


def read_images(folder, name):
    """Images (N, 3, 32, 32) in 0..255 and fine labels of a file of the binary version."""
    with open(os.path.join(folder, name), "rb") as file:
        records = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).reshape(-1, 3074)
    return records[:, 2:].reshape(-1, 3, 32, 32), records[:, 1].long()


def read_data(settings, name):
    kind, _, folder = settings["data"].partition(":")
    if kind == "cifar100" and folder:
        return read_images(folder, name)
    if settings["data"] != "synth100":
        sys.exit('data is "%s": this example reads cifar100:FOLDER and synth100' % settings["data"])
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([os.environ["ROG_TRAINER"], "data", "make", "synth100", "--noise", "none",
                        "--cifar100", made], check=True, stdout=subprocess.DEVNULL)
        return read_images(made, name)


def uniform(count, low, high, random):
    return low + (high - low) * torch.rand(count, generator=random)


BLURS = [[1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 4, 6, 4, 1], [8, 28, 56, 72, 56, 28, 8]]


def blur(images, random):
    """Box filters and Gaussian ones."""
    which = torch.randint(len(BLURS), (len(images),), generator=random)
    blurred = images.clone()
    for index, weights in enumerate(BLURS):
        kernel = (torch.tensor(weights) / sum(weights)).expand(3, 1, 1, -1)
        before, after = len(weights) // 2, (len(weights) - 1) // 2
        padded = F.pad(images[which == index], (before, after, before, after), mode="reflect")
        across = F.conv2d(padded, kernel, groups=3)
        blurred[which == index] = F.conv2d(across, kernel.transpose(2, 3), groups=3)
    return blurred


def brightness(images, random):
    return images + uniform(len(images), 10, 100, random).reshape(-1, 1, 1, 1)


def contrast(images, random):
    return images * uniform(len(images), 1.2, 3.0, random).reshape(-1, 1, 1, 1)


def warp(images, a, b, c, d, shift=0.0):
    """Pixel (x, y), from the centre, is what was at (a x + b y, c x + d y) - shift; lengths are in
    units of half an image, and new areas are black."""
    zero = torch.zeros(len(images))
    centre = 1 / images.shape[-1]  # pixel (16, 16), as DeepTest has it
    rows = [torch.stack([p + zero, q + zero, centre * (1 - p - q) - shift + zero], 1)
            for p, q in [(a, b), (c, d)]]
    grid = F.affine_grid(torch.stack(rows, 1), images.shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode="zeros", align_corners=False)


def translation(images, random):
    return warp(images, 1, 0, 0, 1, 2 * uniform(len(images), 1 / 64, 20 / 64, random))


def scale(images, random):
    factor = 1 / uniform(len(images), 1.2, 2.2, random)
    return warp(images, factor, 0, 0, factor)


def shear(images, random):
    return warp(images, 1, -uniform(len(images), 0.1, 1.0, random), 0, 1)


def rotation(images, random):
    angle = uniform(len(images), 3, 30, random) * math.pi / 180
    return warp(images, angle.cos(), -angle.sin(), angle.sin(), angle.cos())


NOISES = [blur, brightness, contrast, translation, scale, shear, rotation]


def disturb(images, noise):
    """DeepTest's transformations; with noise "mixed", one is drawn for each image."""
    if noise == "none":
        return images
    random = torch.Generator().manual_seed(NOISE_SEED)
    names = [transform.__name__ for transform in NOISES]
    kind = torch.full((len(images),), names.index(noise) if noise in names else -1)
    if noise == "mixed":
        kind = torch.randint(len(NOISES), (len(images),), generator=random)
    noisy = images.float()
    for index, transform in enumerate(NOISES):
        if (kind == index).any():
            noisy[kind == index] = transform(noisy[kind == index], random)
    return noisy.round().clamp(0, 255).byte()


def prepare(images, settings):
    inputs = (images.float() / 255 - MEAN) / DEVIATION
    size = settings["image_size"]
    return inputs if size == 32 else F.interpolate(inputs, (size, size), mode="bilinear",
                                                   align_corners=False)


# ---- the run


def make_model(settings):
    torch.manual_seed(settings["seed"])
    model = ConvMLP(*VARIANTS[settings["model"]])
    if settings.get("initial_model") and os.path.exists(settings["initial_model"]):
        model.load_state_dict(rog.load(settings["initial_model"]), strict=False)
    return rog.freeze_statistics(model)


def shard(labels, rank, workers):
    """Non-IID: of all samples sorted by label, the rank-th of equal parts."""
    order, size = labels.argsort(stable=True), len(labels) // workers
    return order[(rank - 1) * size:rank * size]


def batches(count, size, random):
    """Numbers below `count`, shuffled again when they are used up."""
    while True:
        order = torch.randperm(count, generator=random)
        for begin in range(0, count - size + 1, size):
            yield order[begin:begin + size]


def batch_loss(model, inputs, labels, mix, settings):
    share = float(mix.sample()) if mix else 1.0
    partners = torch.randperm(len(labels))
    outputs = model(share * inputs + (1 - share) * inputs[partners])
    return sum(part * F.cross_entropy(outputs, wanted, label_smoothing=settings["label_smoothing"])
               for part, wanted in [(share, labels), (1 - share, labels[partners])])


def train(run):
    settings = run.settings
    images, labels = read_data(settings, "train.bin")
    mine = shard(labels, run.rank, run.workers)
    images, labels = disturb(images[mine], settings["noise"]), labels[mine]
    batch = run.worker["batch"]
    steps = run.worker.get("local_steps", 1) * settings["batchsize"]
    model = make_model(settings)
    optimizer = rog.Optimizer(model.parameters(), lr=settings["learning_rate"], rule="block",
                              momentum=settings["momentum"], model=model,
                              weight_decay=settings["weight_decay"], **run)
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, [iteration - 1 for iteration in settings["lr_halve_at"]], 0.5)
    mix = torch.distributions.Beta(settings["mixup"], settings["mixup"]) if settings["mixup"] else None
    seed = 1000003 * run.seed + run.rank
    torch.manual_seed(seed)
    picks = batches(len(mine), batch, torch.Generator().manual_seed(seed))
    last = settings["epochs"] * (len(mine) // batch) // steps
    while not optimizer.over and optimizer.iteration < last:
        optimizer.zero_grad()
        total = 0.0
        for _ in range(optimizer.local_steps):
            pick = next(picks)
            loss = batch_loss(model, prepare(images[pick], settings), labels[pick], mix, settings)
            (loss / optimizer.local_steps).backward()
            total += loss.item() / optimizer.local_steps
        optimizer.step(loss=total)
        schedule.step()
    optimizer.finish()


def test(settings, checkpoint):
    images, labels = read_data(settings, "test.bin")
    count = settings["test_images"] or len(images)
    images, labels = disturb(images[:count], settings["noise"]), labels[:count]
    model = make_model(dict(settings, initial_model=None))
    model.load_state_dict(rog.load(checkpoint), strict=False)
    model.eval()
    right = 0
    with torch.no_grad():
        for pick in torch.arange(len(images)).split(100):
            outputs = model(prepare(images[pick], settings))
            right += (outputs.argmax(1) == labels[pick]).sum().item()
    print("%.3f" % (100 * right / len(images)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--test"]:
        with open(os.environ["ROG_CONFIG"], encoding="utf-8") as config:
            test(json.load(config), os.environ["ROG_CHECKPOINT"])
    else:
        train(rog.from_env())
