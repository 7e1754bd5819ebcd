#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's half of tests/unit/nn_pytorch_test.c.

    pytorch_pair.py make FOLDER MODEL SIZE BATCH   a random state dict in FOLDER/state.pth as training
                                                   scripts save it; images and PyTorch's logits for it
                                                   as float32 in FOLDER/images and FOLDER/logits
    pytorch_pair.py infer FOLDER MODEL SIZE BATCH  FOLDER/logits for FOLDER/state.pth and
                                                   FOLDER/images; the state dict must fit exactly
    pytorch_pair.py refuse FOLDER TOOL             what TOOL, pth-to-safetensors, says of checkpoints
                                                   that FOLDER/state.pth is made into and should not be
"""
import argparse
import contextlib
import io
import os
import runpy
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True
from make_golden import VARIANTS, ConvMLP

NAN = float("nan")
ODD = (  # how a checkpoint `c` with the state dict `s` is changed, and the expected error
    (lambda c, s: s.pop("module.norm.bias"), "as convmlp-nano: norm.bias is missing"),
    (lambda c, s: s.update({"module.extra": torch.zeros(3)}), "as convmlp-nano: extra is left over"),
    (lambda c, s: s.update({"module.head.weight": torch.zeros(100, 64)}),
     "head.weight has the shape (100, 64) instead of (100, 128)"),
    (lambda c, s: s["module.norm.bias"].fill_(NAN), "norm.bias holds a value that is not finite"),
    (lambda c, s: s.pop("module.head.weight"), "head.weight is missing: not a ConvMLP"),
    (lambda c, s: c.update(state_dict=[1, 2]), "not a state dict"),
    (lambda c, s: c.update(args=argparse.Namespace(x=1)), "say --trust"),
)


def random_model(name):
    model = ConvMLP(*VARIANTS[name]).eval()
    with torch.no_grad():
        for module in model.modules():  # values that are zeros and ones in an untrained model
            if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
    return model


def infer(model, images, folder):
    with torch.no_grad():
        logits = model(images.permute(0, 3, 1, 2))
    logits.numpy().astype("<f4").tofile(f"{folder}/logits")


def make(folder, name, size, batch):
    model = random_model(name)
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state}, f"{folder}/state.pth")
    images = torch.randn(int(batch), int(size), int(size), 3)
    images.numpy().astype("<f4").tofile(f"{folder}/images")
    infer(model, images, folder)


def infer_saved(folder, name, size, batch):
    model = ConvMLP(*VARIANTS[name]).eval()
    model.load_state_dict(torch.load(f"{folder}/state.pth"), strict=True)
    images = np.fromfile(f"{folder}/images", "<f4").reshape(int(batch), int(size), int(size), 3)
    infer(model, torch.from_numpy(images), folder)


def run_tool(tool, *arguments):
    """Returns the exit status and the output."""
    sys.argv = [tool, *arguments]
    sys.path.insert(0, os.path.dirname(tool))
    said, status = io.StringIO(), 0
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            runpy.run_path(tool, run_name="__main__")
        except SystemExit as end:
            status = 1 if isinstance(end.code, str) else end.code
            print(end.code, file=said)
    return status, said.getvalue()


def refuse(folder, tool):
    paths = f"{folder}/odd.pth", f"{folder}/odd.safetensors"
    for change, words in ODD:
        checkpoint = torch.load(f"{folder}/state.pth")
        change(checkpoint, checkpoint["state_dict"])
        torch.save(checkpoint, paths[0])
        status, said = run_tool(tool, *paths)
        assert status and words in said, (words, status, said)
        assert not os.path.exists(paths[1]), words
    status, said = run_tool(tool, "--trust", *paths)
    assert not status and "convmlp-nano, 100 classes, 32 x 32" in said, said


torch.manual_seed(7)
torch.set_num_threads(1)
{"make": make, "infer": infer_saved, "refuse": refuse}[sys.argv[1]](*sys.argv[2:])
