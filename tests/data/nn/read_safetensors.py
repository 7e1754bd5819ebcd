#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the contents of a safetensors file: metadata, then name, type, shape and sum of each tensor.
A second reader of the format, for tests/unit/nn_safetensors_test.c; needs only Python."""
import json
import math
import struct
import sys

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = file.read()
for key, value in header.pop("__metadata__").items():
    print("metadata", key, value)
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    shape = "x".join(map(str, entry["shape"]))
    assert math.prod(entry["shape"]) == len(values)
    print("tensor", name, entry["dtype"], shape, repr(math.fsum(values)))
