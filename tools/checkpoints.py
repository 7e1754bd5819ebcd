# SPDX-License-Identifier: Apache-2.0
"""What pth-to-safetensors and safetensors-to-pth share: the tensors of the ConvMLP family by name and
shape, and safetensors files. Python's own library is enough for everything here."""
import json
import struct

# Stem channels, conv blocks and their hidden channels, then (blocks, channels, MLP ratio) a stage:
# the members of the family that trainer/nn/arch.c has.
FAMILY = {
    "convmlp-l": ((48, 48, 96), 3, 192, ((4, 192, 3), (8, 384, 3), (3, 768, 3))),
    "convmlp-m": ((32, 32, 64), 3, 128, ((3, 128, 3), (6, 256, 3), (3, 512, 3))),
    "convmlp-s": ((32, 32, 64), 2, 128, ((2, 128, 2), (4, 256, 2), (2, 512, 2))),
    "convmlp-nano": ((32,), 1, 16, ((1, 64, 1), (1, 128, 2))),
}
IMAGE_SIZE = {"convmlp-l": 224, "convmlp-m": 224, "convmlp-s": 224,
              "convmlp-nano": 32}  # as published, unless told
IGNORED = ".num_batches_tracked"  # BatchNorm's counter: nothing that is computed needs it


def conv_norm(name, first, cin, cout, kernel):
    yield f"{name}.{first}.weight", (cout, cin, kernel, kernel)
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{name}.{first + 1}.{part}", (cout,)


def pair(name, *shape):
    """A weight, and a bias with one number for each of its rows."""
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def block(name, c, hidden):
    for norm in ("norm1", "norm2", "connect_norm"):
        yield from pair(f"{name}.{norm}", c)
    yield f"{name}.connect.weight", (c, 1, 3, 3)
    for mlp in ("channel_mlp1", "channel_mlp2"):
        yield from pair(f"{name}.{mlp}.fc1", hidden, c)
        yield from pair(f"{name}.{mlp}.fc2", c, hidden)


def tensors(model, classes):
    """Name and shape of every tensor of a model."""
    stem, conv_blocks, hidden, stages = FAMILY[model]
    channels = 3
    for i, cout in enumerate(stem):
        yield from conv_norm("tokenizer.block", 3 * i, channels, cout, 3)
        channels = cout
    for i in range(conv_blocks):
        name = f"conv_stages.conv_blocks.{i}"
        yield from conv_norm(name, 0, channels, hidden, 1)
        yield from conv_norm(name, 3, hidden, hidden, 3)
        yield from conv_norm(name, 6, hidden, channels, 1)
    yield from pair("conv_stages.downsample", stages[0][1], channels, 3, 3)
    for s, (count, c, ratio) in enumerate(stages):
        for i in range(count):
            yield from block(f"stages.{s}.blocks.{i}", c, c * ratio)
        if s + 1 < len(stages):
            yield from pair(f"stages.{s}.downsample_mlp.downsample", stages[s + 1][1], c, 3, 3)
    yield from pair("norm", stages[-1][1])
    yield from pair("head", classes, stages[-1][1])


def differences(shapes, model, classes):
    """What is wrong with {name: shape} as this model, one line a thing."""
    wanted = dict(tensors(model, classes))
    lines = [f"{name} is missing" for name in wanted if name not in shapes]
    lines += [f"{name} is left over" for name in shapes if name not in wanted]
    lines += [f"{name} has the shape {tuple(shapes[name])} instead of {shape}"
              for name, shape in wanted.items() if name in shapes and tuple(shapes[name]) != shape]
    return lines


def write(path, model, classes, image_size, arrays):
    """arrays: name -> little-endian float32 bytes, whole and of the right shapes."""
    header = {"__metadata__": {"model": model, "classes": str(classes),
                               "image_size": str(image_size), "made_by": "pth-to-safetensors"}}
    end = 0
    for name, shape in tensors(model, classes):
        begin, end = end, end + len(arrays[name])
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, _ in tensors(model, classes):
            file.write(arrays[name])


def read(path):
    """Metadata, and name -> (shape, bytes), of a file with float32 tensors."""
    with open(path, "rb") as file:
        content = file.read()
    if len(content) < 8 or struct.unpack("<Q", content[:8])[0] > len(content) - 8:
        raise ValueError("truncated, or no safetensors file")
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        first, last = (begin + offset for offset in entry["data_offsets"])
        if entry["dtype"] != "F32" or not begin <= first <= last <= len(content):
            raise ValueError(f"{name}: not float32, or truncated")
        arrays[name] = (tuple(entry["shape"]), content[first:last])
    return metadata, arrays
