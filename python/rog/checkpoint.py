# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of the server: safetensors files, float32."""

import ctypes
import json
import struct

import torch

from ._librog import RogError


def load(path):
    """The tensors of a checkpoint by name, as model.load_state_dict takes them (with strict=False
    if the model has integer buffers, such as BatchNorm's num_batches_tracked)."""
    with open(path, "rb") as file:
        length = file.read(8)
        size = struct.unpack("<Q", length)[0] if len(length) == 8 else 1 << 63
        if size > 16 << 20:
            raise RogError("%s is not a safetensors file" % path, -4)
        text, data = file.read(size), file.read()
    tensors = {}
    try:
        for name, entry in json.loads(text).items():
            if name == "__metadata__":
                continue
            begin, end = entry["data_offsets"]
            if entry["dtype"] != "F32" or not 0 <= begin <= end <= len(data) or begin == end:
                raise ValueError("%s is not float32, or cut" % name)
            tensors[name] = torch.empty(entry["shape"])
            if 4 * tensors[name].numel() != end - begin:
                raise ValueError("the size of %s does not match its shape" % name)
            ctypes.memmove(tensors[name].data_ptr(), data[begin:end], end - begin)
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as cause:
        raise RogError("checkpoint %s: %s" % (path, cause), -4) from None
    return tensors
