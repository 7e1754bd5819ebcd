# SPDX-License-Identifier: Apache-2.0
"""The common setup of the Python package's measurements: convmlp-m, and a server for one worker."""
import os
import sys


def prepare(build):
    """The model, with gradients, and a context with .optimizer() that starts the server."""
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    os.environ["ROG_SOURCE"], os.environ["ROG_BUILD"] = source, build
    os.environ.setdefault("ROG_PLUGIN_PATH", os.path.join(build, "lib", "rog", "plugins"))
    sys.path[:0] = [os.path.join(source, "tests", part) for part in ("python", "data/nn")]
    from cluster import Server, torch
    from make_golden import VARIANTS, ConvMLP
    model = ConvMLP(*VARIANTS["convmlp-m"])
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    return model, lambda: Server(1, "ROG", "sign")
