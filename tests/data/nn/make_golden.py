#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values for the network, from PyTorch in double precision.

    make_golden.py FOLDER      writes FOLDER/MODEL-MODE.txt (this folder holds the result)
    make_golden.py --speed     prints images per second of the same models in PyTorch

Weights, images and targets come from formulas that tests/unit/nn_golden_test.c computes too, so
only results are stored: logits, loss, and for each gradient its sum, norm and two entries; in train
mode also sum and norm of the running statistics afterwards. Debian: python3-torch.
"""
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 3, "examples",
                             "convmlp"))
from convmlp import CLASSES, VARIANTS, ConvMLP  # noqa: E402


def uniform(stream, count):
    """Returns `count` numbers in [-1, 1): a hash of stream and index, as in nn_golden_test.c."""
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761)
        x ^= np.uint32((stream * 40503 + 977) & 0xFFFFFFFF)
        for _ in range(2):
            x ^= x >> np.uint32(16)
            x *= np.uint32(0x7FEB352D)
            x ^= x >> np.uint32(15)
            x *= np.uint32(0x846CA68B)
        x ^= x >> np.uint32(16)
    return x.astype(np.float64) / 2147483648.0 - 1.0


def fill(model):
    stream = 0
    for param in model.parameters():
        u = uniform(stream, param.numel())
        if param.dim() > 1:
            u *= np.sqrt(3.0 / (param.numel() // param.shape[0]))
        elif stream_is_scale(model, param):
            u = 1 + 0.2 * u
        else:
            u *= 0.2
        param.data.copy_(torch.from_numpy(u.astype(np.float32)).view_as(param))
        stream += 1
    for name, buffer in model.named_buffers():
        if name.endswith("num_batches_tracked"):
            continue
        u = 0.2 * uniform(stream, buffer.numel()) + (1.0 if name.endswith("var") else 0.0)
        buffer.data.copy_(torch.from_numpy(u.astype(np.float32)))
        stream += 1


def stream_is_scale(model, param):
    return any(param is m.weight for m in model.modules()
               if isinstance(m, (nn.LayerNorm, nn.BatchNorm2d)))


def inputs(batch, size):
    images = 2 * uniform(1000, batch * size * size * 3).astype(np.float32)
    targets = (1 + uniform(1001, batch * CLASSES)).reshape(batch, CLASSES) ** 4
    targets = (targets / targets.sum(1, keepdims=True)).astype(np.float32)
    images = torch.from_numpy(images).view(batch, size, size, 3).permute(0, 3, 1, 2)
    return images.double(), torch.from_numpy(targets).double()


def run(name, mode, batch, size, dtype):
    model = ConvMLP(*VARIANTS[name])
    fill(model)
    model = model.to(dtype).train(mode == "train")
    images, targets = (t.to(dtype) for t in inputs(batch, size))
    logits = model(images)
    loss = -(targets * F.log_softmax(logits, 1)).sum(1).mean()
    loss.backward()
    return model, logits, loss


def golden(name, mode, batch, size, path):
    model, logits, loss = run(name, mode, batch, size, torch.double)
    # If a value is within rounding of a kink of ReLU or max-pooling, single precision may be on the
    # other side, and the results cannot be compared: use another number of images then.
    single, _, _ = run(name, mode, batch, size, torch.float)
    for exact, rounded in zip(model.parameters(), single.parameters()):
        assert (exact.grad - rounded.grad).norm() < 1e-4 * exact.grad.norm(), (name, mode, batch)
    with open(path, "w") as out:
        print(f"model {name} {mode} {batch} {size} {CLASSES}", file=out)
        print(f"loss {loss.item():.8g}", file=out)
        print("logits", *(f"{v:.7g}" for v in logits.flatten().tolist()), file=out)
        for key, param in model.named_parameters():
            g = param.grad.flatten()
            first, second = g.numel() // 3, g.numel() - 1
            print(f"grad {key} {g.sum():.7g} {g.norm():.7g} {first} {g[first]:.7g} "
                  f"{second} {g[second]:.7g}", file=out)
        for key, b in model.named_buffers():
            if not key.endswith("num_batches_tracked"):
                print(f"buffer {key} {b.sum():.8g} {b.norm():.8g}", file=out)


def speed():
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for name, batch, train in (("convmlp-nano", 24, True), ("convmlp-nano", 250, False),
                                   ("convmlp-s", 64, True), ("convmlp-m", 24, True)):
            model = ConvMLP(*VARIANTS[name]).to(memory_format=torch.channels_last).eval()
            images = torch.randn(batch, 3, 32, 32).to(memory_format=torch.channels_last)
            best = 1e9
            for _ in range(20 if name == "convmlp-nano" else 8):
                begin = time.perf_counter()
                if train:
                    model.zero_grad(set_to_none=True)
                    model(images).logsumexp(1).mean().backward()
                else:
                    with torch.no_grad():
                        model(images)
                best = min(best, time.perf_counter() - begin)
            what = "training" if train else "inference"
            print(f"{name} {what} batch {batch} threads {threads}: {batch / best:.0f} images/s")


if __name__ == "__main__":
    if sys.argv[1:] == ["--speed"]:
        speed()
    elif len(sys.argv) == 2:
        for model_name, images_count in (("convmlp-l", 1), ("convmlp-s", 8), ("convmlp-nano", 3)):
            for mode_name in ("frozen", "train"):
                golden(model_name, mode_name, images_count, 32,
                       f"{sys.argv[1]}/{model_name}-{mode_name}.txt")
    else:
        sys.exit(__doc__)
