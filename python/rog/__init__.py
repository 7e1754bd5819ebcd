# SPDX-License-Identifier: Apache-2.0
"""Row-granular synchronization (ROG, MICRO 2022) for PyTorch.

    optimizer = rog.Optimizer(model.named_parameters(), lr=0.1, momentum=0.9, rank=1, workers=4,
                              server="10.42.0.1:7400", key_file="key")
    ...
    loss.backward()
    optimizer.step()
    ...
    optimizer.finish()

With rog.LocalOptimizer workers train locally, with any optimizer of PyTorch, and exchange the
changes of their parameters every few steps.

`rog-trainer serve --workers 4` is the server. It needs neither Python nor the model. Errors raise
RogError with one sentence that names the cause; they never end the process. A program started by
rogctl takes everything but the optimizer's own settings from rog.from_env().
"""

from ._librog import RogError, Statistics, version
from .environment import Run, from_env

# For strategies in Python, which are not part of a training program.
STRATEGIES = ("Boolean", "Choice", "INFINITE", "Integer", "Number", "Strategy")

__all__ = ["LocalOptimizer", "Optimizer", "RogError", "Run", "Statistics", "freeze_statistics",
           "from_env", "load", "version", *STRATEGIES]


def __getattr__(name):
    """Imports parts that need torch when they are first used: from_env works without torch."""
    if name in ("Optimizer", "freeze_statistics"):
        from . import optimizer
        return getattr(optimizer, name)
    if name == "LocalOptimizer":
        from .local import LocalOptimizer
        return LocalOptimizer
    if name == "load":
        from .checkpoint import load
        return load
    if name in STRATEGIES:
        from . import strategy
        return getattr(strategy, name)
    raise AttributeError("module 'rog' has no attribute %r" % name)
