# SPDX-License-Identifier: Apache-2.0
"""Row-granular synchronization (ROG, MICRO 2022) for PyTorch.

    optimizer = rog.Optimizer(model.named_parameters(), lr=0.1, momentum=0.9, rank=1, workers=4,
                              server="10.42.0.1:7400", key_file="key")
    ...
    loss.backward()
    optimizer.step()
    ...
    optimizer.finish()

With rog.LocalOptimizer workers train by themselves, with any optimizer of PyTorch, and exchange how
far they have come each so many steps.

`rog-trainer serve --workers 4` is the server. It needs neither Python nor the model. What goes wrong
is a RogError with one sentence that names the cause; the process is never taken down. A program that
rogctl has started takes everything but the optimizer's own settings from rog.from_env().
"""

from ._librog import RogError, Statistics, version
from .environment import Run, from_env

# For strategies in Python, which are no part of a training program.
STRATEGIES = ("Boolean", "Choice", "INFINITE", "Integer", "Number", "Strategy")

__all__ = ["LocalOptimizer", "Optimizer", "RogError", "Run", "Statistics", "freeze_statistics",
           "from_env", "load", "version", *STRATEGIES]


def __getattr__(name):
    """What needs torch is imported when it is used: from_env does without."""
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
